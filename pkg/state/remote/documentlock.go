package remote

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/polyplan/polyplan/pkg/state"
)

// lockInfo is what the protocol says of a lock's holder.
type lockInfo struct {
	ID        string
	Operation string
	Info      string
	Who       string
	Version   string
	Created   string
	Path      string
}

func infoOf(id string, h state.Holder) lockInfo {
	info := lockInfo{ID: id, Operation: h.Command, Who: h.Who, Created: h.Since.Format(time.RFC3339), Version: "1"}
	if h.Host != "" {
		info.Who += "@" + h.Host
	}
	if h.PID != 0 {
		info.Info = "pid " + strconv.Itoa(h.PID)
	}
	return info
}

func (i lockInfo) holder() state.Holder {
	h := state.Holder{Who: i.Who, Command: i.Operation}
	if at := strings.LastIndexByte(i.Who, '@'); at >= 0 {
		h.Who, h.Host = i.Who[:at], i.Who[at+1:]
	}
	h.PID, _ = strconv.Atoi(strings.TrimPrefix(i.Info, "pid "))
	h.Since, _ = time.Parse(time.RFC3339, i.Created)
	return h
}

// Lock implements state.Locker.
func (d *document) Lock(ctx context.Context, id string, who state.Holder) (func() error, error) {
	body, err := json.Marshal(infoOf(id, who))
	if err != nil {
		return nil, err
	}
	status, answer, err := d.send(ctx, d.lock.method, d.lock.at, body)
	switch {
	case err != nil:
		return nil, err
	case status == http.StatusLocked || status == http.StatusConflict:
		var held lockInfo
		if json.Unmarshal(answer, &held) != nil {
			held = lockInfo{}
		}
		return nil, &state.LockedError{ID: held.ID, Holder: held.holder()}
	case status < 200 || status > 299:
		return nil, fmt.Errorf("%w, and a state is not written without a lock", unexpected(d.lock.method, status))
	}
	d.mu.Lock()
	d.lockID, d.wrote = id, 0
	d.mu.Unlock()
	return func() error {
		d.mu.Lock()
		d.lockID, d.wrote = "", 0
		d.mu.Unlock()
		ctx, cancel := context.WithTimeout(context.Background(), requestTime)
		defer cancel()
		return d.free(ctx, body)
	}, nil
}

// Break implements state.Locker.
func (d *document) Break(ctx context.Context, id string) error {
	if id == "" {
		return errors.New("the server does not say which lock it is that is held: free it there")
	}
	body, err := json.Marshal(lockInfo{ID: id})
	if err != nil {
		return err
	}
	return d.free(ctx, body)
}

func (d *document) free(ctx context.Context, body []byte) error {
	status, _, err := d.send(ctx, d.unlock.method, d.unlock.at, body)
	if err == nil && (status < 200 || status > 299) {
		err = unexpected(d.unlock.method, status)
	}
	if err != nil {
		return fmt.Errorf("freeing the lock: %w", err)
	}
	return nil
}
