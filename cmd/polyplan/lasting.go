package main

import (
	"errors"
	"io"
	"sync/atomic"
	"syscall"
)

// lasting is a stream that outlives its reader: what was begun is carried out
// when nobody listens any more, as behind `polyplan apply -y | head`.
type lasting struct {
	to   io.Writer
	gone atomic.Bool
}

func (l *lasting) Write(p []byte) (int, error) {
	if l.gone.Load() {
		return len(p), nil
	}
	n, err := l.to.Write(p)
	if errors.Is(err, syscall.EPIPE) {
		l.gone.Store(true)
		return len(p), nil
	}
	return n, err
}

// outlive lets the session go on when the readers of its streams are gone. A
// command whose work is its output has no use for that.
func (s *session) outlive() {
	env := *s.env
	env.Stdout, env.Stderr = &lasting{to: env.Stdout}, &lasting{to: env.Stderr}
	s.env = &env
	s.talk.set(env.Stderr)
}
