package reference

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/nxadm/tail"
)

const byteOrderMark = "\uFEFF"

// eachLine calls f with every line of the file, without the newline. A file
// in UTF-16 or gzip is first rewritten as a temporary file in plain UTF-8,
// because tail knows neither.
func eachLine(path string, f func(string)) error {
	plain, err := plainFile(path)
	if err != nil {
		return err
	}
	if plain != path {
		defer os.Remove(plain)
	}
	return tailLines(plain, f)
}

// tailLines reads a file through nxadm/tail. Follow is off, so the tail ends
// by itself behind the last line, which arrives even without a newline.
// StopAtEOF would lose lines that are still on their way.
func tailLines(path string, f func(string)) error {
	t, err := tail.TailFile(path, tail.Config{MustExist: true, Logger: tail.DiscardingLogger})
	if err != nil {
		return err
	}
	first := true
	for line := range t.Lines {
		if line.Err != nil {
			err = errors.Join(err, line.Err)
			continue
		}
		text := line.Text
		if first {
			text = strings.TrimPrefix(text, byteOrderMark)
			first = false
		}
		f(text)
	}
	return errors.Join(err, t.Wait())
}

// plainFile returns the path of a UTF-8 file with the text of path: path
// itself or a temporary file that the caller removes.
func plainFile(path string) (string, error) {
	head, err := readHead(path)
	if err != nil {
		return "", err
	}
	if !strings.HasPrefix(head, "\x1f\x8b") {
		if order := utf16Order(head); order != "" {
			return rewrite(path, func(w *bufio.Writer, r *bufio.Reader) error {
				return transcode(w, r, order)
			})
		}
		return path, nil
	}
	unzipped, err := rewrite(path, func(w *bufio.Writer, r *bufio.Reader) error {
		z, err := gzip.NewReader(r)
		if err != nil {
			return err
		}
		_, err = io.Copy(w, z)
		return err
	})
	if err != nil {
		return "", err
	}
	plain, err := plainFile(unzipped)
	if plain != unzipped {
		os.Remove(unzipped)
	}
	return plain, err
}

// readHead returns the first bytes of a file.
func readHead(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	var head [4]byte
	n, err := io.ReadFull(f, head[:])
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return "", err
	}
	return string(head[:n]), nil
}

// utf16Order tells from the first bytes of a file whether it is UTF-16: "le",
// "be", or "" when it is not. Without a byte order mark the first character of
// an export, < or {, shows it.
func utf16Order(head string) string {
	for _, sign := range []struct{ bytes, order string }{
		{"\xff\xfe", "le"}, {"<\x00", "le"}, {"{\x00", "le"},
		{"\xfe\xff", "be"}, {"\x00<", "be"}, {"\x00{", "be"},
	} {
		if strings.HasPrefix(head, sign.bytes) {
			return sign.order
		}
	}
	return ""
}

// rewrite copies a file to a temporary one through f and returns its path.
func rewrite(path string, f func(*bufio.Writer, *bufio.Reader) error) (out string, err error) {
	in, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer in.Close()
	tmp, err := os.CreateTemp("", "reference-*")
	if err != nil {
		return "", fmt.Errorf("cannot create a temporary file: %w", err)
	}
	w := bufio.NewWriter(tmp)
	err = errors.Join(f(w, bufio.NewReader(in)), w.Flush(), tmp.Close())
	if err != nil {
		os.Remove(tmp.Name())
		return "", err
	}
	return tmp.Name(), nil
}

// transcode writes UTF-16 as UTF-8. A byte order mark at the start is dropped;
// lone surrogates and an odd last byte become U+FFFD.
func transcode(w *bufio.Writer, r *bufio.Reader, order string) error {
	unit, err := readUnit(r, order)
	if unit == 0xFEFF {
		unit, err = readUnit(r, order)
	}
	for err == nil {
		next, nextErr := readUnit(r, order)
		if pair := utf16.DecodeRune(unit, next); nextErr == nil && pair != utf8.RuneError {
			w.WriteRune(pair)
			unit, err = readUnit(r, order)
			continue
		}
		w.WriteRune(unit) // writes U+FFFD for a surrogate
		unit, err = next, nextErr
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// readUnit reads one UTF-16 code unit.
func readUnit(r *bufio.Reader, order string) (rune, error) {
	a, err := r.ReadByte()
	if err != nil {
		return 0, err
	}
	b, err := r.ReadByte()
	if errors.Is(err, io.EOF) {
		return utf8.RuneError, nil
	}
	if order == "be" {
		a, b = b, a
	}
	return rune(a) | rune(b)<<8, err
}
