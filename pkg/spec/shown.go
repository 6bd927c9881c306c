package spec

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/resource"
)

const notSecret = "write it in the manifest, or take it from a variable that is not sensitive"

// A use is a value from outside that is a secret neither by where it comes from
// nor by where it goes.
type use struct {
	b      *build
	field  *resource.Field // nil: of a value without a table
	path   resource.Path
	tokens []string
	pos    diag.Pos
}

// open is what of a field cannot be hidden, and why; "" if it can.
func (b *build) open(f *resource.Field, p resource.Path) (what, why string) {
	switch {
	case f == nil:
	case f.Type == resource.Ref || f.Type == resource.SourceRef:
		return "a reference", "references show in every plan"
	case p == resource.Path(cmp.Or(b.kind.NameField, "name")):
		return "a name", "names show in the app and in every plan"
	}
	return "", ""
}

// used takes note of where the value n from outside goes. What stands alone in a
// place for secrets is a secret wherever else it goes; of what is only a part of
// one nobody can say that.
func (b *build) used(f *resource.Field, p resource.Path, n *node, pos diag.Pos) {
	var tokens []string
	parts, _ := split(n.origin)
	for _, part := range parts {
		if part.isToken {
			name, _, _ := strings.Cut(part.text, ":-")
			tokens = append(tokens, name)
		}
	}
	hidden := n.secret || b.hiding > 0 || f != nil && f.Sensitive
	switch {
	case !hidden:
		b.uses = append(b.uses, use{b, f, p, tokens, pos})
	case len(parts) == 1 && len(tokens) == 1 && b.hidden[tokens[0]] == "":
		b.hidden[tokens[0]] = fmt.Sprintf("%s of %s", p, b.r.Address)
	}
}

// hide makes secrets of values that come from where a secret of this manifest
// comes from, and reports those that cannot be hidden.
func (l *loader) hide() {
	for _, u := range l.uses {
		for _, t := range u.tokens {
			secret := l.hidden[t]
			if secret == "" {
				continue
			}
			if what, why := u.b.open(u.field, u.path); what != "" {
				u.b.report(diag.Error, u.pos, "secret-shown", what+" comes from a secret",
					fmt.Sprintf("%s, and ${%s} is the %s", why, t, secret), "write it in the manifest, or take it from a variable of its own")
				u.b.lose(u.path)
			} else {
				root := u.b.r.Object
				if u.path.Within(keyExtra) {
					root = resource.Object{keyExtra: u.b.r.Extra}
				}
				if lookup(root, u.path, nil) != nil {
					lookup(root, u.path, concealed)
				}
			}
			break
		}
	}
}
