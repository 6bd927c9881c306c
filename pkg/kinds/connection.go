package kinds

import (
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/polyplan/polyplan/pkg/catalog"
	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/resource"
)

// Connection is access to one database or application (API dossier 8.3).
var Connection = resource.Kind{
	Name:    "connection",
	Section: "connections",
	Path:    "/api/connections",
	Doc: `access to one database or business application

A connection holds what the service needs to reach a system: its type, and a
configuration whose fields depend on that type. Passwords, keys and tokens come
from outside the manifest with ${env.NAME} or ${file:path}; they are sent with
every update, because an update replaces the whole connection, and are kept
nowhere.

A connection whose type is authorised in a browser, such as hubspot or
salesforce, is created without a secret. ` + "`polyplan apply`" + ` shows the link at which
a person authorises it and goes on with what depends on it as soon as that is
done; ` + "`polyplan auth ADDRESS`" + ` gives a fresh link.`,
	Example: `connections:
  warehouse:
    type: postgresql
    name: Warehouse
    configuration:
      hostname: db.example.com
      port: 5432
      database: analytics
      username: polytomic
      password: ${env.PG_PASSWORD}
  hubspot: {type: hubspot}
`,
	Fields: []resource.Field{
		nameRow,
		// What a PUT does with a type nobody knows, and it may be left out (API
		// dossier 20).
		{Name: "type", Type: resource.String, Required: true, Immutable: true, OnCreate: true,
			Doc: "What it connects to, as the service spells it: postgresql, hubspot, stripe. Another type makes a new connection."},
		{Name: "configuration", Type: resource.Struct, Lenient: true, Members: configurationOf, Filled: resource.Object{},
			Doc: "The settings of the type. `polyplan explain connection.TYPE` lists them."},
		{Name: "healthcheck_interval", Type: resource.Duration, WriteOnly: true,
			Doc: "How often the service checks the connection, as in 3h30m."},
		policiesRow,
		{Name: "validate", Type: resource.Bool, Directive: true,
			Doc: "Whether the service checks the connection upstream when it is written. Default: true."},
		{Name: "redirect_url", Type: resource.String, Directive: true, OnCreate: true,
			Doc: "Where the browser goes once a person has authorised the connection."},
		{Name: "status", Type: resource.String, Computed: true,
			Doc: "How the service finds the connection: healthy, or another word of its own."},
		{Name: "status_error", Type: resource.String, Computed: true,
			Doc: "What is wrong with it, in the service's words."},
		organizationRow,
	},
	// Write answers carry these besides (API dossier 8.3); none is ours to send.
	Claims: []string{"saved", "api_calls_last_24_hours", "parent_connection_id",
		"auth_url", "auth_code"},
	UniqueName: true, // API dossier 16
	Slow:       true,
	Encoded: func(e *resource.Encoder, o resource.Object, body map[string]any) {
		if body["configuration"] == nil { // required, {} for OAuth types (API dossier 9.1)
			body["configuration"] = map[string]any{}
		}
	},
	Decoded: func(d *resource.Decoder, answer map[string]any, o resource.Object) {
		if t, ok := o["type"].(resource.Object); ok { // an object in answers (API dossier 14)
			o["type"] = textOf(t["id"])
		}
		if c, ok := answer["configuration"].(map[string]any); ok {
			if t, ok := catalog.Lookup(textOf(o["type"])); ok {
				c = snakeKeys(t.Names(), c)
				for _, name := range tokens {
					if t.OAuth {
						delete(c, name)
					}
				}
				answer["configuration"] = c
			}
		}
	},
	Check:  checkConnection,
	Survey: surveyConnection,
	Trial: func(body map[string]any, id string) (string, map[string]any) {
		trial := map[string]any{"type": body["type"], "configuration": body["configuration"]}
		if id != "" { // what is stored is the base (API dossier 8.3)
			trial["connection_id"] = id
		}
		return "/api/connections/test", trial
	},
	Waiting:   waitingConnection,
	Reconnect: "reconnect", // GET never repeats a link (API dossier 9.1)
}

// members caches the tables made of the catalogue, which never changes.
var members sync.Map // type id -> []resource.Field

// tokens are what a person's consent fills in. They are answered masked and
// change by themselves, so that an answer says nothing about what a manifest
// set, and there is nothing to send back: nobody but the service knows them
// (API dossier 9.3).
var tokens = []string{"oauth_access_token", "oauth_refresh_token", "oauth_token_expiry"}

// configurationOf is the table of a connection's configuration, by its type.
func configurationOf(root resource.Object) ([]resource.Field, bool) {
	id := textOf(root["type"])
	if cached, ok := members.Load(id); ok {
		return cached.([]resource.Field), true
	}
	t, ok := catalog.Lookup(id)
	if !ok {
		return nil, false
	}
	// The lists of required fields know nothing of OAuth and of the choice
	// between ways to authenticate (API dossier 9.3, 18).
	strict := !t.OAuth && t.AuthSelector() == ""
	fields := append(fieldsOf(t.Fields, strict), undescribed(t)...)
	for i := range fields {
		fields[i].WriteOnly = t.OAuth && slices.Contains(tokens, fields[i].Name)
	}
	members.Store(id, fields)
	return fields, true
}

// undescribed makes rows of the fields that the vendor requires without a word
// about them. Tokens among them are secrets like any other.
func undescribed(t *catalog.Type) []resource.Field {
	var out []resource.Field
	for _, name := range t.RequiredButUndescribed {
		out = append(out, resource.Field{Name: name, Type: resource.String, Sensitive: strings.HasSuffix(name, "_token")})
	}
	return out
}

