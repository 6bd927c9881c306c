package state

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"

	"github.com/polyplan/polyplan/pkg/resource"
)

// A journal is a text file of lines, one a record, written into room that was
// filled with NULs before and synced:
//
//	length  checksum  {"seq":1,"synced":512,"intent":{...}}
//
// Length and checksum are hexadecimal; the checksum is over the journal's id and
// the text. The first record is the header, the others count from 1. What
// is left of the room stays NUL, which no record contains. Synced is the offset
// up to which the journal was durable when the record was written: it tells a
// tear at the end, which loses nothing that anyone was told, from damage.

// journalHeader says to which state a journal belongs. It has what a first run
// that dies before its first save would else lose.
type journalHeader struct {
	FormatVersion int              `json:"format_version"`
	ID            string           `json:"id"`
	Writer        string           `json:"writer,omitempty"` // which run wrote it, where several write headers
	Reserved      int64            `json:"reserved"`         // the file never was smaller
	Lineage       string           `json:"lineage"`
	Serial        int64            `json:"serial"`
	Tool          string           `json:"tool"`
	Deployment    string           `json:"deployment"`
	Organization  organizationJSON `json:"organization"`
}

func headerOf(s *State) journalHeader {
	return journalHeader{
		FormatVersion: Format,
		ID:            newID(),
		Lineage:       s.Lineage,
		Serial:        s.Serial,
		Tool:          s.Tool,
		Deployment:    s.Deployment,
		Organization:  organizationJSON{s.Organization, s.OrganizationName},
	}
}

// fresh is the state of a first run that was never saved.
func (h journalHeader) fresh() *State {
	return &State{Lineage: h.Lineage, Tool: h.Tool, Deployment: h.Deployment, Organization: h.Organization.ID,
		OrganizationName: h.Organization.Name, Resources: resource.Set{}}
}

// record is one line but the first: an intent or an outcome.
type record struct {
	Seq     int64        `json:"seq"`
	Synced  int64        `json:"synced"`
	Intent  *intentJSON  `json:"intent,omitempty"`
	Outcome *outcomeJSON `json:"outcome,omitempty"`
}

type outcomeJSON struct {
	Op            string        `json:"op"`
	OK            bool          `json:"ok"`
	MayHaveEffect bool          `json:"may_have_effect,omitempty"`
	Status        int           `json:"status,omitempty"`
	Address       string        `json:"address,omitempty"`
	Resource      *resourceJSON `json:"resource,omitempty"`
	Removed       bool          `json:"removed,omitempty"`
}

// noteIntent has add make the record of an intent durable.
func noteIntent(ctx context.Context, in Intent, add func(record, string) error) error {
	err := ctx.Err()
	if err == nil {
		form := intentJSON(in)
		err = add(record{Intent: &form}, in.Op)
	}
	if err != nil {
		return fmt.Errorf("noting the intent for %s: %w", in.Address, err)
	}
	return nil
}

// noteOutcome has add make the record of an outcome durable.
func noteOutcome(out Outcome, add func(record, string) error) error {
	if err := add(record{Outcome: outcomeToJSON(out)}, out.Op); err != nil {
		return fmt.Errorf("noting the outcome of %s: %w", out.Op, err)
	}
	return nil
}

func outcomeToJSON(o Outcome) *outcomeJSON {
	out := &outcomeJSON{Op: o.Op, OK: o.OK, MayHaveEffect: o.MayHaveEffect, Status: o.Status, Removed: o.Removed}
	if o.Resource != nil {
		out.Address, out.Resource = o.Resource.Address.String(), toJSON(o.Resource)
	}
	return out
}

func (m *members) outcome() *Outcome {
	out := &Outcome{
		Op:            take[string](m, "op", true),
		OK:            take[bool](m, "ok", true),
		MayHaveEffect: take[bool](m, "may_have_effect", false),
		Status:        int(take[int64](m, "status", false)),
		Removed:       take[bool](m, "removed", false),
	}
	var a resource.Address
	if s := m.text("address"); s != "" {
		a = m.address(s)
	}
	if v, ok := m.o["resource"]; ok {
		delete(m.o, "resource")
		r := m.of(v, "resource")
		out.Resource = r.resource(a)
		m.err = r.done()
	}
	return out
}

