package render

import (
	"bytes"
	"testing"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/internal/golden"
)

func findings() diag.List {
	src := diag.Sources{"m.yaml": []byte("models:\n  users:\n    connection: warehous\n    fields: [id, key, \"日本\"]\n")}
	return src.Annotate(diag.List{
		{Severity: diag.Warning, Pos: diag.Pos{File: "m.yaml", Line: 4, Col: 23}, What: "wide\x1b[2J", Code: "wide"},
		{
			Pos:  diag.Pos{File: "m.yaml", Line: 3, Col: 17},
			What: `unknown connection "warehous"`, Why: `this manifest has no connection called "warehous"`,
			Fix: `did you mean "warehouse"?`, Address: "model.users", Code: "unknown-reference",
		},
		{Pos: diag.Pos{File: "m.yaml", Line: 4, Col: 5}, What: "follows", Root: "model.users"},
		{Address: "sync.out", What: "no such <field>", Fix: "polyplan import\npolyplan plan"},
	})
}

func TestDiagnostics(t *testing.T) {
	for name, style := range map[string]Style{"plain": {}, "colour": NewStyle(true)} {
		var b bytes.Buffer
		if err := Diagnostics(&b, style, findings()); err != nil {
			t.Fatal(err)
		}
		golden.Check(t, "testdata/diagnostics/"+name+".txt", []byte(tags.Replace(b.String())))
	}
}

func TestDiagnosticsFewOrNone(t *testing.T) {
	for _, tt := range []struct {
		in   diag.List
		want string
	}{
		{nil, ""},
		{diag.List{{What: "x"}}, "error: x\n\n"},
	} {
		var b bytes.Buffer
		if err := Diagnostics(&b, Style{}, tt.in); err != nil || b.String() != tt.want {
			t.Errorf("%d findings: %q, %v", len(tt.in), b.String(), err)
		}
	}
}
