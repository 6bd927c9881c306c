package main

import (
	"net"
	"net/http"
	"time"

	"github.com/polyplan/polyplan/pkg/sandbox"
)

// startSandbox runs the embedded sandbox on a port of this machine, with its
// data beside the state.
func (s *session) startSandbox() (url, key string, err error) {
	data := s.beside(sandboxDataName)
	if s.opts.state != "" {
		data = s.statePath() + ".sandbox"
	}
	key = "sandbox"
	srv, err := sandbox.New(sandbox.Options{APIKey: key, Data: data})
	if err != nil {
		return "", "", err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", "", err
	}
	server := &http.Server{Handler: srv, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(l) }()
	s.closers = append(s.closers, func() {
		_ = server.Close()
		if err := srv.Close(); err != nil {
			s.note("closing the sandbox: %s", err)
		}
	})
	return "http://" + l.Addr().String(), key, nil
}
