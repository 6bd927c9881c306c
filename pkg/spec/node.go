package spec

import (
	"slices"
	"unicode/utf8"

	"github.com/polyplan/polyplan/pkg/diag"
)

type nodeKind uint8

const (
	scalarNode nodeKind = iota
	listNode
	mapNode
)

// node is a value of a manifest with its place. Nodes are shared where the
// manifest has aliases, and do not change once they are built, but for hidden.
type node struct {
	src       *source
	line, col int32
	kind      nodeKind
	quoted    bool // in quotes, or a block of text
	block     bool // literal or folded
	settled   bool // what it brings in from outside has been put in
	outside   bool // from the environment, a variable or a file
	secret    bool // from a sensitive variable, or from secrets
	hidden    bool // must not be shown in an excerpt
	height    int32
	size      int32 // nodes below it and itself, aliases followed

	missing *missing // outside: it could not be had, and has no value

	text    string // a scalar as it is spelled, without its quotes
	value   any    // what the scalar means
	origin  string // outside: how the manifest calls it, "${env.NAME}"
	items   []*node
	members []member
}

// member is a key of a map with its value.
type member struct {
	key, value *node
}

func (n *node) isNull() bool { return n == nil || n.kind == scalarNode && n.value == nil }

// pos is the node's place. The end is known for text that stands on one line
// as it is; for others the reader of the source finds it.
func (n *node) pos() diag.Pos {
	if n == nil || n.src == nil {
		return diag.Pos{}
	}
	p := diag.Pos{File: n.src.name, Line: int(n.line), Col: int(n.col)}
	if n.kind == scalarNode && !n.quoted && !n.outside && !n.hidden && n.text != "" {
		at := n.src.offset(p.Line, p.Col)
		if end := at + len(n.text); end <= len(n.src.data) && string(n.src.data[at:end]) == n.text {
			p.End = p.Col + utf8.RuneCountInString(n.text)
		}
	}
	return p
}

// get finds a member by its key; nil if there is none.
func (n *node) get(key string) *node {
	for _, m := range n.members {
		if m.key.text == key {
			return m.value
		}
	}
	return nil
}

// kindWords says what the node is, for messages.
func (n *node) kindWords() string {
	switch {
	case n.kind == mapNode:
		return "a map"
	case n.kind == listNode:
		return "a list"
	}
	switch n.value.(type) {
	case nil:
		return "nothing"
	case bool:
		return "a boolean"
	case string:
		return "a string"
	}
	return "a number"
}

// copied is a copy of n and of the values below it, each of them changed by change.
func (n *node) copied(change func(*node)) *node {
	c := *n
	change(&c)
	c.items = slices.Clone(n.items)
	for i, item := range c.items {
		c.items[i] = item.copied(change)
	}
	c.members = slices.Clone(n.members)
	for i, m := range c.members {
		c.members[i].value = m.value.copied(change)
	}
	return &c
}

// scalars calls f for every scalar value at and below n.
func (n *node) scalars(f func(*node)) {
	if n == nil {
		return
	}
	if n.kind == scalarNode {
		f(n)
	}
	for _, i := range n.items {
		i.scalars(f)
	}
	for _, m := range n.members {
		m.value.scalars(f)
	}
}
