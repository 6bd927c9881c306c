package main

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"html"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"filippo.io/age"
)

// canary is a secret that a script gives to the program. It is made anew for
// every script, so that wherever its core is found, the program let it out.
type canary struct{ name, value, core string }

// newCanaries makes the secrets of the examples, and API keys: a good one, one
// of another organisation, one that may only read, those of a partner and of a
// deployment, and one that nobody knows; the key of fingerprints, identities of
// age, and what a helper says. Passwords hold what is escaped one way or another
// on the way; the core stays as it is.
func newCanaries() []canary {
	var out []canary
	for _, c := range []struct{ name, before, after string }{
		{"PG_PASSWORD", `p"a\s's <&> ${env.HOME} é%`, "::"},
		{"STRIPE_API_KEY", "made+up/", "="},
		{"WEBHOOK_SECRET", "", ""},
		{"ACME_CLIENT_SECRET", "", ""},
		{"APOLLO_API_KEY", "", ""},
		{"POLYTOMIC_API_KEY", "", ""},
		{"OTHER_API_KEY", "", ""},
		{"READONLY_API_KEY", "", ""},
		{"PARTNER_API_KEY", "", ""},
		{"DEPLOYMENT_API_KEY", "", ""},
		{"STRANGER_API_KEY", "", ""},
		{"FINGERPRINT_KEY", "", ""},
		{"HELPER_SECRET", "", ""},
	} {
		core := rand.Text() + strings.ToLower(rand.Text())
		out = append(out, canary{c.name, c.before + core + c.after, core})
	}
	for _, name := range []string{"AGE_IDENTITY", "OTHER_AGE_IDENTITY"} {
		k, err := age.GenerateX25519Identity()
		if err != nil {
			panic(err) // only without any randomness
		}
		out = append(out, canary{name, k.String(), strings.TrimPrefix(k.String(), "AGE-SECRET-KEY-1")})
	}
	return out
}

// recipient is the public half of a canary that is an identity.
func (c canary) recipient() (string, bool) {
	k, err := age.ParseX25519Identity(c.value)
	if err != nil {
		return "", false
	}
	return k.Recipient().String(), true
}

// piece is how much of a canary gives it away.
const piece = 8

// traces are the texts that give a canary away, by their length: every piece of
// its core as it is, in hex, and in base64 at any place of a longer text.
func traces(canaries []canary) map[int]map[string]string {
	out := map[int]map[string]string{}
	add := func(text, name string) {
		if out[len(text)] == nil {
			out[len(text)] = map[string]string{}
		}
		out[len(text)][text] = name
	}
	for _, c := range canaries {
		for i := range len(c.core) - piece + 1 {
			p := c.core[i : i+piece]
			add(p, c.name)
			add(hex.EncodeToString([]byte(p)), c.name)
			add(strings.ToUpper(hex.EncodeToString([]byte(p))), c.name)
			for pad := range 3 {
				for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
					b := enc.EncodeToString(append(make([]byte, pad), p...))
					add(b[(pad*8+5)/6:(pad+piece)*8/6], c.name) // without what neighbours have a part in
				}
			}
		}
	}
	return out
}

// hunt looks for canaries in a text as it is, without what escapes characters in
// it, and without its white space, at which a piece may be split over lines.
func hunt(data []byte, of map[int]map[string]string) (name, before string) {
	texts := [][]byte{data, bytes.Join(bytes.Fields(data), nil)}
	if plain := escapes.ReplaceAllFunc(data, unescape); len(plain) != len(data) {
		texts = append(texts, plain)
	}
	for size, all := range of {
		for _, text := range texts {
			for i := range len(text) - size + 1 {
				if name, ok := all[string(text[i:i+size])]; ok {
					return name, string(text[max(0, i-80):i])
				}
			}
		}
	}
	return "", ""
}

// escapes are the ways to write a character that would need none, %41, \x41,
// \u0041, &#65; and &#x41;, and how Go prints bytes.
var escapes = regexp.MustCompile(`%[0-9A-Fa-f]{2}|\\x[0-9A-Fa-f]{2}|\\u00[0-9A-Fa-f]{2}|&#(?:[0-9]{2,3}|[xX][0-9A-Fa-f]{2});|\[[0-9]{1,3}(?: [0-9]{1,3})+\]`)

