//go:build linux

// Command guest is the first and only process of a machine whose power is cut: it
// mounts the machine's disks, says what it finds on them, and lives on each until
// the end (see package life). Its arguments name for each disk the file system, the
// options of the mount and the life, as "ext4:noatime:store".
//
// What it has to say it writes to a further disk, a block each time: when a write is
// done, so is the saying.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/polyplan/polyplan/pkg/internal/power/life"
)

func main() {
	// The end of the first process is the end of the machine.
	log.Fatal(run(os.Args[1:]))
}

func run(args []string) error {
	if err := mount("devtmpfs", "devtmpfs", "/dev", ""); err != nil {
		return err
	}
	if err := load(); err != nil {
		return err
	}
	tell, err := newTeller(device(len(args)))
	if err != nil {
		return err
	}
	if err := tell.say(life.Said{What: life.Started}); err != nil {
		return err
	}
	broken := make(chan error)
	for i, arg := range args {
		go func() {
			err := use(i, arg, tell)
			if err = tell.say(life.Said{What: life.Ended, Disk: i, Trouble: err.Error()}); err != nil {
				broken <- err
			}
		}()
	}
	return <-broken
}

// use lives on a disk.
func use(i int, arg string, tell *teller) error {
	part := strings.Split(arg, ":")
	if len(part) != 3 {
		return fmt.Errorf("an argument that is no disk: %q", arg)
	}
	dir := fmt.Sprintf("/disk%d", i)
	if err := mount(device(i), part[0], dir, part[1]); err != nil {
		return err
	}
	l, err := life.In(part[2], dir)
	if err != nil {
		return err
	}
	found := life.Said{What: life.Found, Disk: i}
	if found.At, err = l.Find(); err != nil {
		found.Trouble = err.Error()
	}
	if err := tell.say(found); err != nil {
		return err
	}
	return l.Go(func(at life.Position) error { return tell.say(life.Said{What: life.Done, Disk: i, At: at}) })
}

// load loads the modules that the machine was given, in their order.
func load() error {
	names, err := filepath.Glob("/*.ko")
	if err != nil {
		return err
	}
	for _, name := range names {
		image, err := os.ReadFile(name)
		if err == nil {
			err = unix.InitModule(image, "")
		}
		if err != nil {
			return fmt.Errorf("loading %s: %w", name, err)
		}
	}
	return nil
}

// device is the i-th disk, which may take its time to appear.
func device(i int) string {
	name := fmt.Sprintf("/dev/vd%c", 'a'+i)
	for range 1000 {
		if _, err := os.Stat(name); err == nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	return name
}

func mount(from, kind, at, options string) error {
	if err := os.MkdirAll(at, 0o755); err != nil {
		return err
	}
	if err := unix.Mount(from, at, kind, 0, options); err != nil {
		return fmt.Errorf("mounting %s, %s: %w", from, kind, err)
	}
	return nil
}

type teller struct {
	mu    sync.Mutex
	to    *os.File
	block []byte // in whole pages, as direct writes want it
}

func newTeller(device string) (*teller, error) {
	to, err := os.OpenFile(device, os.O_WRONLY|unix.O_DIRECT, 0)
	if err != nil {
		return nil, err
	}
	block, err := unix.Mmap(-1, 0, life.Block, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	return &teller{to: to, block: block}, err
}

func (t *teller) say(s life.Said) error {
	b, err := json.Marshal(s)
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	clear(t.block)
	if copy(t.block, b) < len(b) {
		return fmt.Errorf("too much to say: %s", b)
	}
	_, err = t.to.WriteAt(t.block, 0)
	return err
}
