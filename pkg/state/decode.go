package state

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"

	"github.com/polyplan/polyplan/pkg/resource"
)

var header = regexp.MustCompile(`\A\{\n  "format_version": ([1-9][0-9]{0,8}),\n(  "checksum": "(sha256:[0-9a-f]{64})",\n)`)

// Decode reads a state of any format up to Format. Its errors are a
// *DamagedError or a *NewerFormatError, both without a path.
//
// Line ends that a version control system has converted are put right; any
// other change of any byte is damage.
func Decode(b []byte) (*State, error) {
	if err := verify(b); err != nil {
		return nil, err
	}
	v, err := parse(b)
	if err != nil {
		return nil, damage(b, err.Error())
	}
	s, err := decode1(v)
	if err != nil {
		return nil, damage(b, err.Error())
	}
	return s, nil
}

// verify checks the checksum and the version.
func verify(b []byte) error {
	b = toLF(b)
	at := header.FindSubmatchIndex(b)
	if at == nil {
		return damage(b, "")
	}
	if want := checksum(b[:at[4]], b[at[5]:]); want != string(b[at[6]:at[7]]) {
		return damage(b, "its checksum does not match its content")
	}
	if v, _ := strconv.Atoi(string(b[at[2]:at[3]])); v > Format {
		return &NewerFormatError{Version: v, Known: Format}
	}
	return nil
}

func toLF(b []byte) []byte { return bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")) }

// decode1 reads format 1.
func decode1(v any) (*State, error) {
	root := &members{where: "state"}
	m := root.of(v, "")
	m.where = "state"
	delete(m.o, "format_version")
	delete(m.o, "checksum")
	s := &State{
		Lineage:    take[string](m, "lineage", true),
		Serial:     take[int64](m, "serial", true),
		Tool:       m.text("tool"),
		Deployment: m.text("deployment"),
		Resources:  resource.Set{},
	}
	if !idForm.MatchString(s.Lineage) {
		m.fail("the lineage is not a UUID")
	}
	if s.Serial < 1 {
		m.fail("the serial is below 1")
	}
	organization := m.of(take[any](m, "organization", true), "organization")
	s.Organization, s.OrganizationName = organization.text("id"), organization.text("name")
	m.err = organization.done()
	resources := take[resource.Object](m, "resources", true)
	for _, key := range resource.Keys(resources) {
		a := m.address(key)
		r := m.of(resources[key], key)
		s.Resources[a] = r.resource(a)
		if m.err = r.done(); m.err != nil {
			return nil, m.err
		}
	}
	for i, v := range take[[]any](m, "doubts", false) {
		d := m.of(v, fmt.Sprintf("doubts[%d]", i))
		s.Doubts = append(s.Doubts, d.intent())
		if m.err = d.done(); m.err != nil {
			return nil, m.err
		}
	}
	return s, m.done()
}

// damage says what happened to a file that should hold a state, the likeliest
// cause first. The why is what was noticed, if more is known than that the
// first lines are not those of a state.
func damage(b []byte, why string) *DamagedError {
	b = toLF(b)
	text := bytes.TrimSpace(b)
	at := func(d Damage, what string) *DamagedError { return &DamagedError{Damage: d, What: what} }
	switch {
	case len(text) == 0:
		return at(Empty, "the state is empty: something truncated it, for an empty file is never a fresh start")
	case bytes.IndexByte(b, 0) >= 0:
		return at(Zeroed, "the state holds NUL bytes, as after a loss of power")
	case conflict.Match(b):
		return at(Conflicted, "the state holds git's conflict markers: two histories of it were merged as text")
	case startsAsState(b) && !bytes.HasSuffix(b, []byte("\n}\n")):
		return at(Truncated, fmt.Sprintf("the state is cut off after %d bytes", len(b)))
	case why == "" && !bytes.Contains(b[:min(len(b), 1000)], []byte("format_version")):
		return at(Foreign, "this is not a state of polyplan's")
	case why == "":
		why = "its first three lines are not those of a state"
	}
	return at(Altered, "the state was changed by something other than polyplan: "+why)
}

var conflict = regexp.MustCompile(`(?m)^(<{7} |={7}$|>{7} |\|{7} )`)

func startsAsState(b []byte) bool {
	const first = "{\n  \"format_version\": "
	n := min(len(b), len(first))
	return string(b[:n]) == first[:n]
}
