// Package crypt encrypts what polyplan keeps, with age (https://age-encryption.org):
// states, their journals, saved plans.
//
//	c, err := crypt.New(crypt.Options{Recipients: []string{"age1..."}, Identity: os.Getenv("POLYPLAN_AGE_IDENTITY")})
//	store.Codec = c
//
// What is encrypted can be read by whoever holds the identity of one of its
// recipients. A Codec never writes what it could not read again, and never
// writes in clear what it found encrypted, unless it is told to.
package crypt

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"

	"filippo.io/age"
	"filippo.io/age/armor"
)

// None in place of a recipient says that from now on things are kept in clear.
const None = "none"

// magic is how everything begins that age encrypted.
const magic = "age-encryption.org/"

// Options say who may read.
type Options struct {
	// Recipients are public keys, "age1...", and files of them; or None alone.
	Recipients []string
	// Identity is a secret key, "AGE-SECRET-KEY-...", or a file of them, which may
	// itself be encrypted with Passphrase. Empty: nothing encrypted can be read.
	Identity, Passphrase string
	// Path says where a file is that has this name; nil: where the name says.
	Path func(name string) string
}

// Error is an error in the use of keys. It quotes none.
type Error struct {
	What, Fix string
	err       error
	damaged   bool
}

func (e *Error) Error() string {
	if e.err != nil {
		return e.What + ": " + e.err.Error()
	}
	return e.What
}
func (e *Error) Unwrap() error { return e.err }

// Damaged reports whether it is about what was to be read, and not about keys.
func (e *Error) Damaged() bool { return e.damaged }

// Hint is what the reader can do.
func (e *Error) Hint() string { return e.Fix }

// Codec encrypts and decrypts. It may be used from several goroutines.
type Codec struct {
	recipients []age.Recipient
	identities []age.Identity
	clear      bool // None was said
	met        atomic.Bool
}

// New makes a Codec, and makes sure that what it is going to write it can read.
func New(o Options) (*Codec, error) {
	if o.Path == nil {
		o.Path = func(name string) string { return name }
	}
	c := &Codec{}
	var err error
	if o.Identity != "" {
		if c.identities, err = identities(o); err != nil {
			return nil, err
		}
	}
	for _, r := range o.Recipients {
		if r == None {
			c.clear = true
			continue
		}
		got, err := recipients(o, r)
		if err != nil {
			return nil, err
		}
		c.recipients = append(c.recipients, got...)
	}
	switch {
	case c.clear && len(c.recipients) > 0:
		return nil, &Error{What: "there are recipients, and there is " + None, Fix: "give one or the other to --encrypt-to"}
	case len(c.recipients) == 0:
		return c, nil
	case len(c.identities) == 0:
		return nil, &Error{What: "what would be encrypted could not be read again: there is no identity", Fix: "set POLYPLAN_AGE_IDENTITY to the secret key of one of the recipients, or to a file with it"}
	}
	probe, err := c.Seal([]byte("probe"))
	if err == nil {
		_, err = c.decrypt(probe)
	}
	if err != nil {
		return nil, &Error{What: "what would be encrypted could not be read again: the identity belongs to none of the recipients", Fix: "give --encrypt-to the public key of POLYPLAN_AGE_IDENTITY too"}
	}
	return c, nil
}

// sizeLimit is far beyond what a file of keys may need.
const sizeLimit = 1 << 20

func readFile(o Options, name string) ([]byte, error) {
	f, err := os.Open(o.Path(name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, sizeLimit))
}

func recipients(o Options, r string) ([]age.Recipient, error) {
	if strings.HasPrefix(r, "age1") {
		got, err := age.ParseRecipients(strings.NewReader(r))
		if err != nil {
			return nil, &Error{What: fmt.Sprintf("%q is no recipient", r), Fix: "a recipient is a public key, as age-keygen -y prints it, or a file of them"}
		}
		return got, nil
	}
	if strings.HasPrefix(strings.ToUpper(r), "AGE-SECRET-KEY-") {
		return nil, &Error{What: "a secret key was given as a recipient", Fix: "give its public key to --encrypt-to, as age-keygen -y prints it; this one was seen by whoever lists processes or reads logs, so make another"}
	}
	b, err := readFile(o, r)
	if err != nil {
		return nil, &Error{What: "reading recipients", err: err, Fix: "a recipient is a public key, age1..., or a file of them"}
	}
	got, err := age.ParseRecipients(bytes.NewReader(b))
	if err != nil {
		return nil, &Error{What: fmt.Sprintf("the file %q holds what is no recipient", r), Fix: "one public key, age1..., stands on each line"}
	}
	return got, nil
}

