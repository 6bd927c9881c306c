package power

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/polyplan/polyplan/pkg/internal/power/life"
	"github.com/polyplan/polyplan/pkg/internal/trial"
)

// cutsVar is how often the power is to be cut.
const cutsVar = "POLYPLAN_POWER_CUTS"

func cuts(t *testing.T) int {
	text := os.Getenv(cutsVar)
	if text == "" {
		return 100
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", cutsVar, err)
	}
	return n
}

// plugged is a disk of a machine, and what is known of it.
type plugged struct {
	system, options, life string

	done    life.Position // the last step that was told as done
	met     bool          // since the last start something was found on it
	finding string        // what was wrong with that
}

// socket is where a machine gets its power from.
type socket struct {
	t       *testing.T
	rng     *rand.Rand
	machine Machine
	disks   []*plugged
	words   string
	lost    int // blocks
}

// newSocket plugs in a machine with new disks.
func newSocket(t *testing.T, disks ...*plugged) *socket {
	t.Helper()
	t.Setenv("PATH", os.Getenv("PATH")+":/usr/sbin:/sbin") // where mkfs is
	const linux = Linux("../../../bin/linux")
	kernel := linux.Kernel()
	if kernel == "" {
		trial.Optional(t, "there is no bin/linux (scripts/deps reliability fetches it)")
	}
	dir := t.TempDir()
	s := &socket{t: t, rng: rand.New(rand.NewPCG(rand.Uint64(), 0)), disks: disks, words: filepath.Join(dir, "words"),
		machine: Machine{QEMU: trial.Program(t, "qemu-system-x86_64"), Kernel: kernel, Initrd: filepath.Join(dir, "initrd")}}
	modules := []string{"virtio_pci", "virtio_blk"}
	for i, d := range disks {
		if d.system != "ext4" { // which is in the kernel
			modules = append(modules, d.system)
		}
		s.machine.Uses = append(s.machine.Uses, d.system+":"+d.options+":"+d.life)
		s.machine.Disks = append(s.machine.Disks, newDisk(t, filepath.Join(dir, fmt.Sprintf("disk%d", i)), d.system))
	}
	guest := filepath.Join(dir, "guest")
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", guest, "./guest")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the guest: %v\n%s", err, out)
	}
	initrd, err := linux.Initrd(guest, modules...)
	if err == nil {
		err = os.WriteFile(s.machine.Initrd, initrd, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func newDisk(t *testing.T, path, system string) *Disk {
	t.Helper()
	mkfs := trial.Program(t, "mkfs."+system)
	if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, 512<<20)); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(mkfs, "-q", path).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", mkfs, err, out)
	}
	d, err := OpenDisk(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// round has the machine run and cuts its power, the last time only after all disks
// were looked at.
func (s *socket) round(last bool) {
	s.t.Helper()
	for _, d := range s.disks {
		d.met, d.finding = false, ""
	}
	run, err := s.machine.Start(s.t.Context(), s.words)
	if err != nil {
		s.t.Fatal(err)
	}
	silent := time.NewTimer(5 * time.Minute) // on a machine that has much else to do
	for heard, enough := 0, 1+s.rng.IntN(160); heard < enough || last && !s.allMet(); heard++ {
		select {
		case said, on := <-run.Said:
			if !on {
				s.t.Fatal(run.Why(errors.New("the machine went off by itself")))
			}
			s.note(said)
		case <-silent.C:
			s.t.Fatal(run.Why(errors.New("the machine has hung")))
		}
	}
	time.Sleep(time.Duration(s.rng.IntN(50_000)) * time.Microsecond)
	s.cut(run)
}

func (s *socket) allMet() bool {
	return !slices.ContainsFunc(s.disks, func(d *plugged) bool { return !d.met })
}

func (s *socket) cut(run *Run) {
	s.t.Helper()
	rest, err := run.Cut()
	if err != nil {
		s.t.Fatal(err)
	}
	for _, said := range rest {
		s.note(said)
	}
	for _, d := range s.machine.Disks {
		lost, err := d.Cut(s.rng)
		if err != nil {
			s.t.Fatal(err)
		}
		s.lost += lost
	}
}

func (s *socket) note(said life.Said) {
	d := s.disks[said.Disk]
	switch said.What {
	case life.Done:
		d.done = said.At
	case life.Found:
		d.met = true
		switch {
		case said.Trouble != "":
			d.finding = said.Trouble
		case said.At.Before(d.done), said.At.Steps() > d.done.Steps()+1: // a step may have been under way
			d.finding = fmt.Sprintf("%+v was found, %+v was done", said.At, d.done)
		}
		d.done = said.At
	case life.Ended: // or never began, for the file system was not mounted
		d.met = true
		if d.finding == "" {
			d.finding = said.Trouble
		}
	}
}

// The power is cut while the store works, or recovers from the last cut. Whatever
// was said to be durable is there afterwards.
func TestPowerCuts(t *testing.T) {
	trial.Long(t)
	n, bad := cuts(t), 0
	s := newSocket(t, &plugged{system: "ext4", life: life.Store}, &plugged{system: "ext4", options: "noauto_da_alloc", life: life.Store},
		&plugged{system: "xfs", life: life.Store}, &plugged{system: "btrfs", life: life.Store})
	for cut := 0; cut <= n && bad == 0; cut++ {
		s.round(cut == n)
		for _, d := range s.disks {
			if d.finding != "" {
				bad++
				t.Errorf("%s %s, after %d cuts: %s", d.system, d.options, cut, d.finding)
			}
		}
	}
	t.Logf("at last: ext4 %+v, ext4 %+v, xfs %+v, btrfs %+v; %d blocks were lost", s.disks[0].done, s.disks[1].done, s.disks[2].done, s.disks[3].done, s.lost)
	trial.None(t, fmt.Sprintf("torn or stale states: %d power cuts of an emulated machine with 4 disks", n), bad)
	if s.lost < n {
		t.Errorf("only %d blocks were lost: the disks do not forget", s.lost)
	}
}

// Who leaves out a sync is found out in the same way.
func TestCarelessWriters(t *testing.T) {
	trial.Long(t)
	n := (cuts(t) + 4) / 5
	var disks []*plugged
	for _, name := range life.Careless {
		disks = append(disks, &plugged{system: "ext4", life: name})
	}
	s := newSocket(t, disks...)
	harmed := make([]int, len(disks))
	for cut := range n + 1 {
		s.round(cut == n)
		for i, d := range disks {
			if d.finding != "" {
				harmed[i]++
				t.Logf("%s, after %d cuts: %.100s", d.life, cut, d.finding)
			}
		}
	}
	for i, d := range disks {
		trial.AtMost(t, fmt.Sprintf("power cuts that do no harm to a careless writer (%s), of %d", d.life, n), float64(n-harmed[i]), float64(n-1), "")
	}
}
