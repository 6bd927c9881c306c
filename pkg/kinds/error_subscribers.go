package kinds

import (
	"strconv"

	"github.com/polyplan/polyplan/pkg/resource"
)

// ErrorSubscribers are the people who hear of every error in the organisation
// (API dossier 8.23).
var ErrorSubscribers = resource.Kind{
	Name:      "error_subscribers",
	Section:   "error_subscribers",
	Singleton: true,
	Object:    "/api/notifications/global-error-subscribers",
	Upsert:    "PUT",
	Bare:      true,
	Short:     "emails",
	Doc: `who gets an e-mail about every error in the organisation

The manifest says the whole list: an address that somebody adds in the app is drift.
An organisation always has the list, so it is never deleted but emptied.`,
	Example: `error_subscribers: [data@example.com, oncall@example.com]
`,
	Fields: []resource.Field{
		{Name: "emails", Type: resource.List, Set: true, Required: true, Elem: &resource.Field{Type: resource.String},
			Doc: "Their e-mail addresses."},
	},
	Removal: func(*resource.Encoder, resource.Object) []resource.Call {
		return []resource.Call{{Method: "PUT", Body: map[string]any{"emails": []any{}}}}
	},
	Check: func(c resource.Checker, r *resource.Resource) {
		for i, v := range listOf(r.Object["emails"]) {
			if email := textOf(v); !isEmail(email) {
				c.Error(resource.Path("emails").Index(i), "bad-email", strconv.Quote(email)+" is not an e-mail address", "the service sends its reports there", "write it as in ada@example.com")
			}
		}
	},
}
