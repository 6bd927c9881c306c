package kinds

import (
	"net/url"
	"strconv"

	"github.com/polyplan/polyplan/pkg/resource"
)

// Webhook is where the service reports what happens (API dossier 8.22).
var Webhook = resource.Kind{
	Name:      "webhook",
	Section:   "webhook",
	Singleton: true,
	Path:      "/api/webhooks",
	Doc: `where the service reports what happens in the organisation

An organisation has one webhook; if there is one already, it is adopted. The
service signs what it sends with the secret, and it tries again, up to five times,
what is not answered with 2xx. While the webhook is disabled nothing is sent, and
nothing is kept for later.

Whether the service shows the secret is not documented. Where it masks it, a change
made elsewhere goes unseen.`,
	Example: `webhook:
  endpoint: https://hooks.example.com/polytomic
  secret: ${env.WEBHOOK_SECRET}
`,
	Fields: []resource.Field{
		{Name: "endpoint", Type: resource.String, Required: true, Doc: "The address that events are sent to."},
		{Name: "secret", Type: resource.String, Required: true, Sensitive: true, WriteOnly: true,
			Doc: "What events are signed with. An update needs it too."},
		{Name: "enabled", Type: resource.Bool, Default: true, Custom: true, Apart: true,
			Doc: "Whether events are sent. Default: true."},
		organizationRow,
	},
	Claims:  []string{"disabled"},
	Decoded: decodeWebhook,
	Follow:  followWebhook,
	Check:   checkWebhook,
}

func decodeWebhook(_ *resource.Decoder, answer map[string]any, o resource.Object) {
	if disabled, ok := answer["disabled"].(bool); ok {
		o["enabled"] = !disabled
	}
}

// followWebhook turns the webhook on or off, which its body cannot say.
func followWebhook(_ *resource.Encoder, before, after resource.Object) []resource.Call {
	on := func(o resource.Object) bool { return o["enabled"] != false }
	switch {
	case on(before) == on(after):
		return nil
	case on(after):
		return []resource.Call{{Method: "POST", Path: []string{"enable"}}}
	}
	return []resource.Call{{Method: "POST", Path: []string{"disable"}}}
}

func checkWebhook(c resource.Checker, r *resource.Resource) {
	endpoint := textOf(r.Object["endpoint"])
	if endpoint == "" {
		return
	}
	u, err := url.Parse(endpoint)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		c.Error("endpoint", "bad-endpoint", strconv.Quote(endpoint)+" is not an address of the web", "the service sends events there over HTTP", "write it as in https://hooks.example.com/polytomic")
	case u.Scheme == "http":
		c.Warn("endpoint", "clear-endpoint", "events are sent in clear text", "the endpoint is reached by http, so whoever is on the way reads along", "use https")
	}
}
