// Package power has an emulated machine whose power can be cut: a Linux kernel under
// QEMU, with disks that forget what was not flushed (see Disk). What the machine
// does is package life; its only program is package guest.
package power

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"

	"github.com/polyplan/polyplan/pkg/internal/power/life"
)

// Machine is one that is switched off.
type Machine struct {
	QEMU   string // the program
	Kernel string
	Initrd string
	Disks  []*Disk
	Uses   []string // of the disks, see package guest
}

// Run is a machine that is switched on.
type Run struct {
	// Said is what the machine says. It is closed when the machine has gone off.
	Said <-chan life.Said

	qemu     *exec.Cmd
	words    string // a file with those of QEMU and of the kernel
	cables   sync.WaitGroup
	mu       sync.Mutex
	troubles []error // with the disks
}

// Start switches the machine on. What QEMU and the kernel have to say goes to a file.
func (m *Machine) Start(ctx context.Context, words string) (*Run, error) {
	said := make(chan life.Said, 1000)
	r := &Run{Said: said, words: words}
	args := []string{"-M", "q35", "-accel", "tcg", "-smp", "1", "-m", "256", "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none",
		"-kernel", m.Kernel, "-initrd", m.Initrd, "-append", "console=ttyS0 quiet panic=-1 -- " + strings.Join(m.Uses, " "),
		"-serial", "stdio"}
	var devices []device
	for _, d := range m.Disks {
		devices = append(devices, d)
	}
	var plugs []net.Listener
	unplug := func() {
		for _, p := range plugs {
			p.Close()
		}
	}
	for i, d := range append(devices, ear{said}) {
		plug, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			unplug()
			return nil, err
		}
		plugs = append(plugs, plug)
		// Not NVMe: QEMU 7.2 passes on nothing of it being told to write through the cache.
		args = append(args, "-blockdev", fmt.Sprintf("driver=nbd,node-name=disk%d,server.type=inet,server.host=127.0.0.1,server.port=%d", i, plug.Addr().(*net.TCPAddr).Port),
			"-device", fmt.Sprintf("virtio-blk-pci,drive=disk%d", i))
		r.cables.Go(func() { r.connect(plug, d) })
	}
	r.qemu = exec.CommandContext(ctx, m.QEMU, args...)
	out, err := os.Create(words)
	if err == nil {
		defer out.Close() // QEMU has its own by then
		r.qemu.Stdout, r.qemu.Stderr = out, out
		err = r.qemu.Start()
	}
	if err != nil {
		unplug()
		return nil, err
	}
	go func() {
		_ = r.qemu.Wait() // it is killed, or has said why
		unplug()
		r.cables.Wait()
		close(said)
	}()
	return r, nil
}

// connect serves the one client that comes.
func (r *Run) connect(plug net.Listener, d device) {
	conn, err := plug.Accept()
	if err != nil {
		return // the machine went off before
	}
	if err := serve(conn, d); err != nil {
		r.mu.Lock()
		r.troubles = append(r.troubles, err)
		r.mu.Unlock()
	}
}

// Cut takes the power away and gives what was still said. Afterwards the disks have
// to be told.
func (r *Run) Cut() ([]life.Said, error) {
	if err := r.qemu.Process.Kill(); err != nil {
		return nil, r.Why(err)
	}
	var last []life.Said
	for s := range r.Said {
		last = append(last, s)
	}
	return last, errors.Join(r.troubles...)
}

// Why adds to an error what explains it.
func (r *Run) Why(err error) error {
	words, readErr := os.ReadFile(r.words)
	r.mu.Lock()
	defer r.mu.Unlock()
	return errors.Join(err, errors.Join(r.troubles...), readErr, fmt.Errorf("its last words: %s", words[max(0, len(words)-2000):]))
}

// ear is the disk that the machine says things to.
type ear struct{ to chan<- life.Said }

func (ear) Size() int64              { return life.Block }
func (ear) Read([]byte, int64) error { return nil }
func (ear) Flush() error             { return nil }
func (e ear) Write(p []byte, _ int64) error {
	var s life.Said
	if err := json.Unmarshal(bytes.TrimRight(p, "\x00"), &s); err != nil {
		return fmt.Errorf("what the machine says is no JSON: %w", err)
	}
	e.to <- s
	return nil
}
