package process

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/polyplan/polyplan/pkg/internal/trial"
)

// The tests of the store on a disk pass on other file systems than this one, too.
func TestFileSystems(t *testing.T) {
	trial.Long(t)
	trial.Root(t)
	t.Setenv("PATH", os.Getenv("PATH")+":/usr/sbin:/sbin") // where mkfs is
	for _, name := range []string{"unshare", "mkfs.ext4", "mkfs.xfs", "mkfs.btrfs"} {
		trial.Program(t, name)
	}
	store := filepath.Join(root(), "pkg", "state")
	suite := filepath.Join(t.TempDir(), "state.test")
	build := exec.Command("go", "test", "-c", "-o", suite, ".")
	build.Dir = store
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the tests: %v\n%s", err, out)
	}
	image := func(mkfs string) string {
		return "truncate -s 512M image && " + mkfs + " -q image && mount -o loop image disk"
	}
	bad, names := 0, []string{}
	for _, f := range []struct{ name, mount string }{
		{"ext4", image("mkfs.ext4")},
		{"xfs", image("mkfs.xfs")},
		{"btrfs", image("mkfs.btrfs")},
		{"tmpfs", "mount -t tmpfs none disk"},
		{"overlay", image("mkfs.ext4") + ` && mkdir lower disk/upper disk/work &&
			mount -t overlay -o lowerdir=lower,upperdir=disk/upper,workdir=disk/work none disk`},
	} {
		names = append(names, f.name)
		dir := t.TempDir()
		// Some of the tests give up the rights of root.
		if err := errors.Join(os.Chmod(filepath.Dir(dir), 0o755), os.Mkdir(filepath.Join(dir, "disk"), 0o755)); err != nil {
			t.Fatal(err)
		}
		// What breaks a model of a file system has nothing to do with this one.
		run := exec.Command("unshare", "-m", "sh", "-c", "cd "+dir+" && "+f.mount+" && export TMPDIR="+dir+"/disk && cd "+store+
			" && exec "+suite+" -test.v -test.skip '^Test(PowerLoss|EveryOperationFails|Memory|Objects)'")
		run.Env = append(os.Environ(), trial.LongVar+"=")
		out, err := run.CombinedOutput()
		if passed := strings.Count(string(out), "\n--- PASS: "); err != nil || passed < 50 {
			bad++
			t.Errorf("%s: %v, %d passed\n%s", f.name, err, passed, out[max(0, len(out)-4000):])
		}
	}
	trial.None(t, fmt.Sprintf("file systems on which tests of the store fail: %s", strings.Join(names, ", ")), bad)
}
