//go:build unix

package spec_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/polyplan/polyplan/pkg/internal/trial"
	"github.com/polyplan/polyplan/pkg/kinds"
	"github.com/polyplan/polyplan/pkg/spec"
)

// A manifest reads nothing outside of its project and nothing that is not a
// file, however it is named; and what it refuses it says nothing of.
func TestPathsStayInside(t *testing.T) {
	const canary = "content-that-nobody-may-see"
	dir := tree(t, map[string]string{
		"outside.yaml":     "vars: {x: " + canary + "}\n",
		"m/.git/config":    "[core]\n",
		"m/dir/file.yaml":  "{}\n",
		"m/out.yaml":       "->../outside.yaml",
		"m/chain.yaml":     "->dir/../out.yaml",
		"m/zero.yaml":      "->/dev/zero",
		"m/environ.yaml":   "->/proc/self/environ",
		"m/absolute.yaml":  "->" + filepath.Join(t.TempDir(), "x"),
		"m/loop.yaml":      "->loop.yaml",
		"m/up":             "->..",
		"m/dir/self":       "->.",
		"m/dir/self2/back": "->../../dir",
	})
	if err := syscall.Mkfifo(filepath.Join(dir, "m", "fifo.yaml"), 0o600); err != nil {
		t.Fatal(err)
	}
	huge, err := os.Create(filepath.Join(dir, "m", "huge.yaml"))
	if err == nil {
		err = huge.Truncate(1 << 30)
		huge.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	tried, bad := 0, 0
	for _, name := range []string{
		"../outside.yaml", "dir/../../outside.yaml", filepath.Join(dir, "outside.yaml"), "/dev/zero", "/proc/self/environ", "/etc/passwd",
		"out.yaml", "chain.yaml", "zero.yaml", "environ.yaml", "absolute.yaml", "loop.yaml", "up/outside.yaml", "dir/self2/back/../../../outside.yaml",
		"fifo.yaml", "huge.yaml", "dir", "./../outside.yaml", "..\\\\outside.yaml", "C:/outside.yaml", "//outside.yaml", "up/../../outside.yaml", "missing.yaml",
	} {
		for _, text := range []string{
			"polyplan: 1\ninclude: [\"" + name + "\"]\n",
			"polyplan: 1\nmodels:\n  m: {connection: {id: x}, configuration: {query: \"${file:" + name + "}\"}}\n",
		} {
			tried++
			main := filepath.Join(dir, "m", "polyplan.yaml")
			if err := os.WriteFile(main, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			_, found := spec.Load(spec.Options{Kinds: kinds.All(), Files: []string{main}})
			said := fmt.Sprint(lines(found))
			for _, d := range found {
				said += d.Text()
			}
			included := strings.Contains(text, "include")
			if !found.HasErrors() && !(name == "dir" && included) {
				bad++
				t.Errorf("no error for %q", text)
			}
			if strings.Contains(said, canary) || strings.Contains(said, "root:") || len(said) > 5000 {
				bad++
				t.Errorf("%q: it tells what it must not read: %.200s", text, said)
			}
		}
	}
	trial.None(t, fmt.Sprintf("files read outside of the project, or told of: %d names of files", tried), bad)
}
