package state

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"
)

// Objects is a place that keeps whole objects by name, such as a bucket or a
// table. That is all that a store needs of it; see OnObjects. Its methods may be
// called from several goroutines.
//
// Names are made of lower-case letters, digits, "-" and "/".
type Objects interface {
	// Create makes an object that is durable when it returns nil. Where one of
	// that name is, it leaves it as it is and returns fs.ErrExist. Of two at once,
	// one wins. After another error nobody knows whether the object was made.
	Create(ctx context.Context, name string, content []byte) error
	// Get reads an object, or returns fs.ErrNotExist.
	Get(ctx context.Context, name string) ([]byte, error)
	// List gives the objects whose names begin with prefix, in any order. It shows
	// all that were made before it was called.
	List(ctx context.Context, prefix string) ([]Item, error)
	// Delete removes objects. That there is none is no error.
	Delete(ctx context.Context, names ...string) error
	// Close gives up what is held open.
	Close() error
}

// Item is an object as a list has it.
type Item struct {
	Name string
	Time time.Time // when it was made, by the place's clock
}

// Locker is for Objects that have a lock of their own. Nothing is created
// without it.
type Locker interface {
	// Lock asks for the lock: a *LockedError, without a fix, if it is held.
	Lock(ctx context.Context, id string, who Holder) (unlock func() error, err error)
	// Break frees the lock that has the id, whoever holds it.
	Break(ctx context.Context, id string) error
}

const (
	createAttempts = 4
	createPause    = 250 * time.Millisecond
)

// create is Objects.Create for content that nobody else would write. A reply
// that got lost on its way leaves an object that is found to be ours.
func (o *ObjectStore) create(ctx context.Context, name string, content []byte) error {
	pause := createPause
	for attempt := 1; ; attempt++ {
		err := o.objects.Create(ctx, name, content)
		if err == nil || ctx.Err() != nil {
			return err
		}
		there, getErr := o.objects.Get(ctx, name)
		switch {
		case getErr == nil && bytes.Equal(there, content):
			return nil
		case getErr == nil:
			return fs.ErrExist
		case errors.Is(err, fs.ErrExist):
			return err
		case attempt == createAttempts:
			return fmt.Errorf("writing %s: %w", name, err)
		}
		if err := o.sleep(ctx, pause); err != nil {
			return err
		}
		pause *= 2
	}
}

// probe makes one object twice and refuses a place that lets both pass, for
// there the save would be no fence.
func (o *ObjectStore) probe(ctx context.Context) error {
	name := "probe/" + strings.ToLower(rand.Text())
	if err := o.create(ctx, name, []byte("polyplan: a first attempt\n")); err != nil {
		return fmt.Errorf("trying whether %s can keep a state: %w", o.place, err)
	}
	err := o.again(ctx, name, []byte("polyplan: a second attempt\n"))
	there, getErr := o.objects.Get(ctx, name)
	if delErr := o.objects.Delete(ctx, name); delErr != nil {
		o.warn("%s: removing what was made to try it: %v", o.place, delErr)
	}
	switch {
	case getErr != nil:
		return fmt.Errorf("trying whether %s can keep a state: %w", o.place, getErr)
	case err == nil || !bytes.HasSuffix(there, []byte("first attempt\n")):
		return &UnfitError{Place: o.place}
	case !errors.Is(err, fs.ErrExist):
		return fmt.Errorf("trying whether %s can keep a state: %w", o.place, err)
	}
	return nil
}

// again creates what is there already, until the place gives its word on it.
func (o *ObjectStore) again(ctx context.Context, name string, content []byte) (err error) {
	for range createAttempts {
		if err = o.objects.Create(ctx, name, content); err == nil || errors.Is(err, fs.ErrExist) {
			return err
		}
		if err := o.sleep(ctx, createPause); err != nil {
			return err
		}
	}
	return err
}

// UnfitError says that a place lets one object be created twice, so that two
// runs at once would overwrite each other's state.
type UnfitError struct{ Place string }

func (e *UnfitError) Error() string {
	return place(e.Place) + "this store cannot keep a state: it accepted two creations of one object, so that one of two runs could overwrite the other's work; " +
		"use a server that supports If-None-Match, or another kind of store"
}
