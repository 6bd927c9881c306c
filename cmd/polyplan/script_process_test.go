package main

import (
	"bufio"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/polyplan/polyplan/pkg/sandbox"
)

// hook is where the program of a script tells how far it is.
type hook struct {
	*httptest.Server
	process     chan *os.Process
	interrupted chan struct{}
}

func newHook() *hook {
	h := &hook{process: make(chan *os.Process, 1), interrupted: make(chan struct{}, 1)}
	h.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/interrupted" {
			h.interrupted <- struct{}{}
			return
		}
		text, _ := io.ReadAll(r.Body)
		pid, err := strconv.Atoi(string(text))
		if err != nil {
			panic(err)
		}
		p, err := os.FindProcess(pid)
		if err != nil {
			panic(err)
		}
		h.process <- p
	}))
	return h
}

// signal orders that the program gets a signal while it waits for an answer, and
// the answer once the signal has done what it does: the program has heard of an
// interrupt, or a SIGQUIT has ended it. Before it runs the program again a script
// sets SCRIPT_HOOK to nothing.
func (w *world) signal(ts *testscript.TestScript, sig os.Signal, args []string) {
	if w.hook != nil {
		ts.Fatalf("one signal a script")
	}
	h := newHook()
	w.hook = h
	ts.Setenv(hookVar, h.URL)
	f := parseFault(ts, args, sandbox.Wait)
	f.Hold = func() {
		p := <-h.process
		if err := p.Signal(sig); err != nil {
			panic(err)
		}
		if sig == os.Interrupt {
			<-h.interrupted
			return
		}
		for p.Signal(syscall.Signal(0)) == nil {
			time.Sleep(time.Millisecond)
		}
	}
	w.server.Fault(f)
}

// served is a `polyplan sandbox serve` that runs beside a script.
type served struct {
	cmd *exec.Cmd
	out *bufio.Reader
}

// serve is the command of that name:
//
//	serve start [FLAG...]   starts `polyplan sandbox serve`, with its URL for the program's
//	serve stop              interrupts it and wants exit code 0
func (w *world) serve(ts *testscript.TestScript, neg bool, args []string) {
	switch {
	case !neg && len(args) > 0 && args[0] == "start" && w.served == nil:
		path, err := exec.LookPath("polyplan")
		ts.Check(err)
		cmd := exec.Command(path, append([]string{"sandbox", "serve"}, args[1:]...)...)
		cmd.Dir = ts.MkAbs(".")
		cmd.Env = append(os.Environ(), "TMPDIR="+filepath.Join(w.work, ".tmp"), "WORK="+w.work)
		pipe, err := cmd.StdoutPipe()
		ts.Check(err)
		ts.Check(cmd.Start())
		w.served = &served{cmd, bufio.NewReader(pipe)}
		url, err := w.served.out.ReadString('\n')
		ts.Check(err)
		ts.Setenv("POLYTOMIC_DEPLOYMENT_URL", strings.TrimSpace(url))
		ts.Setenv(sandboxVar, strings.TrimSpace(url))
	case !neg && len(args) == 1 && args[0] == "stop" && w.served != nil:
		s := w.served
		w.served = nil
		ts.Check(s.cmd.Process.Signal(os.Interrupt))
		_, err := io.Copy(ts.Stdout(), s.out)
		ts.Check(err)
		ts.Check(s.cmd.Wait())
	default:
		usageOf(ts, "serve start [FLAG...], once, and serve stop")
	}
}
