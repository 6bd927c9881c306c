package process

import (
	"net/http"
	"syscall"
	"testing"

	"github.com/polyplan/polyplan/pkg/internal/trial"
)

// A process that dies leaves no image of its memory behind, even where its
// surroundings ask for one.
func TestNoCores(t *testing.T) {
	const asked = "ulimit -c unlimited && "
	w := New(t)
	dumped := func(p *Process) bool {
		p.Wait()
		s := p.ProcessState.Sys().(syscall.WaitStatus)
		if !s.Signaled() {
			t.Errorf("it did not die of a signal: %v: %s", p.ProcessState, p.Err.String())
		}
		return s.CoreDump()
	}
	if p := w.Start("sh", "-c", asked+"kill -ABRT $$"); p.Wait() >= 0 || !dumped(p) {
		trial.Optional(t, "this machine keeps no image of any process")
	}
	p := w.Command("sh", "-c", asked+`exec "$0" apply -y`, Program(t))
	p.Stdout, p.Stderr = &p.Out, &p.Err
	p.Env = append(p.Env, "GOTRACEBACK=crash") // has Go's runtime die as a C program would
	w.Gate(func(_ int, r *http.Request) Fate {
		if r.Method == http.MethodGet {
			return Fate{}
		}
		return Fate{Read, func() {
			p.Send(syscall.SIGQUIT)
			<-p.ended
		}}
	})
	w.Launch(p)
	if dumped(p) {
		t.Error("its memory was written to a file")
	}
	w.Open()
	findings(t, "after it died", w.Unlike())
}
