package render

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	gtext "github.com/yuin/goldmark/text"

	"github.com/polyplan/polyplan/pkg/apply"
	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/diff"
	"github.com/polyplan/polyplan/pkg/internal/trial"
	"github.com/polyplan/polyplan/pkg/kinds"
	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/state"
)

// payloads are what somebody would call an object who can name objects.
var payloads = []string{
	// Terminals.
	"\x1b[2J\x1b[H", "\x1b[31mred", "\x1b]0;title\x07", "\x1b]8;;https://evil.example\x1b\\click\x1b]8;;\x1b\\", "\x1bc", "\x1bP1$qm\x1b\\",
	"\u009b2J", "\u009d0;title\u009c", "\x90x", "\xc2", "\xff\xfe", "a\rb", "a\bb", "\x00", "\x7f", "\x0b\x0c", "\x0e", "\u0085x",
	// What the eye does not see.
	"\u202eevil\u202c", "\u2066x\u2069", "\u200b", "\u200e", "\ufeffx", "\u2028y\u2029", "\U000e0041\U000e0042", "\u061c",
	// Orders to pipelines.
	"::add-mask::x", "::error file=a::b", "::stop-commands::t", "  ::set-env name=PATH::x", "\u00a0::error::x", "\t::debug::x", "a ::error::x", ":::error::",
	"##[error]x", "x ##[add-mask]y", "###[command]", "##vso[task.setvariable variable=PATH]x", "x##VSO[task.complete]", "##teamcity[buildProblem]",
	"section_start:1:a\r\x1b[0K", "section_end:1:a", "travis_fold:start:x", "##\u200b[error]", "::\x1b[0m", "#\n#[x]", ":\n:x::",
	// Markdown.
	"```", "````\n</details>\n\n# big", "~~~", "</details>", "<details>", "@everyone", "@org/team", "#123", "org/repo#1", "![i](https://evil.example/i.png)",
	"[text](javascript:alert(1))", "<img src=x onerror=alert(1)>", "<https://evil.example>", "https://evil.example", "**bold**", "| a | b |", "> quote", "    code",
	"`x` @y", "-->", "<!--", "&lt;b&gt;",
	// HTML.
	"<script>alert(1)</script>", "\"><svg onload=alert(1)>", "' onmouseover='alert(1)", "</pre><b>", "</style><script>x</script>", "{{.Title}}", "javascript:alert(1)",
	"data:text/html,<script>", "]]>", "&#60;script&#62;",
	// More of each.
	"\x1b[6n", "\x1b[?1049h", "\x1b[3J", "\x1b]52;c;ZXZpbA==\x07", "\x1b]1337;File=inline=1:AA==\x07", "\x1b_Gf=100;AAAA\x1b\\", "\x1b^pm\x1b\\", "\x1b#8",
	"\x1b(0", "\x1b[20;1R", "\u009b6n", "\u0090q\u009c", "\u0084", "\u008d", "\x05", "\x18", "\x1a", "\r\x1b[Kdone", "a\x08\x08\x08b",
	"\u2067evil\u2069", "\u2068x", "\u200d", "\u2060", "\u00ad", "\ufff9a\ufffab\ufffb", "\u3164", "\U000e0001",
	"::set-output name=a::b", "::save-state name=a::b", "::group::x", "::endgroup::", "::notice title=a::b", "##[command]x", "##[group]", "##[endgroup]",
	"##vso[build.updatebuildnumber]x", "##vso[artifact.upload]x", "##teamcity[setParameter name='a' value='b']", "travis_time:start:x", "--- :evil: section", "+++ x",
	"[link][ref]\n\n[ref]: https://evil.example", "<a href=https://evil.example>x</a>", "![][1]", "$\\text{x}$", "~~gone~~", "- [ ] task", "GH-1", "SHA: 0123456789abcdef0123456789abcdef01234567",
	"<svg/onload=alert(1)>", "<iframe srcdoc='<script>alert(1)</script>'>", "<math href=javascript:alert(1)>", "<details open ontoggle=alert(1)>", "<!--><script>alert(1)</script>-->",
	"=cmd|' /C calc'!A0", "@SUM(1)", "+1+1",
	// Ours.
	"(secret)", "x → y", "Plan: 0 to create, 0 to update, 0 to replace, 0 to delete.", "%s%n%!d", "\\x1b[2J", "",
}

