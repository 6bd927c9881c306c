package render

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"regexp"
	"unicode"
	"unicode/utf8"

	"github.com/polyplan/polyplan/pkg/check"
	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/diff"
	"github.com/polyplan/polyplan/pkg/resource"
)

// FormatVersion is the version of all that polyplan writes for programs.
const FormatVersion = "1.0"

type planJSON struct {
	FormatVersion string           `json:"format_version"`
	Summary       diff.Summary     `json:"summary"`
	Changes       []changeJSON     `json:"changes"`
	Drift         []driftJSON      `json:"drift"`
	Diagnostics   diag.List        `json:"diagnostics"`
	Unverified    []UnverifiedJSON `json:"unverified"`
}

type changeJSON struct {
	Address string       `json:"address"`
	Kind    string       `json:"kind"`
	Name    string       `json:"name"`
	Action  diff.Action  `json:"action"`
	ID      *string      `json:"id"`
	Needs   []string     `json:"needs"`
	Risks   []string     `json:"risks"`
	Fields  []fieldJSON  `json:"fields"`
	From    string       `json:"from,omitempty"`
	Reason  string       `json:"reason,omitempty"`
	Blocked string       `json:"blocked,omitempty"`
	Waiting *waitingJSON `json:"waiting,omitempty"`
}

type fieldJSON struct {
	Path      string `json:"path"`
	Before    any    `json:"before"`
	After     any    `json:"after"`
	Sensitive bool   `json:"sensitive"`
}

type waitingJSON struct {
	Status string `json:"status"`
	Detail string `json:"detail,omitempty"`
	Link   string `json:"link,omitempty"`
	Code   string `json:"code,omitempty"`
}

type driftJSON struct {
	Address string      `json:"address"`
	Name    string      `json:"name"`
	Gone    bool        `json:"gone"`
	Fields  []fieldJSON `json:"fields"`
	// Who changed the object last and when, if drift was asked for and it is known.
	ChangedBy string `json:"changed_by,omitempty"`
	ChangedAt string `json:"changed_at,omitempty"`
}

// PlanJSON writes a plan for programs, as one document. What refuses the plan is
// among its diagnostics, whether the list has it or not.
func PlanJSON(w io.Writer, p *diff.Plan, l diag.List, open []check.Unverified) error {
	return writeJSON(w, planDocument(p, l, open), "  ")
}

func planDocument(p *diff.Plan, l diag.List, open []check.Unverified) planJSON {
	doc := planJSON{FormatVersion: FormatVersion, Summary: p.Summary(), Changes: []changeJSON{}, Drift: []driftJSON{}}
	names := map[resource.Address]map[string]string{}
	for i := range p.Steps {
		s := &p.Steps[i]
		names[s.Address] = s.Names
		c := changeJSON{Address: s.Address.String(), Kind: s.Address.Kind, Name: s.Name, Action: s.Action, Needs: []string{}, Risks: []string{},
			Fields: fieldsJSON(s.Changes, s.Names), From: s.From.String(), Reason: s.Reason, Blocked: s.Blocked}
		if s.ID != "" {
			c.ID = &s.ID
		}
		for _, n := range s.Needs {
			c.Needs = append(c.Needs, n.String())
		}
		c.Risks = append(c.Risks, s.Risks...)
		if w := s.Waiting; w != nil {
			c.Waiting = &waitingJSON{w.Status, w.Detail, w.Link, w.Code}
		}
		doc.Changes = append(doc.Changes, c)
	}
	for _, d := range p.Drift {
		doc.Drift = append(doc.Drift, driftJSON{Address: d.Address.String(), Name: d.Name, Gone: d.Gone, Fields: fieldsJSON(d.Changes, names[d.Address])})
	}
	all := append(diag.List{}, l...)
	for _, r := range p.Refusals {
		all.Add(r.Diagnostic())
	}
	doc.Diagnostics = append(diag.List{}, all.Sorted()...)
	doc.Unverified = Unverified(open)
	return doc
}

func fieldsJSON(changes []diff.Change, names map[string]string) []fieldJSON {
	out := []fieldJSON{}
	for _, c := range changes {
		f := fieldJSON{Path: string(c.Path), Sensitive: c.Sensitive}
		if !c.Sensitive {
			f.Before, f.After = plainJSON(sources(names, c.Before)), plainJSON(sources(names, c.After))
		}
		out = append(out, f)
	}
	return out
}

// plainJSON replaces what JSON has no word for, and secrets.
func plainJSON(v any) any {
	switch v := v.(type) {
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return resource.Text(v)
		}
	case *resource.Secret:
		return nil
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = plainJSON(e)
		}
		return out
	case resource.Object:
		out := make(resource.Object, len(v))
		for key, e := range v {
			out[key] = plainJSON(e)
		}
		return out
	}
	return v
}

// writeJSON writes v and ends the line. Lines are indented by indent, or it is
// one line if that is empty. The document means what v means, and its bytes are
// harmless where JSON ends up on a terminal or in a pipeline's log.
func writeJSON(w io.Writer, v any, indent string) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	if err := enc.Encode(v); err != nil {
		return err
	}
	_, err := w.Write(quietJSON(b.Bytes()))
	return err
}

// orders are what a log must not hold; in JSON they stand in strings alone.
var orders = regexp.MustCompile(`##(?:\[|(?i:vso|teamcity)\[)|section_(?:start|end):|travis_(?:fold|time):`)

// quietJSON writes as \u escapes what in JSON may stand as it is, and would
// steer a terminal, hide from a reader, or give orders to a pipeline.
func quietJSON(doc []byte) []byte {
	if mayCommand(string(doc)) {
		doc = orders.ReplaceAllFunc(doc, func(order []byte) []byte {
			return append(fmt.Appendf(nil, `\u%04x`, order[0]), order[1:]...)
		})
	}
	acts := func(r rune) bool { return r >= 0x7f && diag.Visible(string(r)) != string(r) || r == 0x7f }
	if bytes.IndexFunc(doc, acts) < 0 {
		return doc
	}
	var b bytes.Buffer
	for i := 0; i < len(doc); {
		r, size := utf8.DecodeRune(doc[i:])
		switch {
		case !acts(r) || r == unicode.ReplacementChar:
			b.Write(doc[i : i+size])
		case r > 0xffff:
			r -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		i += size
	}
	return b.Bytes()
}
