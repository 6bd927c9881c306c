package diff

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/polyplan/polyplan/pkg/resource"
)

// Saved is a plan as a file keeps it: with what it was made of, as digests, so
// that whoever is to carry it out can make it again and see whether it comes
// out the same. Of a secret only the fingerprint is in it.
type Saved struct {
	ID   string    `json:"id"`   // random
	Tool string    `json:"tool"` // "polyplan 0.3.0"
	Made time.Time `json:"made"` // by the service's clock, if it was asked

	Deployment       string `json:"deployment"`
	Organization     string `json:"organization"` // "" where the service was not asked
	OrganizationName string `json:"organization_name"`

	// What was recorded: which history, which generation, and its content, for a
	// run that was cut off leaves more in the journal than the serial tells.
	Lineage string `json:"lineage"`
	Serial  int64  `json:"serial"`
	State   string `json:"state"`
	// What the manifest said of each resource, and what the service had of each
	// that the plan writes.
	Desired map[resource.Address]string `json:"desired"`
	Live    map[resource.Address]string `json:"live"`

	// How it was asked for.
	Files    []string `json:"files"`
	VarFiles []string `json:"var_files,omitempty"`
	Targets  []string `json:"targets,omitempty"`
	Excludes []string `json:"excludes,omitempty"`
	Prune    bool     `json:"prune,omitempty"`
	Offline  bool     `json:"offline,omitempty"`

	Plan *Plan `json:"plan"`

	signature string
	body      []byte // what was signed
}

// SavedFormat is the version of the format that [Saved.Encode] writes.
const SavedFormat = 1

// savedLimit is the size from which on a file is no plan.
const savedLimit = 256 << 20

const (
	savedMagic    = "polyplan plan, format "
	savedChecksum = "checksum: sha256:"
	savedSigned   = "signed: "
	savedUnsigned = "no"
)

// Encode writes s: three lines that are the same in every format, and one of
// JSON. The same plan gives the same bytes.
func (s *Saved) Encode(f *resource.Fingerprinter) ([]byte, error) {
	body, err := s.encode()
	if err != nil {
		return nil, fmt.Errorf("encoding the plan: %w", err)
	}
	signature := f.Sign(body)
	if signature == "" {
		signature = savedUnsigned
	}
	head := savedHead(SavedFormat, signature)
	return slices.Concat([]byte(head[0]+savedChecksum+savedSum(head, body)+"\n"+head[1]), body), nil
}

func (s *Saved) encode() ([]byte, error) {
	out := *s
	out.Plan = s.Plan.kept()
	var body bytes.Buffer
	e := json.NewEncoder(&body)
	e.SetEscapeHTML(false)
	err := e.Encode(out)
	return body.Bytes(), err
}

// savedHead are the lines around that of the checksum.
func savedHead(format int, signature string) [2]string {
	return [2]string{savedMagic + strconv.Itoa(format) + "\n", savedSigned + signature + "\n"}
}

func savedSum(head [2]string, body []byte) string {
	h := sha256.New()
	_, _ = io.WriteString(h, head[0]+head[1]) // never fails
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}

// BadPlanError says that a file is no saved plan that can be used.
type BadPlanError struct{ What, Fix string }

func (e *BadPlanError) Error() string { return e.What }

// Hint is what the reader can do.
func (e *BadPlanError) Hint() string { return e.Fix }

const planAgain = "plan again: polyplan plan --out FILE"

// IsSaved reports whether b begins as a saved plan does.
func IsSaved(b []byte) bool { return bytes.HasPrefix(b, []byte(savedMagic)) }

// ReadSaved reads all of a saved plan, and no more than one can be long.
func ReadSaved(r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, savedLimit+1))
	if err == nil && len(b) > savedLimit {
		err = &BadPlanError{fmt.Sprintf("it is larger than %d MiB, which no saved plan is", savedLimit>>20), planAgain}
	}
	return b, err
}