// variants are a payload in the places of a text where it might work.
func variants(p string) []string {
	return []string{p, "first line\n" + p + "\nlast line", "word " + p}
}

func hostileView(p string) PlanView {
	a := resource.Address{Kind: "model", Name: "users" + p}
	changes := []diff.Change{
		{Path: resource.Path("configuration").Child("query" + p), Before: "old\ntext\n" + p, After: p + "\nnew\ntext"},
		{Path: "configuration.new", After: "two\n" + p + "\n" + p}, {Path: "configuration.gone", Before: "two\n" + p},
		{Path: "configuration.one", Before: p, After: p + "!"}, {Path: "configuration.made", After: p},
		{Path: "connection", Before: object{"id": p}, After: p}, {Path: resource.Path(p), After: p},
		{Path: "fields", Before: []any{p}, After: []any{p, object{p: p, "n": int64(1)}}},
		{Path: resource.Path("relations").Child(p), After: []any{p}},
		{Path: "secret", Before: resource.NewSecret("made-up" + p), After: resource.NewSecret("made-up2" + p), Sensitive: true},
	}
	wait := &resource.Waiting{Link: p, Code: p, Status: p, Detail: p}
	var steps []diff.Step
	for i, act := range []diff.Action{diff.Replace, diff.Create, diff.Update, diff.Delete, diff.Adopt, diff.Move, diff.Forget, diff.Orphan, diff.NoOp} {
		if i > 0 {
			changes = changes[:3]
		}
		steps = append(steps, diff.Step{Address: a, Name: p, Action: act, From: a, ID: p, Changes: changes, Reason: p, Risks: []string{p},
			Waiting: wait, Needs: []resource.Address{a}, Names: map[string]string{p: p + "\x1b", "a.b": p}})
	}
	return PlanView{
		Plan: &diff.Plan{Steps: steps,
			Drift:    []diff.Drift{{Address: a, Name: p, Changes: changes}, {Address: a, Name: p, Gone: true}},
			Refusals: []diff.Refusal{{Address: a, What: p, Why: p, Fix: p, Pos: diag.Pos{File: "m" + p, Line: 1, Col: 1}}}},
		Settled: []apply.Settlement{{Intent: state.Intent{Address: a, Name: p}, ID: p}},
		Edits:   map[resource.Address]apply.Edit{a: {By: p, At: time.Unix(0, 0)}},
		Sources: diag.Sources{"m" + p: []byte(p + "\n")},
		Kinds:   kinds.All(),
	}
}

func hostileEvents(p string) []apply.Event {
	a := resource.Address{Kind: "model", Name: p}
	var out []apply.Event
	for _, k := range []apply.EventKind{apply.Started, apply.Done, apply.Failed, apply.Skipped, apply.Deferred, apply.Waiting, apply.Preparing, apply.Authorised, apply.Warned, apply.EventKind("k" + p)} {
		for _, link := range []string{p, "https://x.example/" + p} {
			out = append(out, apply.Event{Kind: k, Address: a, Name: p, Action: diff.Update, ID: p, Err: hinted{errors.New(p)}, Because: a, Link: link, Code: p, Text: p})
		}
	}
	return out
}

func hostileResult(p string) *apply.Result {
	a := resource.Address{Kind: "model", Name: p}
	f := []apply.Failure{{Address: a, Action: diff.Create, Err: errors.New(p), Because: a}}
	return &apply.Result{Failed: f, Skipped: f, Deferred: f, Waiting: f, Err: errors.New(p), Interrupted: true}
}

