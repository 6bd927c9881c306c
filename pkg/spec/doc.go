// Package spec turns manifests, YAML files that people write, into the desired
// [resource.Set] and the graph of what needs what.
//
//	m, found := spec.Load(spec.Options{Kinds: kinds.All(), Files: []string{"polyplan.yaml"}, Env: os.LookupEnv})
//	if err := m.Sources.Annotate(found).Err(); err != nil {
//		return err
//	}
//
// It is a front end in the manner of a compiler: files are read ([Options]),
// parsed into nodes that know their place, and every node is checked against
// the tables of the kinds that it is given; it knows no kind by name. What a
// table says, and nothing else, decides what a value may be. All findings come
// in one run, each with its place, and a [Manifest] is returned whatever was
// found, so that explain and fmt work on broken ones too.
//
// # YAML
//
// Scalars have their YAML 1.2 core meaning: true and false are the booleans,
// while yes, no, on and off are strings; null, ~ and nothing are null, which is
// the same as leaving the key out; 0777 is seven hundred seventy-seven, 0o777
// is octal and 0xff hexadecimal; 1_000 and dates are strings. Anchors, aliases
// and merge keys (<<, where the keys written out win) are allowed within a
// budget; tags other than those of the core schema, repeated keys, and keys
// that are no scalars are not. Several documents in a file count as several
// files. Text is UTF-8 without control characters.
//
// # Values from outside
//
// ${env.NAME}, ${env.NAME:-default}, ${var.name}, ${secret.name} and
// ${file:path} bring in values from outside, in any string that a table
// describes; $${ stands for ${. A string into which a secret or a sensitive
// variable went is a [resource.Secret], and so is every value of a field that
// its table calls sensitive. A secret that cannot be had is a warning and leaves
// its resource alone; any other value is an error. No finding quotes a
// value from outside or a secret, and [Manifest.Sources] has the secrets that
// stand in the manifest itself masked.
//
// The package uses no network and no state, and writes nothing: [Format] and
// [Emit] give back text.
package spec
