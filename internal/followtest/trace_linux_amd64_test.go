package followtest

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// strace counts the calls of each thread, and threads share them in no certain way. To
// be killed at every call, a run is traced by this test's own binary, which counts the
// calls of the whole process behind the one that locks the state.

const traceEnv = "FOLLOWTEST_KILL_AT"

// passing are calls that wait, or that are about memory, threads and signals: to be
// killed at them is to be killed at the next one.
var passing = map[uint64]bool{
	unix.SYS_FUTEX: true, unix.SYS_NANOSLEEP: true, unix.SYS_EPOLL_PWAIT: true, unix.SYS_MMAP: true, unix.SYS_MUNMAP: true,
	unix.SYS_MADVISE: true, unix.SYS_MPROTECT: true, unix.SYS_CLONE: true, unix.SYS_CLONE3: true, unix.SYS_RT_SIGPROCMASK: true,
	unix.SYS_RT_SIGACTION: true, unix.SYS_RT_SIGRETURN: true, unix.SYS_SIGALTSTACK: true, unix.SYS_GETTID: true, unix.SYS_TGKILL: true,
	unix.SYS_GETPID: true, unix.SYS_SCHED_YIELD: true, unix.SYS_PRCTL: true, unix.SYS_RSEQ: true, unix.SYS_SET_ROBUST_LIST: true,
}

func init() {
	if k, err := strconv.Atoi(os.Getenv(traceEnv)); err == nil {
		runtime.LockOSThread()
		os.Unsetenv(traceEnv)
		if err := traceAndKill(k, os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, "cannot trace:", err)
			os.Exit(3)
		}
	}
}

// traceAndKill runs a command and kills it as its k-th call begins. It ends as the
// command does.
func traceAndKill(k int, argv []string) error {
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	pid := cmd.Process.Pid
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(pid, &status, 0, nil); err != nil {
		return err
	}
	const options = unix.PTRACE_O_TRACECLONE | unix.PTRACE_O_TRACESYSGOOD | unix.PTRACE_O_EXITKILL
	if err := syscall.PtraceSetOptions(pid, options); err != nil {
		return err
	}
	tr := &tracer{k: k, pid: pid, inside: map[int]bool{}, known: map[int]bool{pid: true}}
	for tid := pid; ; {
		syscall.PtraceSyscall(tid, tr.signal(tid, status)) // it may be gone
		var err error
		for {
			if tid, err = syscall.Wait4(-1, &status, unix.WALL, nil); err != nil {
				return err
			}
			if status.Stopped() {
				break
			}
			if tid != pid {
				continue
			}
			if status.Signaled() {
				syscall.Kill(os.Getpid(), status.Signal())
				select {}
			}
			os.Exit(status.ExitStatus())
		}
	}
}

type tracer struct {
	k, n   int
	pid    int
	locked bool         // the state
	inside map[int]bool // a call, by thread
	known  map[int]bool
}

// signal takes that a thread has stopped and returns the signal to go on with.
func (tr *tracer) signal(tid int, status syscall.WaitStatus) int {
	switch sig := status.StopSignal(); {
	case sig == syscall.SIGTRAP|0x80:
		if tr.inside[tid] = !tr.inside[tid]; tr.inside[tid] {
			tr.call(tid)
		}
		return 0
	case sig == syscall.SIGTRAP, sig == syscall.SIGSTOP && !tr.known[tid]:
		tr.known[tid] = true
		return 0
	default:
		return int(sig)
	}
}

// call counts a call that begins.
func (tr *tracer) call(tid int) {
	var regs syscall.PtraceRegs
	if syscall.PtraceGetRegs(tid, &regs) != nil {
		return
	}
	switch {
	case regs.Orig_rax == unix.SYS_FLOCK:
		tr.locked = true
	case tr.locked && !passing[regs.Orig_rax]:
		if tr.n++; tr.n == tr.k {
			syscall.Kill(tr.pid, syscall.SIGKILL)
		}
	}
}

// A run is killed at its k-th system call, for every k until it ends before that; every
// 31st if not long. What was written is counted exactly by the next one.
func TestFault19KilledAtEveryCallOfTheProcess(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("SKIPPED: many processes, without -short only")
	}
	self, err := os.Executable()
	must(t, err)
	const shards = 4
	stride := 31
	if long() {
		stride = 1
	}
	var kills atomic.Int64
	t.Run("sweep", func(t *testing.T) {
		for shard := range shards {
			t.Run(fmt.Sprint(shard), func(t *testing.T) {
				if long() {
					t.Parallel()
				}
				for k, missed := 1+shard*stride, 0; missed < 2; k += shards * stride {
					wrapper := []string{"/usr/bin/env", fmt.Sprint(traceEnv, "=", k), self}
					if killedAt(t, wrapper, k%5 == 0) {
						kills.Add(1)
						missed = 0
					} else {
						missed++
					}
					if t.Failed() {
						t.Fatalf("at call %d", k)
					}
				}
			})
		}
	})
	if t.Logf("killed at %d calls", kills.Load()); kills.Load() < int64(100/stride) {
		t.Error("these are too few")
	}
}
