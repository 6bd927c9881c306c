package sandbox

import (
	"fmt"
	"net/http"
)

// reply is an answer as it goes out. It is also what an idempotency key remembers.
type reply struct {
	Status int
	Header map[string]string
	Body   []byte
}

// problem is an answer that says no.
type problem struct {
	status   int
	key      string
	message  string
	metadata map[string]any

	// upstream marks what only a look into the connected service shows. An
	// asynchronous request is accepted in spite of it, and its job fails.
	upstream bool
}

func (p *problem) Error() string { return fmt.Sprintf("%d %s", p.status, p.message) }

// The service publishes no list of its keys; these are ours.

func badRequest(format string, args ...any) *problem {
	return &problem{status: http.StatusBadRequest, key: "bad_request", message: fmt.Sprintf(format, args...)}
}

func invalid(format string, args ...any) *problem {
	return &problem{status: http.StatusUnprocessableEntity, key: "validation_error", message: fmt.Sprintf(format, args...)}
}

func forbidden(format string, args ...any) *problem {
	return &problem{status: http.StatusForbidden, key: "forbidden", message: fmt.Sprintf(format, args...)}
}

// declared returns the error with the status that an operation declares for a body that
// is wrong: some know no 400, others no 422.
func declared(status int, err error) error {
	p, ok := err.(*problem)
	if !ok || p.status != http.StatusBadRequest && p.status != http.StatusUnprocessableEntity {
		return err
	}
	changed := *p
	changed.status = status
	return &changed
}

func notFound(what string) *problem {
	return &problem{status: http.StatusNotFound, key: "not_found", message: what + " not found"}
}

func conflict(format string, args ...any) *problem {
	return &problem{status: http.StatusConflict, key: "conflict", message: fmt.Sprintf(format, args...)}
}

func unauthorized(message string) *problem {
	return &problem{status: http.StatusUnauthorized, key: "unauthorized", message: message}
}

// body returns the JSON of the problem. Before 2025-09-18 a 401 looks unlike every
// other error. [API dossier 4]
func (p *problem) body(version string) map[string]any {
	if p.status == http.StatusUnauthorized && version == Version2024 {
		return map[string]any{
			"code":    0,
			"context": map[string]any{},
			"error":   p.message,
			"status":  http.StatusText(p.status),
		}
	}
	body := map[string]any{"key": p.key, "message": p.message, "status": p.status}
	if p.metadata != nil {
		body["metadata"] = p.metadata
	}
	return body
}

// reply returns the problem as an answer of the version.
func (p *problem) reply(version string) *reply {
	return jsonReply(p.status, p.body(version))
}

// jsonReply returns an answer with this body; a nil body is an empty one.
func jsonReply(status int, body any) *reply {
	rep := &reply{Status: status, Header: map[string]string{}}
	if body == nil {
		return rep
	}
	data, err := encodeJSON(body)
	if err != nil {
		panic(err) // all bodies are made here, of plain values
	}
	rep.Header["Content-Type"] = "application/json; charset=utf-8"
	rep.Body = data
	return rep
}

// answer is what a handler returns when it says yes.
type answer struct {
	status int               // 0 means 200
	body   any               // nil is an empty body
	header map[string]string // beyond the usual
}

// data wraps v in the envelope that nearly all answers have.
func data(v any) *answer {
	return &answer{body: map[string]any{"data": v}}
}

func (a *answer) reply() *reply {
	status := a.status
	if status == 0 {
		status = http.StatusOK
	}
	rep := jsonReply(status, a.body)
	for name, value := range a.header {
		rep.Header[name] = value
	}
	return rep
}

// bare returns the reply without what an error need not have.
func (r *reply) bare() *reply {
	if r.Status < http.StatusBadRequest {
		return r
	}
	var body map[string]any
	if err := decodeJSON(r.Body, &body); err != nil {
		return r
	}
	delete(body, "key")
	delete(body, "metadata")
	out := jsonReply(r.Status, body)
	for name, value := range r.Header {
		out.Header[name] = value
	}
	return out
}
