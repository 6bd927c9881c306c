package schema

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// lockFormat is the version of the file.
const lockFormat = 1

// Lock is what the service said last: a [Reader] without a network. Its file is
// made to be read in a pull request: sorted, a line a field, the same bytes for
// the same schemas. It holds names and types; no values, samples or times.
type Lock struct {
	mu          sync.Mutex
	types       map[string]Document
	connections map[string]*behind
}

// behind is what lies behind one connection.
type behind struct {
	Sources map[string]map[string]string `json:"sources,omitempty"` // what is read -> field -> type
	Targets map[string]*lockedTarget     `json:"targets,omitempty"`
	Inputs  map[string][][]string        `json:"enrichments,omitempty"` // what enriches -> the sets of inputs

	BulkSource *lockedBulkSource `json:"bulk_source,omitempty"`
	BulkTarget *lockedBulkTarget `json:"bulk_target,omitempty"`
}

// lockedBulkSource has those schemas alone that somebody asked for: a warehouse
// may have thousands.
type lockedBulkSource struct {
	Configuration Document                     `json:"configuration,omitempty"`
	Tracking      bool                         `json:"tracking_fields"`
	Schemas       map[string]map[string]string `json:"schemas"` // field -> type
}

type lockedBulkTarget struct {
	Configuration Document `json:"configuration,omitempty"`
	Modes         []string `json:"modes"`
}

// lockedTarget describes an object in words, see words.go.
type lockedTarget struct {
	Allows string            `json:"allows"`
	Modes  map[string]string `json:"modes"`
	Fields map[string]string `json:"fields"`
}

// NewLock is an empty one.
func NewLock() *Lock {
	return &Lock{types: map[string]Document{}, connections: map[string]*behind{}}
}

// Empty reports whether it holds nothing.
func (l *Lock) Empty() bool { return len(l.types)+len(l.connections) == 0 }

func (l *Lock) at(c Connection) *behind {
	b := l.connections[c.Key]
	if b == nil {
		b = &behind{Sources: map[string]map[string]string{}, Targets: map[string]*lockedTarget{}, Inputs: map[string][][]string{}}
		l.connections[c.Key] = b
	}
	return b
}

// PutType remembers the schema of a connection type.
func (l *Lock) PutType(id string, doc Document) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.types[id] = bare(doc)
}

// PutSource remembers what a model with that configuration reads.
func (l *Lock) PutSource(c Connection, configuration map[string]any, s *Source) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.at(c).Sources[sourceKey(configuration)] = typesOf(s.Fields)
}

// PutInputs remembers what an enrichment with that configuration needs.
func (l *Lock) PutInputs(c Connection, configuration map[string]any, sets [][]string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([][]string, len(sets))
	for i, set := range sets {
		out[i] = slices.Sorted(slices.Values(set))
	}
	slices.SortFunc(out, slices.Compare)
	l.at(c).Inputs[sourceKey(configuration)] = out
}

// PutTarget remembers an object that syncs write to.
func (l *Lock) PutTarget(c Connection, t *Target) {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := &lockedTarget{t.words(), map[string]string{}, map[string]string{}}
	for _, m := range t.Modes {
		out.Modes[m.ID] = m.words()
	}
	for _, f := range t.Fields {
		out.Fields[f.ID] = f.words()
	}
	l.at(c).Targets[t.ID] = out
}

// PutBulkSource remembers what bulk syncs read of a source: the schemas with
// these ids.
func (l *Lock) PutBulkSource(c Connection, s *BulkSource, ids []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.at(c)
	if b.BulkSource == nil {
		b.BulkSource = &lockedBulkSource{Configuration: bare(s.Configuration), Tracking: s.Tracking, Schemas: map[string]map[string]string{}}
	}
	for _, id := range ids {
		if schema := s.Schema(id); schema != nil && (schema.Fields != nil || b.BulkSource.Schemas[id] == nil) {
			b.BulkSource.Schemas[id] = typesOf(schema.Fields)
		}
	}
}

// PutBulkTarget remembers what bulk syncs may write to.
func (l *Lock) PutBulkTarget(c Connection, t *BulkTarget) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.at(c).BulkTarget = &lockedBulkTarget{bare(t.Configuration), slices.Sorted(slices.Values(t.Modes))}
}

