package sandbox

import (
	"io"
	"net/http"
	"strings"
)

// The control API does over HTTP what tests do in Go, for sandboxes in another process.
// It asks for no key and is there only with Options.Control.
//
//	POST   /sandbox/faults        a Fault as JSON, delay in nanoseconds
//	DELETE /sandbox/faults
//	GET    /sandbox/faults        {"left": 1}
//	GET    /sandbox/requests      {"requests": [...], "max_in_flight": 4}
//	DELETE /sandbox/requests
//	GET    /sandbox/count?kind=sync               {"count": 1}
//	GET    /sandbox/object?kind=sync&name=...     the stored body, secrets in clear
//	POST   /sandbox/edit          {"kind", "name", "patch"}
//	POST   /sandbox/remove        {"kind", "name"}
//	POST   /sandbox/authorize     {"name"}
//	POST   /sandbox/revoke        {"name"}
//
// A name may be an id as well. Errors are {"error": "..."}.
func (s *Server) controlRoutes() {
	if !s.opts.Control {
		return
	}
	type order struct {
		Kind  string         `json:"kind"`
		Name  string         `json:"name"`
		Patch map[string]any `json:"patch"`
	}
	s.control("POST /sandbox/faults", func(r *http.Request) (any, error) {
		var f Fault
		if err := readOrder(r, &f); err != nil {
			return nil, err
		}
		if err := f.check(); err != nil {
			return nil, err
		}
		s.Fault(f)
		return map[string]any{"left": s.FaultsLeft()}, nil
	})
	s.control("DELETE /sandbox/faults", func(*http.Request) (any, error) {
		s.ResetFaults()
		return map[string]any{}, nil
	})
	s.control("GET /sandbox/faults", func(*http.Request) (any, error) {
		return map[string]any{"left": s.FaultsLeft()}, nil
	})
	s.control("GET /sandbox/requests", func(*http.Request) (any, error) {
		return map[string]any{"requests": s.Requests(), "max_in_flight": s.MaxInFlight()}, nil
	})
	s.control("DELETE /sandbox/requests", func(*http.Request) (any, error) {
		s.ResetRequests()
		return map[string]any{}, nil
	})
	s.control("GET /sandbox/count", func(r *http.Request) (any, error) {
		return map[string]any{"count": s.Count(r.URL.Query().Get("kind"))}, nil
	})
	s.control("GET /sandbox/object", func(r *http.Request) (any, error) {
		kind, name := r.URL.Query().Get("kind"), r.URL.Query().Get("name")
		body, ok := s.Object(kind, name)
		if !ok {
			return nil, badRequest("no %s %q", kind, name)
		}
		return body, nil
	})
	for path, do := range map[string]func(order) error{
		"edit":      func(o order) error { return s.Edit(o.Kind, o.Name, o.Patch) },
		"remove":    func(o order) error { return s.Remove(o.Kind, o.Name) },
		"authorize": func(o order) error { return s.Authorize(o.Name) },
		"revoke":    func(o order) error { return s.Revoke(o.Name) },
	} {
		s.control("POST /sandbox/"+path, func(r *http.Request) (any, error) {
			var o order
			if err := readOrder(r, &o); err != nil {
				return nil, err
			}
			return map[string]any{}, do(o)
		})
	}
}

// control serves the pattern with f. Pages of other sites cannot use it: a browser asks
// first before it sends JSON elsewhere, and is not answered.
func (s *Server) control(pattern string, f func(*http.Request) (any, error)) {
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		rep := func() *reply {
			if writes(r.Method) && r.Method != http.MethodDelete && !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
				return jsonReply(http.StatusUnsupportedMediaType, map[string]any{"error": "want application/json"})
			}
			v, err := f(r)
			if p, ok := err.(*problem); ok {
				return jsonReply(http.StatusBadRequest, map[string]any{"error": p.message})
			}
			if err != nil {
				return jsonReply(http.StatusBadRequest, map[string]any{"error": err.Error()})
			}
			return jsonReply(http.StatusOK, v)
		}()
		for name, value := range rep.Header {
			w.Header().Set(name, value)
		}
		w.WriteHeader(rep.Status)
		w.Write(rep.Body) // whoever hung up does not want it
	})
}

func readOrder(r *http.Request, v any) error {
	raw, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBody))
	if err != nil {
		return err
	}
	return decodeJSON(raw, v)
}
