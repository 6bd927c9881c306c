// Package gen makes up resources for property tests, out of the tables of
// their kinds:
//
//	rapid.Check(t, func(t *rapid.T) {
//		o := gen.Object(&kinds.Sync, gen.Small).Draw(t, "sync")
//		...
//	})
//
// Objects come in canonical form, and are such as a manifest without mistakes
// may hold: required fields are there, what only the server sets is not, a
// schedule has the members of its frequency. Texts are nasty where the service
// would allow it. Nothing that is generated is empty: absence and emptiness
// say the same, and which of the two it is would be luck.
package gen

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"pgregory.net/rapid"

	"github.com/polyplan/polyplan/pkg/resource"
)

// World says which resources an object may refer to: names by kind. What is of
// no kind in it is referred to by id.
type World map[string][]string

// Small is a world with a few resources of each kind.
var Small = World{
	"organization": {"acme"},
	"role":         {"analyst", "ops"},
	"policy":       {"marketing", "p-1"},
	"connection":   {"pg", "hub-spot", "airtable_1"},
	"model":        {"users", "stripe_customers", "m"},
	"bulk_sync":    {"crm-copy"},
	"sync":         {"a-sync", "b"},
}

// ID is the id that the service gave an address: of any address, always the
// same.
func ID(a resource.Address) string { return uuid(a.String()) }

func uuid(seed string) string {
	h := fmt.Sprintf("%x", sha256.Sum256([]byte(seed)))
	return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-8" + h[17:20] + "-" + h[20:32]
}

// IDs tells the id of every address in the world.
func (w World) IDs(a resource.Address) (string, bool) {
	return ID(a), slices.Contains(w[a.Kind], a.Name)
}

// Index knows the ids of all addresses in the world.
func (w World) Index() *resource.Index {
	x := resource.NewIndex()
	for kind, names := range w {
		for _, name := range names {
			a := resource.Address{Kind: kind, Name: name}
			x.Add(ID(a), a)
		}
	}
	return x
}

// Object generates objects of the kind that refer to what is in the world.
func Object(k *resource.Kind, w World) *rapid.Generator[resource.Object] {
	return rapid.Custom(func(t *rapid.T) resource.Object {
		g := &generator{T: t, world: w, root: resource.Object{}}
		// Scalars first: tables of members depend on them.
		for _, late := range []bool{false, true} {
			for i := range k.Fields {
				if f := &k.Fields[i]; (f.Members != nil) == late {
					g.member(f, g.root, k.Name+"."+f.Name)
				}
			}
		}
		if rule := rules[k.Name]; rule != nil {
			rule(g, g.root)
		}
		k.Canonical(g.root)
		return g.root
	})
}

// Set generates resources of the kinds, in whose order they are made: each
// refers only to those before it. All have ids.
func Set(kinds []*resource.Kind, most int) *rapid.Generator[resource.Set] {
	return rapid.Custom(func(t *rapid.T) resource.Set {
		set, world := resource.Set{}, World{}
		for _, k := range kinds {
			names, most := Name(), most
			if k.Singleton {
				names, most = rapid.Just(resource.DefaultName), min(most, 1)
			}
			for _, name := range rapid.SliceOfNDistinct(names, 0, most, rapid.ID[string]).Draw(t, k.Section) {
				a := resource.Address{Kind: k.Name, Name: name}
				o := Object(k, maps.Clone(world)).Draw(t, a.String())
				set[a] = &resource.Resource{Address: a, ID: ID(a), Object: o, Needs: k.Needs(o)}
				world[k.Name] = append(slices.Clone(world[k.Name]), name)
			}
		}
		return set
	})
}

// Name generates resources' keys.
func Name() *rapid.Generator[string] { return rapid.StringMatching(`[a-z][a-z0-9_-]{0,7}`) }

// Text generates strings that are not empty, not a mask, and of which many
// mean something else somewhere: in YAML, in a path, in a source.
func Text() *rapid.Generator[string] {
	printable := rapid.Rune().Filter(func(r rune) bool { return unicode.IsPrint(r) })
	return rapid.OneOf(
		rapid.StringMatching(`[a-z_]{1,10}`),
		rapid.SampledFrom(nasty),
		rapid.StringOfN(printable, 1, 12, -1),
	).Filter(func(s string) bool { return !resource.IsMask(s) })
}

var nasty = []string{"yes", "null", "~", "true", "1", "08", "1.50", "1e3", "0x10", "2024-02-08", "a.b", `a "b" c`, "a[0]", "- a", "a: b",
	"# a", "&a", "*a", "!a", "{}", "[]", " a ", "'", "\\", "${env.HOME}", "$${x}", "a\nb\n", "\ta", "<<", "é", "日本語", "%d", "a,b", "|", ">", "@", "="}

type generator struct {
	*rapid.T
	world World
	root  resource.Object
}

func (g *generator) coin(what string) bool { return rapid.Bool().Draw(g.T, what) }

// member may set the member f of o; what says where it stands.
func (g *generator) member(f *resource.Field, o resource.Object, what string) {
	if f.Computed || !f.Required && !g.coin(what+"?") {
		return
	}
	if v := g.value(f, what); v != nil {
		o[f.Name] = v
	}
}

