package catalog

// The fields by which types let the user choose how to sign in. Databricks has
// two: the first is for itself, the second for its storage.
var selectors = []string{"auth_method", "connect_mode", "databricks_auth_mode", "auth_mode"}

// AuthSelector names the field that chooses between ways to sign in, such as
// "auth_method" or "connect_mode", or is "" when the type has none. Which fields
// are required depends on its value, and the schemas do not say how, so where a
// selector exists a missing required field is a suspicion and not an error.
func (t *Type) AuthSelector() string {
	for _, name := range selectors {
		if f := t.Fields[name]; f != nil && len(f.Enum) > 0 {
			return name
		}
	}
	return ""
}

// The values of a selector that send a person to a browser; all others work
// with keys and tokens.
var browserValues = map[string]bool{
	"oauth":     true,
	"browser":   true,
	"code":      true, // Salesforce: a code is typed in there
	"microsoft": true, // Microsoft Ads: whose account signs in
	"google":    true,
}

// Interactive reports whether a connection with this configuration waits for a
// person to authorise it in a browser. It does not when the type knows no OAuth,
// when its selector is set to something else, or when the configuration brings
// tokens of its own.
func (t *Type) Interactive(configuration map[string]any) bool {
	if !t.OAuth {
		return false
	}
	for _, name := range []string{"oauth_refresh_token", "oauth_access_token"} {
		if s, _ := configuration[name].(string); s != "" {
			return false
		}
	}
	name := t.AuthSelector()
	if name == "" {
		return true
	}
	chosen, _ := configuration[name].(string)
	if chosen == "" {
		chosen, _ = t.Fields[name].Default.(string)
	}
	// With neither a choice nor a default the app starts with the browser.
	return chosen == "" || browserValues[chosen]
}