// fieldsOf makes rows of the catalogue's fields, in order of their names.
func fieldsOf(from map[string]*catalog.Field, strict bool) []resource.Field {
	out := make([]resource.Field, 0, len(from))
	for _, name := range resource.Keys(from) {
		f := rowOf(from[name], strict)
		f.Name = name
		out = append(out, f)
	}
	return out
}

func rowOf(c *catalog.Field, strict bool) resource.Field {
	f := resource.Field{
		Computed:  c.ReadOnly || c.Internal(),
		Sensitive: c.Secret,
		// What is set through the API alone is filled by a consent otherwise, and
		// rotates on the server (API dossier 9.3): not ours unless written out.
		Implicit: c.Hidden && c.APIField,
		Default:  resource.Normalize(c.Default),
		Required: strict && c.Required && c.Default == nil,
	}
	if strict && c.Required && c.Default != nil {
		f.Filled = f.Default
	}
	for _, e := range c.Enum {
		if s, ok := e.(string); ok {
			f.Enum = append(f.Enum, s)
		}
	}
	switch c.Type {
	case "string":
		f.Type = resource.String
	case "boolean":
		f.Type = resource.Bool
	case "integer":
		f.Type = resource.Int
	case "number":
		f.Type = resource.Number
	case "array":
		f.Type = resource.List
		f.Elem = &resource.Field{Type: resource.Any, Labelled: true}
		if c.Items != nil {
			elem := rowOf(c.Items, false)
			f.Elem = &elem
		}
	default:
		f.Type = resource.Any
		switch {
		case len(c.Fields) > 0 && !picker(c.Fields):
			f.Type, f.Lenient, f.Fields = resource.Struct, !c.Closed, fieldsOf(c.Fields, false)
		case len(c.Fields) == 0 && c.AdditionalProperties != nil:
			elem := rowOf(c.AdditionalProperties, false)
			f.Type, f.Elem = resource.Map, &elem
		default:
			f.Labelled = true
		}
	}
	return f
}

// picker reports whether an object is a choice of the app's pickers: its
// label is cosmetic (API dossier 14).
func picker(fields map[string]*catalog.Field) bool {
	for name := range fields {
		if name != "value" && name != "label" {
			return false
		}
	}
	return fields["value"] != nil
}

// snakeKeys renames the keys that some types answer in camelCase to the ones
// that the catalogue has (API dossier 14).
func snakeKeys(names []string, c map[string]any) map[string]any {
	out := make(map[string]any, len(c))
	for key, v := range c {
		if !slices.Contains(names, key) {
			for _, name := range names {
				if _, taken := c[name]; !taken && fold(name) == fold(key) {
					key = name
					break
				}
			}
		}
		out[key] = v
	}
	return out
}

func fold(s string) string { return strings.ToLower(strings.ReplaceAll(s, "_", "")) }

// filledByConsent are the fields that only a completed authorisation fills
// (API dossier 9.2).
var filledByConsent = []string{"connected_user", "user_email", "hub_user", "hub_domain", "username", "user_name",
	"workspace_name", "tenant_name", "instance_url_override", "authenticated", "oauth_token_expiry",
	"oauth_refresh_token", "oauth_access_token"}

// zeroTime is how a service written in Go answers an expiry that was never set.
const zeroTime = "0001-01-01T00:00:00Z"

// waitingConnection finds out whether a person has still to authorise the
// connection, from what the service shows (API dossier 9.2).
func waitingConnection(answer map[string]any) *resource.Waiting {
	typeID := textOf(answer["type"])
	if t := objectOf(answer["type"]); t != nil {
		typeID = textOf(t["id"])
	}
	w := &resource.Waiting{Link: textOf(answer["auth_url"]), Code: textOf(answer["auth_code"]),
		Status: textOf(answer["status"]), Detail: textOf(answer["status_error"])}
	configuration := objectOf(answer["configuration"])
	t, known := catalog.Lookup(typeID)
	switch saved, _ := answer["saved"].(bool); {
	case w.Status == "healthy", known && !t.Interactive(configuration), !known && w.Link == "", saved && w.Status == "" && w.Link == "":
		return nil
	}
	for _, name := range filledByConsent {
		if v := configuration[name]; !resource.Empty(v) && v != false && v != zeroTime {
			return nil
		}
	}
	return w
}

func checkConnection(c resource.Checker, r *resource.Resource) {
	id := textOf(r.Object["type"])
	if id == "" {
		return // a required field: that it is missing is said already
	}
	t, ok := catalog.Lookup(id)
	if !ok {
		fix := ""
		if near, ok := diag.Nearest(id, catalog.Types()); ok {
			fix = "did you mean " + strconv.Quote(near) + "?"
		}
		c.Warn("type", "unknown-connection-type", "unknown connection type "+strconv.Quote(id),
			"polyplan's list of connection types does not have it, so its configuration is sent unchecked", fix)
		return
	}
	if selector := t.AuthSelector(); !t.OAuth && selector != "" {
		configuration := objectOf(r.Object["configuration"])
		for _, name := range t.Names() {
			f := t.Fields[name]
			if f.Required && f.Default == nil && configuration[name] == nil {
				c.Warn(resource.Path("configuration").Child(name), "missing-configuration", strconv.Quote(name)+" may be missing",
					"connections of type "+id+" list it as required; whether they need it depends on "+strconv.Quote(selector), "")
			}
		}
	}
}
