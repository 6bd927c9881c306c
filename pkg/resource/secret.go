package resource

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
)

// Mask is what the service shows in place of a secret (API dossier 10). It is
// never sent.
const Mask = "********"

// IsMask reports whether s is a mask and not a value: three or more "*" and
// nothing else, or the "[REDACTED]" of later API versions.
func IsMask(s string) bool {
	return s == "[REDACTED]" || len(s) >= 3 && strings.Trim(s, "*") == ""
}

// Secret is a value that shows itself nowhere but in [Secret.Reveal]: not in
// print verbs, JSON, logs or error texts. Five kinds occur: one with a value
// (from a manifest), one that a manifest asks for and nobody could give, one of
// which only a fingerprint is known (from a state), one that is taken for whatever
// the manifest gives first (from a state too), and one of which nothing is known but
// that it is set (from the service).
//
// A Secret does not change once made, except that [Secret.Seal] gives it its
// fingerprint; that happens before it is shared.
type Secret struct {
	// A function and not the value: what prints by reflection, as fmt does
	// within unexported fields, shows an address and no more.
	reveal  func() any // nil where the value is not known
	print   string
	missing string
}

// NewSecret hides v, a scalar.
func NewSecret(v any) *Secret { return &Secret{reveal: func() any { return v }} }

// MaskedSecret is a secret that the service holds and does not show.
func MaskedSecret() *Secret { return &Secret{} }

// MissingSecret is a secret of a manifest whose value could not be had, and why.
func MissingSecret(why string) *Secret { return &Secret{missing: why} }

// takenPrint stands where a fingerprint would, which has a scheme and a colon.
const takenPrint = "taken"

// TakenSecret is a secret of an object that was there before it was recorded, at a
// time when the manifest could not give its value: the first that it gives is taken
// for the one that the service has, which shows none.
func TakenSecret() *Secret { return &Secret{print: takenPrint} }

// Taken reports whether s is a [TakenSecret], also out of a state.
func (s *Secret) Taken() bool { return s.print == takenPrint }

// Taken is a copy of v in which the secrets that are missing are taken ones.
func Taken[T any](v T) T {
	out, _ := Replace(clone(v), func(v any) any {
		if s, ok := v.(*Secret); ok && s.Missing() != "" {
			return TakenSecret()
		}
		return v
	}).(T)
	return out
}

// Missing is why the value could not be had, "" of all other secrets.
func (s *Secret) Missing() string { return s.missing }

// Reveal gives the value, false where it is not known. Only what builds a
// request may call it.
func (s *Secret) Reveal() (any, bool) {
	if s.reveal == nil {
		return nil, false
	}
	return s.reveal(), true
}

// Known reports whether the value can be sent.
func (s *Secret) Known() bool { return s.reveal != nil }

// Print is the keyed fingerprint, "" for a secret without one.
func (s *Secret) Print() string { return s.print }

// Seal computes the fingerprint of a secret with a value.
func (s *Secret) Seal(f *Fingerprinter) {
	if v, ok := s.Reveal(); ok && f != nil {
		s.print = f.Print(Text(v))
	}
}

const hidden = "(secret)"

// String hides the value. So do GoString, Format, MarshalJSON and LogValue, of
// a Secret that was copied too.
func (s Secret) String() string { return hidden }

// GoString hides the value from %#v.
func (s Secret) GoString() string { return hidden }

// Format hides the value from every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(hidden)) }

// LogValue hides the value from slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// SecretKey is the one member of the JSON object that stands for a secret in a
// state or a plan; its value is the fingerprint. Manifests may not use it.
const SecretKey = "$secret"

// MarshalJSON writes {"$secret": fingerprint}.
func (s Secret) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]string{SecretKey: s.print})
}

// RestoreSecrets turns every {"$secret": fingerprint} below v, as read back
// from a state or a plan, into a Secret again. It works in place where it can.
func RestoreSecrets(v any) any {
	switch v := v.(type) {
	case Object:
		if print, ok := v[SecretKey].(string); ok && len(v) == 1 {
			return &Secret{print: print}
		}
		for k, e := range v {
			v[k] = RestoreSecrets(e)
		}
	case []any:
		for i, e := range v {
			v[i] = RestoreSecrets(e)
		}
	}
	return v
}

