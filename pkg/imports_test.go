// Package pkg holds tests about the packages below it as a whole: who may import whom,
// and that each finding about the service has a test. The tour of them is README.md.
package pkg

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const ours = "github.com/polyplan/polyplan/pkg/"

// allowed says which packages of ours each may import; imports point down only.
// A new package needs a line here, and with it a thought about where it belongs.
// Tests may import what they like, pkg/internal only they may.
var allowed = map[string][]string{
	"catalog":         {},
	"diag":            {},
	"fault":           {},
	"graph":           {},
	"clock":           {},
	"pgtest":          {}, // for tests; those of cmd cannot import pkg/internal
	"internal/trial":  {}, // for tests; statetest is one in a package of its own
	"schema":          {},
	"resource":        {"diag", "schema"},                        // schema for what a survey is told
	"kinds":           {"catalog", "diag", "resource", "schema"}, // diag for Nearest
	"manual":          {"catalog", "diag", "resource"},           // diag for Nearest and Width
	"spec":            {"diag", "graph", "resource"},
	"state":           {"clock", "fault", "resource"},
	"state/remote":    {"clock", "state"},
	"state/placetest": {},                                              // for tests; those of cmd cannot import pkg/internal
	"state/statetest": {"diag", "internal/trial", "resource", "state"}, // diag for positions that must not be kept
	"crypt":           {},
	"helper":          {},
	"api/transport":   {"clock", "fault"},
	"api":             {"api/transport", "resource"},
	"discover":        {"api", "api/transport", "resource", "schema"}, // transport for requests of no kind
	"diff":            {"diag", "graph", "resource"},                  // diag for where a refusal is shown
	"check":           {"diag", "diff", "resource", "schema"},         // diff for what a plan makes of connections
	"inventory":       {"api", "api/transport", "resource", "spec"},   // transport for what a key may not list; spec for what can be said
	"apply": {"api", "api/transport", "diag", // transport for the service's errors
		"diff", "fault", "graph", "resource", "state"},
	"sandbox":          {"catalog", "resource", "sandbox/postgres"},
	"sandbox/postgres": {},
	"render":           {"apply", "check", "diag", "diff", "graph", "resource", "state"},
}

// homes says which packages of ours may import a library from outside, for
// those that are to be found in one place. Tests may import them anywhere.
var homes = map[string][]string{
	"gopkg.in/yaml.v3":                      {"spec"},
	"github.com/urfave/cli/v2":              {}, // cmd alone
	"github.com/sergi/go-diff":              {"render"},
	"github.com/google/go-cmp":              {"diff", "state/statetest"}, // statetest is a test in a package of its own
	"filippo.io/age":                        {"crypt"},
	"github.com/rivo/uniseg":                {"diag"},
	"github.com/jackc/pgx":                  {"pgtest", "sandbox/postgres", "state/remote"},
	"gocloud.dev":                           {"state/remote"},
	"golang.org/x/oauth2":                   {"state/remote"},
	"go.yaml.in/yaml/v3":                    {},
	"github.com/getkin/kin-openapi":         {},
	"github.com/santhosh-tekuri/jsonschema": {},
	"github.com/rogpeppe/go-internal":       {},
	"github.com/yuin/goldmark":              {},
	"pgregory.net/rapid":                    {},
	"go.uber.org/goleak":                    {},
}

// stray says what is wrong with package from importing path, "" if nothing is.
func stray(from, path string) string {
	for library, users := range homes {
		if (path == library || strings.HasPrefix(path, library+"/")) && !slices.Contains(users, from) {
			return fmt.Sprintf("%s must not import %s: its home is %q (see homes in imports_test.go)", from, path, users)
		}
	}
	to, isOurs := strings.CutPrefix(path, ours)
	if !isOurs || slices.Contains(allowed[from], to) {
		return ""
	}
	return fmt.Sprintf("%s must not import %s: it may import %q (see allowed in imports_test.go)", from, to, allowed[from])
}

func TestImports(t *testing.T) {
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (entry.Name() == "testdata" || path == "internal") {
			return fs.SkipDir // helpers of tests, which may import what they like
		}
		name := filepath.ToSlash(filepath.Dir(path))
		if entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || name == "." {
			return nil
		}
		if _, known := allowed[name]; !known {
			t.Errorf("%s: package %s is not in the table allowed of imports_test.go: add it, with what it may import", path, name)
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if s := stray(name, imported); s != "" {
				t.Errorf("%s: %s", path, s)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestStray(t *testing.T) {
	for _, tt := range []struct {
		from, path string
		want       bool
	}{
		{"resource", ours + "diag", false},
		{"diag", ours + "resource", true},
		{"render", ours + "internal/golden", true},
		{"spec", "gopkg.in/yaml.v3", false},
		{"state", "gopkg.in/yaml.v3", true},
		{"api", "github.com/google/go-cmp/cmp", true},
		{"diff", "github.com/google/go-cmp/cmp", false},
		{"diag", "github.com/google/go-cmpx", false},
		{"api", "net/http", false},
	} {
		if d := cmp.Diff(tt.want, stray(tt.from, tt.path) != ""); d != "" {
			t.Errorf("%s importing %s (-want +got):\n%s", tt.from, tt.path, d)
		}
	}
}

// The table itself must point down: a pair that may import each other would
// have no order.
func TestAllowedPointsDown(t *testing.T) {
	var visit func(name string, above []string)
	visit = func(name string, above []string) {
		if slices.Contains(above, name) {
			t.Fatalf("allowed goes round in a circle: %q", append(above, name))
		}
		below, known := allowed[name]
		if !known {
			t.Errorf("%s is allowed to %s, but has no line of its own", name, above[len(above)-1])
		}
		for _, next := range below {
			visit(next, append(slices.Clone(above), name))
		}
	}
	for name := range allowed {
		visit(name, nil)
	}
}
