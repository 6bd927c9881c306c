package spec_test

import (
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/spec"
)

// mistaken are resources of all sorts: what they share are files, aliases,
// values from outside and secrets, and each of them has something to be told.
const mistaken = `
  a#: {text: "${env.WORD} #", key: *shared, tags: [b, a, b], friend: b#}
  b#: {any: *shared, keys: {x: *shared, y: in-clear-#}, nmae: x, one: gone.f}
  c#: {text: "${file:word.txt}", any: {api_key: &own# in-clear-#}, extra: {old: *own#}, plan: daily}
  d#: {key: "${env.PG_PASSWORD}", text: "${env.PG_PASSWORD}", parts: {p: {size: "${env.MADE}"}}}
  e#: {name: "${env.PG_PASSWORD}", count: 13, steps: [1, x, ~], key: "${env.NONE}"}
  f#: {text: bad, mode: quik, hour: 08, friends: [a#, e#, a#], settings: {port: "${var.port}", levle: high}}
  a#: {}
`

// Several processors find what one does, in the same order.
func TestSideBySide(t *testing.T) {
	files := map[string]string{"m/word.txt": "a word", "m/0.yaml": "polyplan: 1\nvars: {port: {type: number, default: 5432}}\n"}
	for i := range 4 {
		var b strings.Builder
		b.WriteString("x-shared: &shared shared-in-clear\ngadgets:")
		for j := range 150 {
			b.WriteString(strings.ReplaceAll(mistaken, "#", fmt.Sprintf("%d_%d", i, j)))
		}
		files[fmt.Sprintf("m/%d/m.yaml", i)] = b.String()
	}
	files["m/3/broken.yaml"] = "gadgets: ["
	dir := tree(t, files)
	load := func(processors int) []any {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
		made := map[string]int{}
		m, found := spec.Load(spec.Options{Kinds: testKinds(), Dir: dir, Files: []string{"m"}, Env: env, MakeUp: func(name string) (string, bool) {
			made[name]++
			return "5", name == "MADE"
		}})
		objects := map[string]string{}
		for a, r := range m.Set {
			objects[a.String()] = fmt.Sprint(resource.Text(r.Object), r.At, r.Unread, r.Needs)
		}
		return []any{found, m.Sources, m.Files, m.Origins, objects, made}
	}
	want := load(1)
	if len(want[4].(map[string]string)) != 4*150*6 {
		t.Fatal("not all resources were told apart")
	}
	for range 3 {
		// Diff takes long where there is nothing to be found.
		if got := load(8); !reflect.DeepEqual(want, got) {
			t.Fatalf("(-one processor +several):\n%s", cmp.Diff(want, got))
		}
	}
}
