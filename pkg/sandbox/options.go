package sandbox

import (
	"errors"
	"fmt"
	"time"
)

// The API versions that the sandbox serves.
const (
	Version2024 = "2024-02-08"
	Version2025 = "2025-09-18"
)

// How connections that a person has to authorise come to be authorised.
const (
	// OAuthAuto authorises right after the answer to the create, so that the
	// client sees the connection pending first and healthy at its next look.
	OAuthAuto = "auto"
	// OAuthImmediate authorises within the create: nobody ever sees it pending.
	OAuthImmediate = "immediate"
	// OAuthManual waits until somebody presses the button on the page behind
	// auth_url, or Server.Authorize is called.
	OAuthManual = "manual"
	// OAuthNever leaves every connection pending; the page says access is denied.
	OAuthNever = "never"
)

// Options say how a sandbox behaves. The zero value is a sandbox in memory with
// one key, "sandbox".
type Options struct {
	// Keys are the API keys it accepts. APIKey is the short way to name one.
	Keys   []Key
	APIKey string

	// Data is the file that keeps the state over restarts; empty keeps it in
	// memory. It holds the secrets sent to the sandbox in clear, in mode 0600.
	// One server at a time may use it.
	Data string

	// Catalog names a JSON file of what upstream services hold, in the form of
	// this package's services.json, added to what is built in.
	Catalog string

	// LiveSources looks into the databases that postgresql connections lead to, instead
	// of making up what they hold: the sandbox connects to whatever hosts its clients
	// name, and only reads there. A database that it cannot reach is answered as trouble
	// upstream.
	LiveSources bool

	// OAuth is one of the OAuth constants, OAuthAuto if empty.
	OAuth string

	// Latency passes before every request is looked at.
	Latency time.Duration

	// RateLimit is how many requests a second each key may send before it gets
	// 429 with Retry-After; 0 sets no limit.
	RateLimit int

	// Pace is how long work in the background takes by the sandbox's clock: an
	// execution, a refresh of a schema cache; and how old its view of a live source may
	// be. 0 means two seconds, a negative pace none at all.
	Pace time.Duration

	// JobPolls is how many times a client is told that an asynchronous job is
	// still running: 0 means once, a negative number never.
	JobPolls int

	// BaseURL is where browsers reach the sandbox. When empty it is taken from the
	// request's Host.
	BaseURL string

	// Control opens the control API under /sandbox/ to everybody who can reach
	// the server.
	Control bool

	// KeepBodies keeps the bodies of requests in the request log, secrets included.
	KeepBodies bool

	// Clock tells the time; nil means time.Now.
	Clock func() time.Time

	// NewID makes ids of new objects; nil means random UUIDs.
	NewID func() string

	Switches Switches
}

// Key is an API key and whom it speaks for.
type Key struct {
	Value        string
	Organization string // its name; empty means "Sandbox". Keys of one name share objects.
	User         string // e-mail address; empty for the key of an organisation
	ReadOnly     bool   // every write is answered with 403

	// Partner makes it the key of a partner, whose own organisation is Organization:
	// it manages organisations and their users, and acts in any of them if it is sent
	// by Basic authentication with the organisation's id as the user. Deployment makes
	// it the key of a self-hosted deployment, which may do the same.
	Partner    bool
	Deployment bool
}

// setDefaults fills in what was left out and refuses what makes no sense.
func (o *Options) setDefaults() error {
	if o.APIKey != "" {
		o.Keys = append([]Key{{Value: o.APIKey}}, o.Keys...)
	}
	if len(o.Keys) == 0 {
		o.Keys = []Key{{Value: "sandbox"}}
	}
	for i := range o.Keys {
		if o.Keys[i].Value == "" {
			return errors.New("an API key is empty")
		}
		if o.Keys[i].Organization == "" {
			o.Keys[i].Organization = "Sandbox"
		}
	}
	if o.OAuth == "" {
		o.OAuth = OAuthAuto
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.NewID == nil {
		o.NewID = newID
	}
	if o.Pace == 0 {
		o.Pace = 2 * time.Second
	}
	o.Pace = max(o.Pace, 0)
	if o.JobPolls == 0 {
		o.JobPolls = 1
	}
	if !oneOf(o.OAuth, []string{OAuthAuto, OAuthImmediate, OAuthManual, OAuthNever}) {
		return fmt.Errorf("OAuth is %q, want auto, immediate, manual or never", o.OAuth)
	}
	return o.Switches.setDefaults()
}
