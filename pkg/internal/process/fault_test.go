package process

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/polyplan/polyplan/pkg/fault"
	"github.com/polyplan/polyplan/pkg/internal/trial"
)

// changing are the calls that change something outside the process in the course of
// an apply, by directory: of each, every call lies between two points.
var changing = map[string][]string{
	"cmd/polyplan/session_state.go": {"LockWait", "Unlock"},
	"pkg/api/transport":             {"RoundTrip"},
	"pkg/apply":                     {"Save", "Journal", "Intend", "Outcome", "Close"},
	"pkg/state/save.go":             {"keepCurrent", "tidy"},
	"pkg/state/objectstore.go":      {"closeJournal", "create"},
}

// points finds the names of all points in the source, and reports calls that change
// something and do not lie between two.
func points(t *testing.T) []string {
	t.Helper()
	var names []string
	for place, calls := range changing {
		files := []string{filepath.Join(root(), place)}
		if filepath.Ext(place) == "" {
			files, _ = filepath.Glob(filepath.Join(root(), place, "*.go"))
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			fset := token.NewFileSet()
			parsed, err := parser.ParseFile(fset, file, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			var within []ast.Node // what is given to fault.Around, or becomes so
			ast.Inspect(parsed, func(n ast.Node) bool {
				c, ok := n.(*ast.CallExpr)
				if !ok || called(c) != "Around" {
					return true
				}
				name, err := strconv.Unquote(c.Args[0].(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				names = append(names, name+".before", name+".after")
				within = append(within, c.Args[1])
				return true
			})
			ast.Inspect(parsed, func(n ast.Node) bool {
				// A function literal may have got a name first.
				if a, ok := n.(*ast.AssignStmt); ok && len(a.Lhs) == 1 {
					for _, w := range within {
						if id, ok := w.(*ast.Ident); ok && id.Name == fmt.Sprint(a.Lhs[0]) {
							within = append(within, a.Rhs[0])
						}
					}
				}
				return true
			})
			ast.Inspect(parsed, func(n ast.Node) bool {
				c, ok := n.(*ast.CallExpr)
				if ok && slices.Contains(calls, called(c)) && !slices.ContainsFunc(within, func(w ast.Node) bool { return w.Pos() <= c.Pos() && c.End() <= w.End() }) {
					t.Errorf("%s: %s lies between no two points", fset.Position(c.Pos()), called(c))
				}
				return true
			})
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func called(c *ast.CallExpr) string {
	if s, ok := c.Fun.(*ast.SelectorExpr); ok {
		return s.Sel.Name
	}
	return ""
}

// passed runs a life undisturbed and tells how often it passed each point.
func passed(t *testing.T, program string, l life) map[string]int {
	t.Helper()
	w := New(t)
	l.before(w)
	log := filepath.Join(t.TempDir(), "points")
	p := w.Command(program, l.args...)
	p.Env = append(p.Env, fault.LogVar+"="+log)
	p.Stdout, p.Stderr = &p.Out, &p.Err
	w.Launch(p)
	if code := p.Wait(); code != 0 {
		t.Fatalf("%s ends with %d: %s", l.name, code, p.Err.String())
	}
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]int{}
	for _, name := range strings.Fields(string(text)) {
		out[name]++
	}
	return out
}

// inBucket is a life whose state lies in a bucket.
var inBucket = life{"create, with its state in a bucket", (*World).UseBucket, []string{"apply", "-y"}}

var lockID = regexp.MustCompile(`polyplan unlock --id (\S+)`)

// At every point of a run, whenever it comes by, the process is killed, panics, is
// told of a failure or sleeps. Whatever it is, the next run makes up for it; success
// is not claimed for nothing, and no trace of a panic shows a secret.
func TestFaultPoints(t *testing.T) {
	program := Faulty(t)
	names := points(t)
	kinds := []string{"kill", "panic", "error", "sleep"}
	met, runs, bad := map[string]bool{}, 0, 0
	for i, l := range append(slices.Clone(lives), inBucket) {
		all := passed(t, program, l)
		for j, name := range names {
			times := all[name]
			if times == 0 {
				continue
			}
			var cases [][2]any
			if trial.IsLong() {
				for n := 1; n <= times; n++ {
					if i > 0 && n != 1 && n != times/2 && n != times {
						continue // the first life has them all
					}
					for _, kind := range kinds {
						if kind != "sleep" || n == 1 { // it takes its time
							cases = append(cases, [2]any{n, kind})
						}
					}
				}
			} else if !met[name] {
				cases = append(cases, [2]any{1 + (i+j)%times, kinds[j%3]})
			}
			met[name] = true
			for _, c := range cases {
				if bad > 0 {
					return
				}
				runs++
				bad += disturbed(t, program, l, fmt.Sprintf("%s:%d:%s", name, c[0], c[1]), c[1].(string))
			}
		}
	}
	for _, name := range names {
		if !met[name] {
			t.Errorf("no run passes %s", name)
		}
	}
	t.Logf("the points: %s", strings.Join(names, " "))
	trial.None(t, fmt.Sprintf("orphans, duplicates, false successes: %d faults at %d named points of the program", runs, len(names)), bad)
}

// disturbed runs a life with a fault, and counts what is not as it should be then.
func disturbed(t *testing.T, program string, l life, order, kind string) (bad int) {
	t.Helper()
	w := New(t)
	l.before(w)
	p := w.Command(program, l.args...)
	p.Env = append(p.Env, fault.Var+"="+order)
	p.Stdout, p.Stderr = &p.Out, &p.Err
	w.Launch(p)
	code := p.Wait()
	where := l.name + ", " + order
	wrong := func(format string, args ...any) {
		bad++
		t.Errorf("%s: %s: exit code %d\n%s%s", where, fmt.Sprintf(format, args...), code, p.Out.String(), p.Err.String())
	}
	said := p.Out.String() + p.Err.String()
	switch kind {
	case "kill":
		if code >= 0 {
			wrong("it was not killed")
		}
	case "panic":
		if code != 1 && code != 3 || !strings.Contains(said, "this is a bug in polyplan") || !strings.Contains(said, "fault.Around") {
			wrong("it does not say that this is a bug, and where")
		}
	case "sleep":
		if code != 0 {
			wrong("it fails")
		}
	}
	for _, secret := range Secrets {
		if strings.Contains(said, secret) {
			wrong("a secret is shown")
		}
	}
	if code == 0 && l.args[0] == "apply" {
		if left, next := w.Run("plan", "--detailed-exitcode"); left != 0 {
			wrong("success, and something is left to do: %s", next.Out.String())
		}
	}
	if l.name == inBucket.name && (kind == "kill" || strings.HasPrefix(order, "unlock")) {
		// The end of the lease is not waited for.
		_, p := w.Run("unlock")
		if id := lockID.FindStringSubmatch(p.Err.String()); id != nil {
			w.Run("unlock", "--id", id[1])
		}
	}
	return bad + findings(t, where, w.Unlike())
}
