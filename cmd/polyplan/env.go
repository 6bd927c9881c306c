package main

import (
	"context"
	"io"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/term"
)

// Env is all that the program takes from the system, so that a test can run it
// in its own process.
type Env struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	LookupEnv      func(string) (string, bool)
	Environ        func() []string // for the commands that it runs; nil: none
	Dir            string          // the working directory, "" for the process's own
	Now            func() time.Time
	// Sleep waits between two attempts of a request; nil waits by the system's clock.
	Sleep func(ctx context.Context, d time.Duration) error
	HTTP  http.RoundTripper // nil: the network
	// Terminal tells whether a stream is a person's, and how wide.
	InTerminal, OutTerminal, ErrTerminal bool
	Width                                func() int // columns of the terminal now, 0: none
	// Signals delivers interrupts; nil if there are none.
	Signals <-chan os.Signal
}

func systemEnv() *Env {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	// A closed pipe is an error of the write, not the end of an apply.
	signal.Ignore(syscall.SIGPIPE)
	e := &Env{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		LookupEnv:   os.LookupEnv,
		Environ:     os.Environ,
		Now:         time.Now,
		InTerminal:  term.IsTerminal(int(os.Stdin.Fd())),
		OutTerminal: term.IsTerminal(int(os.Stdout.Fd())),
		ErrTerminal: term.IsTerminal(int(os.Stderr.Fd())),
		Signals:     signals,
	}
	e.Width = func() int {
		w, _, err := term.GetSize(int(os.Stdout.Fd()))
		if err != nil {
			return 0
		}
		return w
	}
	return e
}

func (e *Env) get(name string) string {
	v, _ := e.LookupEnv(name)
	return v
}

// manifest is the path of the manifest where no flag names one.
func (e *Env) manifest() string { return firstOf(e.get("POLYPLAN_FILE"), "polyplan.yaml") }

// width is the width of the terminal that results go to, 0 if there is none.
func (e *Env) width() int {
	if e.Width == nil {
		return 0
	}
	return e.Width()
}