func unescape(match []byte) []byte {
	text := string(match)
	if list, ok := strings.CutPrefix(text, "["); ok {
		var out []byte
		for _, number := range strings.Fields(strings.TrimSuffix(list, "]")) {
			n, _ := strconv.Atoi(number)
			out = append(out, byte(n))
		}
		return out
	}
	base := 16
	if strings.HasPrefix(text, "&#") && !strings.ContainsAny(text, "xX") {
		base = 10
	}
	n, _ := strconv.ParseUint(strings.TrimLeft(strings.TrimSuffix(text, ";"), `%\&#uxX`), base, 16)
	return []byte{byte(n)}
}

// findLeaks looks for canaries in all files below dir but the data of
// sandboxes, which have to keep what they are sent.
func findLeaks(dir string, canaries []canary) ([]string, error) {
	var out []string
	of := traces(canaries)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || isSandboxData(path) {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		if canary, before := hunt(data, of); canary != "" {
			out = append(out, fmt.Sprintf("%s in %s: ...%s", canary, name, before))
		}
		return nil
	})
	return out, err
}

func isSandboxData(path string) bool {
	return strings.HasSuffix(path, ".sandbox") || strings.Contains(filepath.Base(path), "sandbox.data")
}

// leaks are what is found while a script runs.
type leaks struct {
	mu    sync.Mutex
	found []string
}

func (l *leaks) add(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.found = append(l.found, fmt.Sprintf(format, args...))
}

func (l *leaks) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.found
}

// watching looks for canaries in the command lines of all processes whenever the
// program has something changed, on systems that show them to everybody.
func (w *world) watching(next http.Handler) http.Handler {
	of := traces(w.canaries)
	var seen sync.Map // command lines: most processes of the machine are there each time
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			processes, _ := filepath.Glob("/proc/[0-9]*")
			for _, dir := range processes {
				line, _ := os.ReadFile(filepath.Join(dir, "cmdline")) // of a process that may have ended
				if _, known := seen.LoadOrStore(string(line), true); known {
					continue
				}
				if canary, before := hunt(line, of); canary != "" {
					w.leaks.add("%s in a command line: ...%s", canary, before)
				}
			}
		}
		next.ServeHTTP(rw, r)
	})
}

// TestCanary holds the search to finding what it is for.
func TestCanary(t *testing.T) {
	c := newCanaries()[0]
	for name, text := range map[string]string{
		"plain":     "x" + c.value,
		"a piece":   "<" + c.core[17:25] + ">",
		"two lines": c.core[:5] + "\n    " + c.core[5:12],
		"quoted":    fmt.Sprintf("%q", c.value),
		"base64":    base64.StdEncoding.EncodeToString([]byte(c.value)),
		"base64 +1": base64.StdEncoding.EncodeToString([]byte("." + c.value)),
		"base64 +2": base64.URLEncoding.EncodeToString([]byte(".." + c.value + ".")),
		"hex, big":  strings.ToUpper(hex.EncodeToString([]byte(c.core[3:12]))),
		"URL":       url.QueryEscape(c.value),
		"HTML":      html.EscapeString(c.value),
		"hex":       hex.EncodeToString([]byte(c.value)),
		"percents":  each(c.core[4:12], "%%%02x"),
		"JSON":      `{"a":"` + each(c.core[4:12], `\u%04x`) + `"}`,
		"YAML":      each(c.core[4:12], `\x%02X`),
		"entities":  each(c.core[4:12], "&#%d;") + each("x", "&#x%x;"),
		"hex &":     each(c.core[4:12], "&#x%x;"),
		"Go bytes":  fmt.Sprint([]byte(c.value)),
	} {
		dir := t.TempDir()
		for file, data := range map[string]string{"a/b": text, "polyplan.sandbox.data": text, "clean": "canary"} {
			path := filepath.Join(dir, file)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		got, err := findLeaks(dir, []canary{c})
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != 1 || !strings.HasPrefix(got[0], "PG_PASSWORD in "+filepath.Join("a", "b")) {
			t.Errorf("%s: found %q, want the one in a/b", name, got)
		}
	}
}

// each writes every byte of a text in a form of its own.
func each(text, form string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		fmt.Fprintf(&b, form, c)
	}
	return b.String()
}
