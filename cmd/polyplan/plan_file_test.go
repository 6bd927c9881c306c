package main

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// Age alone keeps nobody from carrying a saved plan out, but is worth a word.
func TestOldPlan(t *testing.T) {
	for age, told := range map[time.Duration]bool{0: false, 23 * time.Hour: false, 25 * time.Hour: true, 30 * 24 * time.Hour: true} {
		e := newTestEnv(t)
		e.write("polyplan.yaml", simple)
		e.must(exitDone, "plan", "--sandbox", "--out", "saved.plan")
		e.Env.Now = func() time.Time { return time.Now().Add(age) }
		r := e.run("apply", "--sandbox", "saved.plan")
		if r.code != exitDone {
			t.Fatalf("%v: exit code %d: %s", age, r.code, r.err)
		}
		if got := strings.Contains(r.err, fmt.Sprintf("warning: the plan was made %d hours ago", int(age.Hours()))); got != told {
			t.Errorf("%v: told %v, want %v: %s", age, got, told, r.err)
		}
	}
}
