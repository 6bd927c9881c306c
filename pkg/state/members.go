package state

import (
	"errors"
	"fmt"
	"time"

	"github.com/polyplan/polyplan/pkg/resource"
)

// members takes an object apart, member by member, each with its type. The
// first mistake stays; what follows yields zero values.
type members struct {
	o     resource.Object
	where string
	err   error
}

func (m *members) fail(format string, args ...any) {
	if m.err == nil {
		m.err = errors.New(m.where + ": " + fmt.Sprintf(format, args...))
	}
}

// of makes members of v, which must be an object.
func (m *members) of(v any, where string) *members {
	o, ok := v.(resource.Object)
	if !ok {
		m.fail("%s is not an object", where)
	}
	return &members{o: o, where: m.where + "." + where, err: m.err}
}

// take removes a member and gives its value, of the type T.
func take[T any](m *members, key string, required bool) (out T) {
	v, ok := m.o[key]
	delete(m.o, key)
	if !ok {
		if required {
			m.fail("%q is missing", key)
		}
		return out
	}
	out, ok = v.(T)
	if !ok {
		m.fail("%q has the wrong type", key)
	}
	return out
}

func (m *members) text(key string) string { return take[string](m, key, false) }
func (m *members) address(v any) (a resource.Address) {
	s, _ := v.(string)
	if err := a.UnmarshalText([]byte(s)); err != nil {
		m.fail("%v", err)
	}
	return a
}

func (m *members) time(key string) (t time.Time) {
	if s := m.text(key); s != "" {
		var err error
		if t, err = time.Parse(time.RFC3339Nano, s); err != nil {
			m.fail("%q is not a time", key)
		}
	}
	return t
}

// object is a member with an object in canonical form; nil if it is absent.
func (m *members) object(key string, required bool) resource.Object {
	o := take[resource.Object](m, key, required)
	for k, v := range o {
		o[k] = resource.RestoreSecrets(v)
	}
	return o
}

// done refuses members that nobody took, and gives the first mistake.
func (m *members) done() error {
	for _, key := range resource.Keys(m.o) {
		m.fail("unknown member %q", key)
	}
	return m.err
}

func (m *members) resource(a resource.Address) *resource.Resource {
	r := &resource.Resource{
		Address: a,
		ID:      m.text("id"),
		Object:  m.object("object", true),
		Protect: take[bool](m, "protect", false),
		Kept:    m.object("kept", false),
		Extra:   m.object("extra", false),
	}
	for _, need := range take[[]any](m, "needs", false) {
		r.Needs = append(r.Needs, m.address(need))
	}
	for _, v := range take[[]any](m, "unmanaged", false) {
		s, ok := v.(string)
		if !ok {
			m.fail("a path of \"unmanaged\" is not a string")
		}
		r.Unmanaged = append(r.Unmanaged, resource.Path(s))
	}
	if marks := take[resource.Object](m, "marks", false); marks != nil {
		r.Marks = make(map[string]string, len(marks))
		for key, v := range marks {
			s, ok := v.(string)
			if !ok {
				m.fail("the mark %q is not a string", key)
			}
			r.Marks[key] = s
		}
	}
	if v, ok := m.o["waiting"]; ok {
		delete(m.o, "waiting")
		w := m.of(v, "waiting")
		r.Waiting = &resource.Waiting{Status: w.text("status"), Detail: w.text("detail")}
		m.err = w.done()
	}
	return r
}

func (m *members) intent() Intent {
	return Intent{
		Op:       take[string](m, "op", true),
		Address:  m.address(take[string](m, "address", true)),
		Action:   take[string](m, "action", true),
		Method:   m.text("method"),
		Path:     m.text("path"),
		Key:      m.text("key"),
		BodyHash: m.text("body_hash"),
		Name:     m.text("name"),
		Serial:   take[int64](m, "serial", true),
		Time:     m.time("time"),
	}
}
