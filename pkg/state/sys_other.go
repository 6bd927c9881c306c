//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd || windows)

package state

import "os"

func lockFile(*os.File) error { return errNoLocks }

func syncDir(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
