package state

import (
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
)

// nobody is a user whom permissions bind.
const nobody = 65534

// withoutPrivileges has root's tests bound by permissions like all others: from
// now on the files of the test's directory and what the test opens are
// nobody's.
func withoutPrivileges(t *testing.T, dir string) {
	t.Helper()
	if os.Getuid() != 0 {
		return
	}
	if err := os.Chown(filepath.Dir(dir), nobody, nobody); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chown(path, nobody, nobody)
	})
	if err != nil {
		t.Fatal(err)
	}
	// Of this thread alone, which nobody else gets afterwards.
	runtime.LockOSThread()
	fsuid := func(uid uintptr) { _, _, _ = syscall.RawSyscall(syscall.SYS_SETFSUID, uid, 0, 0) }
	fsuid(nobody)
	t.Cleanup(func() {
		fsuid(0)
		runtime.UnlockOSThread()
	})
}
