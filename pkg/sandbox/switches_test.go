package sandbox

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/polyplan/polyplan/pkg/internal/contract"
)

// seen tells what a client sees that asks for nothing else.
type seen struct {
	*client
	seed
	clk *clock
}

// tries sends what may be refused and returns the status.
func (s seen) tries(method, path string, body any) int {
	status, _ := s.send(contract.Unchecked(s.request(method, path, body)))
	return status
}

// twice creates two of one name and returns the second status.
func (s seen) twice(path string, body m) int {
	s.tries("POST", path, body)
	return s.tries("POST", path, body)
}

// keys POSTs a connection with an idempotency key, then something else with it.
func (s seen) keys(method, path string, first, second m) string {
	s.client = s.with("Idempotency-Key", "key-number-1")
	one := s.tries("POST", "/api/connections", first)
	return fmt.Sprint(one, " ", s.tries(method, path, second))
}

// The observations: what each switch changes, first as it is without, then with each of
// the values that Habits has to try. Every switch stands here.
var observations = map[string]struct {
	look func(s seen) any
	want []any
}{
	"keep-omitted-secrets": {func(s seen) any {
		body := patched(postgresBody(), m{"validate": false})
		body["configuration"] = patched(body["configuration"].(m), m{"password": nil})
		return s.put("/api/connections/"+s.postgres, body)["configuration"].(m)["password"]
	}, []any{nil, mask}},
	"drop-omitted-tokens": {func(s seen) any {
		s.s.opts.OAuth = OAuthManual
		return s.put("/api/connections/"+s.hubspot, m{"name": "HubSpot Connection", "configuration": m{}})["status"]
	}, []any{"healthy", "pending"}},
	"ignore-masks": {func(s seen) any {
		body := patched(postgresBody(), m{"validate": false})
		body["configuration"] = patched(body["configuration"].(m), m{"password": mask})
		return s.put("/api/connections/"+s.postgres, body)["status"]
	}, []any{"error", "healthy"}},
	"unset-secrets": {func(s seen) any {
		return s.get("/api/connections/" + s.postgres)["configuration"].(m)["ssh_private_key"]
	}, []any{nil, "", mask}},
	"zero-optionals": {func(s seen) any {
		return s.get("/api/connections/" + s.postgres)["configuration"].(m)["publication"]
	}, []any{nil, ""}},
	"keep-healthcheck-interval": {func(s seen) any {
		s.put("/api/connections/"+s.postgres, patched(postgresBody(), m{"healthcheck_interval": "1h"}))
		return s.put("/api/connections/"+s.postgres, postgresBody())["healthcheck_interval"]
	}, []any{"", "1h"}},
	"refuse-type-on-put": {func(s seen) any { return s.tries("PUT", "/api/connections/"+s.postgres, postgresBody()) }, []any{200, 422}},

	"pending-status": {func(s seen) any { return s.pending()["status"] }, []any{"pending", "new"}},
	"healthy-status": {func(s seen) any { return s.get("/api/connections/" + s.postgres)["status"] }, []any{"healthy", "connected"}},
	"pending-saved":  {func(s seen) any { return s.pending()["saved"] }, []any{false, true}},
	"failed-status": {func(s seen) any {
		body := patched(postgresBody(), m{"name": "x", "validate": false})
		body["configuration"] = patched(body["configuration"].(m), m{"password": "invalid"})
		return s.post("/api/connections", body)["status"]
	}, []any{"error", "unhealthy"}},
	"revoked-fails": {func(s seen) any {
		if err := s.s.Revoke(s.hubspot); err != nil {
			s.t.Fatal(err)
		}
		return s.get("/api/connections/" + s.hubspot)["status"]
	}, []any{"pending", "error"}},
	"use-unauthorized": {func(s seen) any {
		return s.tries("GET", "/api/connections/"+id(s.pending())+"/modelsync/targetobjects", nil)
	}, []any{400, 200}},
	"validate-unauthorized": {func(s seen) any {
		return s.tries("POST", "/api/connections", m{"name": "x", "type": "hubspot", "configuration": m{}, "validate": true})
	}, []any{200, 422}},
	"reconnect-revokes": {func(s seen) any {
		s.s.opts.OAuth = OAuthManual
		return s.put("/api/connections/"+s.hubspot, m{"name": "HubSpot Connection", "configuration": m{}, "reconnect": true})["status"]
	}, []any{"healthy", "pending"}},
	"reusable-links": {func(s seen) any {
		link := s.pending()["auth_url"].(string)
		browser{s.t}.open("POST", link, nil)
		status, _, _ := browser{s.t}.open("POST", link, nil)
		return status
	}, []any{410, 303}},
	"link-minutes": {func(s seen) any {
		link := s.pending()["auth_url"].(string)
		s.clk.advance(time.Hour)
		status, _, _ := browser{s.t}.open("GET", link, nil)
		return status
	}, []any{200, 410}},

	"redirect-query": {func(s seen) any {
		s.s.opts.OAuth = OAuthManual
		made := s.post("/api/connections", m{"name": "Waiting", "type": "hubspot", "configuration": m{}, "redirect_url": "https://app.example.com/done?from=us"})
		_, _, header := browser{s.t}.open("POST", made["auth_url"].(string), nil)
		return strings.ReplaceAll(header.Get("Location"), id(made), "ID")
	}, []any{"https://app.example.com/done?from=us", "https://app.example.com/done?connection_id=ID&from=us&status=healthy"}},

	"duplicate-connection-names": {func(s seen) any { return s.twice("/api/connections", postgresBody()) }, []any{422, 200}},
	"unique-model-names":         {func(s seen) any { return s.twice("/api/models", s.customersBody()) }, []any{200, 400}},
	"unique-sync-names":          {func(s seen) any { return s.twice("/api/syncs", s.syncBody()) }, []any{200, 422}},
	"unique-role-names":          {func(s seen) any { return s.twice("/api/permissions/roles", m{"name": "x"}) }, []any{200, 400}},
	"unique-policy-names":        {func(s seen) any { return s.twice("/api/permissions/policies", m{"name": "x"}) }, []any{200, 400}},
	"trim-names":                 {func(s seen) any { return s.post("/api/permissions/roles", m{"name": " x "})["name"] }, []any{" x ", "x"}},

	"lower-names": {func(s seen) any { return s.post("/api/permissions/roles", m{"name": "Us"})["name"] }, []any{"Us", "us"}},

	"list-paging": {func(s seen) any {
		s.s.opts.Switches.PageSize = 2
		_, got := s.send(s.request("GET", "/api/models", nil))
		return fmt.Sprint(len(got["data"].([]any)), " ", got["pagination"] != nil && got["pagination"].(m)["next_page_token"] != nil)
	}, []any{"2 true", "3 false", "2 false"}},
	"page-size":         {func(s seen) any { return len(s.items("/api/models")) }, []any{3, 1}},
	"model-list-fields": {func(s seen) any { return s.items("/api/models")[0].(m)["fields"] != nil }, []any{false, true}},
	"null-lists": {func(s seen) any {
		_, there := s.get("/api/syncs/" + s.sync)["filters"]
		return fmt.Sprint(s.get("/api/webhooks")["data"] == nil, " ", there)
	}, []any{"false true", "true false"}},

	"inactive-by-default": {func(s seen) any { return s.get("/api/syncs/" + s.sync)["active"] }, []any{true, false}},
	"busy-sync-delete": {func(s seen) any {
		s.s.opts.Pace = time.Hour
		s.put("/api/syncs/"+s.sync, patched(s.syncBody(), m{"active": true}))
		s.post("/api/syncs/"+s.sync+"/executions", m{})
		return s.tries("DELETE", "/api/syncs/"+s.sync, nil)
	}, []any{200, 409}},
	"keep-new": {func(s seen) any {
		field := m{"target": "made", "new": true, "source": m{"model_id": s.users, "field": "email"}}
		return s.put("/api/syncs/"+s.sync, patched(s.syncBody(), m{"fields": []m{field}}))["fields"].([]any)[0].(m)["new"]
	}, []any{false, true}},
	"filter-forms": {func(s seen) any {
		age := m{"field": m{"model_id": s.users, "field": "id"}, "function": "Between", "value": []any{1, 2.5}}
		new := m{"field": m{"model_id": s.users, "field": "created_at"}, "function": "InTheLast", "value": "7 days"}
		_, got := s.send(contract.Unchecked(s.request("PUT", "/api/syncs/"+s.sync, patched(s.syncBody(), m{"filters": []m{age, new}}))))
		if got["data"] == nil {
			return got["message"]
		}
		filters := got["data"].(m)["filters"].([]any)
		return fmt.Sprint(filters[0].(m)["value"], " ", filters[1].(m)["value"])
	}, []any{"[1 2.5] 7 days", "map[from:1 to:2.5] map[amount:7 unit:days]", `filters: the value of Between has the members ["from" "to"]`}},
	"fill-schedules": {func(s seen) any {
		custom := m{"frequency": "custom", "hour": "8"}
		sync := s.put("/api/syncs/"+s.sync, patched(s.syncBody(), m{"schedule": custom}))
		bulk := s.post("/api/bulk/syncs", patched(s.bulkBody(), m{"schedule": custom}))
		later := s.as(Version2025).get("/api/bulk/syncs/" + id(bulk))
		return fmt.Sprint(sync["schedule"].(m)["month"], " ", bulk["schedule"].(m)["month"], " ", later["default_schedule"].(m)["month"])
	}, []any{"<nil> <nil> <nil>", "* * *"}},
	"labels-by-field-type": {func(s seen) any {
		got := s.put("/api/syncs/"+s.sync, patched(s.syncBody(), m{"mode": "update", "filters": []m{
			{"field": m{"model_id": s.users, "field": "email"}, "function": "IsNotNull"},
			{"field_id": "lifecyclestage", "field_type": "Target", "function": "IsNotNull"},
		}}))
		return got["filters"].([]any)[1].(m)["label"]
	}, []any{"B", "A"}},

	"guard-models": {func(s seen) any {
		s.tries("DELETE", "/api/syncs/"+s.sync, nil)
		return s.tries("DELETE", "/api/models/"+s.users, nil) // others are joined to it
	}, []any{200, 409}},
	"drop-deleted-relations": {func(s seen) any {
		s.tries("DELETE", "/api/models/"+s.users, nil)
		return len(s.get("/api/models/" + s.stars)["relations"].([]any))
	}, []any{1, 0}},
	"label-ids": {func(s seen) any {
		got := s.put("/api/models/"+s.customers, patched(s.customersBody(), m{"labels": []string{"5e0f31f0-1111-4b43-9a02-5d2f7a9b1c22"}}))
		return slices.Sorted(func(yield func(string) bool) {
			for name := range got["labels"].([]any)[0].(m) {
				if !yield(name) {
					return
				}
			}
		})
	}, []any{[]string{"id", "name"}, []string{"label_id"}}},
	"refuse-picker-params": {func(s seen) any {
		return s.tries("GET", "/api/connections/"+s.airtable+"/modelsync/source/fields?params[baseobj]=appDVrQJeb9w2F2IL", nil)
	}, []any{200, 400}},

	"refreshing-is-400": {func(s seen) any {
		s.s.opts.Pace = time.Hour
		return s.tries("POST", "/api/bulk/syncs", s.bulkBody())
	}, []any{422, 400}},
	"bulk-put-schemas": {func(s seen) any {
		made := s.post("/api/bulk/syncs", s.bulkBody())
		first := s.items("/api/bulk/syncs/" + id(made) + "/schemas")[0].(m)["id"].(string)
		enabled := func(body m) (n int) {
			s.put("/api/bulk/syncs/"+id(made), body)
			for _, schema := range s.items("/api/bulk/syncs/" + id(made) + "/schemas") {
				if schema.(m)["enabled"] == true {
					n++
				}
			}
			return n
		}
		sent := enabled(patched(s.bulkBody(), m{"schemas": []string{first}}))
		return fmt.Sprint(sent == 1, " ", enabled(s.bulkBody()) == 1)
	}, []any{"false false", "true true", "true false"}},
	"bulk-schedule-ids": {func(s seen) any {
		made := s.post("/api/bulk/syncs", s.bulkBody())
		return s.items("/api/bulk/syncs/" + id(made) + "/schedules")[0].(m)["id"] != nil
	}, []any{false, true}},

	"more-members": {func(s seen) any {
		keeps := func(v any) bool { return v.(m)[undocumented] != nil }
		made := s.put("/api/syncs/"+s.sync, s.syncBody()) // without, so it is cleared
		sent := patched(s.syncBody(), m{undocumented: "on"})
		sent["target"] = patched(sent["target"].(m), m{undocumented: m{"deep": true}})
		kept := s.put("/api/syncs/"+s.sync, sent)
		sync := s.post("/api/syncs", patched(s.syncBody(), m{"name": "new"}))
		return fmt.Sprint(keeps(made), keeps(made["target"]), " ", keeps(kept), keeps(kept["target"]), keeps(kept["schedule"]), " ",
			keeps(sync), keeps(sync["target"]), keeps(sync["schedule"]), keeps(sync["fields"].([]any)[0]), keeps(sync["identity"].(m)["source"]))
	}, []any{"false false false false false false false false false false", "false false true true false true true true true true"}},
	"hide-field-labels": {func(s seen) any {
		path := "/api/connections/" + s.postgres + "/schemas/public.events"
		s.tries("POST", path+"/fields", m{"fields": []m{{"field_id": "properties.plan", "label": "Plan", "type": "string"}}})
		fields := s.get(path)["fields"].([]any)
		return fields[len(fields)-1].(m)["name"]
	}, []any{"Plan", "properties.plan"}},

	"drop-deleted-policies": {func(s seen) any {
		policy := id(s.post("/api/permissions/policies", m{"name": "Ours"}))
		s.put("/api/connections/"+s.postgres, patched(postgresBody(), m{"policies": []string{policy}}))
		s.do("DELETE", "/api/permissions/policies/"+policy, nil)
		return len(s.get("/api/connections/" + s.postgres)["policies"].([]any))
	}, []any{2, 1}},
	"more-policy-actions": {func(s seen) any {
		return len(s.post("/api/permissions/policies", m{"name": "Ours"})["policy_actions"].([]any))
	}, []any{6, 7}},
	"webhook-secret": {func(s seen) any {
		return s.post("/api/webhooks", m{"endpoint": "https://example.com", "secret": "made-up"})["secret"]
	}, []any{mask, "made-up", nil}},
	"partner-only": {func(s seen) any { return s.tries("GET", "/api/organizations", nil) }, []any{200, 403}},

	"refuse-other-body": {func(s seen) any {
		return s.keys("POST", "/api/connections", m{"name": "one", "type": "hubspot", "configuration": m{}}, m{"name": "two", "type": "hubspot", "configuration": m{}})
	}, []any{"200 200", "200 422"}},
	"forget-refusals": {func(s seen) any {
		return s.keys("POST", "/api/connections", m{"name": "one"}, m{"name": "one", "type": "hubspot", "configuration": m{}})
	}, []any{"400 400", "400 200"}},
	"keys-by-path": {func(s seen) any {
		one := m{"name": "one", "type": "hubspot", "configuration": m{}}
		s.keys("POST", "/api/permissions/roles", one, m{"name": "role"})
		return s.s.Count("role")
	}, []any{0, 1}},
	"put-keys": {func(s seen) any {
		one := m{"name": "one", "type": "hubspot", "configuration": m{}}
		return s.keys("PUT", "/api/connections/"+s.hubspot, one, m{}) // replayed, or looked at
	}, []any{"200 400", "200 200"}},

	"bare-errors": {func(s seen) any {
		_, got := s.send(s.request("DELETE", "/api/connections/"+s.postgres, nil))
		return got["metadata"] != nil
	}, []any{true, false}},
	"no-retry-after": {func(s seen) any {
		s.s.limits.perSecond = 1
		for {
			res, err := s.http.Do(contract.Unchecked(s.request("GET", "/api/me", nil)))
			if err != nil {
				s.t.Fatal(err)
			}
			res.Body.Close()
			if res.StatusCode == 429 {
				return res.Header.Get("Retry-After") != ""
			}
		}
	}, []any{true, false}},
	"default-version": {func(s seen) any {
		r := contract.Unchecked(s.request("GET", "/api/me", nil))
		r.Header.Del("X-Polytomic-Version")
		res, err := s.http.Do(r)
		if err != nil {
			s.t.Fatal(err)
		}
		res.Body.Close()
		return res.Header.Get("X-Polytomic-Version")
	}, []any{Version2025, Version2024}},
}

