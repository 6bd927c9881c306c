package sandbox

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Switches turn the behaviour that is not documented: each is an answer to a question
// that API dossier 20 leaves open, a habit that the service may have. The zero value is
// what the documentation hints at, or else what is harder for a client.
//
// A tag says what a switch does, for people; another which values it takes, if it is not
// only on or off and not free; and one which value to try, if it is free.
type Switches struct {
	// KeepOmittedSecrets is what the official Terraform provider assumes. Otherwise a
	// secret that a PUT leaves out is cleared, as the reference says of everything.
	KeepOmittedSecrets bool `habit:"a PUT keeps the stored value of a secret that it leaves out"`

	// Without DropOmittedTokens the authorisation of a connection outlives every PUT.
	DropOmittedTokens bool `habit:"a PUT that leaves the tokens of an authorisation out takes it away"`

	// Without IgnoreMasks a mask is stored as the new secret, which breaks the connection.
	IgnoreMasks   bool   `habit:"a mask sent for a secret is treated as left out"`
	UnsetSecrets  string `habit:"a secret without a value is not left out of answers" values:"empty masked"`
	ZeroOptionals bool   `habit:"unset optional fields of a configuration are answered as empty, false and 0"`

	KeepHealthcheckInterval bool `habit:"a PUT keeps the healthcheck_interval that it leaves out"`
	RefuseTypeOnPut         bool `habit:"a PUT of a connection must not name its type, even the same"`

	PendingStatus        string `habit:"the status of a connection that waits for its authorisation, instead of pending" try:"new"`
	HealthyStatus        string `habit:"the status of a connection that works, instead of healthy" try:"connected"`
	PendingSaved         bool   `habit:"a connection that waits for its authorisation is answered as saved"`
	FailedStatus         string `habit:"the status of a connection that the service behind it does not let in, instead of error" try:"unhealthy"`
	RevokedFails         bool   `habit:"a connection whose authorisation was taken away has the status of one that fails"`
	UseUnauthorized      bool   `habit:"models and syncs may use a connection before it is authorised"`
	ValidateUnauthorized bool   `habit:"an explicit validate: true is refused where somebody still has to authorise"`
	ReconnectRevokes     bool   `habit:"reconnect takes the authorisation away until it is given again"`
	ReusableLinks        bool   `habit:"an auth_url works more than once"`
	LinkMinutes          int    `habit:"an auth_url works for so many minutes" try:"60"`
	RedirectQuery        bool   `habit:"the browser comes to redirect_url with parameters"`

	DuplicateConnectionNames bool `habit:"two connections may have one name"`
	UniqueModelNames         bool `habit:"two models must not have one name"`
	UniqueSyncNames          bool `habit:"two syncs must not have one name"`
	UniqueRoleNames          bool `habit:"two roles must not have one name"`
	UniquePolicyNames        bool `habit:"two policies must not have one name"`
	TrimNames                bool `habit:"names lose spaces at both ends"`
	LowerNames               bool `habit:"names lose their capitals"`

	// ListPaging is about 2024-02-08 and models and syncs: otherwise they come in pages with
	// tokens. 2025-09-18 always pages syncs so, and lists bulk syncs so, too.
	ListPaging      string `habit:"lists of models and syncs come all at once, or the first page without a token" values:"none truncated"`
	PageSize        int    `habit:"the longest page, instead of 50" try:"1"`
	ModelListFields bool   `habit:"the items of the list of models have their fields"`
	NullLists       bool   `habit:"an empty list of objects is null, and a sync without filters has none"`

	InactiveByDefault bool `habit:"syncs and bulk syncs that do not say active are not"`
	BusySyncDelete    bool `habit:"a running sync is not deleted, with 409, instead of cancelled"`
	KeepNew           bool `habit:"new: true of a target field stays when the sync has made it"`

	FilterForms   string `habit:"the values of Between, InTheLast and Relative* have a form of the service's own: others are answered in it, or refused" values:"answered refused"`
	FillSchedules bool   `habit:"members that a custom or builder schedule leaves out are answered as *"`

	// Without LabelsByFieldType one alphabet runs over all filters of a sync.
	LabelsByFieldType bool `habit:"the labels of model filters and of target filters are counted apart"`

	GuardModels          bool `habit:"a model that syncs or other models use is not deleted, with 409"`
	DropDeletedRelations bool `habit:"a deleted model leaves the relations of others"`
	LabelIDs             bool `habit:"labels of a model are answered as {label_id}, instead of {id, name}"`
	RefusePickerParams   bool `habit:"params of source fields cannot speak of pickers"`

	RefreshingIs400 bool `habit:"a bulk sync whose source's schemas are not there yet is refused with 400 instead of 422"`

	// Without BulkPutSchemas a PUT leaves schemas alone, as the reference says. "sent" is
	// what the official provider relies on.
	BulkPutSchemas  string `habit:"a PUT of a bulk sync takes the schemas that are sent, or these and all if none is sent" values:"sent all"`
	BulkScheduleIDs bool   `habit:"schedules of bulk syncs are answered with their id, which is not declared"`

	HideFieldLabels bool `habit:"a field of a schema that users made is answered with its id for a name"`

	// Without MoreMembers what no document names is passed over in requests.
	MoreMembers bool `habit:"objects are made with members that no document names, at every depth; a PUT that leaves one out clears it"`

	// Without DropDeletedPolicies objects keep the id, as policies keep those of roles.
	DropDeletedPolicies bool   `habit:"a deleted policy leaves the objects that name it"`
	MorePolicyActions   bool   `habit:"policies have an action that no document names"`
	WebhookSecret       string `habit:"the secret of the webhook is answered in clear or not at all, instead of masked" values:"clear absent"`

	// PartnerOnly is about where the reference asks for a partner and practice does not.
	PartnerOnly bool `habit:"users, and the list of organisations, are for keys of partners"`

	// Without RefuseOtherBody, ForgetRefusals, KeysByPath and PutKeys the first outcome of a
	// key is replayed, refusals too, wherever the key is POSTed and whatever with.
	RefuseOtherBody bool `habit:"a known idempotency key with another body is refused with 422"`
	ForgetRefusals  bool `habit:"idempotency keys do not remember an answer 4xx"`
	KeysByPath      bool `habit:"an idempotency key belongs to its path"`
	PutKeys         bool `habit:"idempotency keys work on PUT, too"`

	BareErrors     bool   `habit:"errors have no key and no metadata"`
	NoRetryAfter   bool   `habit:"429 does not say when to try again"`
	DefaultVersion string `habit:"the version of answers to requests that name none, instead of 2025-09-18" values:"2024-02-08"`
}

