package state

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/polyplan/polyplan/pkg/resource"
)

// Format is the version of the format that this package writes. It reads every
// version up to it.
const Format = 1

// SizeLimit is the size from which on a state or journal is refused.
const SizeLimit = 1 << 30

// The first three lines of a state are the same in every format, so that a
// newer one is told from a damaged one:
//
//	{
//	  "format_version": 1,
//	  "checksum": "sha256:...",
//
// The checksum is that of the file without its third line. By hand:
// sed 3d polyplan.state.json | sha256sum
const (
	versionLine  = "  \"format_version\": %d,\n"
	checksumLine = "  \"checksum\": \"%s\",\n"
)

var noChecksum = "sha256:" + strings.Repeat("0", 64)

// checksum of the pieces of a file around its checksum line.
func checksum(before, after []byte) string {
	h := sha256.New()
	h.Write(before)
	h.Write(after)
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}

type stateJSON struct {
	FormatVersion int              `json:"format_version"`
	Checksum      string           `json:"checksum"`
	Lineage       string           `json:"lineage"`
	Serial        int64            `json:"serial"`
	Tool          string           `json:"tool"`
	Deployment    string           `json:"deployment"`
	Organization  organizationJSON `json:"organization"`
	Resources     resourcesJSON    `json:"resources"`
	Doubts        []intentJSON     `json:"doubts,omitempty"`
}

type organizationJSON struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type resourceJSON struct {
	ID        string             `json:"id,omitempty"`
	Object    resource.Object    `json:"object"`
	Needs     []resource.Address `json:"needs,omitempty"`
	Protect   bool               `json:"protect,omitempty"`
	Unmanaged []resource.Path    `json:"unmanaged,omitempty"`
	Marks     map[string]string  `json:"marks,omitempty"`
	Kept      resource.Object    `json:"kept,omitempty"`
	Extra     resource.Object    `json:"extra,omitempty"`
	Waiting   *waitingJSON       `json:"waiting,omitempty"`
}

// waitingJSON leaves out the link and the code: both let whoever has them in,
// and both are dead by the time a later run could show them.
type waitingJSON struct {
	Status string `json:"status,omitempty"`
	Detail string `json:"detail,omitempty"`
}

func toJSON(r *resource.Resource) *resourceJSON {
	out := &resourceJSON{ID: r.ID, Object: r.Object, Needs: r.Needs, Protect: r.Protect, Unmanaged: r.Unmanaged, Marks: r.Marks, Kept: r.Kept, Extra: r.Extra}
	if out.Object == nil {
		out.Object = resource.Object{}
	}
	if w := r.Waiting; w != nil {
		out.Waiting = &waitingJSON{w.Status, w.Detail}
	}
	return out
}

// resourcesJSON writes a set in the order of its addresses.
type resourcesJSON resource.Set

func (s resourcesJSON) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, a := range resource.Set(s).Addresses() {
		if i > 0 {
			b.WriteByte(',')
		}
		r, err := marshal(toJSON(s[a]))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", a, err)
		}
		fmt.Fprintf(&b, "%q:%s", a.String(), r)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

type intentJSON struct {
	Op       string           `json:"op"`
	Address  resource.Address `json:"address"`
	Action   string           `json:"action"`
	Method   string           `json:"method,omitempty"`
	Path     string           `json:"path,omitempty"`
	Key      string           `json:"key,omitempty"`
	BodyHash string           `json:"body_hash,omitempty"`
	Name     string           `json:"name,omitempty"`
	Serial   int64            `json:"serial"`
	Time     time.Time        `json:"time,omitzero"`
}

// marshal is json.Marshal without the escapes that are for HTML only.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// Encode writes s in the current format: indented, in a fixed order, ending in
// a line break. The same state gives the same bytes. Of a secret only the
// fingerprint is written.
func Encode(s *State) ([]byte, error) {
	out, err := encode(s)
	if err != nil {
		return nil, fmt.Errorf("encoding the state: %w", err)
	}
	// A state that cannot be read back must not replace one that can.
	if _, err := Decode(out); err != nil {
		return nil, fmt.Errorf("encoding the state: it would not load again: %w", err)
	}
	return out, nil
}

func encode(s *State) ([]byte, error) {
	doubts := make([]intentJSON, len(s.Doubts))
	for i, d := range s.Doubts {
		doubts[i] = intentJSON(d)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(stateJSON{
		FormatVersion: Format,
		Checksum:      noChecksum,
		Lineage:       s.Lineage,
		Serial:        s.Serial,
		Tool:          s.Tool,
		Deployment:    s.Deployment,
		Organization:  organizationJSON{s.Organization, s.OrganizationName},
		Resources:     resourcesJSON(s.Resources),
		Doubts:        doubts,
	})
	if err != nil {
		return nil, err
	}
	out := b.Bytes()
	before := len("{\n") + len(fmt.Sprintf(versionLine, Format))
	after := before + len(fmt.Sprintf(checksumLine, noChecksum))
	sum := checksum(out[:before], out[after:])
	copy(out[before:after], fmt.Sprintf(checksumLine, sum))
	return out, nil
}
