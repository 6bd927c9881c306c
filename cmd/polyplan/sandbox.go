package main

import (
	"net"
	"net/http"
	"time"

	"github.com/polyplan/polyplan/pkg/sandbox"
	"github.com/polyplan/polyplan/pkg/state/remote"
)

// startSandbox runs the embedded sandbox on a port of this machine, with its
// data beside the state. Its key may do all that there is to try out.
func (s *session) startSandbox() (url string, c credential, err error) {
	data := s.beside(sandboxDataName)
	if s.opts.state != "" && !remote.IsURL(s.opts.state) {
		data = s.statePath() + ".sandbox"
	}
	c = credential{key: "sandbox", manages: true}
	srv, err := sandbox.New(sandbox.Options{Keys: []sandbox.Key{{Value: c.key, Partner: true}}, Data: data, LiveSources: s.opts.liveSources})
	if err != nil {
		return "", c, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", c, err
	}
	server := &http.Server{Handler: srv, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(l) }()
	s.closers = append(s.closers, func() {
		_ = server.Close()
		if err := srv.Close(); err != nil {
			s.note("closing the sandbox: %s", err)
		}
	})
	return "http://" + l.Addr().String(), c, nil
}
