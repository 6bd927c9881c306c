package resource

import "slices"

// carry lays what a table does not know of a live object into the body of its
// update, at every depth that the table describes: an update replaces the whole,
// and what it left out would be gone. What is at the top is for Unknown. It never
// writes over what the body says.
func (e *Encoder) carry(fields []Field, body map[string]any) {
	for i := range fields {
		f := &fields[i]
		live := e.Live[f.APIName()]
		if f.Match == nil {
			if !f.Custom {
				e.below(f, body[f.APIName()], live, Path("").Child(f.Name))
			}
			continue
		}
		for _, member := range append([]string{f.APIName()}, f.Also...) {
			e.matched(f, body[member], live, Path("").Child(f.Name))
		}
	}
}

// below carries on into the value of a field.
func (e *Encoder) below(f *Field, body, live any, p Path) {
	b, isObject := body.(map[string]any)
	l, liveObject := live.(map[string]any)
	switch {
	case f.Match != nil:
		e.matched(f, body, live, p)
	case !isObject || !liveObject, f.Lenient, f.Members != nil: // these know no bounds, so that nothing in them is left out
	case f.Type == Struct:
		e.structure(f, b, l, p)
	case f.Type == Map && f.KeyedBy == "":
		for key, v := range b {
			e.below(f.Elem, v, l[key], p.Child(key))
		}
	case f.Type == SourceRef:
		if holdsAll(l, b) {
			e.take(b, l, nil, p)
		}
	}
}

// matched carries on into the elements of a list, each from the live element that
// is the same: of those that agree in all members by which they are told apart,
// the one that agrees in most others.
func (e *Encoder) matched(f *Field, body, live any, p Path) {
	list, _ := body.([]any)
	others, _ := live.([]any)
	taken := map[int]bool{}
	for i, v := range list {
		b, _ := v.(map[string]any)
		best, most := -1, -1
		for j, o := range others {
			l, ok := o.(map[string]any)
			if b == nil || !ok || taken[j] {
				continue
			}
			if same := agreement(f.Match, b, l); same > most {
				best, most = j, same
			}
		}
		if best >= 0 {
			taken[best] = true
			e.element(f, b, others[best].(map[string]any), p.Index(i))
		}
	}
}

func (e *Encoder) element(f *Field, body, live map[string]any, p Path) {
	for _, member := range f.Match {
		b, isObject := body[member].(map[string]any)
		if l, ok := live[member].(map[string]any); ok && isObject {
			e.take(b, l, nil, p.Child(member))
		}
	}
	if elem := f.Elem; elem != nil && elem.Type == Struct && !f.Custom {
		for i := range elem.Fields {
			sub := &elem.Fields[i]
			e.below(sub, body[sub.APIName()], live[sub.APIName()], p.Child(sub.Name))
		}
	}
	e.take(body, live, f, p)
}

// agreement is how many members agree, -1 if one of those that have to does not.
func agreement(match []string, body, live map[string]any) int {
	n := 0
	for key, v := range body {
		switch {
		case holdsAll(live[key], v):
			n++
		case slices.Contains(match, key):
			return -1
		}
	}
	return n
}

// holdsAll reports whether live says all that v does.
func holdsAll(live, v any) bool {
	o, ok := v.(map[string]any)
	if !ok {
		return Text(Normalize(live)) == Text(Normalize(v))
	}
	l, ok := live.(map[string]any)
	for key, x := range o {
		ok = ok && holdsAll(l[key], x)
	}
	return ok
}

func (e *Encoder) structure(f *Field, body, live map[string]any, p Path) {
	for i := range f.Fields {
		sub := &f.Fields[i]
		if !sub.Custom {
			e.below(sub, body[sub.APIName()], live[sub.APIName()], p.Child(sub.Name))
		}
	}
	e.take(body, live, f, p)
}

// take copies what the field's table does not know from live to body.
func (e *Encoder) take(body, live map[string]any, f *Field, p Path) {
	for _, key := range Keys(live) {
		if _, ok := body[key]; ok || live[key] == nil || f.knows(key) {
			continue
		}
		body[key] = e.Value(&Field{Type: Any}, Unmask(Normalize(live[key])), p.Child(key))
	}
}

// knows reports whether a member of the API, within a Struct or the elements of a
// List or Map, is accounted for.
func (f *Field) knows(member string) bool {
	if f == nil {
		return false
	}
	if slices.Contains(f.Claims, member) || slices.Contains(f.Match, member) {
		return true
	}
	fields := f.Fields
	if f.Elem != nil {
		fields = f.Elem.Fields
	}
	return slices.ContainsFunc(fields, func(sub Field) bool { return sub.APIName() == member })
}

// UnknownBelow are the members of an answer that the table does not know, as far as
// extra cannot set them: they stand within elements of lists. They go by their
// paths in the manifest, or by the place in the answer of what has none.
func (k *Kind) UnknownBelow(answer map[string]any) map[Path]any {
	out := map[Path]any{}
	answer = k.asSent(answer)
	for i := range k.Fields {
		f := &k.Fields[i]
		if f.Match != nil || !f.Custom {
			f.unknown(answer[f.APIName()], Path("").Child(f.Name), true, out)
		}
	}
	return out
}

// asSent is an answer with the members of requests where requests have them.
func (k *Kind) asSent(answer map[string]any) map[string]any {
	if k.AsSent == nil || answer == nil {
		return answer
	}
	return k.AsSent(answer)
}

// sourceParts are the members of a source of values.
var sourceParts = &Field{Claims: []string{"model_id", "field"}}

// unknown collects them from a value of the field. Reached says that extra sets
// what is unknown of the object around it.
func (f *Field) unknown(v any, p Path, reached bool, out map[Path]any) {
	switch v := v.(type) {
	case []any:
		for i, e := range v {
			o, _ := e.(map[string]any)
			at := p.Index(i)
			if f.KeyedBy != "" {
				at = p.Child(Text(o[f.KeyedBy]))
			}
			if o != nil && f.Match != nil {
				f.unknownOf(o, at, out)
			}
		}
	case map[string]any:
		switch {
		case f.Lenient, f.Members != nil: // what these hold is the manifest's to say
		case f.Type == Struct:
			reached = reached && f.HoldsExtra()
			unknownFields(f.Fields, v, p, reached, out)
			if !reached {
				f.rest(v, p, out)
			}
		case f.Type == Map && f.KeyedBy == "":
			for key, e := range v {
				f.Elem.unknown(e, p.Child(key), false, out)
			}
		case f.Type == SourceRef:
			sourceParts.rest(v, p, out)
		}
	}
}

// unknownOf is unknown for an element of a list.
func (f *Field) unknownOf(o map[string]any, p Path, out map[Path]any) {
	for _, member := range f.Match {
		if part, ok := o[member].(map[string]any); ok {
			sourceParts.rest(part, p.Child(member), out)
		}
	}
	if f.Elem != nil && f.Elem.Type == Struct && !f.Custom {
		unknownFields(f.Elem.Fields, o, p, false, out)
	}
	f.rest(o, p, out)
}

func unknownFields(fields []Field, o map[string]any, p Path, reached bool, out map[Path]any) {
	for i := range fields {
		if f := &fields[i]; !f.Custom {
			f.unknown(o[f.APIName()], p.Child(f.Name), reached, out)
		}
	}
}

// rest are the members that the field's table does not know.
func (f *Field) rest(o map[string]any, p Path, out map[Path]any) {
	for key, v := range o {
		if v != nil && !f.knows(key) && !slices.Contains(serverOwn, key) {
			out[p.Child(key)] = Unmask(Normalize(v))
		}
	}
}
