package resource

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"text/template"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"
)

// Whatever way a secret is printed, on purpose or by mistake, its value does
// not come out.
func TestSecretNeverPrints(t *testing.T) {
	const value = "hunter2-made-up"
	number := 8675309
	type holder struct {
		Exported   *Secret
		unexported *Secret
		copied     Secret
		m          map[string]any
	}
	s, n := NewSecret(value), NewSecret(int64(number))
	s.Seal(NewFingerprinter("key", "lineage"))
	held := holder{s, s, *s, Object{"s": s, "copy": *s}}
	things := map[string]any{
		"itself":    s,
		"a number":  n,
		"a copy":    *s,
		"map":       map[string]any{"password": s, "pin": n},
		"deep map":  Object{"a": []any{Object{"b": s}}, "copy": *n},
		"slice":     []*Secret{s, n},
		"struct":    held,
		"pointer":   &held,
		"resource":  &Resource{Object: Object{"configuration": Object{"password": s}}},
		"set":       Set{{"connection", "pg"}: {Object: Object{"password": s}}},
		"path name": Object{"$secret": s},
	}
	check := func(t *testing.T, how, out string) {
		t.Helper()
		for _, bad := range []string{value, fmt.Sprint(number), fmt.Sprintf("%x", value), fmt.Sprintf("%X", value),
			fmt.Sprintf("%x", number), fmt.Sprintf("%o", number), fmt.Sprintf("%b", number)} {
			if strings.Contains(out, bad) {
				t.Errorf("%s shows %q:\n%s", how, bad, out)
			}
		}
	}
	for name, v := range things {
		t.Run(name, func(t *testing.T) {
			for _, verb := range "vTtbcdoOqxXUeEfFgGsqpw!" {
				for _, flags := range []string{"", "+", "#", " ", "0", "-20", ".3"} {
					format := "%" + flags + string(verb)
					check(t, format, fmt.Sprintf(format, v))
				}
			}
			check(t, "Sprint", fmt.Sprint(v))
			check(t, "Errorf", fmt.Errorf("writing %v: %w", v, io.EOF).Error())
			check(t, "errors.Join", errors.Join(fmt.Errorf("%+v", v), fmt.Errorf("%#v", v)).Error())
			if name != "set" { // an Address is no key of slog's or json's
				b, err := json.Marshal(v)
				if err != nil {
					t.Fatal(err)
				}
				check(t, "json", string(b))
			}
			var log bytes.Buffer
			for _, h := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
				slog.New(h).Info(fmt.Sprint(v), "v", v, slog.Group("g", "v", v))
			}
			check(t, "slog", log.String())
			for _, text := range []string{"{{.}}", `{{printf "%v %+v %#v %q" . . . .}}`, "{{print .}}{{println .}}", "{{html .}}{{js .}}{{urlquery .}}"} {
				var out bytes.Buffer
				if err := template.Must(template.New("").Parse(text)).Execute(&out, v); err != nil {
					t.Fatal(err)
				}
				check(t, text, out.String())
			}
			if b, err := yaml.Marshal(Object{"v": v}); err == nil {
				check(t, "yaml", string(b))
			}
		})
	}
	var out bytes.Buffer
	if err := template.Must(template.New("").Parse(`{{.password}}{{index . "pin"}}{{range .}}{{.}}{{end}}`)).Execute(&out, things["map"]); err != nil {
		t.Fatal(err)
	}
	check(t, "members in a template", out.String())
	defer func() { check(t, "panic", fmt.Sprint(recover())) }()
	panic(things)
}

func TestSecretShowsThatItIsOne(t *testing.T) {
	s := NewSecret("made-up")
	for _, got := range []string{s.String(), fmt.Sprintf("%v", s), fmt.Sprintf("%#v", s), fmt.Sprintf("%d", *s), s.LogValue().String()} {
		if got != "(secret)" {
			t.Errorf("got %q", got)
		}
	}
}

func TestSecretKnowledge(t *testing.T) {
	f := NewFingerprinter("key", "lineage")
	known, masked := NewSecret("made-up"), MaskedSecret()
	known.Seal(f)
	masked.Seal(f)
	if v, ok := known.Reveal(); v != "made-up" || !ok || !known.Known() || known.Print() == "" {
		t.Errorf("a known secret: %v %v %q", ok, known.Known(), known.Print())
	}
	if v, ok := masked.Reveal(); v != nil || ok || masked.Known() || masked.Print() != "" {
		t.Errorf("a masked secret: %v %v %q", v, ok, masked.Print())
	}
	if v, ok := NewSecret(nil).Reveal(); v != nil || !ok {
		t.Errorf("a secret of null: %v %v", v, ok)
	}
	known.Seal(nil)
	if known.Print() == "" {
		t.Error("sealing with nothing took the fingerprint away")
	}
}