func identities(o Options) ([]age.Identity, error) {
	what, text := "POLYPLAN_AGE_IDENTITY", []byte(o.Identity)
	if !strings.HasPrefix(strings.TrimSpace(strings.ToUpper(o.Identity)), "AGE-SECRET-KEY-") {
		var err error
		if text, err = readFile(o, o.Identity); err != nil {
			var path *os.PathError // which repeats what may be a key with a mistake in it
			if errors.As(err, &path) {
				err = path.Err
			}
			return nil, &Error{What: "reading the file that POLYPLAN_AGE_IDENTITY names", err: err, Fix: "set it to a secret key, AGE-SECRET-KEY-..., or to a file with one, as age-keygen writes it"}
		}
		what = "the file that POLYPLAN_AGE_IDENTITY names"
		if text, err = unlocked(text, o.Passphrase); err != nil {
			return nil, err
		}
	}
	got, err := age.ParseIdentities(bytes.NewReader(text))
	if err != nil { // which would quote the key
		return nil, &Error{What: what + " holds no identity that can be used", Fix: "set it to a secret key, AGE-SECRET-KEY-..., or to a file with one, as age-keygen writes it"}
	}
	return got, nil
}

// unlocked decrypts a file of identities that is protected by a passphrase.
func unlocked(text []byte, passphrase string) ([]byte, error) {
	var in io.Reader = bytes.NewReader(text)
	switch {
	case bytes.HasPrefix(text, []byte(armor.Header)):
		in = armor.NewReader(in)
	case !IsSealed(text):
		return text, nil
	}
	if passphrase == "" {
		return nil, &Error{What: "the identity is protected by a passphrase", Fix: "set POLYPLAN_AGE_PASSPHRASE"}
	}
	key, err := age.NewScryptIdentity(passphrase)
	if err == nil {
		in, err = age.Decrypt(in, key)
	}
	if err == nil {
		text, err = io.ReadAll(io.LimitReader(in, sizeLimit))
	}
	if err != nil {
		return nil, &Error{What: "the identity cannot be unlocked", Fix: "check POLYPLAN_AGE_PASSPHRASE"}
	}
	return text, nil
}

// IsSealed reports whether b begins as what Seal wrote with recipients.
func IsSealed(b []byte) bool { return bytes.HasPrefix(b, []byte(magic)) }

// Encrypts reports whether Seal encrypts.
func (c *Codec) Encrypts() bool { return len(c.recipients) > 0 }

// Met reports whether Open was given anything encrypted.
func (c *Codec) Met() bool { return c.met.Load() }

// Seal encrypts to all recipients. Without any it gives back what it got, but
// refuses when what Open found was encrypted, for nobody said that it should no
// longer be.
func (c *Codec) Seal(plain []byte) ([]byte, error) {
	if !c.Encrypts() {
		if c.met.Load() && !c.clear {
			return nil, &Error{What: "what is stored is encrypted, and nobody said to whom to encrypt what takes its place",
				Fix: "set POLYPLAN_ENCRYPT_TO or give --encrypt-to, with the same recipients as before; --encrypt-to " + None + " keeps it in clear"}
		}
		return plain, nil
	}
	var out bytes.Buffer
	w, err := age.Encrypt(&out, c.recipients...)
	if err == nil {
		_, err = w.Write(plain)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("encrypting: %w", err)
	}
	return out.Bytes(), nil
}

// Open decrypts what is encrypted, and gives back all else as it is.
func (c *Codec) Open(sealed []byte) ([]byte, error) {
	if !IsSealed(sealed) {
		return sealed, nil
	}
	c.met.Store(true)
	if len(c.identities) == 0 {
		return nil, &Error{What: "it is encrypted, and there is no identity to read it with", Fix: "set POLYPLAN_AGE_IDENTITY to your secret key, or to a file with it"}
	}
	return c.decrypt(sealed)
}

func (c *Codec) decrypt(sealed []byte) ([]byte, error) {
	r, err := age.Decrypt(bytes.NewReader(sealed), c.identities...)
	var none *age.NoIdentityMatchError
	if errors.As(err, &none) {
		return nil, &Error{What: "it is encrypted, and not to your identity", Fix: "set POLYPLAN_AGE_IDENTITY to the key of one of its recipients, or ask one of them to add yours to --encrypt-to"}
	}
	if err == nil {
		sealed, err = io.ReadAll(r)
	}
	if err != nil {
		return nil, &Error{What: "it is encrypted, and what is there is damaged", err: err, Fix: "put back a copy of it", damaged: true}
	}
	return sealed, nil
}