func hostileState(p string) *state.State {
	s := state.New()
	a := resource.Address{Kind: "model", Name: p}
	s.Deployment, s.Organization, s.OrganizationName, s.Lineage = p, p, p, p
	s.Resources[a] = &resource.Resource{Address: a, ID: p, Needs: []resource.Address{a}, Waiting: &resource.Waiting{Status: p, Detail: p}, Protect: true,
		Object: object{"name": p, p: p, "text": "two\n" + p, "list": []any{p}, "deep": object{p: object{p: p}}, "secret": resource.NewSecret("made-up" + p)},
		Kept:   object{p: "two\n" + p}}
	s.Doubts = []state.Intent{{Address: a, Name: p}}
	return s
}

// must fails the test on an error of writing.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestHostileText(t *testing.T) {
	defer func() {
		trial.Unfailed(t, fmt.Sprintf("active bytes on a terminal or in a log: %d payloads in every place", len(payloads)))
	}()
	coloured := NewStyle(true)
	for _, payload := range payloads {
		for i, p := range variants(payload) {
			for _, style := range []Style{{}, coloured} {
				if i > 0 && style == coloured {
					continue // colours change nothing about lines
				}
				var b bytes.Buffer
				v := hostileView(p)
				must(t, Plan(&b, style, v))
				if lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n"); undress(lines[len(lines)-1]) != planLine(v.Plan.Summary()) {
					t.Errorf("%q: the last line is not the sums", p)
				}
				must(t, Drift(&b, style, v))
				v.Kinds, v.Verbose, v.Width = nil, true, 60
				must(t, Plan(&b, style, v))
				must(t, Applied(&b, style, hostileResult(p), hostileEvents(p)...))
				must(t, State(&b, style, hostileState(p)))
				must(t, Resource(&b, style, hostileState(p), resource.Address{Kind: "model", Name: p}))
				must(t, Diagnostics(&b, style, v.Sources.Annotate(diag.List{v.Plan.Refusals[0].Diagnostic()})))
				for _, e := range hostileEvents(p) {
					line := EventLine(style, e)
					if strings.Contains(line, "\n") {
						t.Errorf("%q: an event of several lines: %q", p, line)
					}
					b.WriteString(line + "\n")
				}
				checkTerminal(t, p, b.String(), style == coloured)
			}
		}
	}
}

func TestHostilePages(t *testing.T) {
	defer func() {
		trial.Unfailed(t, fmt.Sprintf("tags, links and broken fences in Markdown and HTML: %d payloads in every place", len(payloads)))
	}()
	for _, payload := range payloads {
		for _, p := range variants(payload) {
			var b bytes.Buffer
			must(t, PlanMarkdown(&b, hostileView(p)))
			checkMarkdown(t, p, b.String())
			b.Reset()
			must(t, DriftMarkdown(&b, hostileView(p)))
			checkMarkdown(t, p, b.String())
			b.Reset()
			must(t, StateMarkdown(&b, hostileState(p)))
			checkMarkdown(t, p, b.String())
			b.Reset()
			must(t, PlanHTML(&b, hostileView(p)))
			checkHTML(t, p, b.String())
			b.Reset()
			must(t, DriftHTML(&b, hostileView(p)))
			checkHTML(t, p, b.String())
			b.Reset()
			must(t, StateHTML(&b, hostileState(p)))
			checkHTML(t, p, b.String())
		}
	}
}

func TestHostileJSON(t *testing.T) {
	for _, payload := range payloads {
		for _, p := range variants(payload) {
			v := hostileView(p)
			var b bytes.Buffer
			must(t, PlanJSON(&b, v.Plan, diag.List{v.Plan.Refusals[0].Diagnostic()}, nil))
			var doc struct{ Changes []struct{ Name string } }
			must(t, json.Unmarshal(b.Bytes(), &doc))
			if want := strings.ToValidUTF8(p, "\ufffd"); utf8.ValidString(p) && doc.Changes[0].Name != want {
				t.Errorf("%q reads back as %q", p, doc.Changes[0].Name)
			}
			must(t, DriftJSON(&b, v, nil))
			must(t, StateJSON(&b, hostileState(p)))
			must(t, VersionJSON(&b, p))
			for _, e := range hostileEvents(p) {
				from := b.Len()
				must(t, EventJSON(&b, e))
				if bytes.Count(b.Bytes()[from:], []byte("\n")) != 1 {
					t.Errorf("%q: an event is not one line", p)
				}
			}
			must(t, ResultJSON(&b, hostileResult(p)))
			checkTerminal(t, p, b.String(), false)
		}
	}
}

