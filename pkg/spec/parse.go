package spec

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	yaml "gopkg.in/yaml.v3"

	"github.com/polyplan/polyplan/pkg/diag"
)

const (
	maxDepth = 64 // of maps and lists within each other
	// Following aliases may make of a file no more than this many nodes, and
	// aliasFactor times its own.
	aliasAllowance = 10_000
	aliasFactor    = 2
)

// documents parses a file into nodes, a document each. Empty documents are
// left out. Of a file with a syntax error the documents before it are given.
func documents(src *source, found *diag.List) []*node {
	if n, ok := inStretches(src, stretchSize, found); ok {
		return []*node{n}
	}
	roots, err := decode(src.data)
	p := newParser(src, found)
	for _, root := range roots {
		p.left += count(root)
	}
	p.budget = aliasFactor*p.left + aliasAllowance
	var out []*node
	for _, root := range roots {
		for _, content := range root.Content {
			if n := p.node(content, 0); !n.isNull() {
				out = append(out, n)
			}
		}
	}
	if err != nil {
		src.broken = true
		found.Add(syntaxError(src, err))
	}
	return out
}

// decode runs the YAML parser over all documents. It goes no further than
// yaml.v3's nodes: its decoding compares all pairs of a map's keys.
func decode(data []byte) (roots []*yaml.Node, err error) {
	defer func() {
		// What the parser cannot read it should refuse, not panic about; but the
		// manifest is someone else's, and the run must end in words.
		if r := recover(); r != nil {
			err = errors.New("yaml: the parser gave up on this file")
		}
	}()
	d := yaml.NewDecoder(bytes.NewReader(data))
	for {
		root := new(yaml.Node)
		switch err := d.Decode(root); {
		case errors.Is(err, io.EOF):
			return roots, nil
		case err != nil:
			return roots, err
		}
		roots = append(roots, root)
	}
}

func count(n *yaml.Node) int {
	sum := 1
	for _, c := range n.Content {
		sum += count(c)
	}
	return sum
}

// parser makes our nodes of the library's: aliases followed, merge keys carried
// out, scalars resolved, limits and repeated keys checked. It gives the library's
// away as it goes: a large file is not to be in memory as two trees.
type parser struct {
	src    *source
	found  *diag.List
	done   map[*yaml.Node]*node // nil while it is being built
	budget int
	spent  bool

	words map[string]any // some of the keys so far, see share

	fresh []node // room for nodes
	left  int    // how many more the file has at most

	stretches    []*stretch // of the file, still to come
	top, section *yaml.Node // the map that was cut, and the last value in it so far
	inner        int        // the margin of that
}

func newParser(src *source, found *diag.List) *parser {
	return &parser{src: src, found: found, done: map[*yaml.Node]*node{}, words: map[string]any{}}
}

const maxWords = 1000

// share gives a key the memory of the same key before it: manifests repeat them.
func (p *parser) share(key *node) {
	if _, isText := key.value.(string); !isText {
		return
	}
	if same, ok := p.words[key.text]; ok {
		key.text, key.value = same.(string), same
	} else if len(p.words) < maxWords {
		p.words[key.text] = key.value
	}
}

// alloc gives a node out of those that are made many at a time.
func (p *parser) alloc() *node {
	if len(p.fresh) == 0 {
		p.fresh = make([]node, max(1, min(p.left, 256)))
		p.left -= len(p.fresh)
	}
	n := &p.fresh[0]
	p.fresh = p.fresh[1:]
	return n
}

func (p *parser) fail(y *yaml.Node, code, what, why, fix string) {
	p.found.Add(diag.Diagnostic{Pos: diag.Pos{File: p.src.name, Line: y.Line, Col: y.Column}, Code: code, What: what, Why: why, Fix: fix})
}

// node converts y, which lies under depth others. It never returns nil: what
// cannot be used is null.
func (p *parser) node(y *yaml.Node, depth int) *node {
	n := p.alloc()
	n.src, n.line, n.col, n.size = p.src, int32(y.Line), int32(y.Column), 1
	if y.Kind == yaml.AliasNode {
		return p.alias(y, depth, n)
	}
	if depth > maxDepth {
		p.fail(y, "too-deep", fmt.Sprintf("nested more than %d deep", maxDepth), "no field of any kind goes as deep", "")
		return n
	}
	if y.Anchor != "" {
		p.done[y] = nil
		defer func() { p.done[y] = n }()
	}
	switch y.Kind {
	case yaml.ScalarNode:
		p.scalar(y, n)
	case yaml.SequenceNode:
		n.kind = listNode
		p.tag(y, "!!seq")
		n.items = make([]*node, 0, len(y.Content))
		for i, c := range y.Content {
			item := p.node(c, depth+1)
			y.Content[i] = nil
			n.items = append(n.items, item)
			n.grow(item)
		}
	case yaml.MappingNode:
		n.kind = mapNode
		p.tag(y, "!!map")
		p.mapping(y, n, depth)
	}
	return n
}

func (n *node) grow(child *node) {
	n.size = int32(min(int64(n.size)+int64(child.size), math.MaxInt32))
	n.height = max(n.height, child.height+1)
}

func (p *parser) alias(y *yaml.Node, depth int, null *node) *node {
	if y.Alias == nil {
		return null
	}
	n, built := p.done[y.Alias]
	switch {
	case built && n == nil:
		p.fail(y, "endless-alias", fmt.Sprintf("*%s contains itself", y.Value), "an alias inside what it stands for would never end", "")
		return null
	case !built:
		return null
	case depth+int(n.height) > maxDepth:
		p.fail(y, "too-deep", fmt.Sprintf("nested more than %d deep", maxDepth), "no field of any kind goes as deep", "")
		return null
	}
	if p.budget -= int(n.size); p.budget < 0 {
		if !p.spent {
			p.spent = true
			p.fail(y, "alias-budget", "the aliases of this file repeat too much",
				"written out, they would make it many times as large as it is", "use fewer aliases, or write the values out")
		}
		return null
	}
	return n
}