// Habit is a switch as people name it.
type Habit struct {
	Name   string   // as in list-paging
	Doc    string   // what the service does, or which value it takes
	Values []string // to choose from; nil if it is on or off, or takes any value
	Try    []string // values that are worth a test; on is ""
}

// Habits lists all switches, in order.
func Habits() []Habit {
	var all []Habit
	for _, f := range reflect.VisibleFields(reflect.TypeFor[Switches]()) {
		h := Habit{Name: habitName(f.Name), Doc: f.Tag.Get("habit"), Values: strings.Fields(f.Tag.Get("values"))}
		switch try := f.Tag.Get("try"); {
		case try != "":
			h.Try = []string{try}
		case len(h.Values) > 0:
			h.Try = h.Values
		default:
			h.Values, h.Try = nil, []string{""}
		}
		all = append(all, h)
	}
	return all
}

// habitName writes ListPaging as list-paging, and RefreshingIs400 as refreshing-is-400.
func habitName(field string) string {
	var b strings.Builder
	before := 'A'
	for _, r := range field {
		starts := unicode.IsUpper(r) && !unicode.IsUpper(before) || unicode.IsDigit(r) && !unicode.IsDigit(before)
		if starts {
			b.WriteByte('-')
		}
		b.WriteRune(unicode.ToLower(r))
		before = r
	}
	return b.String()
}

// Turn turns the switch that word names: "null-lists", "page-size=2".
func (s *Switches) Turn(word string) error {
	name, value, given := strings.Cut(word, "=")
	all := Habits()
	i := slices.IndexFunc(all, func(h Habit) bool { return h.Name == name })
	if i < 0 {
		return fmt.Errorf("there is no habit %q", name)
	}
	h := all[i]
	field := reflect.ValueOf(s).Elem().Field(i)
	switch field.Kind() {
	case reflect.Bool:
		if given {
			return fmt.Errorf("the habit %s is there or not, and takes no value", name)
		}
		field.SetBool(true)
	case reflect.Int:
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 {
			return fmt.Errorf("the habit %s takes a number from 1, not %q", name, value)
		}
		field.SetInt(int64(n))
	default:
		if len(h.Values) > 0 && !slices.Contains(h.Values, value) {
			return fmt.Errorf("the habit %s takes one of %s, not %q", name, strings.Join(h.Values, ", "), value)
		}
		if value == "" {
			return fmt.Errorf("the habit %s takes a value: %s=VALUE", name, name)
		}
		field.SetString(value)
	}
	return nil
}

// setDefaults refuses values that a switch does not take, and fills in the others.
func (s *Switches) setDefaults() error {
	v := reflect.ValueOf(s).Elem()
	for i, h := range Habits() {
		if value := v.Field(i); len(h.Values) > 0 && value.String() != "" && !slices.Contains(h.Values, value.String()) {
			return fmt.Errorf("the habit %s is %q, want one of %q", h.Name, value.String(), h.Values)
		}
	}
	for _, silent := range []struct {
		value *string
		means string
	}{{&s.PendingStatus, "pending"}, {&s.HealthyStatus, "healthy"}, {&s.FailedStatus, "error"}, {&s.DefaultVersion, Version2025}} {
		if *silent.value == "" {
			*silent.value = silent.means
		}
	}
	if s.PageSize <= 0 {
		s.PageSize = 50
	}
	return nil
}

// keptName is what the service makes of a name.
func (s *Switches) keptName(name string) string {
	if s.TrimNames {
		name = strings.TrimSpace(name)
	}
	if s.LowerNames {
		name = strings.ToLower(name)
	}
	return name
}
