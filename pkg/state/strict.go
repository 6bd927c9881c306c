package state

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/polyplan/polyplan/pkg/resource"
)

// depthLimit is far beyond what a manifest or the service may hold, and far
// below what would exhaust the stack.
const depthLimit = 500

// parse reads one JSON value and refuses what encoding/json lets pass: repeated
// keys, and anything after the value. Numbers come out as resource.Normalize
// wants them.
func parse(b []byte) (any, error) {
	p := parser{json.NewDecoder(bytes.NewReader(b))}
	p.UseNumber()
	v, err := p.value(0)
	if err != nil {
		return nil, err
	}
	if _, err := p.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more after the end")
	}
	return v, nil
}

type parser struct{ *json.Decoder }

func (p parser) value(depth int) (any, error) {
	t, err := p.Token()
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, err
	}
	if depth > depthLimit {
		return nil, fmt.Errorf("nested deeper than %d", depthLimit)
	}
	switch t {
	case json.Delim('{'):
		return p.object(depth)
	case json.Delim('['):
		return p.list(depth)
	}
	if n, ok := t.(json.Number); ok {
		if len(n) > 1000 {
			return nil, errors.New("a number of more than 1000 digits")
		}
		return resource.Normalize(n), nil
	}
	return t, nil
}

func (p parser) object(depth int) (any, error) {
	o := resource.Object{}
	for p.More() {
		t, err := p.Token()
		if err != nil {
			return nil, err
		}
		key := t.(string) // the decoder refuses other keys itself
		if _, ok := o[key]; ok {
			return nil, fmt.Errorf("the key %q stands twice in one object", key)
		}
		if o[key], err = p.value(depth + 1); err != nil {
			return nil, err
		}
	}
	_, err := p.Token()
	return o, err
}

func (p parser) list(depth int) (any, error) {
	l := []any{}
	for p.More() {
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		l = append(l, v)
	}
	_, err := p.Token()
	return l, err
}
