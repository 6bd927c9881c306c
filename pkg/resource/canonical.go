package resource

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Canonical brings o, in place, to the one form that every comparison takes
// for granted: sets sorted, scalars of the type that the table names, names
// trimmed, numerals without leading zeros, times in UTC, nulls dropped, and what the kind's own Normal does. It
// is idempotent.
func (k *Kind) Canonical(o Object) {
	canonicalMembers(k.Fields, o, o)
	if k.Normal != nil {
		k.Normal(o)
	}
}

func canonicalMembers(fields []Field, root, o Object) {
	for key, v := range o {
		f := Lookup(fields, key)
		if f == nil {
			continue
		}
		if v = canonicalValue(f, root, v); v == nil {
			delete(o, key)
		} else {
			o[key] = v
		}
	}
}

func canonicalValue(f *Field, root Object, v any) any {
	switch f.Type {
	case Numeral:
		return numeral(v)
	case Time:
		return instant(v)
	case String, Duration, Bool, Int, Number:
		v = scalar(f.Type, v)
		if s, ok := v.(string); ok && f.Keyed {
			return strings.TrimSpace(s) // the service may trim names (API dossier 14)
		}
		return v
	case SourceRef:
		if model, field, ok := SplitSource(v); ok {
			return JoinSource(model, field)
		}
	case Struct:
		if f.Short != "" {
			if _, ok := v.(Object); !ok && v != nil {
				v = Object{f.Short: v}
			}
		}
		if o, ok := v.(Object); ok {
			fields, _ := f.Below(root)
			canonicalMembers(fields, root, o)
		}
	case List:
		l, ok := v.([]any)
		if !ok {
			if !f.OneOrList || v == nil {
				return v
			}
			l = []any{v}
		}
		for i, x := range l {
			l[i] = canonicalValue(f.Elem, root, x)
		}
		if f.Set {
			slices.SortFunc(l, func(a, b any) int { return strings.Compare(Text(a), Text(b)) })
			l = slices.CompactFunc(l, func(a, b any) bool { return Text(a) == Text(b) })
		}
		return l
	case Map:
		if o, ok := v.(Object); ok {
			for key, x := range o {
				x = canonicalValue(f.Elem, root, x)
				if elem, ok := x.(Object); ok && f.Off != "" && elem[f.Off] == nil {
					elem[f.Off] = true // to name it is to turn it on
				}
				o[key] = x
			}
		}
	}
	return v
}

// scalar brings a scalar to the type t where that loses nothing: a port out of
// the environment is text, and an old object may hold it as text too (API
// dossier 14). What does not fit stays as it is, for a check to find.
func scalar(t Type, v any) any {
	s, isText := v.(string)
	switch t {
	case String, Duration:
		switch v.(type) {
		case bool, int64, float64, json.Number:
			return Text(v)
		}
	case Bool:
		if isText && (s == "true" || s == "false") {
			return s == "true"
		}
	case Int, Number:
		if !isText {
			break
		}
		if _, err := strconv.ParseFloat(s, 64); err != nil || strings.Trim(s, "0123456789+-.eE") != "" {
			break
		}
		n := normalizeNumber(json.Number(s))
		if _, whole := n.(int64); whole || t == Number {
			return n
		}
	}
	return v
}

// instant writes a time in one way, for the service may write it with another
// precision or zone (API dossier 14). Other text stays as it is.
func instant(v any) any {
	s, ok := v.(string)
	if !ok {
		return v
	}
	if s == "" {
		return nil
	}
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t.UTC().Format(time.RFC3339Nano)
	}
	return s
}

// numeral writes 8, "8" and "08" as "8", and leaves other text ("monday",
// "*/5") alone.
func numeral(v any) any {
	s, ok := v.(string)
	if !ok {
		switch v.(type) {
		case int64, float64, json.Number:
			s = Text(v)
		default:
			return v
		}
	}
	if s == "" {
		return nil
	}
	if strings.Trim(s, "0123456789") == "" {
		if s = strings.TrimLeft(s, "0"); s == "" {
			s = "0"
		}
	}
	return s
}