// DecodeSaved reads what [Saved.Encode] wrote. Its errors are a *BadPlanError.
// Whether the signature is good is for [Saved.Verify] to say.
func DecodeSaved(b []byte) (*Saved, error) {
	if len(b) == 0 {
		return nil, &BadPlanError{"it is empty: something truncated it, or planning failed", planAgain}
	}
	lines := bytes.SplitAfterN(b, []byte("\n"), 4)
	number, ok := bytes.CutPrefix(bytes.TrimSuffix(lines[0], []byte("\n")), []byte(savedMagic))
	format, err := strconv.Atoi(string(number))
	switch {
	case !ok || err != nil || format < 1:
		return nil, &BadPlanError{"it is no plan that polyplan saved", "name a file that `polyplan plan --out FILE` wrote"}
	case format > SavedFormat:
		return nil, &BadPlanError{fmt.Sprintf("its format %d is newer than format %d, the newest that this version reads", format, SavedFormat), "use the polyplan that made it, or plan again with this one"}
	case len(lines) < 4:
		return nil, &BadPlanError{"it is cut off", planAgain}
	}
	signature, signed := strings.CutPrefix(strings.TrimSuffix(string(lines[2]), "\n"), savedSigned)
	body := lines[3]
	if head := savedHead(format, signature); !signed || string(lines[0]) != head[0] || string(lines[1]) != savedChecksum+savedSum(head, body)+"\n" {
		return nil, &BadPlanError{"its checksum does not match its content: it was changed or cut off since it was saved", planAgain}
	}
	s := &Saved{signature: signature, body: body}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	dec.DisallowUnknownFields()
	if err = dec.Decode(s); err == nil {
		err = s.restore()
	}
	if err != nil {
		return nil, &BadPlanError{"what is in it is no plan of this version's: " + err.Error(), planAgain}
	}
	return s, nil
}

// restore brings values to canonical form, and refuses what Encode would not
// have written: what a lenient reader lets pass could mean one thing to it and
// another to the next.
func (s *Saved) restore() error {
	if s.Plan == nil {
		return errors.New("it has no steps")
	}
	object := func(o *resource.Object) {
		if *o != nil {
			*o, _ = restored(*o).(resource.Object)
		}
	}
	changes := func(list []Change) {
		for i := range list {
			list[i].Before, list[i].After = restored(list[i].Before), restored(list[i].After)
		}
	}
	for i := range s.Plan.Steps {
		st := &s.Plan.Steps[i]
		changes(st.Changes)
		object(&st.After)
		object(&st.Record)
		object(&st.Extra)
	}
	for i := range s.Plan.Drift {
		changes(s.Plan.Drift[i].Changes)
	}
	again, err := s.encode()
	if err == nil && !bytes.Equal(again, s.body) {
		err = errors.New("it is not in the form in which plans are saved")
	}
	return err
}

func restored(v any) any { return resource.RestoreSecrets(resource.Normalize(v)) }

// Signed reports whether the plan says that it was signed.
func (s *Saved) Signed() bool { return s.signature != savedUnsigned && s.signature != "" }

// Verify holds the signature against the key of f. A plan that nobody signed
// is good only where there is no key either.
func (s *Saved) Verify(f *resource.Fingerprinter) error {
	want := f.Sign(s.body)
	switch {
	case want == "" && !s.Signed(), want != "" && want == s.signature:
		return nil
	case want == "":
		return &BadPlanError{"it is signed, and there is no key to check that with", "set POLYPLAN_FINGERPRINT_KEY as it was when the plan was made"}
	case !s.Signed():
		return &BadPlanError{"it is not signed, though POLYPLAN_FINGERPRINT_KEY is set: it was made without that key", planAgain}
	case !resource.Comparable(want, s.signature):
		return &BadPlanError{"it is signed with another key than POLYPLAN_FINGERPRINT_KEY", "set the key with which the plan was made, or plan again"}
	}
	return &BadPlanError{"its signature is wrong: somebody without the key made or changed it", planAgain}
}

// kept is a plan as a file keeps it: without links and codes, which let whoever
// has them in, and of what is not written no more than the manifest says.
func (p *Plan) kept() *Plan {
	if p == nil {
		return nil
	}
	out := *p
	out.Steps = slices.Clone(p.Steps)
	for i := range out.Steps {
		s := &out.Steps[i]
		if w := s.Waiting; w != nil {
			s.Waiting = &resource.Waiting{Status: w.Status, Detail: w.Detail}
		}
		if !s.Writes() {
			s.After = s.Record
		}
	}
	return &out
}
