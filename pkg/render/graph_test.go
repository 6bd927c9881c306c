package render

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/internal/golden"
	"github.com/polyplan/polyplan/pkg/kinds"
	"github.com/polyplan/polyplan/pkg/resource"
)

func draw(t testing.TB, g Graph, format string) string {
	t.Helper()
	var b bytes.Buffer
	if err := g.Draw(&b, format); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// scenario is a small manifest, as resources.
func scenario() resource.Set {
	set := resource.Set{}
	for _, r := range []*resource.Resource{
		{Address: resource.Address{Kind: "connection", Name: "stripe"}, Object: resource.Object{"name": "Stripe Connection"}},
		{Address: resource.Address{Kind: "connection", Name: "postgres"}, Object: resource.Object{"name": "postgres"}},
		{Address: resource.Address{Kind: "connection", Name: "hubspot"}, Object: resource.Object{"name": "HubSpot Connection"}},
		{Address: resource.Address{Kind: "model", Name: "users"}, Object: resource.Object{"name": "User Details", "connection": "postgres"}},
		{Address: resource.Address{Kind: "model", Name: "customers"}, Object: resource.Object{"name": "Customers", "connection": "stripe",
			"relations": resource.Object{"email": []any{"users.email"}}}},
		{Address: resource.Address{Kind: "sync", Name: "to_hubspot"},
			Names: map[string]string{"customers.fld1": "customers.plan"},
			Object: resource.Object{"name": "Customer data", "target": resource.Object{"connection": "hubspot", "object": "contacts"},
				"identity": resource.Object{"source": "users.email", "target": "email", "function": "Equality"},
				"fields": resource.Object{
					"firstname":    resource.Object{"source": "users.first_name"},
					"subscription": resource.Object{"source": "customers.fld1"},
					"score":        resource.Object{"source": resource.Object{"model": resource.Object{"id": "0c9f"}, "field": "a.b"}},
					"from":         resource.Object{"value": "warehouse"},
				},
				"filters": resource.Object{"paying": resource.Object{"source": "customers.balance", "function": "GreaterThan", "value": int64(0)}},
			}},
	} {
		for _, k := range kinds.All() {
			if k.Name == r.Address.Kind {
				r.Needs = k.Needs(r.Object)
			}
		}
		set[r.Address] = r
	}
	return set
}

func TestDraw(t *testing.T) {
	planned := ResourceGraph(scenario())
	for i, action := range []string{"+", "~", "", "-", "-/+", "→"} {
		planned.Nodes[i].Action = action
	}
	for name, g := range map[string]Graph{
		"resources": planned,
		"lineage":   Lineage(scenario(), kinds.All()),
		"empty":     {},
	} {
		for _, format := range GraphFormats {
			golden.Check(t, "testdata/graph/"+name+"."+format, []byte(draw(t, g, format)))
		}
	}
	if err := planned.Draw(io.Discard, "png"); err == nil || !strings.Contains(err.Error(), "svg") {
		t.Errorf("png: %v", err)
	}
	closed := errors.New("closed")
	if err := planned.Draw(failing{closed}, "svg"); !errors.Is(err, closed) {
		t.Errorf("a writer that fails: %v", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestLineage(t *testing.T) {
	var got []string
	for _, e := range Lineage(scenario(), kinds.All()).tidy().Edges {
		arrow := " -> "
		if e.Indirect {
			arrow = " .> "
		}
		got = append(got, e.From+arrow+e.To)
	}
	want := []string{
		"connection.postgres -> model.users.email",
		"connection.postgres -> model.users.first_name",
		"connection.stripe -> model.customers.balance",
		"connection.stripe -> model.customers.email",
		"connection.stripe -> model.customers.fld1",
		`model {id: 0c9f}."a.b" -> sync.to_hubspot.fields.score`,
		"model.customers.balance .> sync.to_hubspot.filters.paying",
		"model.customers.fld1 -> sync.to_hubspot.fields.subscription",
		"model.users.email .> model.customers.email",
		"model.users.email -> sync.to_hubspot.identity",
		"model.users.first_name -> sync.to_hubspot.fields.firstname",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("edges (-want +got):\n%s", d)
	}
}

// What a bulk sync carries is drawn as far as the manifest names it.
func TestLineageOfBulkSyncs(t *testing.T) {
	set := resource.Set{}
	for name, schemas := range map[string]resource.Object{
		"all": nil,
		"some": {"deals": resource.Object{"enabled": true}, "tickets": resource.Object{"enabled": false},
			"contacts": resource.Object{"enabled": true, "fields": resource.Object{"email": resource.Object{"enabled": true}, "a.b": resource.Object{"enabled": true}, "ssn": resource.Object{"enabled": false}}}},
	} {
		a := resource.Address{Kind: "bulk_sync", Name: name}
		o := resource.Object{"name": name, "source": resource.Object{"connection": "hubspot"}, "destination": resource.Object{"connection": resource.Object{"id": "0c9f"}}}
		if schemas != nil {
			o["schemas"] = schemas
		}
		set[a] = &resource.Resource{Address: a, Object: o}
	}
	var got []string
	for _, e := range Lineage(set, kinds.All()).tidy().Edges {
		got = append(got, e.From+" -> "+e.To)
	}
	want := []string{
		"bulk_sync.all -> connection {id: 0c9f}",
		`bulk_sync.some.schemas.contacts.fields."a.b" -> connection {id: 0c9f}`,
		"bulk_sync.some.schemas.contacts.fields.email -> connection {id: 0c9f}",
		"bulk_sync.some.schemas.deals -> connection {id: 0c9f}",
		"connection.hubspot -> bulk_sync.all",
		`connection.hubspot -> bulk_sync.some.schemas.contacts.fields."a.b"`,
		"connection.hubspot -> bulk_sync.some.schemas.contacts.fields.email",
		"connection.hubspot -> bulk_sync.some.schemas.deals",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("edges (-want +got):\n%s", d)
	}
}

func TestTidy(t *testing.T) {
	got := Graph{
		Nodes: []Node{{Address: "model.b", Kind: "model", Name: "B"}, {Address: "model.b", Kind: "model", Name: "again"}},
		Edges: []Edge{{From: "model.b", To: "connection.a", Indirect: true}, {From: "model.b", To: "connection.a"}, {From: "model.b", To: "connection.a"}},
	}.tidy()
	want := Graph{
		Nodes: []Node{{Address: "connection.a", Kind: "connection"}, {Address: "model.b", Kind: "model", Name: "B"}},
		Edges: []Edge{{From: "model.b", To: "connection.a"}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// hostile are names that would act, were they not taken for text.
var hostile = []string{
	`"]; click n0 "javascript:alert(1)"`,
	`"] --> n1["`,
	`<script>alert(1)</script>`,
	`<img src=x onerror=alert(1)>`,
	`</text></svg><script>alert(1)</script>`,
	`]]><![CDATA[`,
	`<!--`, `-->`, `%%{init: {"securityLevel": "loose"}}%%`,
	"end", "click n0 call f()", "subgraph x", "classDef k0 fill:red", "style n0:#fff;",
	"`**bold**`", "1. one", "- one", "__x__", "[a](javascript:b)", "https://example.com/",
	"#quot;#lt;b#gt;", "&lt;b&gt;", "&#34;", "ﬂ°°60¶ß", `\N\G\l\"`, `\`, `"`, "<b>bold</b>",
	"a\nb", "a\r\nend\r\n", "\x1b]0;title\a", "\x1b[31mred", "\u202egnp.exe", "\u200b", "\u2028", "\x00", "\xff\xfe", "\ufffe", "\U000e0041",
	"日本語の名前", "e\u0301", strings.Repeat("long ", 40), "", " ",
}

func hostileGraph() Graph {
	var g Graph
	for i, name := range hostile {
		g.Nodes = append(g.Nodes, Node{Address: "model." + name, Kind: name, Name: name, Action: name})
		g.Edges = append(g.Edges, Edge{From: "model." + name, To: "model." + hostile[(i*7+3)%len(hostile)], Indirect: i%2 == 0})
	}
	return g
}

// What a line of each format may be, whatever the names are.
var (
	mermaidLine = regexp.MustCompile(`^(flowchart (LR|RL)|  classDef k\d+ fill:#\w+,stroke:#\w+,color:#\w+|  n\d+\["([^"<>&\x60*\[\]{}()%:/\\|\n]|<br/>)*"\]:::k\d+|  n\d+ (-->|-\.->) n\d+)$`)
	dotLine     = regexp.MustCompile(`^(digraph \{|\}|  charset="UTF-8"|  rankdir=(LR|RL)|  bgcolor="transparent"|  (node|edge) \[.*\]|  n\d+ \[label="([^"\\<>]|\\["\\n])*" fillcolor="#\w+" color="#\w+"\]|  n\d+ -> n\d+( \[style=dashed\])?)$`)
)

// The nodes and edges of these formats, wherever they stand in a line.
var (
	drawnNode = regexp.MustCompile(`\bn\d+ ?\[(?:label=)?"`)
	drawnEdge = regexp.MustCompile(`(-->|-\.->|->) n\d+`)
)

func TestHostileNames(t *testing.T) {
	g := hostileGraph()
	for _, format := range GraphFormats {
		text := draw(t, g, format)
		if text != diag.VisibleLines(text) || strings.Contains(text, "\t") {
			t.Errorf("%s: control characters", format)
		}
		for i, name := range hostile {
			one := Graph{Nodes: []Node{{Address: "model." + name, Kind: "model", Name: name, Action: "+"}}}
			checkDrawing(t, one, format, fmt.Sprintf("name %d", i))
		}
		checkDrawing(t, g, format, "all")
	}
}

func checkDrawing(t testing.TB, g Graph, format, what string) {
	t.Helper()
	text := draw(t, g, format)
	switch format {
	case "mermaid", "dot":
		form := map[string]*regexp.Regexp{"mermaid": mermaidLine, "dot": dotLine}[format]
		for line := range strings.Lines(text) {
			if !form.MatchString(strings.TrimSuffix(line, "\n")) {
				t.Errorf("%s, %s: a name got out of its label: %s", format, what, line)
			}
		}
		tidy := g.tidy()
		for things, count := range map[string]struct{ got, want int }{
			"nodes": {len(drawnNode.FindAllString(text, -1)), len(tidy.Nodes)},
			"edges": {len(drawnEdge.FindAllString(text, -1)), len(tidy.Edges)},
		} {
			if count.got != count.want {
				t.Errorf("%s, %s: %d %s, want %d", format, what, count.got, things, count.want)
			}
		}
	case "json":
		var doc struct {
			Nodes []struct{ Address, Name string }
		}
		if err := json.Unmarshal([]byte(text), &doc); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		var want, got []string
		for _, n := range g.tidy().Nodes {
			want = append(want, string([]rune(n.Address)))
		}
		for _, n := range doc.Nodes {
			got = append(got, n.Address)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("json, %s (-want +got):\n%s", what, d)
		}
	case "svg":
		checkSVG(t, text, what)
	}
}

// checkSVG reads the drawing as XML and allows only what we draw with.
func checkSVG(t testing.TB, text, what string) {
	t.Helper()
	elements := []string{"svg", "title", "defs", "marker", "path", "g", "rect", "text"}
	attributes := []string{"xmlns", "role", "width", "height", "viewBox", "id", "refX", "refY", "markerWidth", "markerHeight", "orient", "d", "fill",
		"stroke", "stroke-width", "stroke-dasharray", "marker-end", "font-family", "font-size", "text-anchor", "x", "y", "rx", "opacity"}
	d := xml.NewDecoder(strings.NewReader(text))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Errorf("%s: %v in\n%s", what, err, text)
			return
		}
		switch e := token.(type) {
		case xml.StartElement:
			if !slices.Contains(elements, e.Name.Local) {
				t.Errorf("%s: element %s", what, e.Name.Local)
			}
			for _, a := range e.Attr {
				if !slices.Contains(attributes, a.Name.Local) {
					t.Errorf("%s: attribute %s", what, a.Name.Local)
				}
			}
		case xml.Comment, xml.Directive, xml.ProcInst:
			t.Errorf("%s: %T", what, e)
		}
	}
}

// Whatever the graph, circles and all: the drawing is whole, the same however
// the nodes are shuffled, and no box lies on another.
func TestDrawAnyGraph(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		n := rapid.IntRange(0, 12).Draw(r, "nodes")
		var g Graph
		for i := range n {
			g.Nodes = append(g.Nodes, Node{Address: fmt.Sprintf("%c.n%d", 'a'+i%3, i), Kind: string(rune('a' + i%3)), Name: rapid.String().Draw(r, "name")})
		}
		if n > 0 {
			for range rapid.IntRange(0, 30).Draw(r, "edges") {
				g.Edges = append(g.Edges, Edge{
					From: g.Nodes[rapid.IntRange(0, n-1).Draw(r, "from")].Address, To: g.Nodes[rapid.IntRange(0, n-1).Draw(r, "to")].Address})
			}
		}
		g.Flow = rapid.Bool().Draw(r, "flow")
		shuffled := Graph{Nodes: rapid.Permutation(g.Nodes).Draw(r, "nodes again"), Edges: rapid.Permutation(g.Edges).Draw(r, "edges again"), Flow: g.Flow}
		for _, format := range GraphFormats {
			checkDrawing(t, g, format, "any")
			if draw(t, g, format) != draw(t, shuffled, format) {
				r.Fatalf("%s: the order of nodes or edges shows", format)
			}
		}
		l := g.tidy().layout()
		for i := range g.Nodes {
			a := l.verts[i]
			if a.x-a.w/2 < 0 || a.y-a.h/2 < 0 || a.x+a.w/2 > l.width || a.y+a.h/2 > l.height {
				r.Fatalf("box %d lies outside of the drawing", i)
			}
			for j := range i {
				b := l.verts[j]
				if max(a.x, b.x)-min(a.x, b.x) < (a.w+b.w)/2 && max(a.y, b.y)-min(a.y, b.y) < (a.h+b.h)/2 {
					r.Fatalf("boxes %d and %d lie on each other", i, j)
				}
			}
		}
	})
}

// What is needed stands left of what needs it; in a flow, what comes first.
func TestColumns(t *testing.T) {
	edges := []Edge{{From: "c", To: "b"}, {From: "b", To: "a"}, {From: "c", To: "a"}}
	for _, flow := range []bool{false, true} {
		g := Graph{Edges: edges, Flow: flow}.tidy()
		l := g.layout()
		if a, c := l.verts[0].x, l.verts[2].x; a < c == flow {
			t.Errorf("flow %v: a at %v, c at %v", flow, a, c)
		}
		if len(l.routes[1]) != 2 && len(l.routes[2]) != 2 {
			t.Error("no edge is short")
		}
		if len(l.verts) != 4 {
			t.Errorf("%d vertices, want three boxes and the bend of the long edge", len(l.verts))
		}
	}
}

func BenchmarkDrawSVG(b *testing.B) {
	var g Graph
	for i := range 2000 {
		g.Edges = append(g.Edges, Edge{From: fmt.Sprintf("sync.s%d", i), To: fmt.Sprintf("model.m%d", i%700)},
			Edge{From: fmt.Sprintf("model.m%d", i%700), To: fmt.Sprintf("connection.c%d", i%40)})
	}
	for b.Loop() {
		draw(b, g, "svg")
	}
}