const (
	sumSize   = 16             // bytes of the SHA-256 that a record keeps
	frontSize = 8 + 1 + 32 + 1 // of a line, before its JSON text
)

func recordSum(seed string, payload []byte) string {
	h := sha256.New()
	h.Write([]byte(seed))
	h.Write(payload)
	return hex.EncodeToString(h.Sum(nil)[:sumSize])
}

// line frames v as a record of the journal whose id is seed.
func (x sealing) line(seed string, v any) ([]byte, error) {
	payload, err := marshal(v)
	if err == nil {
		payload, err = x.sealRecord(payload)
	}
	if err != nil {
		return nil, err
	}
	return frameRaw(seed, payload), nil
}

func frameRaw(seed string, payload []byte) []byte {
	return fmt.Appendf(nil, "%08x %s %s\n", len(payload), recordSum(seed, payload), payload)
}

// logWriter knows what the next record of a journal has to say.
type logWriter struct {
	sealing
	id   string
	seq  int64
	open map[string]bool // operations without an outcome that settles them
}

// begin is the beginning of a journal of s: a header or, if a run that died
// left one, that journal without what was torn.
func begin(found *stored, s *State, reserved int64) (logWriter, []byte, error) {
	w, h := resume(found, s)
	if log := found.log; log != nil {
		return w, found.logText[:log.end], nil
	}
	h.Reserved = reserved
	lines, err := w.line("", h)
	return w, lines, err
}

// resume gives what goes on with the journal that was found, or begins one.
func resume(found *stored, s *State) (logWriter, journalHeader) {
	w := logWriter{sealing: found.sealing, open: map[string]bool{}}
	for _, d := range s.Doubts {
		w.open[d.Op] = true
	}
	h := headerOf(s)
	if log := found.log; log != nil {
		h, w.seq = log.header, int64(len(log.steps))
	}
	w.id = h.ID
	return w, h
}

// frame makes the next record, without counting it yet.
func (w *logWriter) frame(r record, op string, synced int64) ([]byte, error) {
	if r.Outcome != nil && !w.open[op] && r.Outcome.Resource == nil {
		return nil, fmt.Errorf("there is no open intent %q", op)
	}
	r.Seq, r.Synced = w.seq+1, synced
	return w.line(w.id, r)
}

// wrote counts a record that was framed.
func (w *logWriter) wrote(r record, op string) {
	w.seq++
	if r.Intent != nil {
		w.open[op] = true
	} else if r.Outcome.OK || !r.Outcome.MayHaveEffect {
		delete(w.open, op)
	}
}

// unframe splits the line at the start of b; ok is false if it is not whole.
func unframe(seed string, b []byte) (payload []byte, size int, ok bool) {
	if len(b) < frontSize || b[0] == 0 {
		return nil, 0, false
	}
	n, err := strconv.ParseUint(string(b[:8]), 16, 32)
	if err != nil || uint64(len(b)) < frontSize+n+1 {
		return nil, 0, false
	}
	size = frontSize + int(n) + 1
	payload = b[frontSize : size-1]
	front := fmt.Appendf(nil, "%08x %s ", n, recordSum(seed, payload))
	return payload, size, bytes.Equal(front, b[:frontSize]) && b[size-1] == '\n'
}

// logStep is a record read back.
type logStep struct {
	seq, synced int64
	intent      *Intent
	outcome     *Outcome
}

func (x sealing) decodeStep(payload []byte) (logStep, error) {
	payload, err := x.openRecord(payload)
	if err != nil {
		return logStep{}, err
	}
	v, err := parse(payload)
	if err != nil {
		return logStep{}, err
	}
	root := &members{where: "journal"}
	m := root.of(v, "record")
	s := logStep{seq: take[int64](m, "seq", true), synced: take[int64](m, "synced", true)}
	if v, ok := m.o["intent"]; ok {
		delete(m.o, "intent")
		sub := m.of(v, "intent")
		in := sub.intent()
		s.intent, m.err = &in, sub.done()
	}
	if v, ok := m.o["outcome"]; ok {
		delete(m.o, "outcome")
		sub := m.of(v, "outcome")
		s.outcome, m.err = sub.outcome(), sub.done()
	}
	if (s.intent == nil) == (s.outcome == nil) {
		m.fail("it must hold either an intent or an outcome")
	}
	return s, m.done()
}
