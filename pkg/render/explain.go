package render

import (
	"errors"
	"maps"
	"slices"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/resource"
)

// ResourceView is what is known of one resource from all sides. A side that is
// nil does not have it.
type ResourceView struct {
	Address  resource.Address
	Kind     *resource.Kind
	Desired  *resource.Resource // of the manifest
	Recorded *resource.Resource // of the state
	Live     *resource.Resource // of the service
	// Asked says that the service was asked, so that a nil Live means that there
	// is no such object.
	Asked bool
	// Origins tells of the manifest's values that do not stand in it as they are.
	Origins map[resource.Path]string
	// Path limits the view to what is at or below it; "" is all.
	Path resource.Path
}

// ErrNoSuchValue says that neither a side nor a table has anything at a view's
// path.
var ErrNoSuchValue = errors.New("there is no such value")

// known is one value from all sides, in the words of the manifest.
type known struct {
	Path      string
	Desired   any
	Recorded  any
	Live      any
	Pos       diag.Pos
	Origin    string
	Type      string
	Default   any
	Doc       string
	Sensitive bool
	Told      bool // by the service alone: no manifest sets it and no state has it
}

// values are the values of the view, one for each leaf that any side has. A
// path that none has is a value of its own, if a table knows it.
func (v ResourceView) values() ([]known, error) {
	root := resource.Object{}
	var names map[string]string
	for _, r := range []*resource.Resource{v.Desired, v.Recorded, v.Live} {
		if r != nil && len(root) == 0 {
			root = r.Object
		}
	}
	if v.Desired != nil {
		names = v.Desired.Names
	}
	w := wording{kind: v.Kind, root: root, names: names}
	sides, unknown := map[resource.Path]*[3]any{}, map[resource.Path]bool{}
	for i, r := range []*resource.Resource{v.Desired, v.Recorded, v.Live} {
		if r == nil {
			continue
		}
		all := leaves(nil, "", v.whole(r))
		if r.Raw != nil && v.Kind != nil {
			for p, below := range v.Kind.UnknownBelow(r.Raw) {
				for _, l := range leaves(nil, p, below) {
					unknown[l.path] = true
					all = append(all, l)
				}
			}
		}
		for _, l := range all {
			if sides[l.path] == nil {
				sides[l.path] = new([3]any)
			}
			sides[l.path][i] = l.value
		}
	}
	for p := range v.Origins { // such as a variable that is not set
		if sides[p] == nil && !hasBelow(sides, p) {
			sides[p] = new([3]any)
		}
	}
	var out []known
	for _, p := range slices.Sorted(maps.Keys(sides)) {
		if _, called, _ := w.at(p); p.Within(v.Path) || called.Within(v.Path) || v.Path.Within(p) {
			one := v.value(&w, p, *sides[p])
			if unknown[p] {
				one.Doc = "Not known to polyplan. An update sends it back as it is."
			}
			out = append(out, one)
		}
	}
	if len(out) == 0 && v.Path != "" {
		if f, _, _ := w.at(v.Path); f != nil {
			return []known{v.value(&w, v.Path, [3]any{})}, nil
		}
		return nil, ErrNoSuchValue
	}
	return out, nil
}

// extraKey is where a manifest sets what no table knows.
const extraKey = "extra"

// whole is what a side has of the resource. What polyplan does not know of a live
// object stands where the manifest could set it; what the service alone says stands
// with the rest.
func (v ResourceView) whole(r *resource.Resource) resource.Object {
	out, extra := maps.Clone(r.Object), r.Extra
	if r.Raw != nil && v.Kind != nil {
		extra = v.Kind.UnknownExtra(r.Raw)
		maps.Copy(out, v.Kind.Told(r.Raw))
	}
	if len(extra) > 0 {
		out[extraKey] = extra
	}
	return out
}

func (v ResourceView) value(w *wording, p resource.Path, side [3]any) known {
	f, called, _ := w.at(p)
	k := known{Path: string(called), Desired: w.value(f, side[0]), Recorded: w.value(f, side[1]), Live: w.value(f, side[2]),
		Origin: v.Origins[p]}
	for q := p; k.Origin == "" && q != ""; q = q.Parent() {
		k.Origin = v.Origins[q]
	}
	for _, s := range side {
		_, secret := s.(*resource.Secret)
		k.Sensitive = k.Sensitive || secret
	}
	if v.Desired != nil && (k.Desired != nil || k.Origin != "") {
		k.Pos = v.Desired.Where(p)
	}
	if f == nil && p.Within(extraKey) {
		k.Doc = "Not known to polyplan. An update sends it back as it is; extra sets it."
	}
	if f != nil {
		k.Type, k.Doc, k.Sensitive = f.Type.String(), f.Doc, k.Sensitive || f.Sensitive
		k.Told = f.Computed && side[0] == nil && side[1] == nil
		if k.Default = f.Default; k.Default == nil {
			k.Default = f.Filled
		}
	}
	return k
}

// leaf is a value that is not taken apart further.
type leaf struct {
	path  resource.Path
	value any
}

// leaves takes maps apart; lists stay whole.
func leaves(out []leaf, p resource.Path, v any) []leaf {
	o, ok := v.(resource.Object)
	if !ok || len(o) == 0 && p != "" {
		return append(out, leaf{p, v})
	}
	for _, key := range resource.Keys(o) {
		out = leaves(out, p.Child(key), o[key])
	}
	return out
}

func hasBelow(sides map[resource.Path]*[3]any, p resource.Path) bool {
	for q := range sides {
		if q.Within(p) {
			return true
		}
	}
	return false
}

// agree reports whether two sides say the same of a value, as far as anybody
// can tell: of secrets the fingerprints are compared, and a masked one has none.
func agree(a, b any) bool {
	x, xs := a.(*resource.Secret)
	y, ys := b.(*resource.Secret)
	if xs && ys {
		return !resource.Comparable(x.Print(), y.Print()) || x.Print() == y.Print()
	}
	return inline(a) == inline(b)
}
