package spec

import (
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/polyplan/polyplan/pkg/resource"
)

// span is a stretch of a file that must not be shown: from the place of a
// value to its end.
type span struct{ from, to int }

// hide marks the value of a key that sounds like a secret, wherever it stands,
// so that no excerpt shows it. This is for excerpts only, and on top of what
// tables know: a mistyped or misplaced secret has no table.
func (p *parser) hide(key, value *node) {
	if Sounds(key.text) {
		value.scalars(func(n *node) {
			if n.value != nil && n.src == p.src && !strings.Contains(n.text, "${") {
				n.src.conceal(n)
			}
		})
	}
}

var withoutDashes = strings.NewReplacer("_", "", "-", "")

var sounding sync.Map // key -> bool; manifests repeat their keys

// Sounds reports whether a key sounds like that of a secret.
func Sounds(key string) bool {
	if known, ok := sounding.Load(key); ok {
		return known.(bool)
	}
	k := withoutDashes.Replace(strings.ToLower(key))
	yes := false
	for _, word := range []string{"password", "passwd", "passphrase", "secret", "token", "apikey", "privatekey", "accesskey", "credential", "serviceaccount"} {
		yes = yes || strings.Contains(k, word)
	}
	if len(key) < 64 {
		sounding.Store(key, yes)
	}
	return yes
}

// conceal keeps a scalar out of all excerpts.
func (s *source) conceal(n *node) {
	n.hidden = true
	from := s.offset(int(n.line), int(n.col))
	s.secrets = append(s.secrets, span{from, s.end(n, from)})
}

// end is where the scalar n, which begins at from, ends.
func (s *source) end(n *node, from int) int {
	if n.quoted && !n.block {
		return quotedEnd(s.data, from)
	}
	if to := from + len(n.text); !n.block && to <= len(s.data) && string(s.data[from:to]) == n.text {
		return to
	}
	// Text of several lines: all that is indented more than the line where it
	// began, or empty.
	first := s.line(int(n.line))
	margin := len(first) - len(strings.TrimLeft(first, " "))
	last := int(n.line)
	for i := last + 1; i <= len(s.starts); i++ {
		l := s.line(i)
		if t := strings.TrimLeft(l, " "); t != "" {
			if len(l)-len(t) <= margin {
				break
			}
			last = i
		}
	}
	return s.starts[last-1] + len(s.line(last))
}

// quotedEnd is where the quoted text that begins at or shortly after from
// ends, for a tag or an anchor may stand before it.
func quotedEnd(data []byte, from int) int {
	for from < len(data) && data[from] != '"' && data[from] != '\'' && data[from] != '\n' {
		from++
	}
	if from >= len(data) {
		return len(data)
	}
	quote := data[from]
	for i := from + 1; i < len(data); i++ {
		switch {
		case quote == '"' && data[i] == '\\':
			i++
		case data[i] == quote:
			if quote == '\'' && i+1 < len(data) && data[i+1] == quote {
				i++
				continue
			}
			return i + 1
		}
	}
	return len(data)
}

// masked is the file with what must not be shown replaced by masks. Lines and
// the columns that matter stay: where something follows on the same line the
// mask is as wide as the secret, which that thing's column would tell anyway.
func (s *source) masked() []byte {
	if s.broken {
		return s.maskedLines()
	}
	if len(s.secrets) == 0 {
		return s.data
	}
	slices.SortFunc(s.secrets, func(a, b span) int { return a.from - b.from })
	var out []byte
	at := 0
	for _, sp := range s.secrets {
		if sp.from < at || sp.to <= sp.from {
			continue
		}
		out = append(out, s.data[at:sp.from]...)
		at = sp.to
		lines := strings.Split(string(s.data[sp.from:sp.to]), "\n")
		for i, l := range lines {
			if i > 0 {
				out = append(out, '\n')
			}
			text := strings.TrimLeft(l, " ")
			out = append(out, l[:len(l)-len(text)]...)
			stars := resource.Mask
			if i == len(lines)-1 && s.followed(sp.to) {
				stars = strings.Repeat("*", utf8.RuneCountInString(text))
			}
			if text != "" {
				out = append(out, stars...)
			}
		}
	}
	return append(out, s.data[at:]...)
}

// followed reports whether something of meaning stands on the line after at.
func (s *source) followed(at int) bool {
	for ; at < len(s.data) && s.data[at] != '\n'; at++ {
		switch s.data[at] {
		case ' ', '\t', '\r', ',', ']', '}':
		case '#':
			return false
		default:
			return true
		}
	}
	return false
}

// maskedLines hides, in a file that cannot be parsed, all that stands in a line
// after something that sounds like a secret's key, and the lines below it that
// are indented more.
func (s *source) maskedLines() []byte {
	var out []byte
	under := -1
	for n := range s.starts {
		l := s.line(n + 1)
		if n > 0 {
			out = append(out, '\n')
		}
		text := strings.TrimLeft(l, " \t")
		indent := len(l) - len(text)
		if under >= 0 && text != "" && indent <= under {
			under = -1
		}
		key, _, isKey := strings.Cut(l, ":")
		switch {
		case under >= 0 && text != "":
			out = append(append(out, l[:indent]...), resource.Mask...)
		case Sounds(l) && isKey:
			// The sounding word may be a later key of a flow map: cut there.
			for !Sounds(key) {
				_, rest, ok := strings.Cut(l[len(key)+1:], ":")
				if !ok {
					break
				}
				key = l[:len(l)-len(rest)-1]
			}
			out = append(append(out, key...), ": "+resource.Mask...)
			under = indent
		default:
			out = append(out, l...)
		}
	}
	return out
}

// concealed hides the scalars at and below v, as answers of the service are
// hidden too: nothing stays nothing.
func concealed(v any) any {
	switch v := v.(type) {
	case nil, *resource.Secret:
		return v
	case resource.Object:
		for key, x := range v {
			if v[key] = concealed(x); v[key] == nil {
				delete(v, key)
			}
		}
		return v
	case []any:
		for i, x := range v {
			v[i] = concealed(x)
		}
		return v
	case string:
		if v == "" {
			return nil
		}
	}
	return resource.NewSecret(v)
}