func typesOf(fields []Field) map[string]string {
	out := make(map[string]string, len(fields))
	for _, f := range fields {
		out[f.Name] = f.Type
	}
	return out
}

func fieldsOf(types map[string]string) []Field {
	var out []Field
	for _, name := range slices.Sorted(maps.Keys(types)) {
		out = append(out, Field{Name: name, Type: types[name]})
	}
	return out
}

// sourceKey says what is read: "table=users" where that is one short text, the
// configuration as JSON, or the hash of a long one, which stands in the manifest
// anyway. Labels of pickers say nothing.
func sourceKey(configuration map[string]any) string {
	plain := map[string]any{}
	for key, v := range configuration {
		if o, ok := v.(map[string]any); ok && o["value"] != nil {
			v = o["value"]
		}
		if o, ok := v.(map[string]any); v == nil || v == "" || ok && len(o) == 0 {
			continue
		}
		plain[key] = v
	}
	var words []string
	for _, key := range slices.Sorted(maps.Keys(plain)) {
		s, ok := plain[key].(string)
		if !ok || strings.ContainsAny(s, "\n=, ") {
			words = nil
			break
		}
		words = append(words, key+"="+s)
	}
	text := strings.Join(words, ", ")
	if words == nil {
		b, err := encode(plain)
		if err != nil {
			return ""
		}
		text = string(b)
	}
	if len(text) > 120 {
		sum := sha256.Sum256([]byte(text))
		text = "sha256:" + hex.EncodeToString(sum[:8])
	}
	return text
}

// says are the keywords of a schema that say what fits it. Titles, examples and
// the words of forms come and go.
var says = []string{"type", "properties", "required", "items", "additionalProperties", "enum", "const", "default", "format", "pattern",
	"minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minItems", "maxItems",
	"uniqueItems", "prefixItems", "contains", "minProperties", "maxProperties", "propertyNames", "patternProperties",
	"dependentRequired", "dependentSchemas", "dependencies", "allOf", "anyOf", "oneOf", "not", "if", "then", "else", "$ref", "$defs", "definitions"}

// holders are the keywords whose value is a map from names to schemas.
var holders = []string{"properties", "patternProperties", "dependentSchemas", "$defs", "definitions"}

// bare is a schema without what does not change its meaning.
func bare(doc map[string]any) Document {
	out := Document{}
	for key, v := range doc {
		o, isObject := v.(map[string]any)
		list, isList := v.([]any)
		switch {
		case !slices.Contains(says, key):
			continue
		case isObject && slices.Contains(holders, key):
			inner := map[string]any{}
			for name, s := range o {
				inner[name] = s
				if s, ok := s.(map[string]any); ok {
					inner[name] = map[string]any(bare(s))
				}
			}
			v = inner
		case isObject && key != "default" && key != "const" && key != "dependentRequired":
			v = map[string]any(bare(o))
		case isList && key != "enum" && key != "required" && key != "type" && key != "default":
			inner := make([]any, len(list))
			for i, s := range list {
				inner[i] = s
				if s, ok := s.(map[string]any); ok {
					inner[i] = map[string]any(bare(s))
				}
			}
			v = inner
		}
		out[key] = v
	}
	return out
}

// errNotLocked says that the file does not have it.
var errNotLocked = errors.New("the lock file of the schemas does not have it; `polyplan validate --online --update-lock` adds it")

// Type implements [Reader].
func (l *Lock) Type(_ context.Context, id string) (Document, error) {
	if doc, ok := l.types[id]; ok {
		return doc, nil
	}
	return nil, errNotLocked
}

// Source implements [Reader].
func (l *Lock) Source(_ context.Context, c Connection, configuration map[string]any) (*Source, error) {
	b := l.connections[c.Key]
	if b == nil || b.Sources[sourceKey(configuration)] == nil {
		return nil, errNotLocked
	}
	return &Source{fieldsOf(b.Sources[sourceKey(configuration)])}, nil
}

