package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
)

// outcomeLife is how long the service remembers what came of a key.
const outcomeLife = 24 * time.Hour

// keyLetters are what an idempotency key is made of.
const keyLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

// isKey reports whether the service takes s for an idempotency key. A regular
// expression that counts to 255 would be slow to compile, at every start.
func isKey(s string) bool {
	return len(s) >= 8 && len(s) <= 255 && strings.Trim(s, keyLetters) == ""
}

// outcome is what the first request with an idempotency key led to. Keys belong to
// an organisation; that path and body play no part is our reading of the
// documentation, which says only "the same key". [API dossier 5]
type outcome struct {
	Org   string    `json:"org"`
	Key   string    `json:"key"`
	Body  string    `json:"body,omitempty"` // digest of the request's
	At    time.Time `json:"at"`
	Reply *reply    `json:"reply"`
}

// digest tells bodies apart without keeping the secrets in them.
func digest(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// outcomes are the remembered ones, oldest first in the queue.
type outcomes struct {
	byKey map[string]*outcome
	queue []*outcome
}

func outcomeKey(org, key string) string { return org + "/" + key }

func (o *outcomes) add(out *outcome) {
	o.byKey[outcomeKey(out.Org, out.Key)] = out
	o.queue = append(o.queue, out)
}

// get returns the outcome remembered for the key, or nil.
func (o *outcomes) get(org, key string, now time.Time) *outcome {
	o.expire(now)
	return o.byKey[outcomeKey(org, key)]
}

// expire forgets what is older than a day.
func (o *outcomes) expire(now time.Time) {
	for len(o.queue) > 0 && now.Sub(o.queue[0].At) >= outcomeLife {
		old := o.queue[0]
		o.queue = o.queue[1:]
		if key := outcomeKey(old.Org, old.Key); o.byKey[key] == old {
			delete(o.byKey, key)
		}
	}
}
