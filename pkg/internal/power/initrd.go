package power

import (
	"bytes"
	"debug/elf"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Linux is the directory in which a kernel package was unpacked.
type Linux string

// Kernel is the path of the kernel, "" if there is none.
func (l Linux) Kernel() string {
	found, _ := filepath.Glob(filepath.Join(string(l), "boot", "vmlinuz-*")) // fails by the pattern alone
	if len(found) == 0 {
		return ""
	}
	return found[0]
}

// Initrd is the file system that the kernel starts with: a program as its /init, and
// modules with those that they need, in the order in which to load them.
func (l Linux) Initrd(init string, modules ...string) ([]byte, error) {
	program, err := os.ReadFile(init)
	if err != nil {
		return nil, err
	}
	var a archive
	a.add("init", 0o755, program)
	all := map[string]string{} // paths by name
	err = filepath.WalkDir(filepath.Join(string(l), "lib", "modules"), func(path string, _ fs.DirEntry, err error) error {
		if name, ok := strings.CutSuffix(filepath.Base(path), ".ko"); ok {
			all[strings.ReplaceAll(name, "-", "_")] = path
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	var done []string
	var load func(name string) error
	load = func(name string) error {
		if slices.Contains(done, name) {
			return nil
		}
		needs, err := needs(all[name])
		if err != nil {
			return fmt.Errorf("the module %s: %w", name, err)
		}
		for _, n := range needs {
			if err := load(n); err != nil {
				return err
			}
		}
		text, err := os.ReadFile(all[name])
		// To verify its signature would take longer than all else that is loaded.
		text = bytes.TrimSuffix(text, []byte("~Module signature appended~\n"))
		a.add(fmt.Sprintf("%02d-%s.ko", len(done), name), 0o644, text)
		done = append(done, name)
		return err
	}
	for _, name := range modules {
		if err := load(name); err != nil {
			return nil, err
		}
	}
	return a.end(), nil
}

// needs are the modules that one says it needs.
func needs(path string) ([]string, error) {
	f, err := elf.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	section := f.Section(".modinfo")
	if section == nil {
		return nil, fmt.Errorf("%s says nothing of itself", path)
	}
	text, err := section.Data()
	for line := range bytes.SplitSeq(text, []byte{0}) {
		if list, ok := strings.CutPrefix(string(line), "depends="); ok && list != "" {
			return strings.Split(strings.ReplaceAll(list, "-", "_"), ","), err
		}
	}
	return nil, err
}

// archive is one of cpio's, in the form "newc" that the kernel reads.
type archive struct{ bytes.Buffer }

func (a *archive) add(name string, mode int, content []byte) {
	const regular = 0o100000
	fmt.Fprintf(a, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s\x00",
		a.Len(), mode|regular, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name)+1, 0, name)
	a.pad()
	a.Write(content)
	a.pad()
}

func (a *archive) pad() { a.Write(make([]byte, -a.Len()&3)) }

func (a *archive) end() []byte {
	a.add("TRAILER!!!", 0, nil)
	return a.Bytes()
}
