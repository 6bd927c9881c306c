package sandbox

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/polyplan/polyplan/pkg/catalog"
)

// mask stands for every secret in answers, whatever its length.
const mask = "********"

// configure returns what the service stores for a configuration sent to it: without
// what it fills in itself, with defaults where the sender is silent, each value of
// its field's type. Fields that the type does not have are kept as they are.
func configure(t *catalog.Type, sent map[string]any) (map[string]any, error) {
	stored := map[string]any{}
	for _, name := range sortedKeys(sent) {
		v, f := sent[name], t.Fields[name]
		if v == nil || f != nil && (f.ReadOnly || f.Internal()) {
			continue // overwritten by the service's own. [API dossier 11]
		}
		v, err := coerce(f, v, "configuration."+name)
		if err != nil {
			return nil, err
		}
		stored[name] = v
	}
	for name, f := range t.Fields {
		if _, set := stored[name]; !set && f.Default != nil && !f.ReadOnly && !f.Internal() {
			v, err := plainJSON(f.Default)
			if err != nil {
				return nil, err
			}
			stored[name] = v
		}
	}
	return stored, nil
}

// coerce returns v as the field's type has it: a number may come as a string.
func coerce(f *catalog.Field, v any, at string) (any, error) {
	if f == nil {
		return v, nil
	}
	v, ok := convert(f.Type, v)
	if !ok {
		return nil, invalid("%s: want a value of type %s", at, f.Type)
	}
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			var err error
			if out[i], err = coerce(f.Items, e, fmt.Sprintf("%s[%d]", at, i)); err != nil {
				return nil, err
			}
		}
		return out, nil
	case map[string]any:
		out := map[string]any{}
		for _, name := range sortedKeys(v) {
			var err error
			if out[name], err = coerce(f.At(name), v[name], at+"."+name); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	if f.Enum != nil && v != "" && !slices.ContainsFunc(f.Enum, func(e any) bool { return fmt.Sprint(e) == fmt.Sprint(v) }) {
		return nil, invalid("%s: not one of %v", at, f.Enum)
	}
	return v, nil
}

func convert(typ string, v any) (any, bool) {
	switch typ {
	case "string":
		_, ok := v.(string)
		return v, ok
	case "boolean":
		_, ok := v.(bool)
		return v, ok
	case "array":
		_, ok := v.([]any)
		return v, ok
	case "object":
		_, ok := v.(map[string]any)
		return v, ok
	case "integer":
		if s, ok := v.(string); ok {
			n, err := strconv.ParseInt(s, 10, 64)
			return json.Number(strconv.FormatInt(n, 10)), err == nil
		}
		n, ok := v.(json.Number)
		if !ok {
			return v, false
		}
		f, err := n.Float64()
		return v, err == nil && f == math.Trunc(f)
	}
	return v, true
}

// missing returns the required fields that the configuration does not set. The lists
// know nothing of OAuth, so of such types nothing is demanded. [API dossier 9.3]
func missing(t *catalog.Type, stored map[string]any) []string {
	if t.OAuth {
		return nil
	}
	var names []string
	for _, name := range t.Names() {
		if t.Fields[name].Required && (stored[name] == nil || stored[name] == "") {
			names = append(names, name)
		}
	}
	return names
}

// secretsOf calls f with every secret that is set, and stores what f returns.
// Nothing is changed in place.
func secretsOf(t *catalog.Type, configuration map[string]any, f func(path []string, v any) any) map[string]any {
	var walk func(path []string, field *catalog.Field, v any) any
	walk = func(path []string, field *catalog.Field, v any) any {
		if field != nil && field.Secret {
			if v == nil || v == "" {
				return v
			}
			return f(path, v)
		}
		switch v := v.(type) {
		case map[string]any:
			out := make(map[string]any, len(v))
			for name, e := range v {
				out[name] = walk(append(path, name), field.At(name), e)
			}
			return out
		case []any:
			out := make([]any, len(v))
			for i, e := range v {
				n := strconv.Itoa(i)
				out[i] = walk(append(path, n), field.At(n), e)
			}
			return out
		}
		return v
	}
	out := make(map[string]any, len(configuration))
	for name, v := range configuration {
		out[name] = walk([]string{name}, t.Fields[name], v)
	}
	return out
}

// answerConfiguration is how a connection's configuration is shown: with the
// service's own fields and with every secret masked.
func (s *Server) answerConfiguration(t *catalog.Type, r *record) map[string]any {
	shown := copyMap(object(r.Body, "configuration"))
	for name, v := range object(r.State, "filled") {
		if _, sent := shown[name]; !sent {
			shown[name] = v
		}
	}
	shown = secretsOf(t, shown, func([]string, any) any { return mask })
	for name, f := range t.Fields {
		if _, set := shown[name]; set || f.Hidden {
			continue
		}
		if f.Secret {
			switch s.opts.Switches.UnsetSecrets {
			case "empty":
				shown[name] = ""
			case "masked":
				shown[name] = mask
			}
		} else if zero := map[string]any{"string": "", "boolean": false, "integer": 0}[f.Type]; zero != nil && s.opts.Switches.ZeroOptionals && !f.ReadOnly {
			shown[name] = zero
		}
	}
	return shown
}

// tokens are the secrets that a person's consent brings.
var tokens = []string{"oauth_refresh_token", "oauth_access_token"}

// fill returns the fields that the service sets itself: those that name the account
// behind the connection and, when a person has authorised it, the tokens.
func (c *call) fill(t *catalog.Type, authorised bool) map[string]any {
	filled := map[string]any{}
	if t.OAuth && !authorised {
		return filled
	}
	for _, name := range t.Names() {
		f := t.Fields[name]
		token := t.OAuth && f.Secret && slices.Contains(tokens, name)
		if !f.ReadOnly && !f.Internal() && !token {
			continue
		}
		switch {
		case f.Secret:
			filled[name] = "sandbox-" + newToken()
		case f.Type == "boolean":
			filled[name] = true
		case name == "oauth_token_expiry":
			filled[name] = stamp(c.now.Add(1800e9))
		case strings.HasSuffix(name, "user"), strings.HasSuffix(name, "email"), strings.HasSuffix(name, "user_name"), name == "username":
			filled[name] = "ada@example.com"
		case strings.HasSuffix(name, "domain"):
			filled[name] = "engines.example.com"
		default:
			filled[name] = "sandbox-" + strings.ReplaceAll(name, "_", "-")
		}
	}
	return filled
}

// rejected says why the service behind the connection would not let it in, or is "".
// A secret that begins with "invalid" is wrong, and so is a mask that was sent for one.
func rejected(t *catalog.Type, stored map[string]any) string {
	var why string
	secretsOf(t, stored, func(path []string, v any) any {
		if s, ok := v.(string); ok && (strings.HasPrefix(s, "invalid") || isMask(s)) {
			why = "authentication failed: " + strings.Join(path, ".") + " was not accepted"
		}
		return v
	})
	return why
}

// isMask reports whether s is what the service shows instead of a secret.
func isMask(s string) bool {
	return len(s) >= 3 && strings.Trim(s, "*") == ""
}
