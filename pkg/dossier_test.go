package pkg

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/polyplan/polyplan/pkg/internal/rows"
	"github.com/polyplan/polyplan/pkg/sandbox"
)

// What the service makes of what it is sent, row by row as API dossier 14 lists it. Each
// row has a case in internal/rows, by which pkg/kinds and pkg/diff show that polyplan
// takes the service's form for what it is; and a case in pkg/sandbox which shows that
// the sandbox answers so, under a name of its own where service is set.
var habits = []struct {
	kind    string
	row     string // its name in internal/rows
	service string // of the sandbox's test; "" where it is "KIND ROW" or "KIND: ROW"
}{
	{"connection", "id, organization_id, created_*, updated_*, actors", "all: id, organization_id, created_*, updated_*, actors"},
	{"model", "id, organization_id, created_*, updated_*, actors", "all: id, organization_id, created_*, updated_*, actors"},
	{"sync", "id, organization_id, created_*, updated_*, actors", "all: id, organization_id, created_*, updated_*, actors"},
	{"bulk_sync", "id, organization_id, created_*, updated_*, actors", "all: id, organization_id, created_*, updated_*, actors"},
	{"connection", "type: object v. string", "connection: type object v. string"},
	{"connection", "status, status_error, saved, api_calls_last_24_hours, parent_connection_id", "connection: status, status_error, saved, api_calls_last_24_hours"},
	{"connection", "configuration: secrets masked", ""},
	{"connection", "configuration: ro fields filled by the server", ""},
	{"connection", "configuration: internal fields", ""},
	{"connection", "configuration: defaults filled in, zero values", "connection configuration: defaults filled in; unset optionals"},
	{"connection", "configuration: numbers may be strings", ""},
	{"connection", "configuration: picker objects {value, label}", "connection configuration: picker objects"},
	{"connection", "configuration: camelCase keys", "connection configuration: camelCase keys as they were sent"},
	{"connection", "policies: built-in policy appended", "policies: built-in policy appended"},
	{"model", "policies: built-in policy appended", "policies: built-in policy appended"},
	{"sync", "policies: built-in policy appended", "policies: built-in policy appended"},
	{"bulk_sync", "policies: built-in policy appended", "policies: built-in policy appended"},
	{"model", "fields: objects; all fields if none was sent; order of the source", "model fields: objects; all if none was sent; order of the source"},
	{"model", "additional_fields: inside fields with user_added: true", ""},
	{"model", "field id, unique, remote_type, example, description, timestamps", ""},
	{"model", "labels: objects v. ids", ""},
	{"model", `identifier: "" when unset`, "model identifier: empty when unset"},
	{"model", "relations, tracking_columns, additional_fields: null or []", "model relations, tracking_columns: null or []"},
	{"model", "configuration: empty strings, nulls, an extra tracking_columns key, non-string values", "model configuration: empty strings, nulls, an extra tracking_columns key"},
	{"model", "configuration, Airtable: {value, label}; viewobj: {} when none", "model configuration, Airtable: {value, label}, viewobj {} when none"},
	{"model", "version: counts up on change", ""},
	{"sync", "fields: holds override fields too", ""},
	{"sync", "fields: order", "sync fields: one source per target"},
	{"sync", "fields[].new, encryption_enabled, sync_mode, override_value", ""},
	{"sync", "filters[].label: assigned by the server", ""},
	{"sync", "filters[]: field_id filled in besides field; field_type filled", "sync filters[]: field_id filled in besides field; target filters"},
	{"sync", "filters, overrides: empty list v. absent", ""},
	{"sync", "filter and override values: any JSON", ""},
	{"sync", "overrides[]: field_id besides field", ""},
	{"sync", "identity: remote_field_type_id, new_field filled", "sync identity: remote_field_type_id filled, new_field filled"},
	{"sync", "target.search_values: derived from object", "sync target.search_values, target.configuration"},
	{"sync", "target.configuration: {}, null, absent; defaults filled", "sync target.search_values, target.configuration"},
	{"sync", "target.create, new_name: not returned; object holds the new object's id", "sync target.create, new_name: not returned; object now holds the new object's id"},
	{"sync", `target.filter_logic: "" or null`, "sync target.filter_logic: empty when unset"},
	{"sync", "encryption_passphrase: never returned", ""},
	{"sync", "model_ids: computed", ""},
	{"sync", "sync_all_records, only_enrich_updates, skip_initial_backfill: false when unset", ""},
	{"sync", "schedule: unused members null or empty; numbers as strings", "sync schedule: unused members null; run_after_success_only filled; numbers as strings"},
	{"sync", "schedule.run_after: lists", "sync schedule.run_after: bulk syncs exist"},
	{"bulk_sync", "source_configuration, destination_configuration: defaults added", "bulk source_configuration, destination_configuration: defaults added"},
	{"bulk_sync", "schemas: not in the answer; separate endpoint; output_name computed", "bulk schemas: not in the answer; separate endpoint; output_name computed"},
	{"bulk_sync", "automatically_add_new_*, normalize_names, disable_record_timestamps: defaults none/all/enabled/false", "bulk automatically_add_new_*, normalize_names, disable_record_timestamps: defaults"},
	{"bulk_sync", "concurrency_limit etc.: null or a number", "bulk concurrency_limit etc.: null or a number"},
	{"bulk_sync", "schedules: camelCase in 8.15, snake_case in the sync", "bulk schedules: camelCase in 8.15, snake_case in the sync"},
	{"policy", "policy_actions: all actions, role_ids possibly null", ""},
	{"user", "email, role: lower-cased", ""},
	{"bulk_sync", "timestamps: precision and zone", "bulk timestamps: as they were sent"},
	{"connection", "text: the server may trim names", "TestSwitches"}, // trim-names
}

