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

	// Version answers requests without a version header; empty means Version2025.
	Version string

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

// Switches turn the behaviour that is not documented: each is an answer to a question
// that API dossier 20 leaves open. The zero value is what the documentation hints at, or
// else what is harder for a client.
type Switches struct {
	// KeepOmittedSecrets keeps the stored value of a secret that a PUT leaves out,
	// as the official Terraform provider assumes. Otherwise it is cleared, as the
	// reference says of everything left out.
	KeepOmittedSecrets bool

	// IgnoreMasks treats a mask sent for a secret as left out. Otherwise it is stored
	// as the new secret, which breaks the connection.
	IgnoreMasks bool

	// UnsetSecrets is how a secret without a value is answered: "" leaves it out,
	// "empty" answers "", "masked" the mask.
	UnsetSecrets string

	// ZeroOptionals answers unset optional configuration fields as "", false and 0
	// instead of leaving them out.
	ZeroOptionals bool

	// DuplicateConnectionNames allows two connections of one name.
	DuplicateConnectionNames bool

	// KeepHealthcheckInterval keeps the interval over a PUT that leaves it out.
	KeepHealthcheckInterval bool

	// PendingStatus is the status of a connection that waits for its authorisation;
	// empty means "pending".
	PendingStatus string

	// UseUnauthorized lets models and syncs use a connection before it is authorised.
	UseUnauthorized bool

	// ListPaging is how 2024-02-08 lists models and syncs: "" in pages of 50 with
	// tokens, "none" all at once, "truncated" the first 50 and no token. 2025-09-18
	// always pages syncs with tokens, and lists bulk syncs so, too.
	ListPaging string

	// PageSize is the longest page instead of 50.
	PageSize int

	// ModelListFields keeps fields in the items of the list of models.
	ModelListFields bool

	// NullLists answers an empty list of objects as null.
	NullLists bool

	// InactiveByDefault makes syncs and bulk syncs inactive that do not say active.
	InactiveByDefault bool

	// LabelsByFieldType counts the labels of model filters and of target filters
	// apart. Otherwise one alphabet runs over all filters of a sync.
	LabelsByFieldType bool

	// KeepNew answers new: true for a target field even after the sync made it.
	KeepNew bool

	// RefreshingIs400 refuses a bulk sync whose source's schemas are not there yet with
	// 400 instead of 422.
	RefreshingIs400 bool

	// BulkPutSchemas is what a PUT of a bulk sync does to its schemas: "" leaves them,
	// as the reference says; "sent" takes those that are sent, as the official provider
	// relies on; "all" does that too, and enables all if none is sent.
	BulkPutSchemas string

	// BulkScheduleIDs answers the id of a bulk sync's schedule, which is not declared.
	BulkScheduleIDs bool

	// UniqueNames refuses a second model, sync, role or policy of one name. Names of
	// bulk syncs are known not to be unique.
	UniqueNames bool

	// DropDeletedPolicies takes a policy that is deleted out of the objects that name
	// it. Otherwise they keep its id, as policies keep those of deleted roles.
	DropDeletedPolicies bool

	// WebhookSecret is how a webhook's secret is answered: "" masked, "clear", or
	// "absent".
	WebhookSecret string

	// PartnerOnly refuses all keys but those of partners with 403 where the reference
	// asks for one and practice does not: for users, and in 2024-02-08 for the list of
	// organisations.
	PartnerOnly bool

	// BusySyncDelete refuses to delete a running sync with 409 instead of cancelling it.
	BusySyncDelete bool
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
	if o.Version == "" {
		o.Version = Version2025
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
	sw := &o.Switches
	if sw.PendingStatus == "" {
		sw.PendingStatus = "pending"
	}
	if sw.PageSize <= 0 {
		sw.PageSize = 50
	}
	for _, choice := range []struct {
		what, got string
		of        []string
	}{
		{"OAuth", o.OAuth, []string{OAuthAuto, OAuthImmediate, OAuthManual, OAuthNever}},
		{"Version", o.Version, []string{Version2024, Version2025}},
		{"Switches.UnsetSecrets", sw.UnsetSecrets, []string{"", "empty", "masked"}},
		{"Switches.BulkPutSchemas", sw.BulkPutSchemas, []string{"", "sent", "all"}},
		{"Switches.WebhookSecret", sw.WebhookSecret, []string{"", "clear", "absent"}},
		{"Switches.ListPaging", sw.ListPaging, []string{"", "none", "truncated"}},
	} {
		if !oneOf(choice.got, choice.of) {
			return fmt.Errorf("%s is %q, want one of %q", choice.what, choice.got, choice.of)
		}
	}
	return nil
}
