package process

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/polyplan/polyplan/pkg/internal/trial"
)

// calls are the system calls by which state, journal and lock come about.
var calls = []string{"openat", "mkdirat", "flock", "pwrite64", "fsync", "renameat", "unlinkat", "close"}

// under runs an apply with something injected into its system calls, and reports
// whether the process was killed by it.
func (w *World) under(strace, call, what string, k int) (p *Process, killed bool) {
	w.T.Helper()
	p = w.Command(strace, "-f", "-qq", "-o", os.DevNull, "-e", "trace="+call,
		"-e", fmt.Sprintf("inject=%s:%s:when=%d", call, what, k), Program(w.T), "apply", "-y")
	p.Stdout, p.Stderr = &p.Out, &p.Err
	// What one thread does in another run another does: the fewer the better.
	p.Env = append(p.Env, "GOMAXPROCS=1")
	w.Launch(p)
	code := p.Wait()
	return p, code < 0
}

// The process is killed at every system call by which it writes. An encrypted state
// can be read with the identity then, and no part of it without.
func TestKillAtEverySystemCall(t *testing.T) {
	trial.Long(t)
	strace := trial.Program(t, "strace")
	for name, before := range map[string]func(*World){"": func(*World) {}, ", encrypted": (*World).seal} {
		kills, bad := 0, 0
		for _, call := range calls {
			for k := 1; bad == 0; k++ {
				w := New(t)
				before(w)
				if _, killed := w.under(strace, call, "signal=KILL", k); !killed {
					break
				}
				kills++
				bad += findings(t, fmt.Sprintf("killed at %s %d%s", call, k, name), slices.Concat(w.clear(), w.Unlike(), w.clear()))
			}
		}
		if kills < 30 {
			t.Errorf("only %d kills: strace does not do what it should", kills)
		}
		trial.None(t, fmt.Sprintf("torn, stale or clear states, orphans: %d processes killed at a system call%s", kills, name), bad)
	}
}

// seal has the world encrypt its state.
func (w *World) seal() {
	k, err := age.GenerateX25519Identity()
	if err != nil {
		w.T.Fatal(err)
	}
	w.sealed = true
	w.Setenv("POLYPLAN_AGE_IDENTITY", k.String())
	w.Setenv("POLYPLAN_ENCRYPT_TO", k.Recipient().String())
}

// clear lists what can be read without the identity in the files of a world that
// encrypts its state: names and addresses, as in its manifest.
func (w *World) clear() (out []string) {
	if !w.sealed {
		return nil
	}
	err := filepath.WalkDir(w.Dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "polyplan.yaml" {
			return err
		}
		text, err := os.ReadFile(path)
		if m := inClear.Find(text); m != nil {
			out = append(out, fmt.Sprintf("%s holds %q in clear", d.Name(), m))
		}
		return err
	})
	if err != nil {
		w.T.Error(err)
	}
	return out
}

var inClear = regexp.MustCompile(`(?i)stripe|hubspot|customers|lineage`)

// Every system call by which the process writes fails, once or from then on.
// Nothing that was sent is forgotten, and success is not claimed for nothing.
func TestFailingSystemCalls(t *testing.T) {
	trial.Long(t)
	strace := trial.Program(t, "strace")
	faults, bad := 0, 0
	for _, f := range []struct{ call, what string }{
		{"fsync", "error=EIO"}, {"pwrite64", "error=ENOSPC"}, {"renameat", "error=EIO"}, {"mkdirat", "error=ENOSPC"},
		{"flock", "error=ENOLCK"}, {"unlinkat", "error=EACCES"},
	} {
		for k := 1; k <= 40 && bad == 0; k++ {
			w := New(t)
			p, _ := w.under(strace, f.call, f.what, k)
			faults++
			at := fmt.Sprintf("%s fails %d with %s", f.call, k, f.what)
			if p.ProcessState.ExitCode() == 0 {
				if code, next := w.Run("plan", "--detailed-exitcode"); code != 0 {
					bad++
					t.Errorf("%s: exit code 0, and something is left to do: %s", at, next.Out.String())
				}
			}
			bad += findings(t, at, w.Unlike())
		}
	}
	trial.None(t, fmt.Sprintf("orphans, duplicates, false successes: %d runs with a failing system call", faults), bad)
}