// The traps of API dossier 0.1, and the tests that walk into each.
var traps = []struct {
	trap  string
	tests []string // "directory TestName"
}{
	{"1 always send the version", []string{"api/transport TestTheWire", "api/transport TestVersionWarning", "sandbox TestVersionHeader"}},
	{"2 PUT replaces the whole object", []string{"apply TestUpdateKeepsWhatOthersSet", "apply TestUpdateKeepsUnknownMembers", "sandbox TestConnectionPutReplaces", "sandbox TestModelPutReplaces"}},
	{"3 secrets come back masked", []string{"apply TestUpdateRefusesToDestroyASecret", "apply TestUpdateRotatesASecret", "sandbox TestSecretsInPut"}},
	{"4 fields go out as names and come back as objects", []string{"kinds TestBodies", "kinds TestRows", "sandbox TestHabits"}},
	{"5 override fields come back inside fields", []string{"kinds TestBodies", "kinds TestRows", "sandbox TestHabits"}},
	{"6 the server assigns filter labels", []string{"kinds TestManyFilters", "kinds TestRenameLogic", "sandbox TestFilterLogic"}},
	{"7 schedule numbers are strings", []string{"kinds TestBodies", "sandbox TestHabits"}},
	{"8 auth_url is in the answers of create and update only", []string{"apply TestWait", "apply TestAuthorize", "sandbox TestOAuthModes", "sandbox TestReconnect"}},
	{"9 deletes that are guarded, and those that are not", []string{"apply TestDeleteOfWhatIsUsed", "sandbox TestDeleteModelInUse", "sandbox TestDeleteConnection"}},
	{"10 a 401 has another shape", []string{"api/transport TestServerErrors", "sandbox TestUnauthorized"}},
}