// pending makes a connection that nobody has authorised yet.
func (s seen) pending() m {
	s.s.opts.OAuth = OAuthManual
	return s.post("/api/connections", m{"name": "Waiting", "type": "hubspot", "configuration": m{}})
}

func TestSwitches(t *testing.T) {
	names := map[string]bool{}
	for _, h := range Habits() {
		names[h.Name] = true
		o, known := observations[h.Name]
		if !known {
			t.Errorf("nobody looks at what %s changes: add it to observations", h.Name)
			continue
		}
		for i, value := range append([]string{"-"}, h.Try...) {
			word := h.Name
			if value != "" {
				word += "=" + value
			}
			t.Run(word, func(t *testing.T) {
				clk := newClock()
				opts := Options{Clock: clk.now, OAuth: OAuthImmediate, Pace: -1}
				if value != "-" {
					if err := opts.Switches.Turn(word); err != nil {
						t.Fatal(err)
					}
				}
				c := start(t, opts)
				s := seen{client: c, seed: c.seed(), clk: clk}
				if d := cmp.Diff(o.want[i], o.look(s)); d != "" {
					t.Errorf("%s (-want +got):\n%s", h.Doc, d)
				}
			})
		}
	}
	for name := range observations {
		if !names[name] {
			t.Errorf("there is no switch %s", name)
		}
	}
}

func TestTurn(t *testing.T) {
	for word, want := range map[string]string{
		"":                    "no habit",
		"NullLists":           "no habit",
		"null-lists=no":       "takes no value",
		"page-size":           "a number from 1",
		"page-size=0":         "a number from 1",
		"list-paging":         "one of none, truncated",
		"list-paging=some":    "one of none, truncated",
		"pending-status":      "takes a value",
		"pending-status=":     "takes a value",
		"pending-status=x":    "",
		"refreshing-is-400":   "",
		"label-ids":           "",
		"list-paging=none":    "",
		"default-version=old": "one of 2024-02-08",
	} {
		err := new(Switches).Turn(word)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", word, err, want)
		}
	}
}
