package catalog

// The vendor's lists mark secrets at the top level only. What follows are the
// nested ones: four types send requests to a server of the user's choice, and the
// key to it may stand in any header, parameter or user name. The values are
// secret; the names beside them, addresses and scopes are not. [API dossier 10]
var nestedSecrets = map[string][][]string{
	"api":            requestSecrets("auth"),
	"csv":            requestSecrets("auth"),
	"httpenrichment": requestSecrets("auth"),
	"webhook":        requestSecrets(), // sign-in stands at the top level there
}

// requestSecrets lists the secret members of a configured request whose sign-in
// stands at the path auth.
func requestSecrets(auth ...string) [][]string {
	paths := [][]string{
		{"headers", "0", "value"},
		{"parameters", "0", "value"},
	}
	for _, p := range [][]string{
		{"basic", "username"},
		{"basic", "password"},
		{"header", "value"},
		{"query", "0", "value"},
		{"oauth", "client_id"},
		{"oauth", "client_secret"},
		{"oauth", "extra_form_data", "0", "value"},
	} {
		paths = append(paths, append(append([]string(nil), auth...), p...))
	}
	return paths
}

func markSecrets(all map[string]*Type) {
	for id, paths := range nestedSecrets {
		for _, path := range paths {
			if f := all[id].At(path...); f != nil {
				f.Secret = true
			}
		}
	}
}
