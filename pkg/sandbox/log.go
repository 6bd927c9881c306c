package sandbox

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// The data file is a log: a line for each change, in JSON. One write of one line
// makes a change durable against the end of the process, at a cost that does not grow
// with what is stored; it is synced to the disk when the server closes. Opening reads
// the log and writes a short one with only what is still there.

// logHeader opens every file, so that no other file is taken for one of ours.
const logHeader = `{"polyplan_sandbox":1}`

type logFile struct{ f *os.File }

// readLog calls apply with every change in the file. A file that does not exist
// holds none, and a last line that was cut off never happened.
func readLog(path string, apply func(*change)) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewReader(f)
	for n := 1; ; n++ {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		line = bytes.TrimSpace(line)
		if n == 1 {
			if string(line) != logHeader {
				return fmt.Errorf("%s is no data file of the sandbox", path)
			}
			continue
		}
		var c change
		if err := decodeJSON(line, &c); err != nil {
			return fmt.Errorf("%s:%d: %w", path, n, err)
		}
		apply(&c)
	}
}

// createLog replaces the file at path by a log of these changes, and leaves it
// open for more.
func createLog(path string, changes []*change) (*logFile, error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, filepath.Base(path)+".*.tmp") // made with mode 0600
	if err != nil {
		return nil, err
	}
	err = func() error {
		buf := bufio.NewWriter(f)
		fmt.Fprintln(buf, logHeader)
		for _, c := range changes {
			line, err := encodeJSON(c)
			if err != nil {
				return err
			}
			buf.Write(line)
		}
		return errors.Join(buf.Flush(), f.Sync(), os.Rename(f.Name(), path), syncDir(dir))
	}()
	if err != nil {
		f.Close()
		os.Remove(f.Name())
		return nil, err
	}
	return &logFile{f}, nil
}

// append writes the change behind all others.
func (l *logFile) append(c *change) error {
	line, err := encodeJSON(c)
	if err != nil {
		return err
	}
	_, err = l.f.Write(line)
	return err
}

func (l *logFile) close() error {
	return errors.Join(l.f.Sync(), l.f.Close())
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// encodeJSON returns v on one line, with its newline.
func encodeJSON(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return buf.Bytes(), err
}

// decodeJSON reads one JSON value and nothing behind it. Numbers stay as they were
// written: what a client sends comes back digit for digit.
func decodeJSON(data []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := dec.Decode(v); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the value")
	}
	return nil
}
