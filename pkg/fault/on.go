//go:build polyplan_faults

package fault

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Around does what it is given, and passes the points NAME.before and NAME.after.
func Around(name string, do func() error) error {
	if err := pass(name + ".before"); err != nil {
		return err
	}
	err := do()
	if e := pass(name + ".after"); err == nil {
		err = e
	}
	return err
}

var points = struct {
	sync.Mutex
	passed map[string]int
	name   string // where something goes wrong, "" for nowhere
	nth    int
	kind   string
	log    *os.File
}{passed: map[string]int{}}

func init() {
	if text := os.Getenv(Var); text != "" {
		parts := strings.Split(text, ":")
		nth, err := strconv.Atoi(parts[1])
		if err != nil || len(parts) != 3 {
			panic("a fault that makes no sense: " + text)
		}
		points.name, points.nth, points.kind = parts[0], nth, parts[2]
	}
	if name := os.Getenv(LogVar); name != "" {
		f, err := os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			panic(err)
		}
		points.log = f
	}
}

// pass counts a point and has go wrong what is to go wrong at it.
func pass(name string) error {
	points.Lock()
	points.passed[name]++
	met := name == points.name && points.passed[name] == points.nth
	if points.log != nil {
		fmt.Fprintln(points.log, name)
	}
	points.Unlock()
	if !met {
		return nil
	}
	switch points.kind {
	case "kill":
		self, err := os.FindProcess(os.Getpid())
		if err == nil {
			err = self.Kill()
		}
		if err != nil {
			panic(err)
		}
		select {} // nothing is done any more
	case "panic":
		panic("a fault on order, at " + name)
	case "error":
		return fmt.Errorf("a fault on order, at %s", name)
	case "sleep":
		time.Sleep(2 * time.Second)
		return nil
	}
	panic("an unknown kind of fault: " + points.kind)
}