// Inputs implements [Reader].
func (l *Lock) Inputs(_ context.Context, c Connection, configuration map[string]any) ([][]string, error) {
	b := l.connections[c.Key]
	if b == nil || b.Inputs[sourceKey(configuration)] == nil {
		return nil, errNotLocked
	}
	return b.Inputs[sourceKey(configuration)], nil
}

// Target implements [Reader].
func (l *Lock) Target(_ context.Context, c Connection, object string) (*Target, error) {
	b := l.connections[c.Key]
	if b == nil || b.Targets[object] == nil {
		return nil, errNotLocked
	}
	t := b.Targets[object]
	out := &Target{ID: object}
	out.read(t.Allows)
	for _, id := range slices.Sorted(maps.Keys(t.Fields)) {
		out.Fields = append(out.Fields, readField(id, t.Fields[id]))
	}
	for _, id := range slices.Sorted(maps.Keys(t.Modes)) {
		out.Modes = append(out.Modes, readMode(id, t.Modes[id]))
	}
	return out, nil
}

// BulkSource implements [Reader].
func (l *Lock) BulkSource(_ context.Context, c Connection, _ bool) (*BulkSource, error) {
	b := l.connections[c.Key]
	if b == nil || b.BulkSource == nil {
		return nil, errNotLocked
	}
	out := &BulkSource{Configuration: b.BulkSource.Configuration, Tracking: b.BulkSource.Tracking, Partial: true}
	for _, id := range slices.Sorted(maps.Keys(b.BulkSource.Schemas)) {
		out.Schemas = append(out.Schemas, BulkSchema{id, fieldsOf(b.BulkSource.Schemas[id])})
	}
	return out, nil
}

// BulkTarget implements [Reader].
func (l *Lock) BulkTarget(_ context.Context, c Connection) (*BulkTarget, error) {
	b := l.connections[c.Key]
	if b == nil || b.BulkTarget == nil {
		return nil, errNotLocked
	}
	return &BulkTarget{b.BulkTarget.Configuration, b.BulkTarget.Modes}, nil
}

// Keys implements [Reader]: a lock has none.
func (l *Lock) Keys(context.Context, Connection) (*Keys, error) { return nil, errNotLocked }

// Enrichment implements [Reader]: a lock has none.
func (l *Lock) Enrichment(context.Context, Connection) (*Keys, error) { return nil, errNotLocked }

// Targets implements [Reader]: a lock has none.
func (l *Lock) Targets(context.Context, Connection) (*Targets, error) { return nil, errNotLocked }

// Property implements [Reader]: a lock has none.
func (l *Lock) Property(context.Context, Connection, string) ([]string, error) {
	return nil, errNotLocked
}

// Model implements [Reader]: a lock has none.
func (l *Lock) Model(context.Context, string) (*Model, error) { return nil, errNotLocked }

// encode writes JSON without escapes that only pages need.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// lockFile is the file's form.
type lockFile struct {
	Format      int                 `json:"format"`
	Types       map[string]Document `json:"connection_types"`
	Connections map[string]*behind  `json:"connections"`
}

// Marshal writes the file.
func (l *Lock) Marshal() ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	flat, err := encode(lockFile{lockFormat, l.types, l.connections})
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, flat, "", "  "); err != nil {
		return nil, err
	}
	return append(b.Bytes(), '\n'), nil
}

// ParseLock reads the file.
func ParseLock(data []byte) (*Lock, error) {
	var is struct{ Format int } // of one from another time nothing else need fit
	if err := json.NewDecoder(bytes.NewReader(data)).Decode(&is); err == nil && is.Format != lockFormat {
		return nil, fmt.Errorf("its format is %d, and this polyplan knows %d", is.Format, lockFormat)
	}
	var f lockFile
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&f); err != nil {
		return nil, fmt.Errorf("it is no lock file: %w", err)
	}
	l := NewLock()
	maps.Copy(l.types, f.Types)
	for key, c := range f.Connections {
		b := l.at(Connection{Key: key})
		if c == nil {
			continue
		}
		maps.Copy(b.Sources, c.Sources)
		maps.Copy(b.Inputs, c.Inputs)
		b.BulkSource, b.BulkTarget = c.BulkSource, c.BulkTarget
		for id, t := range c.Targets {
			if t != nil {
				b.Targets[id] = t
			}
		}
	}
	return l, nil
}