func (p *parser) mapping(y *yaml.Node, n *node, depth int) {
	n.members = make([]member, 0, len(y.Content)/2)
	seen := keys{few: make([]*node, 0, fewKeys)}
	var merges []*yaml.Node
	content := y.Content
	for i := 0; ; i += 2 {
		if i+1 >= len(content) {
			if content, i = p.more(y), 0; len(content) == 0 {
				break
			}
		}
		k, v := content[i], content[i+1]
		if k.Kind != yaml.ScalarNode {
			p.fail(k, "bad-key", "a key must be a word", "lists, maps and aliases cannot be keys here", "")
			continue
		}
		key := p.node(k, depth+1)
		if key.value == nil {
			p.fail(k, "bad-key", "a key is missing", "the value stands under no name", `write a key, or "" or "null" in quotes if that is its name`)
			continue
		}
		p.share(key)
		if first := seen.get(key.text); first != nil {
			p.fail(k, "duplicate-key", fmt.Sprintf("the key %q is repeated", key.text),
				"of two values under one key only one can count", fmt.Sprintf("remove one of the two; the first stands at %s", place(first.pos())))
			p.hide(key, p.node(v, depth+1)) // it may hold mistakes of its own
			continue
		}
		seen.add(key)
		if k.Tag == "!!merge" {
			merges = append(merges, k, v)
			continue
		}
		value := p.node(v, depth+1)
		content[i], content[i+1] = nil, nil
		n.members = append(n.members, member{key, value})
		n.grow(value)
		n.size++
		p.hide(key, value)
	}
	for i := 0; i < len(merges); i += 2 {
		p.merge(n, merges[i+1], &seen, depth)
	}
}

// keys are those of one map by their text. Most maps have so few that looking at
// each is quicker than hashing.
type keys struct {
	few  []*node
	many map[string]*node // of all, once they are more than fewKeys
}

const fewKeys = 8

func (k *keys) get(text string) *node {
	if k.many != nil {
		return k.many[text]
	}
	for _, n := range k.few {
		if n.text == text {
			return n
		}
	}
	return nil
}

func (k *keys) add(n *node) {
	switch {
	case k.many != nil:
		k.many[n.text] = n
	case len(k.few) < fewKeys:
		k.few = append(k.few, n)
	default:
		k.many = map[string]*node{n.text: n}
		for _, f := range k.few {
			k.many[f.text] = f
		}
	}
}

// merge adds the members of v, a map or a list of maps, that n has not: keys
// that are written out win, then the earlier of the maps.
func (p *parser) merge(n *node, v *yaml.Node, seen *keys, depth int) {
	from := p.node(v, depth+1)
	maps := []*node{from}
	if from.kind == listNode {
		maps = from.items
	}
	for _, m := range maps {
		if m.kind != mapNode {
			// An alias that could not be followed was reported there.
			if v.Kind != yaml.AliasNode || !m.isNull() {
				p.fail(v, "bad-merge", "<< takes a map or a list of maps", "it adds the keys of other maps to this one", "give it an alias, as in <<: *defaults")
			}
			return
		}
		for _, mm := range m.members {
			if seen.get(mm.key.text) != nil {
				continue
			}
			seen.add(mm.key)
			n.members = append(n.members, mm)
			n.grow(mm.value)
			n.size++
		}
	}
}

func (p *parser) scalar(y *yaml.Node, n *node) {
	n.text = y.Value
	n.quoted = y.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0
	n.block = y.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0
	if r, bad := control(y.Value); bad {
		p.fail(y, "control-character", fmt.Sprintf("a string holds the control character U+%04X", r), "it would act on terminals and databases instead of being read", "leave it out")
		n.text = ""
		return
	}
	if n.quoted {
		n.value = y.Value
	} else {
		n.value = plain(y.Value)
	}
	if y.Style&yaml.TaggedStyle == 0 {
		return
	}
	want := map[string]func(any) bool{
		"!!str":   func(any) bool { n.value = y.Value; return true },
		"!!null":  func(v any) bool { return v == nil },
		"!!bool":  func(v any) bool { _, ok := v.(bool); return ok },
		"!!int":   func(v any) bool { return isNumber(v) && strings.Trim(y.Value, ".eE") == y.Value },
		"!!float": isNumber,
	}[y.Tag]
	if n.quoted {
		n.value = plain(y.Value)
	}
	switch {
	case want == nil:
		p.badTag(y)
	case !want(n.value):
		p.fail(y, "bad-tag", fmt.Sprintf("the value is not what the tag %s says", y.Tag), "tags must agree with the value", "remove the tag")
		n.value = nil
	}
}

func isNumber(v any) bool {
	switch v.(type) {
	case nil, bool, string:
		return false
	}
	return true
}

func (p *parser) tag(y *yaml.Node, core string) {
	if y.Style&yaml.TaggedStyle != 0 && y.Tag != core {
		p.badTag(y)
	}
}

func (p *parser) badTag(y *yaml.Node) {
	p.fail(y, "bad-tag", fmt.Sprintf("the tag %s is not allowed", y.Tag), "only YAML's own plain types are read: !!str, !!int, !!float, !!bool, !!null, !!map and !!seq",
		"remove the tag, or quote the text if it was meant as text")
}

// place is a position in the middle of a sentence.
func place(p diag.Pos) string { return p.String() }
