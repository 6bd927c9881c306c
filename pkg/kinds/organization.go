package kinds

import "github.com/polyplan/polyplan/pkg/resource"

// Organization is what everything else is in (API dossier 8.20).
var Organization = resource.Kind{
	Name:    "organization",
	Section: "organizations",
	Path:    "/api/organizations",
	Doc: `an organisation of a partner's or of a self-hosted deployment

Only the key of a partner or of a deployment may make or change one:
POLYTOMIC_PARTNER_KEY or POLYTOMIC_DEPLOYMENT_KEY. Users may be put into it in the
same manifest; connections, models and syncs have a manifest and a state of their
own for each organisation, which ` + "`--organization`" + ` names.

An update replaces the settings of single sign-on as a whole, and of these the
service never shows client_id and client_secret: what the manifest does not say of
them is cleared.

With an organisation goes all that is in it: set ` + "`protect: true`" + ` where nobody
should ever delete it.`,
	Example: `organizations:
  acme:
    name: Acme Inc.
    sso_domain: acme.example.com
    issuer: https://login.acme.example.com
    client_id: polytomic
    client_secret: ${env.ACME_CLIENT_SECRET}
    protect: true
`,
	Fields: []resource.Field{
		nameRow,
		{Name: "sso_domain", Type: resource.String, Doc: "The domain of e-mail addresses whose owners sign on through issuer."},
		{Name: "sso_org_id", Type: resource.String, Doc: "The organisation's id with a service for single sign-on."},
		{Name: "issuer", Type: resource.String, Doc: "The address of the OpenID Connect issuer."},
		{Name: "client_id", Type: resource.String, WriteOnly: true, Doc: "The client at the issuer."},
		{Name: "client_secret", Type: resource.String, Sensitive: true, WriteOnly: true, Doc: "The secret of that client."},
	},
	UniqueName: true,
}