// ownSequences are the sequences that Style writes.
var ownSequences = regexp.MustCompile("\x1b\\[(1|2|22|3[1236]|39)m")

// checkTerminal holds text against the rule for terminals and logs: what shows,
// line ends, tabs, our own colours, and no orders.
func checkTerminal(t *testing.T, payload, text string, coloured bool) {
	t.Helper()
	if strings.Contains(text, "made-up") {
		t.Errorf("%q: a secret shows", payload)
	}
	plain := text
	if coloured {
		plain = ownSequences.ReplaceAllString(text, "")
	}
	if !utf8.ValidString(plain) {
		t.Errorf("%q: not UTF-8", payload)
	}
	for _, r := range plain {
		if r != '\n' && r != '\t' && !unicode.IsPrint(r) && !unicode.Is(unicode.Zs, r) || unicode.In(r, unicode.Cf, unicode.Cc) && r != '\n' && r != '\t' {
			t.Fatalf("%q: %q got through: %s", payload, r, near(plain, string(r)))
		}
	}
	for line := range strings.SplitSeq(plain, "\n") {
		if strings.HasPrefix(strings.TrimLeftFunc(line, unicode.IsSpace), "::") {
			t.Fatalf("%q: an order: %q", payload, line)
		}
		for _, order := range []string{"##[", "##vso[", "##teamcity[", "section_start:", "section_end:", "travis_fold:"} {
			// In colours, which no pipeline has, the two may stand apart.
			if strings.Contains(strings.ToLower(line), order) && !coloured {
				t.Fatalf("%q: an order: %q", payload, line)
			}
		}
	}
}

func near(text, part string) string {
	i := strings.Index(text, part)
	return fmt.Sprintf("%q", text[max(0, i-60):min(len(text), i+60)])
}

// outside are the lines that Markdown of ours has outside of fences.
var outside = regexp.MustCompile(`^(\*\*(Plan|State|Drift): [a-z0-9, ]+\.\*\*|No changes\. There is nothing to do\.|<details( open)?><summary>[A-Za-z0-9,:' ()-]+</summary>|</details>|Cut here, for a comment can hold no more: [0-9,]+ of [0-9,]+ lines are shown\.|)$`)

// checkMarkdown reads Markdown as CommonMark does: what is not ours stands
// within fences that close where we closed them.
func checkMarkdown(t *testing.T, payload, text string) {
	t.Helper()
	checkTerminal(t, payload, text, false)
	fence := ""
	for line := range strings.SplitSeq(text, "\n") {
		ticks := line[:len(line)-len(strings.TrimLeft(line, "`"))]
		switch {
		case fence == "" && len(ticks) >= 3 && line == ticks+"diff":
			fence = ticks
		case fence == "" && !outside.MatchString(line):
			t.Fatalf("%q: outside of a fence: %q", payload, line)
		case fence != "" && strings.Trim(strings.TrimSpace(line), "`") == "" && strings.Count(line, "`") >= len(fence):
			fence = ""
		}
	}
	if fence != "" || strings.Count(text, "<details") < strings.Count(text, "\n</details>") {
		t.Fatalf("%q: a fence is not closed", payload)
	}
	checkEngine(t, payload, text)
}

// engine reads Markdown as code hosts do.
var engine = goldmark.New(goldmark.WithExtensions(extension.GFM))

