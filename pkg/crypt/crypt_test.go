package crypt

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	"filippo.io/age/armor"

	"github.com/polyplan/polyplan/pkg/internal/trial"
)

func newKey(t *testing.T) *age.X25519Identity {
	t.Helper()
	k, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func codec(t *testing.T, o Options) *Codec {
	t.Helper()
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// write makes a file and gives its path.
func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// protect encrypts with a passphrase, cheaply.
func protect(t *testing.T, text, passphrase string, armored bool) string {
	t.Helper()
	r, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		t.Fatal(err)
	}
	r.SetWorkFactor(4)
	var out bytes.Buffer
	var to io.WriteCloser = nopCloser{&out}
	if armored {
		to = armor.NewWriter(&out)
	}
	w, err := age.Encrypt(to, r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Close(), to.Close()); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }

// Every recipient can read it, and nobody else; from every form of a key.
func TestSealOpen(t *testing.T) {
	ada, bob, eve := newKey(t), newKey(t), newKey(t)
	to := []string{ada.Recipient().String(), write(t, "# the team\n"+bob.Recipient().String()+"\n")}
	sealed, err := codec(t, Options{Recipients: to, Identity: ada.String()}).Seal([]byte("text"))
	if err != nil {
		t.Fatal(err)
	}
	if !IsSealed(sealed) || bytes.Contains(sealed, []byte("text")) {
		t.Fatalf("sealed: %q", sealed)
	}
	for name, o := range map[string]Options{
		"ada":               {Identity: ada.String()},
		"bob":               {Identity: bob.String()},
		"a file":            {Identity: write(t, "# created\n"+bob.String()+"\n")},
		"a file among many": {Identity: write(t, eve.String()+"\n"+bob.String()+"\n")},
		"a locked file":     {Identity: write(t, protect(t, bob.String(), "pass", false)), Passphrase: "pass"},
		"an armored one":    {Identity: write(t, protect(t, bob.String(), "pass", true)), Passphrase: "pass"},
	} {
		c := codec(t, o)
		if got, err := c.Open(sealed); err != nil || string(got) != "text" || !c.Met() {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	for name, tt := range map[string]struct {
		o    Options
		want string
	}{
		"eve":    {Options{Identity: eve.String()}, "not to your identity"},
		"nobody": {Options{}, "there is no identity"},
	} {
		_, err := codec(t, tt.o).Open(sealed)
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), tt.want) || e.Hint() == "" {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}

// What is in clear passes, and what is encrypted never becomes clear unasked.
// What was once encrypted can be read for good: testdata/sealed-1 is to the identity
// beside it.
func TestSealedFixture(t *testing.T) {
	sealed, err := os.ReadFile("testdata/sealed-1")
	if err != nil {
		t.Fatal(err)
	}
	got, err := codec(t, Options{Identity: "testdata/identity-1"}).Open(sealed)
	if err != nil || string(got) != "{\"a\": \"made-up state\"}\n" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestClear(t *testing.T) {
	ada := newKey(t)
	c := codec(t, Options{Identity: ada.String()})
	for _, text := range []string{"", "{}", "age", "\x00\x00"} {
		if got, err := c.Open([]byte(text)); err != nil || string(got) != text {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	if got, err := c.Seal([]byte("text")); err != nil || string(got) != "text" || c.Met() {
		t.Errorf("nothing encrypted was met: %q, %v", got, err)
	}
	sealed, err := codec(t, Options{Recipients: []string{ada.Recipient().String()}, Identity: ada.String()}).Seal([]byte("text"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Open(sealed); err != nil {
		t.Fatal(err)
	}
	if got, err := c.Seal([]byte("text")); err == nil || !strings.Contains(err.Error(), "nobody said to whom") {
		t.Errorf("written in clear: %q, %v", got, err)
	}
	none := codec(t, Options{Recipients: []string{None}, Identity: ada.String()})
	if _, err := none.Open(sealed); err != nil {
		t.Fatal(err)
	}
	if got, err := none.Seal([]byte("text")); err != nil || string(got) != "text" {
		t.Errorf("with %s: %q, %v", None, got, err)
	}
}

func TestSealedDamaged(t *testing.T) {
	ada := newKey(t)
	c := codec(t, Options{Recipients: []string{ada.Recipient().String()}, Identity: ada.String()})
	good, err := c.Seal(bytes.Repeat([]byte("text"), 100))
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		b := bytes.Clone(good)
		at := r.IntN(len(b)-len(magic)) + len(magic) // without its magic it is taken for clear, and found to be nothing
		b[at] ^= 1 << r.IntN(8)
		got, err := c.Open(b)
		var e *Error
		if err == nil || at > len(b)/2 && (!errors.As(err, &e) || !e.Damaged()) { // behind the part that is about keys
			t.Errorf("byte %d changed: %q, %v", at, got, err)
		}
	}
	for at := len(magic); at < len(good); at++ {
		if got, err := c.Open(good[:at]); err == nil {
			t.Errorf("cut at byte %d: %q", at, got)
		}
	}
	trial.Unfailed(t, "damaged files read as whole: 2000 changed bytes and every cut of an encrypted one")
}

// Keys that are none, or do not fit, are refused without being quoted.
func TestNewRefuses(t *testing.T) {
	ada, eve := newKey(t), newKey(t)
	key := ada.String()
	pub := ada.Recipient().String()
	for name, tt := range map[string]struct {
		o    Options
		want string
	}{
		"no identity":           {Options{Recipients: []string{pub}}, "there is no identity"},
		"another's":             {Options{Recipients: []string{pub}, Identity: eve.String()}, "belongs to none of the recipients"},
		"both":                  {Options{Recipients: []string{pub, None}, Identity: key}, "there is none"},
		"a mistyped recipient":  {Options{Recipients: []string{pub + "x"}, Identity: key}, "is no recipient"},
		"no such file":          {Options{Recipients: []string{"recipients.txt"}, Identity: key}, "reading recipients"},
		"a file of other lines": {Options{Recipients: []string{write(t, "hello\n")}, Identity: key}, "holds what is no recipient"},
		"a secret recipient":    {Options{Recipients: []string{key}, Identity: key}, "a secret key was given"},
		"a mistyped identity":   {Options{Identity: key[:30]}, "holds no identity"},
		"half an identity":      {Options{Identity: key[5:]}, "reading the file"},
		"an empty file":         {Options{Identity: write(t, "")}, "holds no identity"},
		"locked":                {Options{Identity: write(t, protect(t, key, "pass", true))}, "protected by a passphrase"},
		"wrongly unlocked":      {Options{Identity: write(t, protect(t, key, "pass", true)), Passphrase: "word"}, "cannot be unlocked"},
	} {
		_, err := New(tt.o)
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), tt.want) || e.Hint() == "" {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
			continue
		}
		if text := err.Error() + e.Hint(); strings.Contains(text, key[20:28]) {
			t.Errorf("%s: the key is in %q", name, text)
		}
	}
}
