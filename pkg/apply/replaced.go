package apply

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"

	"github.com/polyplan/polyplan/pkg/diff"
	"github.com/polyplan/polyplan/pkg/resource"
)

// A replacement makes a new object, has everything refer to that, and deletes
// the old one. Until it is deleted the old object has a record of its own, or it
// would be forgotten if the run ends before that. The record is written before
// the new object is made, so at first two records bear one id: that of the
// address and that of the object to go.

// replacedBy is the mark by which the record of an object to go is known. Its
// value is the address that the new object has.
const replacedBy = "replaced_by"

// oldAddress is the address of the record of the object to go: the same
// whenever it is asked for.
func oldAddress(a resource.Address, id string) resource.Address {
	return resource.Address{Kind: a.Kind, Name: a.Name + "-replaced-" + shortHash(id)}
}

// temporaryName is what a new object is called as long as the old one has the
// name, which the service takes but once. It is the same in every run, so that
// a create that is sent again has the same body.
func temporaryName(name, oldID string) string {
	return fmt.Sprintf("%s (new %s)", name, shortHash(oldID))
}

func shortHash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:4])
}

// successor is the address that took the place of a recorded object.
func successor(r *resource.Resource) (resource.Address, bool) {
	a, err := resource.ParseAddress(r.Marks[replacedBy])
	return a, err == nil
}

// olds are the records of objects to go.
func olds(set resource.Set) resource.Set {
	out := resource.Set{}
	for a, r := range set {
		if _, ok := successor(r); ok {
			out[a] = r
		}
	}
	return out
}

// replacing reports whether a replacement of the address was begun and, as far
// as is known, its new object not made.
func (p *preparer) replacing(a resource.Address) bool {
	old := p.recorded[a]
	return old != nil && p.recorded[oldAddress(a, old.ID)] != nil
}

// replaced sees to it that what was replaced is deleted, whatever the run
// prunes, and that what was not is left alone.
func (p *preparer) replaced() {
	for _, a := range p.recorded.Addresses() {
		to, ok := successor(p.recorded[a])
		if !ok {
			continue
		}
		if now := p.recorded[to]; now != nil && now.ID == p.recorded[a].ID {
			delete(p.recorded, a)
			continue
		}
		p.drop[a] = true
		if p.req.Only[to] {
			p.req.Only = maps.Clone(p.req.Only)
			p.req.Only[a] = true
		}
	}
}

// keepOld gives every object that is going to be replaced the record that it
// has until it is deleted, and takes it from those that are not.
func (r *runner) keepOld() {
	for a, rec := range r.State.Resources {
		if to, ok := successor(rec); ok && r.State.Resources[to] != nil && r.State.Resources[to].ID == rec.ID {
			delete(r.State.Resources, a)
			r.changed = true
		}
	}
	for a, s := range r.steps {
		if old := r.State.Resources[a]; s.Action == diff.Replace && old != nil {
			kept := *old
			kept.Address, kept.Protect = oldAddress(a, old.ID), false
			kept.Marks = map[string]string{replacedBy: a.String()}
			r.State.Resources[kept.Address] = &kept
			r.changed = true
		}
	}
}
