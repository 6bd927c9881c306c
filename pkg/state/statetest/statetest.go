// Package statetest is the conformance suite of state.Store: whatever passes it
// may keep what polyplan remembers. A state.Archive is held to the rest of its
// promises as well.
//
//	func TestMyStore(t *testing.T) {
//		statetest.Run(t, func(t *testing.T) func() state.Store {
//			dir := t.TempDir()
//			return func() state.Store { return mystore.Open(dir) }
//		})
//	}
package statetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/state"
)

// Fresh makes an empty place to keep a state in and returns what opens a store
// on it; two that it opened are like two processes.
type Fresh func(t *testing.T) (open func() state.Store)

// Run runs the suite, each part of it in a place of its own.
func Run(t *testing.T, fresh Fresh) {
	type part struct {
		name string
		run  func(*testing.T, func() state.Store)
	}
	parts := []part{
		{"a fresh state", freshState},
		{"what is saved is loaded", saveLoad},
		{"secrets stay out", secretsStayOut},
		{"what is not kept", notKept},
		{"a save of an old generation is refused", conflict},
		{"two first saves", twoFirstSaves},
		{"the lock", lock},
		{"saving needs the lock", saveNeedsLock},
		{"a journal holds the lock", journalHoldsLock},
		{"a journal is replayed", replayed},
		{"a journal before the first save", beforeFirstSave},
		{"a journal is continued", continued},
		{"a journal ends with the save", endsWithSave},
		{"what a dead run did is not saved over", notSavedOver},
		{"doubts", doubts},
		{"doubts are settled", settled},
		{"replay equals recording", replayEqualsRecording},
		{"steps at once", stepsAtOnce},
		{"writers at once", writersAtOnce},
		{"races", races},
		{"readers at once", readersAtOnce},
		{"a context that is done", contextDone},
	}
	if _, ok := fresh(t)().(state.Archive); ok {
		parts = append(parts, []part{{"the past is kept", past}, {"going back", goingBack}, {"another lineage is put in place", otherLineage}}...)
	}
	for _, p := range parts {
		t.Run(p.name, func(t *testing.T) { p.run(t, fresh(t)) })
	}
}

// Diff compares two states as a store keeps them: resources in recorded form,
// secrets by their fingerprints. It gives the first lines that differ, "" if
// none do.
func Diff(want, got *state.State) string {
	a, b := lines(want), lines(got)
	for i := 0; i < len(a) || i < len(b); i++ {
		if i >= len(a) || i >= len(b) || a[i] != b[i] {
			end := i + 5
			return fmt.Sprintf("from line %d\n- %s\n+ %s", i+1,
				strings.Join(a[min(i, len(a)):min(end, len(a))], "\n- "), strings.Join(b[min(i, len(b)):min(end, len(b))], "\n+ "))
		}
	}
	return ""
}

// lines are the file of a state without its checksum.
func lines(s *state.State) []string {
	c := s.Clone()
	c.Serial++ // one that was never saved cannot be encoded
	b, err := state.Encode(c)
	if err != nil {
		return []string{err.Error()}
	}
	return slices.Delete(strings.Split(string(b), "\n"), 2, 3)
}

func addr(s string) resource.Address {
	a, err := resource.ParseAddress(s)
	if err != nil {
		panic(err)
	}
	return a
}

// Model is a resource with a bit of everything that a state keeps.
func Model(name, id string) *resource.Resource {
	secret := resource.NewSecret("made-up value of " + name)
	secret.Seal(resource.NewFingerprinter("a key of the tests", "a lineage"))
	return &resource.Resource{
		Address: resource.Address{Kind: "model", Name: name},
		ID:      id,
		Object: resource.Object{
			"name": name, "connection": "warehouse", "limit": int64(1 << 60), "share": 0.25, "empty": nil,
			"fields": []any{"a", "<b> & \u2028", true}, "token": secret,
			"deep": resource.Object{"list": []any{resource.Object{"id": "x"}, []any{}}, "none": resource.Object{}},
		},
		Needs:     []resource.Address{addr("connection.warehouse")},
		Protect:   true,
		Unmanaged: []resource.Path{"limit", "deep.list"},
		Marks:     map[string]string{"updated_at": "2026-01-02T03:04:05Z"},
		Kept:      resource.Object{"password": resource.MaskedSecret()},
		Waiting:   &resource.Waiting{Status: "pending", Detail: "waits for a person"},
	}
}
