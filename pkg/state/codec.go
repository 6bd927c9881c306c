package state

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
)

// Codec stands between what a store keeps and where it keeps it, as encryption
// does. It sees the bytes of a generation as a whole, and each record of a
// journal by itself. Its methods may be called from several goroutines.
type Codec interface {
	Seal(plain []byte) ([]byte, error)
	// Open undoes Seal. It is not asked about what was written in clear before
	// there was a codec: that is read as it is, and sealed when it is next written.
	// An error with a method Damaged() bool that gives true is about what is there;
	// any other says that this codec must leave it alone.
	Open(sealed []byte) ([]byte, error)
}

// sealing is where all bytes pass that a store reads or writes. Its zero value
// keeps them in clear.
type sealing struct{ codec Codec }

func (x sealing) seal(plain []byte) ([]byte, error) {
	if x.codec == nil {
		return plain, nil
	}
	sealed, err := x.codec.Seal(plain)
	if err != nil {
		return nil, fmt.Errorf("sealing: %w", err)
	}
	return sealed, nil
}

// encode gives the bytes of a state, and what is to be kept of them.
func (x sealing) encode(s *State) (content, sealed []byte, err error) {
	if content, err = Encode(s); err == nil {
		sealed, err = x.seal(content)
	}
	if err == nil && len(sealed) > SizeLimit {
		err = fmt.Errorf("%d bytes are more than a state may have (%d)", len(sealed), SizeLimit)
	}
	return content, sealed, err
}

// open gives what was sealed, and what is in clear as it is: JSON begins with a
// brace, as nothing sealed may.
func (x sealing) open(stored []byte) ([]byte, error) {
	if x.codec == nil || len(stored) == 0 || stored[0] == '{' {
		return stored, nil
	}
	plain, err := x.codec.Open(stored)
	var about interface{ Damaged() bool }
	if errors.As(err, &about) && about.Damaged() {
		return nil, &DamagedError{Damage: Altered, What: err.Error()}
	}
	return plain, err
}

// sealRecord is seal for a record of a journal, which is one line of text.
func (x sealing) sealRecord(payload []byte) ([]byte, error) {
	sealed, err := x.seal(payload)
	if err != nil || x.codec == nil || bytes.Equal(sealed, payload) {
		return sealed, err
	}
	return base64.StdEncoding.AppendEncode(nil, sealed), nil
}

func (x sealing) openRecord(payload []byte) ([]byte, error) {
	if x.codec == nil || bytes.HasPrefix(payload, []byte("{")) {
		return payload, nil
	}
	sealed, err := base64.StdEncoding.AppendDecode(nil, payload)
	if err != nil {
		return nil, err
	}
	return x.open(sealed)
}
