package state

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
)

// sector is what a disk writes as a whole.
const sector = 512

// journalLog is a journal as read back.
type journalLog struct {
	header journalHeader
	steps  []logStep
	end    int // offset behind the last record that counts
}

// readLog reads a journal. Its errors are a *DamagedError or a
// *NewerFormatError, both without a path. Along with damage behind the header it
// gives what precedes it.
func (x sealing) readLog(b []byte) (*journalLog, error) {
	log := &journalLog{}
	payload, size, ok := unframe("", b)
	if !ok {
		return nil, badJournal("its first record is damaged")
	}
	payload, err := x.openRecord(payload)
	if fatal(err) {
		return nil, err
	} else if err != nil {
		return nil, badJournal("%v", err)
	}
	if err := log.readHeader(payload); err != nil {
		return nil, err
	}
	log.end = size
	if int64(len(b)) < log.header.Reserved {
		return log, badJournal("it was cut off: it has %d bytes and never had fewer than %d", len(b), log.header.Reserved)
	}
	for ; ; log.end += size {
		payload, size, ok = unframe(log.header.ID, b[log.end:])
		if !ok {
			return log, x.checkEnd(log, b)
		}
		s, err := x.decodeStep(payload)
		if err != nil {
			return log, badJournal("%v", err)
		}
		if s.seq != int64(len(log.steps))+1 {
			return log, badJournal("record %d follows record %d", s.seq, len(log.steps))
		}
		log.steps = append(log.steps, s)
	}
}

// salvage is readLog for a journal that is damaged: it skips what cannot be read, and
// goes on with the records behind it, each of which says which one it is.
func (x sealing) salvage(b []byte) (*journalLog, error) {
	log, err := x.readLog(b)
	var d *DamagedError
	if log == nil || !errors.As(err, &d) {
		return log, err
	}
	read := int64(len(log.steps))
	missing := int64(0)
	for at := log.end; at < len(b); {
		payload, size, whole := unframe(log.header.ID, b[at:])
		if whole {
			if s, err := x.decodeStep(payload); err == nil && s.seq > read {
				missing += s.seq - read - 1
				read = s.seq
				log.steps = append(log.steps, s)
			}
			at += size
		} else {
			at = nextRecord(b, at)
		}
	}
	d.What += fmt.Sprintf("; %d of its records could be read, and %d before the last of them could not", len(log.steps), missing)
	return log, d
}

// nextRecord is where behind at a record may begin: after a line end, or with a
// sector if that before it is lost.
func nextRecord(b []byte, at int) int {
	next := at - at%sector + sector
	if i := bytes.IndexByte(b[at:min(next, len(b))], '\n'); i >= 0 {
		next = at + i + 1
	}
	return min(next, len(b))
}

func badJournal(format string, args ...any) *DamagedError {
	return &DamagedError{Damage: BadJournal, What: "the journal of an unfinished run is damaged: " + fmt.Sprintf(format, args...)}
}

func (log *journalLog) readHeader(payload []byte) error {
	v, err := parse(payload)
	if err != nil {
		return badJournal("%v", err)
	}
	root := &members{where: "journal"}
	m := root.of(v, "header")
	version := take[int64](m, "format_version", true)
	if m.err == nil && version > Format {
		return &NewerFormatError{Version: int(version), Known: Format}
	}
	organization := m.of(take[any](m, "organization", true), "organization")
	log.header = journalHeader{
		FormatVersion: int(version),
		ID:            take[string](m, "id", true),
		Writer:        m.text("writer"),
		Reserved:      take[int64](m, "reserved", true),
		Lineage:       take[string](m, "lineage", true),
		Serial:        take[int64](m, "serial", true),
		Tool:          m.text("tool"),
		Deployment:    m.text("deployment"),
		Organization:  organizationJSON{organization.text("id"), organization.text("name")},
	}
	if m.err == nil {
		m.err = organization.done()
	}
	if !idForm.MatchString(log.header.Lineage) || log.header.Serial < 0 {
		m.fail("it names no state")
	}
	if err := m.done(); err != nil {
		return badJournal("%v", err)
	}
	return nil
}

// checkEnd tells apart the three ways in which the records can stop: nothing
// but NULs follow; the last write was torn when the run died, in whole sectors,
// before anyone was told that it is durable; or something is broken.
func (x sealing) checkEnd(log *journalLog, b []byte) error {
	rest := b[log.end:]
	if len(bytes.Trim(rest, "\x00")) == 0 {
		if len(rest) == 0 {
			return badJournal("it was cut off after %d bytes", len(b))
		}
		return nil
	}
	if at, ok := x.laterSync(log, b); ok {
		return badJournal("the record at byte %d is broken, yet it was whole when those before byte %d were written", log.end, at)
	}
	if !torn(b, log.end) {
		return badJournal("the record at byte %d is broken", log.end)
	}
	return nil
}

// laterSync looks behind the end for a record that was written when the place
// of the end was durable already.
func (x sealing) laterSync(log *journalLog, b []byte) (synced int64, ok bool) {
	for at := nextRecord(b, log.end); at < len(b); at = nextRecord(b, at) {
		payload, _, whole := unframe(log.header.ID, b[at:])
		if !whole {
			continue
		}
		if s, err := x.decodeStep(payload); err == nil && s.synced > int64(log.end) {
			return s.synced, true
		}
	}
	return 0, false
}

// torn reports whether a part of the record at start was never written. A record
// holds no NULs, so what is missing of it shows: its end, or whole sectors, of
// which it may have only a part. A single byte that turned into NUL is neither.
func torn(b []byte, start int) bool {
	end := len(b) // of what was written
	for b[end-1] == 0 {
		end--
	}
	if i := bytes.IndexByte(b[start:end], '\n'); i >= 0 {
		end = start + i + 1
	} else {
		// Its line end was not written, or is broken: then it is where the length says.
		n, err := strconv.ParseUint(string(b[start:min(start+8, end)]), 16, 32)
		if err != nil || n > uint64(len(b)) || start+frontSize+int(n)+1 > end {
			return true
		}
		end = start + frontSize + int(n) + 1
	}
	for at := start; at < end; {
		next := min(at-at%sector+sector, end)
		if len(bytes.Trim(b[at:next], "\x00")) == 0 {
			return true
		}
		at = next
	}
	return false
}

// replay brings s up to date with the steps. Intents without an outcome come
// last: nobody saw what became of them. An outcome that says too little without an
// intent that is missing is left out, and is the error.
func replay(s *State, steps []logStep) (err error) {
	known := map[string]Intent{}
	var order []string // the operations that have no outcome
	for _, d := range s.Doubts {
		known[d.Op] = d
	}
	for _, st := range steps {
		if in := st.intent; in != nil {
			known[in.Op] = *in
			order = append(order, in.Op)
			continue
		}
		in, ok := known[st.outcome.Op]
		switch {
		case ok:
		case st.outcome.Resource != nil:
			in.Op, in.Address = st.outcome.Op, st.outcome.Resource.Address
		default:
			err = badJournal("an outcome without its intent: %q", st.outcome.Op)
			continue
		}
		order = slices.DeleteFunc(order, func(op string) bool { return op == in.Op })
		s.Record(in, st.outcome)
	}
	for _, op := range order {
		s.Record(known[op], nil)
	}
	return err
}
