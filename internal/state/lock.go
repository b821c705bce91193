package state

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
)

// errLocked is what tryLock returns if another one has the lock.
var errLocked = errors.New("another process uses it")

// lockDir takes the lock of a folder, which the system releases when the process
// ends, however it does. The file stays, since to remove it would let two
// processes lock two files of that name. It holds the owner's process id as text.
func lockDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(join(dir, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("cannot lock the state folder: %w", err)
	}
	if err := tryLock(f); err != nil {
		if pid := owner(f); errors.Is(err, errLocked) && pid > 0 {
			err = fmt.Errorf("process %d uses it", pid)
		}
		return nil, errors.Join(fmt.Errorf("cannot lock the state folder %s: %w", dir, err), f.Close())
	}
	// The id is for people; a full disk may keep it back.
	if f.Truncate(0) == nil {
		_, _ = f.WriteAt(strconv.AppendInt(nil, int64(os.Getpid()), 10), 0)
	}
	return f, nil
}

// owner reads the process id from a lock file; 0 if there is none.
func owner(f *os.File) int {
	b, err := io.ReadAll(io.NewSectionReader(f, 0, 20))
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(string(bytes.TrimSpace(b)))
	if err != nil {
		return 0
	}
	return pid
}
