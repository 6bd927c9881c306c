package render

import (
	"io"
	"time"

	"github.com/polyplan/polyplan/pkg/apply"
	"github.com/polyplan/polyplan/pkg/diff"
)

// VersionJSON writes the first line of what `apply --json` prints.
func VersionJSON(w io.Writer, version string) error {
	return writeJSON(w, struct {
		Type          string `json:"type"`
		FormatVersion string `json:"format_version"`
		Polyplan      string `json:"polyplan"`
	}{"version", FormatVersion, version}, "")
}

type errorJSON struct {
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

func newErrorJSON(err error) *errorJSON {
	if err == nil {
		return nil
	}
	return &errorJSON{err.Error(), hint(err)}
}

// EventJSON writes an event as one line.
func EventJSON(w io.Writer, e apply.Event) error {
	line := struct {
		Type    string          `json:"type"`
		Event   apply.EventKind `json:"event"`
		Address string          `json:"address"`
		Name    string          `json:"name,omitempty"`
		Action  diff.Action     `json:"action,omitempty"`
		ID      string          `json:"id,omitempty"`
		Elapsed *int64          `json:"elapsed_ms,omitempty"`
		Error   *errorJSON      `json:"error,omitempty"`
		Because string          `json:"because,omitempty"`
		Link    string          `json:"link,omitempty"`
		Code    string          `json:"code,omitempty"`
		Text    string          `json:"text,omitempty"`
	}{Type: "event", Event: e.Kind, Address: e.Address.String(), Name: e.Name, Action: e.Action, ID: e.ID,
		Error: newErrorJSON(e.Err), Because: e.Because.String(), Link: e.Link, Code: e.Code, Text: e.Text}
	if e.Kind == apply.Done || e.Kind == apply.Failed {
		ms := int64(e.Took / time.Millisecond)
		line.Elapsed = &ms
	}
	return writeJSON(w, line, "")
}

type failureJSON struct {
	Address string      `json:"address"`
	Action  diff.Action `json:"action"`
	Error   *errorJSON  `json:"error,omitempty"`
	Because string      `json:"because,omitempty"`
}

func failuresJSON(list []apply.Failure) []failureJSON {
	out := []failureJSON{}
	for _, f := range list {
		out = append(out, failureJSON{f.Address.String(), f.Action, newErrorJSON(f.Err), f.Because.String()})
	}
	return out
}

// ResultJSON writes the last line of what `apply --json` prints.
func ResultJSON(w io.Writer, r *apply.Result) error {
	return writeJSON(w, struct {
		Type        string        `json:"type"`
		Complete    bool          `json:"complete"`
		Done        diff.Summary  `json:"done"`
		Failed      []failureJSON `json:"failed"`
		Skipped     []failureJSON `json:"skipped"`
		Deferred    []failureJSON `json:"deferred"`
		Waiting     []failureJSON `json:"waiting"`
		NotStarted  int           `json:"not_started"`
		Interrupted bool          `json:"interrupted"`
		Error       *errorJSON    `json:"error,omitempty"`
	}{"summary", r.Complete(), r.Done, failuresJSON(r.Failed), failuresJSON(r.Skipped), failuresJSON(r.Deferred),
		failuresJSON(r.Waiting), r.NotStarted, r.Interrupted, newErrorJSON(r.Err)}, "")
}
