package resource

import "slices"

// Extra is a member of the API's that a manifest sets though the table does not
// know it.
type Extra struct {
	Names []string // that lead to it in requests
	Value any
}

// Extras are the members that extra sets, by their paths in it. Extra is laid out
// as requests are: within what the table knows as a Struct it may hold more.
func (k *Kind) Extras(extra Object) map[Path]Extra {
	out := map[Path]Extra{}
	extras(k.Fields, extra, nil, "", out)
	return out
}

func extras(fields []Field, extra Object, names []string, p Path, out map[Path]Extra) {
	for key, v := range extra {
		names, p := append(slices.Clone(names), key), p.Child(key)
		within, isObject := v.(Object)
		if f := LookupAPI(fields, key); f.HoldsExtra() && isObject {
			extras(f.Fields, within, names, p, out)
		} else {
			out[p] = Extra{names, v}
		}
	}
}

// LookupAPI finds a field by its member in the API.
func LookupAPI(fields []Field, member string) *Field {
	for i := range fields {
		if fields[i].APIName() == member {
			return &fields[i]
		}
	}
	return nil
}

// HoldsExtra reports whether extra may set members within the field's value: an
// object of which the table, and it alone, says what it holds.
func (f *Field) HoldsExtra() bool {
	return f != nil && f.Type == Struct && !f.Custom && !f.Lenient && f.Members == nil
}

// Live is the value that an answer has at the member's place, and whether it has
// one.
func (x Extra) Live(k *Kind, answer map[string]any) (any, bool) {
	var v any = k.asSent(answer)
	for _, name := range x.Names {
		o, _ := v.(map[string]any)
		next, ok := o[name]
		if !ok {
			return nil, false
		}
		v = next
	}
	return v, true
}

// LayExtra lays what extra sets over the body of a request, in place. What was is
// the extra that was applied: what is only there is taken out.
func (k *Kind) LayExtra(body map[string]any, was, extra Object) error {
	for _, x := range k.Extras(was) {
		if in := place(body, x.Names, false); in != nil {
			delete(in, x.Names[len(x.Names)-1])
		}
	}
	e := &Encoder{}
	for p, x := range k.Extras(extra) {
		in := place(body, x.Names, true)
		if in != nil {
			in[x.Names[len(x.Names)-1]] = e.Value(&Field{Type: Any}, x.Value, Path("extra."+p))
		}
	}
	return e.errs.ErrorOrNil()
}

// place is the object in which the last of the names stands; nil if there is none
// and it is not to be made.
func place(body map[string]any, names []string, make bool) map[string]any {
	for _, name := range names[:len(names)-1] {
		next, ok := body[name].(map[string]any)
		if !ok && !make {
			return nil
		}
		if !ok {
			next = map[string]any{}
			body[name] = next
		}
		body = next
	}
	return body
}

// UnknownExtra are the members of an answer that the table does not know, laid out
// as extra sets them.
func (k *Kind) UnknownExtra(answer map[string]any) Object {
	out, _ := Unmask(Normalize(k.Unknown(answer))).(Object)
	within(k.Fields, k.asSent(answer), out)
	return out
}

func within(fields []Field, answer map[string]any, out Object) {
	for i := range fields {
		f := &fields[i]
		o, ok := answer[f.APIName()].(map[string]any)
		if !ok || !f.HoldsExtra() {
			continue
		}
		found := map[Path]any{}
		f.rest(o, "", found)
		below := Object{}
		for key := range o {
			if v, ok := found[Path("").Child(key)]; ok {
				below[key] = v
			}
		}
		within(f.Fields, o, below)
		if len(below) > 0 {
			out[f.APIName()] = below
		}
	}
}