func (g *generator) value(f *resource.Field, what string) any {
	if make := values[what]; make != nil {
		return make(g)
	}
	switch f.Type {
	case resource.Struct:
		return g.members(f, what)
	case resource.List:
		id := func(v any) string { return resource.Text(v) }
		elem := rapid.Custom(func(t *rapid.T) any { return g.with(t).value(f.Elem, what+"[]") })
		if f.Set {
			return rapid.SliceOfNDistinct(elem, 1, 3, id).Draw(g.T, what)
		}
		return rapid.SliceOfN(elem, 1, 3).Draw(g.T, what)
	case resource.Map:
		o := resource.Object{}
		for _, key := range rapid.SliceOfNDistinct(keysOf(what), 1, 3, rapid.ID[string]).Draw(g.T, what) {
			if v := g.value(f.Elem, what+".*"); v != nil {
				o[key] = v
			}
		}
		return o
	case resource.Ref:
		return g.ref(f.To, what)
	case resource.SourceRef:
		return resource.JoinSource(g.ref(resource.SourceKind, what), Text().Draw(g.T, what+" field"))
	case resource.Any:
		if f.Labelled {
			return g.labelled(what)
		}
		return g.json(2, what)
	}
	v := g.scalar(f, what)
	if f.Sensitive {
		return resource.NewSecret(v)
	}
	return v
}

func (g *generator) with(t *rapid.T) *generator {
	return &generator{T: t, world: g.world, root: g.root}
}

func (g *generator) members(f *resource.Field, what string) any {
	fields, _ := f.Below(g.root)
	o := resource.Object{}
	for i := range fields {
		g.member(&fields[i], o, what+"."+fields[i].Name)
	}
	if f.Lenient && g.coin(what+" has an unknown member?") {
		o["x_unknown"] = g.json(2, what+".x_unknown")
	}
	if len(o) == 0 {
		return nil
	}
	return o
}

func (g *generator) scalar(f *resource.Field, what string) any {
	if len(f.Enum) > 0 {
		return rapid.SampledFrom(f.Enum).Draw(g.T, what)
	}
	switch f.Type {
	case resource.Bool:
		return g.coin(what)
	case resource.Int:
		return rapid.Int64().Draw(g.T, what)
	case resource.Number:
		return resource.Normalize(rapid.Float64Range(-1e6, 1e6).Draw(g.T, what))
	case resource.Numeral:
		return rapid.OneOf(rapid.StringMatching(`[1-5]?[0-9]`), rapid.SampledFrom([]string{"monday", "*", "*/5"})).Draw(g.T, what)
	case resource.Time:
		return rapid.SampledFrom([]string{"2024-01-15T09:30:00Z", "1999-12-31T23:59:59.5Z", "2030-06-01T02:00:00+02:00"}).Draw(g.T, what)
	case resource.Duration:
		return rapid.SampledFrom([]string{"3h30m", "15m", "24h", "90s"}).Draw(g.T, what)
	}
	return Text().Draw(g.T, what)
}

// ref refers to a resource of the world, or to a stranger by id.
func (g *generator) ref(to, what string) any {
	if names := g.world[to]; len(names) > 0 && rapid.IntRange(0, 4).Draw(g.T, what+" by id?") > 0 {
		return rapid.SampledFrom(names).Draw(g.T, what)
	}
	return resource.Object{"id": g.uuid(what)}
}

func (g *generator) uuid(what string) string {
	return uuid(rapid.StringMatching(`[0-9]`).Draw(g.T, what+" id"))
}

// labelled is a configuration: an object in which the app's choices occur.
func (g *generator) labelled(what string) any {
	o := resource.Object{}
	for _, key := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"table", "query", "stream_id", "baseobj", "n", "on"}), 1, 3, rapid.ID[string]).Draw(g.T, what) {
		if strings.HasSuffix(key, "obj") {
			o[key] = resource.Object{"value": Text().Draw(g.T, what), "label": Text().Draw(g.T, what+" label")}
		} else {
			o[key] = g.json(1, what+"."+key)
		}
	}
	return o
}

// json is any value of JSON that is not empty.
func (g *generator) json(depth int, what string) any {
	text := rapid.Map(Text(), func(s string) any { return s })
	kinds := []*rapid.Generator[any]{
		text, text,
		rapid.Map(rapid.Bool(), func(b bool) any { return b }),
		rapid.Map(rapid.Int64(), func(i int64) any { return i }),
		rapid.Map(rapid.Float64Range(-1e3, 1e3), func(f float64) any { return resource.Normalize(f) }),
	}
	if depth > 0 {
		elem := rapid.Custom(func(t *rapid.T) any { return g.with(t).json(depth-1, what) })
		key := Text().Filter(func(s string) bool { return s != resource.SecretKey })
		kinds = append(kinds,
			rapid.Map(rapid.SliceOfN(elem, 1, 3), func(l []any) any { return l }),
			rapid.Map(rapid.MapOfN(key, elem, 1, 3), func(o resource.Object) any { return o }))
	}
	return rapid.OneOf(kinds...).Draw(g.T, what)
}
