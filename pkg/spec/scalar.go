package spec

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/resource"
)

// scalar reads a value of one of the plain types. If lax, a scalar of another
// type is taken for what the field wants where its text can be read so: what
// comes from outside is text, and what a type of connection wants is not
// always what people would write.
func (b *build) scalar(f *resource.Field, n *node, lax bool) (any, bool) {
	if n.kind != scalarNode {
		fix := ""
		if len(n.items) == 1 && n.items[0].kind == scalarNode {
			fix = "remove the brackets"
		}
		b.wrongType(n, f, fix)
		return nil, false
	}
	switch f.Type {
	case resource.Bool:
		return b.boolean(f, n, lax)
	case resource.Int, resource.Number:
		return b.number(f, n, lax)
	case resource.Numeral:
		return b.numeral(f, n)
	case resource.Duration:
		return b.duration(f, n)
	case resource.Time:
		return b.time(f, n)
	}
	return b.text(f, n, lax)
}

// wrongType says what was found and what was wanted, never the value.
func (b *build) wrongType(n *node, f *resource.Field, fix string) {
	found := n.kindWords()
	if n.outside && n.origin != "" {
		found = fmt.Sprintf("%s is %s", n.origin, found)
	} else {
		found = "this is " + found
	}
	wanted := "wanted " + article(f.Type.String())
	if f.Name != "" { // an element of a list has none
		wanted += fmt.Sprintf(" for %q", f.Name)
	}
	b.err(n, "wrong-type", wanted, found, fix)
}

func article(s string) string {
	if strings.ContainsRune("aeiou", rune(s[0])) {
		return "an " + s
	}
	return "a " + s
}

func (b *build) text(f *resource.Field, n *node, lax bool) (any, bool) {
	s, ok := n.value.(string)
	switch {
	case !ok && !lax:
		fix := "put it in quotes"
		if !f.Sensitive && !n.hidden {
			fix = fmt.Sprintf("quote it: %q", n.text)
		}
		b.wrongType(n, f, fix)
		return nil, false
	case !ok:
		s = n.text
	}
	if f.OwnField && !n.secret {
		s = b.own(s)
	}
	if len(f.Enum) == 0 || slices.Contains(f.Enum, s) {
		return s, true
	}
	what := "unknown value"
	if !f.Sensitive && !n.outside {
		what = fmt.Sprintf("unknown value %q", s)
	}
	fix := ""
	near, found := diag.Nearest(s, f.Enum)
	if found && !f.Sensitive && !n.secret {
		fix = fmt.Sprintf("did you mean %q?", near)
	}
	why := "it is one of " + strings.Join(f.Enum, ", ")
	if lax && !n.outside {
		b.warn(n, "unknown-value", what, "polyplan knows only "+strings.Join(f.Enum, ", ")+"; it is sent as it is", fix)
		return s, true
	}
	b.err(n, "unknown-value", what, why, fix)
	return nil, false
}

func (b *build) boolean(f *resource.Field, n *node, lax bool) (any, bool) {
	switch v := n.value.(type) {
	case bool:
		return v, true
	case string:
		switch strings.ToLower(v) {
		case "true":
			if lax {
				return true, true
			}
			b.wrongType(n, f, "write true without quotes")
			return nil, false
		case "false":
			if lax {
				return false, true
			}
			b.wrongType(n, f, "write false without quotes")
			return nil, false
		case "yes", "on", "y":
			b.wrongType(n, f, "write true; yes and on are strings")
			return nil, false
		case "no", "off", "n":
			b.wrongType(n, f, "write false; no and off are strings")
			return nil, false
		}
	}
	b.wrongType(n, f, "write true or false")
	return nil, false
}

