package diag

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// Severity tells an error, which stops the work, from a warning, which does not.
type Severity int

// The zero Severity is Error: a finding nobody graded is not let through.
const (
	Error Severity = iota
	Warning
)

// String returns "error" or "warning".
func (s Severity) String() string {
	switch s {
	case Error:
		return "error"
	case Warning:
		return "warning"
	}
	return fmt.Sprintf("severity(%d)", int(s))
}

// MarshalText returns the severity as its word.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Diagnostic is one finding. It is a plain comparable value and an error, so
// errors.As finds it inside what [List.Err] returns.
type Diagnostic struct {
	Severity Severity
	Pos      Pos
	What     string // stable words, one line: what was found
	Why      string // a full thought: why that is wrong
	Fix      string // something the reader can do
	Address  string // optional: the resource concerned, as "model.contacts"
	Code     string // optional: a stable word for programs, as "unknown-key"
	Snippet  string // optional: the source line Pos speaks of, without its line break

	// Root names the diagnostic from which this one merely follows, by its
	// Address or by the text of its Pos. [List.Sorted] drops this one when
	// that one is in the list too.
	Root string
}

// Error returns the first line of the finding: "file:line:col: error: what".
// Without a place it begins with the address, without either with the severity.
func (d Diagnostic) Error() string { return d.headline(plain) }

func (d Diagnostic) headline(paint Paint) string {
	where := d.Pos.String()
	if where == "" {
		where = d.Address
	}
	var b strings.Builder
	if where != "" {
		b.WriteString(paint(Place, Visible(where)+":"))
		b.WriteByte(' ')
	}
	word := SeverityError
	if d.Severity != Error {
		word = SeverityWarning
	}
	b.WriteString(paint(word, d.Severity.String()+":"))
	b.WriteByte(' ')
	b.WriteString(paint(What, Visible(d.What)))
	return b.String()
}

// MarshalJSON writes severity and what always, and of file, line, column, why,
// fix, address and code those that are known.
func (d Diagnostic) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	// Whether < and > are escaped is for the outer encoder to say; it can
	// escape what we left alone, but not undo what we escaped.
	enc.SetEscapeHTML(false)
	err := enc.Encode(struct {
		Severity Severity `json:"severity"`
		File     string   `json:"file,omitempty"`
		Line     int      `json:"line,omitempty"`
		Column   int      `json:"column,omitempty"`
		What     string   `json:"what"`
		Why      string   `json:"why,omitempty"`
		Fix      string   `json:"fix,omitempty"`
		Address  string   `json:"address,omitempty"`
		Code     string   `json:"code,omitempty"`
	}{d.Severity, d.Pos.File, d.Pos.Line, d.Pos.Col, d.What, d.Why, d.Fix, d.Address, d.Code})
	return b.Bytes(), err
}
