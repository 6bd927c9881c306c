package main

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"slices"
	"strings"
)

// shortest is the length from which on a secret is looked for in texts: shorter
// ones occur in words by chance.
const shortest = 6

// hide keeps a secret out of all texts of the service's that are shown from now
// on.
func (s *session) hide(secret string) {
	if len(secret) < shortest {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hidden[secret] {
		return // many resources share one
	}
	if s.hidden == nil {
		s.hidden = map[string]bool{}
	}
	s.hidden[secret] = true
	s.secrets = append(s.secrets, formsOf(secret)...)
}

// redact removes the secrets of this run from a text of the service's.
func (s *session) redact(text string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, secret := range s.secrets {
		text = strings.ReplaceAll(text, secret, "(secret)")
	}
	return text
}

// bug tells of a mistake of ours. What a panic was given may hold a secret.
func (s *session) bug(what any, stack []byte) {
	tellBug(s.env.Stderr, s.redact(fmt.Sprint(what)), s.redact(string(stack)))
}

// longLine is the length from which on a line of a secret of several lines is
// one by itself.
const longLine = 16

// formsOf are the texts in which a service may repeat a secret: as it is, and as
// one format or another writes it. The longest come first, so that nothing is
// left over of one that holds another.
func formsOf(secret string) []string {
	parts := []string{secret}
	if lines := strings.Split(secret, "\n"); len(lines) > 1 {
		for _, l := range lines {
			if l = strings.TrimSpace(l); len(l) >= longLine {
				parts = append(parts, l)
			}
		}
	}
	var out []string
	for _, p := range parts {
		out = append(out, p, html.EscapeString(p), url.QueryEscape(p), url.PathEscape(p), hex.EncodeToString([]byte(p)), strings.ToUpper(hex.EncodeToString([]byte(p))))
		for _, escape := range []bool{true, false} {
			var b strings.Builder
			e := json.NewEncoder(&b)
			e.SetEscapeHTML(escape)
			if e.Encode(p) == nil {
				quoted := strings.TrimSuffix(b.String(), "\n")
				out = append(out, quoted[1:len(quoted)-1])
			}
		}
		for pad := range 3 {
			// Within a longer text: without what its neighbours have a part in.
			for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
				b := enc.EncodeToString(append(make([]byte, pad), p...))
				out = append(out, b[(pad*8+5)/6:(pad+len(p))*8/6])
			}
		}
	}
	slices.SortFunc(out, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	return slices.DeleteFunc(slices.Compact(out), func(s string) bool { return len(s) < shortest })
}
