package manual_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/polyplan/polyplan/pkg/catalog"
	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/internal/golden"
	"github.com/polyplan/polyplan/pkg/kinds"
	"github.com/polyplan/polyplan/pkg/manual"
)

func TestDocument(t *testing.T) {
	golden.Check(t, "../../docs/kinds.md", manual.Markdown(kinds.All()))
}

func TestPages(t *testing.T) {
	for file, name := range map[string]string{
		"index": "", "toy": "toy", "box": "toy.box", "price": "toy.prices.eur", "owner": "toy.owner", "source": "toys.source",
	} {
		page, err := manual.Explain(toys, name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		golden.Check(t, "testdata/"+file+".txt", []byte(page.Text(80)))
		golden.Check(t, "testdata/"+file+".md", []byte(page.Markdown()))
	}
}

func TestExplainType(t *testing.T) {
	page, err := manual.Explain(kinds.All(), "connection.postgresql")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]manual.Row{}
	for _, r := range page.Fields {
		rows[r.Path] = r
	}
	if d := cmp.Diff(manual.Row{Path: "password", Type: "string", Traits: []string{"required", "secret"}}, rows["password"]); d != "" {
		t.Errorf("password (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"required"}, rows["hostname"].Traits); d != "" {
		t.Errorf("hostname (-want +got):\n%s", d)
	}
	page, err = manual.Explain(kinds.All(), "connection.airtable")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range page.Fields {
		if r.Path == "connected_user" {
			if d := cmp.Diff([]string{"read-only"}, r.Traits); d != "" {
				t.Errorf("connected_user (-want +got):\n%s", d)
			}
		}
	}
	if !strings.Contains(page.Body, "authorises") {
		t.Errorf("a type that a person authorises does not say so: %q", page.Body)
	}
}

// Every field that a page leads to has a page, whatever the depth.
func TestEveryPage(t *testing.T) {
	var visit func(name string)
	visit = func(name string) {
		page, err := manual.Explain(kinds.All(), name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		for _, width := range []int{0, 1, 40, 100} {
			text := page.Text(width)
			if text != diag.VisibleLines(text) {
				t.Errorf("%s holds control characters", name)
			}
			for line := range strings.Lines(text) {
				line = strings.TrimSuffix(line, "\n")
				if strings.TrimRight(line, " ") != line {
					t.Errorf("%s: spaces end the line %q", name, line)
				}
				if width == 100 && diag.Width(line) > width && !strings.HasPrefix(line, "  ") {
					t.Errorf("%s: %q is wider than %d", name, line, width)
				}
			}
		}
		for _, r := range page.Fields {
			for _, trait := range r.Traits {
				if manual.Meaning(trait) == "" {
					t.Errorf("%s: %s is %s, which means nothing", name, r.Path, trait)
				}
			}
			if name != "" {
				visitField(t, name+"."+r.Path)
			}
			if r.More != "" {
				visit(r.More)
			}
		}
	}
	visit("")
	for _, id := range catalog.Types() {
		visit("connection." + id)
	}
}

func visitField(t *testing.T, name string) {
	t.Helper()
	if page, err := manual.Explain(kinds.All(), name); err != nil || page.Title != name || page.Summary == "" {
		t.Errorf("%s: %+v, %v", name, page, err)
	}
}

func TestUnknown(t *testing.T) {
	for _, tt := range []struct{ name, want string }{
		{"toi", `kind "toi" is not known; did you mean toy?`},
		{"nothing", `kind "nothing" is not known; kinds are toy`},
		{"toy.nam", `field of toy "nam" is not known; did you mean toy.name?`},
		{"toy.box.depht", `field of toy.box "depht" is not known; it has shape, id`},
		{"toy.name.first", `field of toy.name "first" is not known; it has no fields`},
		{"toy.prices.eur.cents", `field of toy.prices.eur "cents" is not known; it has no fields`},
		{"toy.", `field of toy "" is not known; it has`},
	} {
		_, err := manual.Explain(toys, tt.name)
		if unknown := (*manual.UnknownError)(nil); !errors.As(err, &unknown) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.want)
		}
	}
	for _, tt := range []struct{ name, want string }{
		{"connection.postgresq", `did you mean connection.postgresql?`},
		{"connection.confguration", `did you mean connection.configuration?`},
		{"connection.configuration.hostname", "`polyplan explain connection.TYPE`"},
		{"connection.postgresql.hostnam", `did you mean connection.postgresql.hostname?`},
	} {
		_, err := manual.Explain(kinds.All(), tt.name)
		if unknown := (*manual.UnknownError)(nil); !errors.As(err, &unknown) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.want)
		}
	}
}
