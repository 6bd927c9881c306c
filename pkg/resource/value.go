package resource

import (
	"encoding/json"
	"maps"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// Object is a resource, or a part of one, in canonical form. Its values are
// nil, bool, int64, float64, json.Number (a number that neither holds
// exactly), string, []any, Object and *Secret; nothing else.
type Object = map[string]any

// Normalize brings a value that came out of a decoder to the forms that Object
// allows, so that 1 and 1.0, or a []string and a []any, are one. It copies;
// the result shares nothing that can change with v.
func Normalize(v any) any {
	switch v := v.(type) {
	case nil, bool, string, int64, *Secret:
		return v
	case int:
		return int64(v)
	case int32:
		return int64(v)
	case uint64:
		if v <= math.MaxInt64 {
			return int64(v)
		}
		return normalizeNumber(json.Number(strconv.FormatUint(v, 10)))
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return v
		}
		return normalizeNumber(json.Number(strconv.FormatFloat(v, 'g', -1, 64))) // one with the text it has in JSON
	case json.Number:
		return normalizeNumber(v)
	case []string:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = e
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = Normalize(e)
		}
		return out
	case map[string]string:
		out := make(Object, len(v))
		for k, e := range v {
			out[k] = e
		}
		return out
	case map[string]any:
		out := make(Object, len(v))
		for k, e := range v {
			out[k] = Normalize(e)
		}
		return out
	}
	panic("resource: a value of a type that no decoder gives: " + typeName(v))
}

// exactDigits is the length of a number's text up to which it is compared exactly.
const exactDigits = 400

// normalizeNumber keeps what is exact: int64 where it fits, float64 where
// printing it again gives the same number, the text otherwise. What no float64
// comes near is text without a look at its digits: 1e999999 has a million.
func normalizeNumber(n json.Number) any {
	if len(n) > exactDigits {
		return n
	}
	if i, err := strconv.ParseInt(string(n), 10, 64); err == nil {
		return i
	}
	f, err := strconv.ParseFloat(string(n), 64)
	if err != nil {
		return n
	}
	if mantissa, _, _ := strings.Cut(strings.ToLower(string(n)), "e"); f == 0 && strings.ContainsAny(mantissa, "123456789") {
		return n
	} else if f == 0 {
		return int64(0)
	}
	exact, ok := new(big.Rat).SetString(string(n))
	if !ok {
		return n
	}
	if exact.IsInt() && exact.Num().IsInt64() {
		return exact.Num().Int64()
	}
	shortest, _ := new(big.Rat).SetString(strconv.FormatFloat(f, 'g', -1, 64))
	if shortest != nil && shortest.Cmp(exact) == 0 {
		return f
	}
	return n
}

func typeName(v any) string {
	b, err := json.Marshal(v)
	if err != nil || len(b) == 0 {
		return "unknown"
	}
	return map[byte]string{'{': "object", '[': "list", '"': "string"}[b[0]]
}

// Clone is a deep copy of v. Secrets are shared: they never change.
func Clone[T any](v T) T {
	out, _ := clone(v).(T)
	return out
}

// Replace puts f(v) in the place of v, and of every value below it, where that is no
// map and no list; those are changed in place.
func Replace(v any, f func(any) any) any {
	switch v := v.(type) {
	case Object:
		for key, e := range v {
			v[key] = Replace(e, f)
		}
	case []any:
		for i, e := range v {
			v[i] = Replace(e, f)
		}
	default:
		return f(v)
	}
	return v
}

func clone(v any) any {
	switch v := v.(type) {
	case Object:
		if v == nil {
			return v
		}
		out := make(Object, len(v))
		for k, e := range v {
			out[k] = clone(e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = clone(e)
		}
		return out
	}
	return v
}

// Keys are o's keys in order.
func Keys[V any](o map[string]V) []string { return slices.Sorted(maps.Keys(o)) }

// Empty reports whether v says no more than its absence would: nil, "", an
// empty list, or an object of nothing but empty values. False and 0 are not
// empty: whether they equal absence is for a field's table to say.
func Empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case Object:
		for _, e := range v {
			if !Empty(e) {
				return false
			}
		}
		return true
	}
	return false
}

// Text is a scalar as a person would write it; lists and objects as JSON with
// their secrets hidden. It is for comparing loosely typed scalars and for
// messages, not for requests.
func Text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case json.Number:
		return v.String()
	case *Secret:
		return v.String()
	}
	b, err := json.Marshal(v)
	if err != nil {
		return "?"
	}
	return string(b)
}
