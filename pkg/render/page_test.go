package render

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/polyplan/polyplan/pkg/diff"
	"github.com/polyplan/polyplan/pkg/internal/golden"
	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/state"
)

func TestPlanPages(t *testing.T) {
	for name, v := range map[string]PlanView{"full": fullView(), "empty": {Plan: &diff.Plan{}}} {
		var md, html bytes.Buffer
		if err := PlanMarkdown(&md, v); err != nil {
			t.Fatal(err)
		}
		golden.Check(t, "testdata/plan/"+name+".md", md.Bytes())
		if err := PlanHTML(&html, v); err != nil {
			t.Fatal(err)
		}
		golden.Check(t, "testdata/plan/"+name+".html", html.Bytes())
	}
}

// The policy names the style by its hash: a byte that the template changed
// would leave the page bare.
func TestPolicyAllowsTheStyle(t *testing.T) {
	var b bytes.Buffer
	if err := PlanHTML(&b, PlanView{Plan: &diff.Plan{}}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "<style>"+pageStyle+"</style>") {
		t.Error("the style sheet is not in the page as it is hashed")
	}
	if !strings.Contains(strings.ReplaceAll(b.String(), "&#39;", "'"), strings.ReplaceAll(pagePolicy, "+", "&#43;")) {
		t.Error("the page lacks its policy")
	}
}

// bigPlan has n creates with a text each, of which one closes fences.
func bigPlan(n int) *diff.Plan {
	p := &diff.Plan{}
	for i := range n {
		p.Steps = append(p.Steps, diff.Step{Address: address(fmt.Sprintf("model.m%d", i)), Name: "M", Action: diff.Create, Changes: []diff.Change{
			{Path: "configuration.query", After: "select 1 -- ````\n日本語 " + strings.Repeat("é", i%90) + "\n"}}})
	}
	return p
}

func TestMarkdownIsCutTruly(t *testing.T) {
	for _, n := range []int{1, 700, 5000} {
		var b bytes.Buffer
		if err := PlanMarkdown(&b, PlanView{Plan: bigPlan(n)}); err != nil {
			t.Fatal(err)
		}
		got := b.String()
		if utf8.RuneCountInString(got) > markdownLimit || len(got) > markdownLimit {
			t.Errorf("%d steps: %d bytes", n, len(got))
		}
		if strings.Count(got, "\n`````") != 2 || strings.Count(got, "<details") != strings.Count(got, "</details>") {
			t.Errorf("%d steps: what is opened is not closed", n)
		}
		inside := got[strings.Index(got, "`````diff\n")+len("`````diff\n"):]
		inside = inside[:strings.Index(inside, "\n`````")+1]
		shown, all := strings.Count(inside, "\n"), 4*n+n-1
		said := fmt.Sprintf("%s of %s lines are shown", thousands(shown), thousands(all))
		if cut := strings.Contains(got, "Cut here"); cut != (shown < all) || cut && !strings.Contains(got, said) {
			t.Errorf("%d steps: %d of %d lines, but: %s", n, shown, all, got[max(0, len(got)-120):])
		}
	}
}

func someState() *state.State {
	s := state.New()
	s.Lineage, s.Serial, s.Deployment = "11111111-2222-4333-8444-555555555555", 7, "https://app.example.com"
	s.Organization, s.OrganizationName = "id-org", "Example Org"
	for _, r := range []*resource.Resource{
		{Address: address("connection.postgres"), ID: "id-postgres", Protect: true, Object: object{
			"name": "Postgres", "type": "postgresql", "configuration": object{"port": int64(5432), "password": resource.RestoreSecrets(object{resource.SecretKey: "hmac:00"})}}},
		{Address: address("connection.airtable"), ID: "id-airtable", Object: object{"type": "airtable"},
			Waiting: &resource.Waiting{Status: "needs_auth", Detail: "log in"}},
		{Address: address("model.users"), ID: "id-users", Needs: []resource.Address{address("connection.postgres")}, Object: object{
			"name": "User Details", "connection": "postgres", "configuration": object{"query": "select *\nfrom users\n", "empty": object{}},
			"fields": []any{"a", "b"}}, Kept: object{"token": "kept"}},
	} {
		s.Resources[r.Address] = r
	}
	s.Doubts = []state.Intent{{Op: "op", Address: address("sync.out"), Name: "Out", Time: time.Date(2024, 2, 8, 1, 2, 3, 0, time.UTC)}}
	return s
}

func TestState(t *testing.T) {
	s := someState()
	var b bytes.Buffer
	for _, out := range []struct {
		file  string
		write func() error
	}{
		{"list.txt", func() error { return State(&b, Style{}, s) }},
		{"users.txt", func() error { return Resource(&b, Style{}, s, address("model.users")) }},
		{"postgres.txt", func() error { return Resource(&b, Style{}, s, address("connection.postgres")) }},
		{"airtable.txt", func() error { return Resource(&b, Style{}, s, address("connection.airtable")) }},
		{"state.json", func() error { return StateJSON(&b, s) }},
		{"state.md", func() error { return StateMarkdown(&b, s) }},
		{"state.html", func() error { return StateHTML(&b, s) }},
		{"empty.txt", func() error { return State(&b, Style{}, state.New()) }},
	} {
		b.Reset()
		if err := out.write(); err != nil {
			t.Errorf("%s: %v", out.file, err)
		}
		golden.Check(t, "testdata/state/"+out.file, b.Bytes())
		if strings.Contains(b.String(), "hmac") {
			t.Errorf("%s shows a fingerprint", out.file)
		}
	}
	if err := Resource(&b, Style{}, s, address("model.none")); err == nil || err.Error() != "the state holds no model.none" {
		t.Errorf("an address that it does not hold: %v", err)
	}
}