// What nobody knows of the service, question by question as API dossier 20 lists them,
// and the switches of the sandbox that answer each in another way. pkg/apply's TestHabits
// lives through every answer, and so do the main scripts of cmd/polyplan.
var unknowns = []struct {
	unknown  string
	switches []string
	hidden   string // what of it no switch can show, and why
}{
	{"connection status and saved around an authorisation, and after a failure",
		[]string{"pending-status", "pending-saved", "healthy-status", "failed-status", "revoked-fails", "use-unauthorized"}, ""},
	{"auth_url: how long, how often, what comes to redirect_url", []string{"link-minutes", "reusable-links", "redirect-query"}, ""},
	{"a PUT without a secret, or without the tokens of an authorisation", []string{"keep-omitted-secrets", "drop-omitted-tokens"}, ""},
	{"a PUT with a mask", []string{"ignore-masks"}, ""},
	{"how unset secrets are answered", []string{"unset-secrets", "zero-optionals"}, ""},
	{"the default of active", []string{"inactive-by-default"}, ""},
	{"the default of validate where somebody has to authorise", []string{"validate-unauthorized"}, ""},
	{"members of labels, and how labels are made", []string{"label-ids"}, "no operation of the API makes a label"},
	{"which names have to be unique", []string{"unique-model-names", "unique-sync-names", "unique-role-names", "unique-policy-names", "duplicate-connection-names"}, ""},
	{"idempotency keys: scope, another body, refusals, PUT", []string{"keys-by-path", "refuse-other-body", "forget-refusals", "put-keys"}, ""},
	{"rate limits and Retry-After", []string{"no-retry-after"}, "a limit is an option of the sandbox, not a habit: any number is possible"},
	{"whether lists of models and syncs come in pages", []string{"list-paging", "page-size", "null-lists"}, ""},
	{"whether items of the list of models have their fields", []string{"model-list-fields"}, ""},
	{"the version of answers to requests that name none", []string{"default-version"}, ""},
	{"whether a PUT of a bulk sync takes schemas", []string{"bulk-put-schemas", "refreshing-is-400"}, ""},
	{"the ids of bulk schedules", []string{"bulk-schedule-ids"}, ""},
	{"filters: the values of some functions, and one alphabet of labels or two", []string{"filter-forms", "labels-by-field-type"}, ""},
	{"members of custom and builder schedules", []string{"fill-schedules"}, ""},
	{"the whole list of policy actions", []string{"more-policy-actions"}, ""},
	{"how params speak of values that are objects", []string{"refuse-picker-params"}, ""},
	{"deletion of what others use", []string{"guard-models", "drop-deleted-relations", "drop-deleted-policies"}, ""},
	{"409 to the deletion of a sync", []string{"busy-sync-delete"}, ""},
	{"type and reconnect in a PUT", []string{"refuse-type-on-put", "reconnect-revokes"}, ""},
	{"whether healthcheck_interval outlives a PUT without it", []string{"keep-healthcheck-interval"}, ""},
	{"the webhook's secret in answers, and how deliveries are signed", []string{"webhook-secret"}, "polyplan takes no delivery, so no signature ever comes to it"},
	{"key and metadata of errors", []string{"bare-errors"}, ""},
	{"what becomes of names", []string{"trim-names", "lower-names"}, ""},
	// Beyond its list: where the dossier reasons, or its sources contradict each other.
	{"who may ask for users and organisations (2)", []string{"partner-only"}, ""},
	{"whether new: true of a target field stays (14)", []string{"keep-new"}, ""},
	{"members that came later than the documents (0)", []string{"more-members"}, ""},
	{"whether the name of a schema's field is its label (8.5)", []string{"hide-field-labels"}, ""},
}

// tested are the tests of a directory: their functions, and the literal names of their
// parts.
func tested(t *testing.T, dir string) (functions, parts []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(filepath.FromSlash(dir), "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				functions = append(functions, n.Name.Name)
			case *ast.CallExpr:
				run, ok := n.Fun.(*ast.SelectorExpr)
				if !ok || run.Sel.Name != "Run" || len(n.Args) != 2 {
					break
				}
				if lit, ok := n.Args[0].(*ast.BasicLit); ok && lit.Kind == token.STRING {
					part, err := strconv.Unquote(lit.Value)
					if err != nil {
						t.Fatal(err)
					}
					parts = append(parts, part)
				}
			}
			return true
		})
	}
	return functions, parts
}

func TestEveryRowHasATest(t *testing.T) {
	functions, parts := tested(t, "sandbox")
	for _, h := range habits {
		if !slices.ContainsFunc(rows.All(), func(r rows.Row) bool { return r.Kind == h.kind && r.Name == h.row && len(r.Cases) > 0 }) {
			t.Errorf("internal/rows has no case for %s %s", h.kind, h.row)
		}
		names := []string{h.service}
		if h.service == "" {
			names = []string{h.kind + " " + h.row, h.kind + ": " + h.row}
		}
		if !slices.ContainsFunc(names, func(name string) bool { return slices.Contains(parts, name) || slices.Contains(functions, name) }) {
			t.Errorf("the sandbox has no test called %q", names)
		}
	}
}

func TestEveryTrapHasATest(t *testing.T) {
	if len(traps) != 10 {
		t.Errorf("%d traps, want 10", len(traps))
	}
	for _, trap := range traps {
		for _, test := range trap.tests {
			dir, name, _ := strings.Cut(test, " ")
			if functions, _ := tested(t, dir); !slices.Contains(functions, name) {
				t.Errorf("trap %s: there is no %s in %s", trap.trap, name, dir)
			}
		}
	}
}

func TestEveryUnknownHasASwitch(t *testing.T) {
	left := map[string]bool{}
	for _, h := range sandbox.Habits() {
		left[h.Name] = true
	}
	for _, u := range unknowns {
		if len(u.switches) == 0 {
			t.Errorf("%s: no switch, only %q", u.unknown, u.hidden)
		}
		for _, name := range u.switches {
			if !left[name] {
				t.Errorf("%s: there is no switch %s, or another question has it", u.unknown, name)
			}
			delete(left, name)
		}
	}
	for name := range left {
		t.Errorf("the switch %s answers no question", name)
	}
}