// mounted runs a shell script where "disk" is a file system of its own.
func (w *World) mounted(options, script string) *Process {
	w.T.Helper()
	if err := os.MkdirAll(filepath.Join(w.Dir, "disk"), 0o755); err != nil {
		w.T.Fatal(err)
	}
	p := w.Command("unshare", "-m", "sh", "-c", "mount -t tmpfs -o "+options+" none disk || exit 99\n"+script)
	p.Stdout, p.Stderr = &p.Out, &p.Err
	p.Env = append(p.Env, "P="+Program(w.T))
	w.Launch(p)
	if p.Wait() == 99 {
		trial.Optional(w.T, "this machine lets nobody mount: %s", p.Err.String())
	}
	return p
}

var ends = regexp.MustCompile(`(?m)^END (\w+) (\d+)$`)

// codes are the exit codes that a script told with "echo END name $?".
func (p *Process) codes() map[string]string {
	out := map[string]string{}
	for _, m := range ends.FindAllStringSubmatch(p.Out.String(), -1) {
		out[m[1]] = m[2]
	}
	return out
}

const recover = `
mount -o remount,rw,size=8m,nr_inodes=1000 none disk
rm -f disk/filler
$P apply -y --state disk/s.json; echo END next $?
$P plan --detailed-exitcode --state disk/s.json; echo END plan $?
`

// Disks that are full, or become full at any point, or cannot be written.
func TestSmallDisks(t *testing.T) {
	trial.Long(t)
	trial.Root(t)
	trial.Program(t, "unshare")
	alone := New(t)
	alone.Apply()
	want := alone.Writes()
	runs, bad, sent := 0, 0, 0
	one := func(name, options, script string, blocked bool) {
		if bad > 0 {
			return
		}
		w := New(t)
		p := w.mounted(options, script+recover)
		runs++
		codes := p.codes()
		refused := strings.Contains(p.Err.String(), "nothing was sent") || codes["first"] == "1" && blocked
		if got := w.Writes(); got != want || codes["next"] != "0" || codes["plan"] != "0" || blocked && codes["first"] == "0" {
			bad++
			t.Errorf("%s: %d effects, want %d; codes %v\n%s%s", name, got, want, codes, p.Out.String(), p.Err.String())
		}
		if blocked && !refused {
			sent++
			t.Errorf("%s: the first run was not refused: %s", name, p.Err.String())
		}
	}
	const apply = "$P apply -y --state disk/s.json; echo END first $?\n"
	one("full", "size=64k", "head -c 1000000 /dev/zero >disk/filler 2>/dev/null\n"+apply, true)
	one("read-only", "size=8m", "mount -o remount,ro none disk\n"+apply, true)
	one("read-only, without a lock", "size=8m", "mount -o remount,ro none disk\n"+strings.Replace(apply, "-y", "-y --lock=false", 1), true)
	for kb := 4; kb <= 200; kb += 4 {
		one(fmt.Sprintf("%d KB", kb), fmt.Sprintf("size=%dk", kb), apply, false)
	}
	for inodes := 2; inodes <= 12; inodes++ {
		one(fmt.Sprintf("%d inodes", inodes), fmt.Sprintf("size=8m,nr_inodes=%d", inodes), apply, false)
	}
	for files := 4; files <= 24; files += 2 {
		one(fmt.Sprintf("%d descriptors", files), "size=8m", fmt.Sprintf("(ulimit -n %d; $P apply -y --state disk/s.json); echo END first $?\n", files), false)
	}
	trial.None(t, fmt.Sprintf("effects lost or doubled: %d runs on small disks (space, inodes, descriptors)", runs), bad)
	trial.None(t, "runs that send something when the state cannot be written: full, read-only", sent)
}