func (b *build) number(f *resource.Field, n *node, lax bool) (any, bool) {
	v := n.value
	if s, ok := v.(string); ok {
		parsed := plain(strings.TrimSpace(s))
		if isNumber(parsed) && !lax {
			b.wrongType(n, f, "write it without quotes")
			return nil, false
		}
		if lax && isNumber(parsed) {
			v = parsed
		}
	}
	if x, ok := v.(float64); ok && (math.IsInf(x, 0) || math.IsNaN(x)) {
		b.notANumber(n)
		return nil, false
	}
	if _, whole := v.(int64); isNumber(v) && (whole || f.Type == resource.Number) {
		return v, true
	}
	fix := ""
	if _, big := v.(json.Number); big && f.Type == resource.Int {
		fix = "use a number that fits in 64 bits"
	}
	b.wrongType(n, f, fix)
	return nil, false
}

func (b *build) notANumber(n *node) {
	b.err(n, "wrong-type", "this is no finite number", "JSON, in which the service speaks, has neither infinity nor NaN", "")
}

func (b *build) numeral(f *resource.Field, n *node) (any, bool) {
	switch v := n.value.(type) {
	case string:
		return v, true
	case int64:
		// 08 is 8, and so is "08": the table's canonical form sees to that.
		return strconv.FormatInt(v, 10), true
	}
	b.wrongType(n, f, "")
	return nil, false
}

func (b *build) duration(f *resource.Field, n *node) (any, bool) {
	s, ok := n.value.(string)
	if !ok {
		b.wrongType(n, f, `write it with a unit, as in "3h30m" or "45s"`)
		return nil, false
	}
	if d, err := time.ParseDuration(s); err != nil || d < 0 {
		b.err(n, "bad-duration", "this is not a duration", "a duration is numbers with units: h, m, s", "write it as in 3h30m or 45s")
		return nil, false
	}
	return s, true
}

func (b *build) time(f *resource.Field, n *node) (any, bool) {
	s, ok := n.value.(string)
	if !ok {
		b.wrongType(n, f, "write it as in 2024-01-15T09:30:00Z")
		return nil, false
	}
	if _, err := time.Parse(time.RFC3339Nano, s); err != nil {
		fix := "write it as in 2024-01-15T09:30:00Z"
		if _, err := time.Parse(time.DateOnly, s); err == nil && !n.outside {
			fix = "write " + s + "T00:00:00Z"
		}
		b.err(n, "bad-instant", "this is not a time", "a time has a date, an hour and a zone", fix)
		return nil, false
	}
	return s, true
}

// free reads a value that no table describes. Nothing under a key is the same
// as no key. If guess, what sounds like a secret is one.
func (b *build) free(n *node, p resource.Path, guess bool) (any, bool) {
	written := n
	n, ok := b.bring(n)
	if !ok {
		b.lose(p)
		return nil, false
	}
	if n.isNull() {
		return nil, false
	}
	if n.missing != nil {
		return b.lacking(false, n, p, written)
	}
	b.r.At[p] = written.pos()
	if n.origin != "" {
		b.outside(p, n)
		b.used(nil, p, n, written.pos())
	}
	var v any
	switch n.kind {
	case listNode:
		list := make([]any, 0, len(n.items))
		for i, item := range n.items {
			v, ok := b.free(item, p.Index(i), guess)
			if ok || item.isNull() {
				list = append(list, v)
			}
		}
		v = list
	case mapNode:
		o := make(resource.Object, len(n.members))
		for _, m := range n.members {
			if m.key.text == resource.SecretKey {
				b.err(m.key, "bad-key", fmt.Sprintf("%q cannot be a key", m.key.text), "states use it for secrets", "")
				continue
			}
			read := func() (any, bool) { return b.free(m.value, p.Child(m.key.text), guess) }
			if guess {
				read = func() (any, bool) { return b.unchecked(m, p.Child(m.key.text)) }
			}
			if v, ok := read(); ok {
				o[m.key.text] = v
			}
		}
		v = o
	default:
		v = n.value
		if x, ok := v.(float64); ok && (math.IsInf(x, 0) || math.IsNaN(x)) {
			b.notANumber(n)
			return nil, false
		}
	}
	if n.secret {
		v = concealed(v)
	}
	return v, true
}
