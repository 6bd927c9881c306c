package spec_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/spec"
)

const helped = `polyplan: 1
secrets:
  line: {exec: [print, line]}
  text: {exec: [print, text]}
  member: {exec: [print, json], json: "a.list[1].password"}
  number: {exec: [print, json], json: a.number}
  unused: {exec: [print, never]}
  failed: {exec: [print, fail]}
  empty: {exec: [print, empty]}
  no_json: {exec: [print, line], json: a}
  no_member: {exec: [print, json], json: a.other}
  no_index: {exec: [print, json], json: "a.list[7]"}
  no_list: {exec: [print, json], json: "a[0]"}
  no_text: {exec: [print, json], json: a}
  control: {exec: [print, control]}
gadgets:
  good: {key: "${secret.line}", keys: {a: "x-${secret.member}"}, count: "${secret.number}", text: "${secret.text}"}
  failed: {key: "${secret.failed}"}
  empty: {key: "${secret.empty}"}
  no_json: {key: "${secret.no_json}"}
  no_member: {key: "${secret.no_member}"}
  no_index: {key: "${secret.no_index}"}
  no_list: {key: "${secret.no_list}"}
  no_text: {key: "${secret.no_text}"}
  control: {key: "${secret.control}"}
  both: {text: "${env.NOT_SET}${secret.failed}"}
`

func helper(t *testing.T) (func(spec.Helper) (string, error), func() []string) {
	var mu sync.Mutex
	var ran []string
	return func(h spec.Helper) (string, error) {
			mu.Lock()
			defer mu.Unlock()
			if !filepath.IsAbs(h.Dir) {
				t.Errorf("the helper runs in %q", h.Dir)
			}
			ran = append(ran, strings.Join(h.Argv, " "))
			switch h.Argv[1] {
			case "line":
				return "canary-line\r\n", nil
			case "text":
				return "canary\ntext\n\n", nil
			case "json":
				return `{"a": {"list": [{}, {"password": "canary-member"}], "number": 12}}`, nil
			case "control":
				return "canary\x1b[31m", nil
			case "fail":
				return "canary-half", errors.New("it ended with 1: no key")
			}
			return "\n", nil
		}, func() []string {
			slices.Sort(ran)
			return ran
		}
}

// A helper runs once for all that is needed of its output, and what fails
// leaves its resource alone.
func TestHelpers(t *testing.T) {
	run, ran := helper(t)
	m, found := spec.Load(spec.Options{Kinds: testKinds(), Files: []string{"-"}, Stdin: strings.NewReader(helped), Env: env, Helper: run})
	inside(t, m, found)
	if d := cmp.Diff([]string{"print control", "print empty", "print fail", "print json", "print line", "print text"}, ran()); d != "" {
		t.Errorf("commands run (-want +got):\n%s", d)
	}
	var got []string
	for _, d := range found {
		if d.Severity != diag.Warning {
			t.Errorf("not a warning: %s", d.Text())
		}
		got = append(got, fmt.Sprintf("%s: %s", d.Address, d.What))
	}
	slices.Sort(got)
	want := []string{
		`gadget.both: the environment variable NOT_SET is not set`,
		`gadget.both: the secret "failed" could not be had: it ended with 1: no key`,
		`gadget.control: the secret "control" could not be had: what it wrote holds control characters or is not UTF-8`,
		`gadget.empty: the secret "empty" could not be had: it wrote nothing`,
		`gadget.failed: the secret "failed" could not be had: it ended with 1: no key`,
		`gadget.no_index: the secret "no_index" could not be had: what it wrote has no a.list[7]`,
		`gadget.no_json: the secret "no_json" could not be had: what it wrote is not one JSON value`,
		`gadget.no_list: the secret "no_list" could not be had: what it wrote has no a[0]`,
		`gadget.no_member: the secret "no_member" could not be had: what it wrote has no a.other`,
		`gadget.no_text: the secret "no_text" could not be had: a of what it wrote is no text`,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("findings (-want +got):\n%s", d)
	}
	good := m.Set[resource.Address{Kind: "gadget", Name: "good"}].Object
	for path, want := range map[string]any{"key": "canary-line", "count": int64(12), "text": "canary\ntext\n"} {
		s, ok := good[path].(*resource.Secret)
		if !ok {
			t.Errorf("%s is not secret: %v", path, good[path])
			continue
		}
		if v, _ := s.Reveal(); v != want {
			t.Errorf("%s is %q, want %q", path, v, want)
		}
	}
	a, _ := good["keys"].(resource.Object)["a"].(*resource.Secret)
	if v, _ := a.Reveal(); v != "x-canary-member" {
		t.Errorf("keys.a is %q", v)
	}
	failed, _ := m.Set[resource.Address{Kind: "gadget", Name: "failed"}].Object["key"].(*resource.Secret)
	if failed == nil || failed.Known() || !strings.Contains(failed.Missing(), "it ended with 1") {
		t.Errorf("the failed secret is %#v", failed)
	}
}

// What is made up for the sandbox takes the place of helpers too.
func TestHelpersMadeUp(t *testing.T) {
	var asked []string
	m, found := spec.Load(spec.Options{Kinds: testKinds(), Files: []string{"-"}, Stdin: strings.NewReader(helped), Env: env,
		MakeUp: func(name string) (string, bool) {
			asked = append(asked, name)
			return "7", true
		}})
	inside(t, m, found)
	if !slices.Contains(asked, "secret.line") || slices.Contains(asked, "secret.unused") {
		t.Errorf("made up %q", asked)
	}
}
