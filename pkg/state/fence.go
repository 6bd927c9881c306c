package state

// fence is the check that lets one of two writers through: what is stored must
// be what s was loaded from. What was last seen of it catches what lineage and
// serial do not show.
func fence(path string, found *stored, s *State, seen identity, seenLog logMark) error {
	conflict := &ConflictError{Path: path, Lineage: s.Lineage, Serial: s.Serial,
		StoredLineage: found.lineage, StoredSerial: found.serial}
	mark := found.mark()
	switch {
	case found.lineage == "" && s.Serial == 0:
		// A first run that died left its lineage in its journal.
		if found.log != nil && found.log.header.Lineage != s.Lineage {
			conflict.StoredLineage = found.log.header.Lineage
			return conflict
		}
	case found.lineage != s.Lineage, found.serial != s.Serial:
		return conflict
	case seen.lineage == s.Lineage && seen.serial == s.Serial && seen.sum != found.sum:
		conflict.StoredModified = true
		return conflict
	}
	// A run that died since has made things that s does not know.
	if mark.steps && !seenLog.covers(mark) {
		conflict.StoredLineage, conflict.StoredModified = s.Lineage, true
		return conflict
	}
	return nil
}

// logMark says which journal, up to where, a state includes.
type logMark struct {
	id    string
	end   int64 // -1: all of it
	steps bool  // it has any
}

func (s *stored) mark() logMark {
	if s.log == nil {
		return logMark{}
	}
	return logMark{s.log.header.ID, int64(s.log.end), len(s.log.steps) > 0}
}

func (m logMark) covers(other logMark) bool {
	return m.id == other.id && (m.end < 0 || m.end == other.end)
}
