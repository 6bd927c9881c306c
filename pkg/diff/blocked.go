package diff

import (
	"fmt"

	"github.com/polyplan/polyplan/pkg/resource"
)

// missing says which secret of the manifest's could not be had, and why; "" if
// all are there.
func missing(s *Step) string {
	if why := missingBelow("", s.Record); why != "" {
		return why
	}
	return missingBelow("extra", s.Extra)
}

func missingBelow(p resource.Path, v any) string {
	switch v := v.(type) {
	case *resource.Secret:
		if v.Missing() != "" {
			return fmt.Sprintf("%s: %s", p, v.Missing())
		}
	case resource.Object:
		for _, key := range resource.Keys(v) {
			if why := missingBelow(p.Child(key), v[key]); why != "" {
				return why
			}
		}
	case []any:
		for i, e := range v {
			if why := missingBelow(p.Index(i), e); why != "" {
				return why
			}
		}
	}
	return ""
}

// assumed is a desired object that says of its missing secrets what is recorded,
// so that they are no change and all else can be compared.
func assumed(desired, recorded any) any {
	switch d := desired.(type) {
	case *resource.Secret:
		if d.Missing() != "" {
			return recorded
		}
	case resource.Object:
		r, _ := recorded.(resource.Object)
		out := make(resource.Object, len(d))
		for key, v := range d {
			if v = assumed(v, r[key]); v != nil {
				out[key] = v
			}
		}
		return out
	case []any:
		r, _ := recorded.([]any)
		out := make([]any, 0, len(d))
		for i, v := range d {
			var was any
			if i < len(r) {
				was = r[i]
			}
			if v = assumed(v, was); v != nil {
				out = append(out, v)
			}
		}
		return out
	}
	return desired
}

// block makes of a step one that does nothing.
func (s *Step) block(why string, by resource.Address) {
	s.Blocked, s.BlockedBy = why, by
	if s.Action == Move { // that is for the state alone
		s.Risks = append(s.Risks, "it is not updated: "+why)
		return
	}
	s.Action = NoOp
}

// spread blocks what needs an object that is not going to be made.
func (c *computer) spread(steps map[resource.Address]*Step, order []resource.Address) {
	for _, a := range order {
		s := steps[a]
		for _, need := range s.Needs {
			if n := steps[need]; n != nil && n.Blocked != "" && n.ID == "" && s.Writes() {
				s.block(fmt.Sprintf("needs %s, which cannot be made", need), need)
			}
		}
	}
}
