package golden

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// recorder is a test that notes its failures instead of failing.
type recorder struct {
	testing.TB
	errors []string
}

func (r *recorder) Errorf(format string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}

func TestCheck(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "deep", "want.txt")
	for _, step := range []struct {
		name, path, got string
		update          bool
		complaint       string // part of the failure; "" for none
	}{
		{"missing", path, "one\n", false, "-update"},
		{"made", path, "one\n", true, ""},
		{"equal", path, "one\n", false, ""},
		{"different", path, "two\n", false, "(-want +got)"},
		{"rewritten", path, "two\n", true, ""},
		{"equal again", path, "two\n", false, ""},
		{"no file", dir, "x", false, "reading golden file"},
		{"no room", filepath.Join(path, "below"), "x", true, "golden file"},
	} {
		r := &recorder{TB: t}
		check(r, step.path, []byte(step.got), step.update)
		all := strings.Join(r.errors, "\n")
		if (all == "") != (step.complaint == "") || !strings.Contains(all, step.complaint) {
			t.Errorf("%s: complaint %q, want %q", step.name, all, step.complaint)
		}
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "two\n" {
		t.Errorf("file holds %q, %v", got, err)
	}
}