// checkEngine has the engine find what acts: outside of code blocks there are
// paragraphs, bold text and HTML whose lines are ours, and nothing else.
func checkEngine(t *testing.T, payload, text string) {
	t.Helper()
	source := []byte(text)
	err := ast.Walk(engine.Parser().Parse(gtext.NewReader(source)), func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch x := n.(type) {
		case *ast.Document, *ast.Paragraph:
		case *ast.FencedCodeBlock:
			return ast.WalkSkipChildren, nil
		case *ast.Emphasis:
			if x.Level != 2 {
				t.Errorf("%q: a word is stressed", payload)
			}
		case *ast.Text:
			if line := string(x.Value(source)); strings.ContainsAny(line, "@#/") {
				t.Errorf("%q: somebody or something is named: %q", payload, line)
			}
		case *ast.HTMLBlock:
			for _, line := range strings.Split(string(x.Lines().Value(source)), "\n") {
				if !outside.MatchString(line) {
					t.Errorf("%q: HTML of another's: %q", payload, line)
				}
			}
		default:
			t.Errorf("%q: there is a %s in %q", payload, n.Kind(), text)
		}
		return ast.WalkContinue, nil
	})
	must(t, err)
}

// The engine finds in a comment without fences what it is to find.
func TestEngine(t *testing.T) {
	found := map[string]bool{}
	for _, payload := range payloads {
		_ = ast.Walk(engine.Parser().Parse(gtext.NewReader([]byte(payload))), func(n ast.Node, _ bool) (ast.WalkStatus, error) {
			found[n.Kind().String()] = true
			return ast.WalkContinue, nil
		})
	}
	for _, kind := range []string{"Link", "Image", "AutoLink", "RawHTML", "HTMLBlock", "Heading", "Strikethrough", "TaskCheckBox", "CodeSpan", "Blockquote"} {
		if !found[kind] {
			t.Errorf("no payload is read as a %s", kind)
		}
	}
}

var ownTags = regexp.MustCompile(`<!DOCTYPE html>|</?(html|head|body|main|title|h1|h2|p|pre|code|b|span|div|article|summary|style)( class="[a-z ]+"| lang="en")?>|<details( open)?>|</details>|<meta [^<>]+>`)

// checkHTML holds a page against the tags that are ours.
func checkHTML(t *testing.T, payload, text string) {
	t.Helper()
	if rest := ownTags.ReplaceAllString(text, ""); strings.ContainsAny(rest, "<") {
		t.Fatalf("%q: a tag of another's: %s", payload, near(rest, "<"))
	}
	for tag, want := range map[string]int{"<meta ": 4, "<style>": 1, "<title>": 1, "<h1>": 1, "<main>": 1} {
		if got := strings.Count(text, tag); got != want {
			t.Errorf("%q: %d of %s", payload, got, tag)
		}
	}
	for open, shut := range map[string]string{"<pre": "</pre>", "<article": "</article>", "<details": "</details>", "<span": "</span>", "<b>": "</b>"} {
		if strings.Count(text, open) != strings.Count(text, shut) {
			t.Errorf("%q: %s and %s do not pair", payload, open, shut)
		}
	}
	_, body, _ := strings.Cut(text, "</style>")
	checkTerminal(t, payload, body, false)
}

func TestGuard(t *testing.T) {
	for _, tt := range []struct {
		in   []string
		want string
	}{
		{[]string{"::error::x\n"}, `\x3a:error::x` + "\n"},
		{[]string{":", ":error\n"}, `:\x3aerror` + "\n"},
		{[]string{"a", "::error\n"}, "a::error\n"},
		{[]string{"a\n", " \t", "::x"}, "a\n \t" + `\x3a:x`},
		{[]string{"x ##", "[e]"}, `x ##\x5be]`},
		{[]string{"x #", "#vso", "[e]"}, `x ##vso\x5be]`},
		{[]string{"###[a] ##[b]"}, `#\x23#[a] \x23#[b]`},
		{[]string{strings.Repeat("long ", 20), "::x"}, strings.Repeat("long ", 20) + "::x"},
		{[]string{strings.Repeat(" ", 80), "::x"}, strings.Repeat(" ", 80) + `\x3a:x`},
		{[]string{"std::string", " a::b"}, "std::string a::b"},
	} {
		var g guard
		got := ""
		for _, s := range tt.in {
			got += g.clean(s)
		}
		if got != tt.want {
			t.Errorf("%q gives %q, want %q", tt.in, got, tt.want)
		}
	}
}
