package sandbox

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// Kinds of records.
const (
	kindConnection = "connection"
	kindModel      = "model"
	kindSync       = "sync"
	kindExecution  = "execution"
	kindJob        = "job"
	kindSession    = "session" // of Polytomic Connect

	kindBulkSync      = "bulk_sync"
	kindBulkSchedule  = "bulk_schedule"
	kindBulkExecution = "bulk_execution"

	kindOrganization = "organization"
	kindUser         = "user"
	kindRole         = "role"
	kindPolicy       = "policy"
	kindWebhook      = "webhook"
	kindSubscribers  = "subscribers"
	kindPlanted      = "planted" // says that a record of this id has been planted
)

// record is one object of the service. A stored record is never changed: writers
// clone it and put the clone, so a reader may hold on to what it has.
type record struct {
	Kind   string `json:"kind"`
	ID     string `json:"id"`
	Org    string `json:"org"`
	Parent string `json:"parent,omitempty"` // an execution's sync
	Seq    int64  `json:"seq"`              // order of creation

	// Body is the last write that was accepted, in the form of a request, so that
	// it could be sent again. State is what the service alone knows.
	Body  map[string]any `json:"body,omitempty"`
	State map[string]any `json:"state,omitempty"`

	Created   time.Time `json:"created"`
	CreatedBy actor     `json:"created_by"`
	Updated   time.Time `json:"updated"`
	UpdatedBy actor     `json:"updated_by"`
}

// actor is who did something.
type actor struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Type string `json:"type"`
}

// clone returns a copy whose top-level members may be set.
func (r *record) clone() *record {
	c := *r
	c.Body = copyMap(r.Body)
	c.State = copyMap(r.State)
	return &c
}

// change is what one request does: all of it happens, or none.
type change struct {
	Put     []*record `json:"put,omitempty"`
	Delete  []address `json:"delete,omitempty"`
	Outcome *outcome  `json:"outcome,omitempty"`
}

type address struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
}

func (c *change) put(r *record) { c.Put = append(c.Put, r) }

func (c *change) delete(r *record) { c.Delete = append(c.Delete, address{r.Kind, r.ID}) }

func (c *change) empty() bool {
	return len(c.Put) == 0 && len(c.Delete) == 0 && c.Outcome == nil
}

// store holds all records. The server's lock guards it.
type store struct {
	records  map[string]map[string]*record // by kind and id
	outcomes outcomes
	seq      int64
	log      *logFile // nil if nothing is kept
}

// openStore returns the store kept in the file at path, or an empty one in memory
// if path is empty.
func openStore(path string, now time.Time) (*store, error) {
	st := &store{records: map[string]map[string]*record{}, outcomes: outcomes{byKey: map[string]*outcome{}}}
	if path == "" {
		return st, nil
	}
	if err := readLog(path, st.apply); err != nil {
		return nil, err
	}
	st.outcomes.expire(now)
	log, err := createLog(path, st.everything())
	if err != nil {
		return nil, err
	}
	st.log = log
	return st, nil
}

// commit makes the change durable and then visible. On an error nothing has
// happened.
func (st *store) commit(c *change) error {
	if c.empty() {
		return nil
	}
	if st.log != nil {
		if err := st.log.append(c); err != nil {
			return err
		}
	}
	st.apply(c)
	return nil
}

func (st *store) apply(c *change) {
	for _, r := range c.Put {
		if st.records[r.Kind] == nil {
			st.records[r.Kind] = map[string]*record{}
		}
		st.records[r.Kind][r.ID] = r
		st.seq = max(st.seq, r.Seq)
	}
	for _, a := range c.Delete {
		delete(st.records[a.Kind], a.ID)
	}
	if c.Outcome != nil {
		st.outcomes.add(c.Outcome)
	}
}

// everything returns the changes that lead from an empty store to this one.
func (st *store) everything() []*change {
	var all []*change
	for _, kind := range st.records {
		for _, r := range kind {
			all = append(all, &change{Put: []*record{r}})
		}
	}
	slices.SortFunc(all, func(a, b *change) int { return cmp.Compare(a.Put[0].Seq, b.Put[0].Seq) })
	for _, o := range st.outcomes.queue {
		all = append(all, &change{Outcome: o})
	}
	return all
}

// nextSeq returns the number of the next record.
func (st *store) nextSeq() int64 {
	st.seq++
	return st.seq
}

// get returns the record, or nil if the organisation has none such.
func (st *store) get(org, kind, id string) *record {
	r := st.records[kind][id]
	if r == nil || r.Org != org {
		return nil
	}
	return r
}

// list returns the organisation's records of a kind in the order of creation.
func (st *store) list(org, kind string) []*record {
	var all []*record
	for _, r := range st.records[kind] {
		if r.Org == org {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b *record) int { return cmp.Compare(a.Seq, b.Seq) })
	return all
}

// all returns the records of a kind in all organisations, in the order of creation.
func (st *store) all(kind string) []*record {
	all := slices.Collect(maps.Values(st.records[kind]))
	slices.SortFunc(all, func(a, b *record) int { return cmp.Compare(a.Seq, b.Seq) })
	return all
}

// children returns the records of a kind below parent in the order of creation.
func (st *store) children(kind, parent string) []*record {
	var all []*record
	for _, r := range st.records[kind] {
		if r.Parent == parent {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b *record) int { return cmp.Compare(a.Seq, b.Seq) })
	return all
}