// What is taken stays so in a state, and only what is missing is taken.
func TestTaken(t *testing.T) {
	known := NewSecret("made-up")
	of := Object{"list": []any{MissingSecret("not set"), known}, "name": "n"}
	got := Taken(of)
	list := got["list"].([]any)
	if s := list[0].(*Secret); !s.Taken() || s.Known() || s.Missing() != "" {
		t.Errorf("a missing secret became %+v", s)
	}
	if list[1] != known || known.Taken() || got["name"] != "n" {
		t.Errorf("the rest became %v", got)
	}
	if of["list"].([]any)[0].(*Secret).Missing() == "" {
		t.Error("what was given was changed")
	}
	text, err := json.Marshal(list[0])
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	if s := RestoreSecrets(v).(*Secret); !s.Taken() {
		t.Errorf("%s reads back as one that is not taken", text)
	}
	if Taken(Object(nil)) != nil {
		t.Error("nothing became something")
	}
}

// What a state holds reads back as a secret of unknown value with the same
// fingerprint.
func TestRestoreSecrets(t *testing.T) {
	s := NewSecret("made-up")
	s.Seal(NewFingerprinter("", "lineage"))
	in := Object{"a": []any{Object{"b": s}}, "c": "plain", "d": Object{"$secret": "x", "more": true}}
	b, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var read Object
	if err := json.Unmarshal(b, &read); err != nil {
		t.Fatal(err)
	}
	got := RestoreSecrets(read).(Object)
	r, ok := got["a"].([]any)[0].(Object)["b"].(*Secret)
	if !ok || r.Known() || r.Print() != s.Print() {
		t.Fatalf("got %#v", got)
	}
	var prints []string
	Secrets(got, func(s *Secret) { prints = append(prints, s.Print()) })
	if d := cmp.Diff([]string{s.Print()}, prints); d != "" { // an object with more members is none
		t.Errorf("Secrets (-want +got):\n%s", d)
	}
}

func TestIsMask(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want bool
	}{
		{Mask, true}, {"***", true}, {"****************", true}, {"[REDACTED]", true},
		{"", false}, {"*", false}, {"**", false}, {"***x", false}, {" ***", false}, {"[redacted]", false}, {"• • •", false},
	} {
		if got := IsMask(tt.in); got != tt.want {
			t.Errorf("IsMask(%q) = %v", tt.in, got)
		}
	}
}

func TestFingerprinter(t *testing.T) {
	for _, key := range []string{"", "key"} {
		a, again, other := NewFingerprinter(key, "one"), NewFingerprinter(key, "one"), NewFingerprinter(key, "two")
		p := a.Print("made-up")
		if p != a.Print("made-up") || p != again.Print("made-up") {
			t.Errorf("key %q: the fingerprint is not stable", key)
		}
		if p == a.Print("made-up2") || p == other.Print("made-up") {
			t.Errorf("key %q: the fingerprint depends not on value and lineage", key)
		}
		if strings.Contains(p, "made-up") || !strings.Contains(p, ":") || !Comparable(p, a.Print("x")) {
			t.Errorf("key %q: fingerprint %q", key, p)
		}
	}
	bare, keyed, rekeyed := NewFingerprinter("", "l").Print("v"), NewFingerprinter("k", "l").Print("v"), NewFingerprinter("j", "l").Print("v")
	if Comparable(bare, keyed) || Comparable(keyed, rekeyed) || Comparable("", "") || Comparable(keyed, "") {
		t.Errorf("%q, %q and %q are comparable", bare, keyed, rekeyed)
	}
	// A port read from the environment and one written out are one secret.
	f := NewFingerprinter("k", "l")
	x, y := NewSecret(int64(7)), NewSecret("7")
	x.Seal(f)
	y.Seal(f)
	if x.Print() != y.Print() {
		t.Error("7 and \"7\" have two fingerprints")
	}
}

func TestFingerprinterConcurrently(t *testing.T) {
	f := NewFingerprinter("key", "lineage")
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 50 {
				if v := fmt.Sprint((i + j) % 10); f.Print(v) != NewFingerprinter("key", "lineage").Print(v) {
					t.Errorf("wrong fingerprint of %s", v)
				}
			}
		})
	}
	wg.Wait()
}

// What the service shows of a secret is hidden where it stands, and only there; a
// mask is no value.
func TestConceal(t *testing.T) {
	shown := Object{"a": "x", "b": "x", "list": []any{"x", int64(1)}, "longer": []any{"x", "y"}, "mask": "********", "deep": Object{"c": true}}
	secret := NewSecret("other")
	Conceal(shown, Object{"a": secret, "b": "x", "list": []any{nil, secret}, "longer": []any{secret}, "mask": secret, "deep": Object{"c": secret, "d": secret}})
	got := map[string]any{}
	var walk func(p string, v any)
	walk = func(p string, v any) {
		switch v := v.(type) {
		case Object:
			for key, e := range v {
				walk(p+"."+key, e)
			}
		case []any:
			for i, e := range v {
				walk(fmt.Sprint(p, i), e)
			}
		case *Secret:
			value, _ := v.Reveal()
			got[p] = fmt.Sprint("secret ", value)
		default:
			got[p] = v
		}
	}
	walk("", shown)
	want := map[string]any{".a": "secret x", ".b": "x", ".list0": "x", ".list1": "secret 1", ".longer0": "x", ".longer1": "y",
		".mask": "********", ".deep.c": "secret true"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
