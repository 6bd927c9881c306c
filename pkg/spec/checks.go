package spec

import (
	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/resource"
)

// check runs the kinds' own checks on what is sound so far: of a broken
// resource they would find only what follows from its being broken.
func (l *loader) check() {
	for _, a := range l.m.Set.Addresses() {
		if b := l.built[a]; !b.broken && b.kind.Check != nil {
			b.kind.Check(checker{b}, b.r)
		}
	}
}

// checker is the [resource.Checker] for one resource.
type checker struct{ b *build }

// Get gives a sound resource of the manifest.
func (c checker) Get(a resource.Address) *resource.Resource {
	if b := c.b.built[a]; b != nil && !b.broken {
		return b.r
	}
	return nil
}

func (c checker) Error(p resource.Path, code, what, why, fix string) {
	c.b.report(diag.Error, c.b.r.Where(p), code, what, why, fix)
}

func (c checker) Warn(p resource.Path, code, what, why, fix string) {
	c.b.report(diag.Warning, c.b.r.Where(p), code, what, why, fix)
}
