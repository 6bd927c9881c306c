// Package golden compares what a test got with a file that holds what it
// should get:
//
//	golden.Check(t, "testdata/plan.txt", got)
//
// With the flag -update the files are written instead; read their diff before
// committing it. The package owns that flag, so only packages whose tests import
// it know it: name them (`go test ./pkg/render -update`), as `./...` trips over
// the others.
package golden

import (
	"bytes"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

// Check fails t when the file at path, relative to the tested package, is not
// got. A missing file fails too, and names the flag that makes it.
func Check(t testing.TB, path string, got []byte) {
	t.Helper()
	check(t, path, got, *update)
}

func check(t testing.TB, path string, got []byte, update bool) {
	t.Helper()
	want, err := os.ReadFile(path)
	missing := errors.Is(err, fs.ErrNotExist)
	if err != nil && !missing {
		t.Errorf("reading golden file: %v", err)
		return
	}
	switch {
	case !missing && bytes.Equal(want, got):
	case update:
		if err := write(path, got); err != nil {
			t.Errorf("writing golden file: %v", err)
		}
	case missing:
		t.Errorf("no golden file %s: run the tests of this package with -update. It would hold:\n%s", path, got)
	default:
		t.Errorf("%s (-want +got), run the tests of this package with -update if it should be so:\n%s",
			path, cmp.Diff(string(want), string(got)))
	}
}

func write(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o644)
}
