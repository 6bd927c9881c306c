package main

import (
	"io"
	"sync"
)

// talk is where notes and logs go, which come from several goroutines: to
// standard error, or, while a run shows its progress there, through that.
type talk struct {
	mu sync.Mutex
	to io.Writer
}

func (t *talk) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.to.Write(p)
}

// set sends what comes from now on to w.
func (t *talk) set(w io.Writer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.to = w
}