// Secrets calls f for each secret below v, in any order.
func Secrets(v any, f func(*Secret)) {
	switch v := v.(type) {
	case *Secret:
		f(v)
	case Object:
		for _, e := range v {
			Secrets(e, f)
		}
	case []any:
		for _, e := range v {
			Secrets(e, f)
		}
	}
}

// Conceal makes secrets of the values within v where known has a secret in the same
// place: what came from a secret source may have gone where the service shows it in
// clear. It works in place where it can.
func Conceal(v, known any) any {
	switch v := v.(type) {
	case nil, *Secret:
		return v
	case Object:
		if known, ok := known.(Object); ok {
			for key := range v {
				v[key] = Conceal(v[key], known[key])
			}
		}
		return v
	case []any:
		if known, ok := known.([]any); ok && len(known) == len(v) {
			for i := range v {
				v[i] = Conceal(v[i], known[i])
			}
		}
		return v
	}
	if _, ok := known.(*Secret); !ok || IsMask(Text(v)) {
		return v
	}
	return NewSecret(v)
}

// Fingerprinter makes keyed hashes of secrets, by which a later run sees that
// a secret changed without anyone keeping its value. With a key of the user's
// own the hash is HMAC-SHA256. Without one the only thing to key it with lies
// in the state itself, so that guessing is made slow instead: PBKDF2 with the
// state's lineage as salt.
//
// It remembers what it has computed and is safe for concurrent use.
type Fingerprinter struct {
	scheme string
	hash   func(string) []byte
	sign   func([]byte) []byte // nil without a key
	mu     sync.Mutex
	done   map[string]string
}

const stretch = 20_000

// NewFingerprinter keys fingerprints with key where it is not empty, and with
// the state's lineage alone otherwise.
func NewFingerprinter(key, lineage string) *Fingerprinter {
	f := &Fingerprinter{done: map[string]string{}}
	if key != "" {
		id := sha256.Sum256([]byte("polyplan key id\x00" + key))
		f.scheme = "hmac-" + hex.EncodeToString(id[:4])
		f.hash = func(v string) []byte {
			m := hmac.New(sha256.New, []byte(key))
			m.Write([]byte(lineage + "\x00" + v))
			return m.Sum(nil)
		}
		// Its own key, so that no secret's fingerprint is ever a signature.
		own := hmac.New(sha256.New, []byte(key))
		own.Write([]byte("polyplan signature\x00" + lineage))
		signing := own.Sum(nil)
		f.sign = func(data []byte) []byte {
			m := hmac.New(sha256.New, signing)
			m.Write(data)
			return m.Sum(nil)
		}
		return f
	}
	f.scheme = "pbkdf2"
	f.hash = func(v string) []byte {
		b, err := pbkdf2.Key(sha256.New, v, []byte("polyplan\x00"+lineage), stretch, sha256.Size)
		if err != nil {
			panic(err) // only for a key length that cannot be
		}
		return b
	}
	return f
}

// Print is "scheme:hex".
func (f *Fingerprinter) Print(v string) string {
	f.mu.Lock()
	p, ok := f.done[v]
	f.mu.Unlock()
	if ok {
		return p
	}
	p = f.scheme + ":" + hex.EncodeToString(f.hash(v)[:16])
	f.mu.Lock()
	f.done[v] = p
	f.mu.Unlock()
	return p
}

// Sign is a keyed hash of data, "scheme:hex", by which whoever has the key sees
// that nobody else made or changed it; "" without a key of the user's own, for
// what lies in the state proves nothing.
func (f *Fingerprinter) Sign(data []byte) string {
	if f.sign == nil {
		return ""
	}
	return f.scheme + ":" + hex.EncodeToString(f.sign(data))
}

// Comparable reports whether two fingerprints were made with one key, so that
// their difference means that the secret differs.
func Comparable(a, b string) bool {
	sa, _, _ := strings.Cut(a, ":")
	sb, _, _ := strings.Cut(b, ":")
	return a != "" && sa == sb
}
