package main

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"
)

// canary is a secret that a script gives to the program. It is made anew for
// every script, so that wherever its core is found, the program let it out.
type canary struct{ name, value, core string }

// newCanaries makes the secrets of the examples, and API keys: a good one,
// one of another organisation, one that may only read, those of a partner and of
// a deployment, and one that nobody knows. Passwords hold what is escaped one way or another on the way; the core
// stays as it is.
func newCanaries() []canary {
	var out []canary
	for _, c := range []struct{ name, before, after string }{
		{"PG_PASSWORD", `p"a\s's <&> ${env.HOME} é%`, "::"},
		{"STRIPE_API_KEY", "made+up/", "="},
		{"WEBHOOK_SECRET", "", ""},
		{"ACME_CLIENT_SECRET", "", ""},
		{"POLYTOMIC_API_KEY", "", ""},
		{"OTHER_API_KEY", "", ""},
		{"READONLY_API_KEY", "", ""},
		{"PARTNER_API_KEY", "", ""},
		{"DEPLOYMENT_API_KEY", "", ""},
		{"STRANGER_API_KEY", "", ""},
		{"FINGERPRINT_KEY", "", ""},
		{"HELPER_SECRET", "", ""},
	} {
		raw := make([]byte, 20)
		_, _ = rand.Read(raw) // never fails
		core := hex.EncodeToString(raw)
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

// traces are the texts that give a canary away: a good part of it, as it is,
// in hex, and in base64 at any place of a longer text.
func (c canary) traces() []string {
	parts := []string{c.core[:12], c.core[len(c.core)-12:]}
	out := slices.Clone(parts)
	for _, p := range parts {
		out = append(out, hex.EncodeToString([]byte(p)))
		for pad := range 3 {
			b := base64.RawStdEncoding.EncodeToString(append(make([]byte, pad), p...))
			out = append(out, b[(pad*8+5)/6:len(b)-2]) // without what neighbours have a part in
		}
	}
	return out
}

// findLeaks looks for canaries in all files below dir but the data of
// sandboxes, which have to keep what they are sent.
func findLeaks(dir string, canaries []canary) ([]string, error) {
	var out []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || isSandboxData(path) {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		for _, c := range canaries {
			for _, t := range c.traces() {
				if i := bytes.Index(data, []byte(t)); i >= 0 {
					out = append(out, fmt.Sprintf("%s in %s: ...%s", c.name, name, data[max(0, i-80):i]))
					break
				}
			}
		}
		return nil
	})
	return out, err
}

func isSandboxData(path string) bool {
	return strings.HasSuffix(path, ".sandbox") || strings.Contains(filepath.Base(path), "sandbox.data")
}

// TestCanary holds the search to finding what it is for.
func TestCanary(t *testing.T) {
	c := newCanaries()[0]
	for name, text := range map[string]string{
		"plain":     "x" + c.value,
		"a part":    c.core[:20],
		"quoted":    fmt.Sprintf("%q", c.value),
		"base64":    base64.StdEncoding.EncodeToString([]byte(c.value)),
		"base64 +1": base64.StdEncoding.EncodeToString([]byte("." + c.value)),
		"base64 +2": base64.URLEncoding.EncodeToString([]byte(".." + c.value + ".")),
		"hex":       hex.EncodeToString([]byte(c.value)),
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
