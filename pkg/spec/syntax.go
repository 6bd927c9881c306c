package spec

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/polyplan/polyplan/pkg/diag"
)

var yamlError = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)`)

// syntaxError makes a finding of what the YAML parser says. The parser knows a
// line at best, and often only where the thing began that it was reading.
func syntaxError(src *source, err error) diag.Diagnostic {
	line, problem := 1, err.Error()
	if m := yamlError.FindStringSubmatch(err.Error()); m != nil {
		problem = m[2]
		if n, err := strconv.Atoi(m[1]); err == nil {
			line = n
		}
	}
	d := diag.Diagnostic{Code: "syntax"}
	if bracket, ok := src.openBracket(); ok && strings.Contains(problem, "did not find expected") && !strings.HasSuffix(problem, "key") {
		d.Pos = src.at(bracket)
		d.What, d.Why, d.Fix = "a bracket is not closed", fmt.Sprintf("it opens with %q and goes on over lines that do not belong to it", src.data[bracket]), "close it, or quote the text if it was meant as text"
		return d
	}
	line = locate(src, line, problem)
	text := src.line(line)
	indent := len(text) - len(strings.TrimLeft(text, " \t"))
	d.Pos = diag.Pos{File: src.name, Line: line, Col: indent + 1}
	d.What, d.Why, d.Fix = explain(problem, text, text[:indent])
	return d
}

// locate finds the line that made the parser give up: the first at which a
// file that ended there would fail in the same words. It begins at the line
// that the parser named and looks no further than a moderate piece of text.
func locate(src *source, named int, problem string) int {
	const most = 64 << 10
	named = max(1, min(named, len(src.starts)))
	if strings.Contains(problem, "unexpected end of stream") || strings.Contains(problem, "unknown anchor") {
		return src.lastLine(named, problem)
	}
	// Lines at the left edge begin something new: what stands before matters not.
	from := named
	for from > 1 {
		if l := src.line(from); l != "" && l[0] != ' ' && l[0] != '#' && l[0] != '\t' && l[0] != '-' && l[0] != '}' && l[0] != ']' {
			break
		}
		from--
	}
	to := from
	for to < len(src.starts) && src.starts[to]-src.starts[from-1] < most {
		to++
	}
	endOf := func(last int) int {
		if last < len(src.starts) {
			return src.starts[last]
		}
		return len(src.data)
	}
	if endOf(to)-src.starts[from-1] > 2*most { // a line of megabytes
		return named
	}
	fails := func(last int) bool {
		end := endOf(last)
		_, err := decode(src.data[src.starts[from-1]:end])
		return err != nil && strings.HasSuffix(err.Error(), problem)
	}
	if !fails(to) {
		return named
	}
	lo, hi := from, to // fails(hi), and not before lo
	for lo < hi {
		if mid := (lo + hi) / 2; fails(mid) {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo
}

// openBracket finds a bracket or brace that nobody closed: one from which the
// text goes on to a line that is indented no more than its own, or to the end.
func (s *source) openBracket() (offset int, ok bool) {
	var open []int
	margin, quote := 0, byte(0)
	before := byte('\n') // the last character that is no blank
	for n, start := range s.starts {
		line := s.line(n + 1)
		text := strings.TrimLeft(line, " \t")
		indent := len(line) - len(text)
		if len(open) > 0 && quote == 0 && text != "" && indent <= margin && !strings.ContainsRune("]}#", rune(text[0])) {
			return open[len(open)-1], true
		}
		if len(open) == 0 {
			margin, quote, before = indent, 0, '\n'
		}
		for i := indent; i < len(line); i++ {
			c := line[i]
			switch {
			case quote != 0:
				if c == '\\' && quote == '"' {
					i++
				} else if c == quote {
					quote = 0
				}
			case c == ' ' || c == '\t':
				continue
			case c == '#' && (i == 0 || line[i-1] == ' '):
				i = len(line)
				continue
			case strings.IndexByte("\n:-[{,", before) < 0 && (c == '"' || c == '\'' || c == '[' || c == '{'):
				// In the middle of a word it means itself.
			case c == '"' || c == '\'':
				quote = c
			case c == '[' || c == '{':
				open = append(open, start+i)
			case (c == ']' || c == '}') && len(open) > 0:
				open = open[:len(open)-1]
			}
			before = c
		}
	}
	if len(open) > 0 {
		return open[len(open)-1], true
	}
	return 0, false
}

var anchorName = regexp.MustCompile(`unknown anchor '([^']*)'`)

// lastLine handles what only the end of the file or a name brings to light.
func (s *source) lastLine(named int, problem string) int {
	if m := anchorName.FindStringSubmatch(problem); m != nil {
		alias := regexp.MustCompile(`\*` + regexp.QuoteMeta(m[1]) + `($|[\s,\]}])`)
		for n := range s.starts {
			if alias.MatchString(s.line(n + 1)) {
				return n + 1
			}
		}
	}
	// A quote that nobody closed: the parser names a line near its beginning.
	for n := min(named, len(s.starts)); n > 0; n-- {
		if l := s.line(n); strings.Count(l, `"`)%2 == 1 || strings.Count(l, "'")%2 == 1 {
			return n
		}
	}
	return named
}

// explain turns the parser's words into ours.
func explain(problem, text, indent string) (what, why, fix string) {
	has := func(s string) bool { return strings.Contains(problem, s) }
	switch {
	case strings.Contains(indent, "\t"):
		return "a tab is used for indentation", "YAML indents with spaces only, because a tab has no fixed width",
			"replace the tab by spaces, two for each level"
	case token.MatchString(text) && (has("expected ',' or") || has("expected key")):
		return "${...} between braces or brackets needs quotes", "within {...} and [...] the brace that ends ${...} would end the map or list",
			`write "${...}", or put each key on a line of its own`
	case has("did not find expected ',' or ']'"):
		return "a list goes on in an unexpected way", `after an element of [...] comes "," or "]"`, "write the comma or the bracket, or quote the text that has special characters"
	case has("did not find expected ',' or '}'"):
		return "a map goes on in an unexpected way", `after a value of {...} comes "," or "}"`, "write the comma or the brace, or quote the text that has special characters"
	case has("mapping values are not allowed"):
		return "a key is not expected here", "either the line is indented more than the one before it, which already has a value, or a value holds \": \" without quotes",
			"indent it like its neighbours, or quote the value"
	case has("did not find expected key"), has("did not find expected '-' indicator"), has("block sequence entries"), has("document start"):
		return "the indentation fits no level above", "keys of one map, and items of one list, begin in the same column", "indent the line like its neighbours"
	case has("could not find expected ':'"):
		return `a ":" is missing`, "this line should be a key with a value, or belong to the text above it", `write "key: value", or indent the line as part of the text above`
	case has("unexpected end of stream"), has("while scanning a quoted"):
		return "a quotation mark is not closed", "the text that begins here goes on to the end of the file", "close it; in '...' write '' for one apostrophe"
	case has("cannot start any token"):
		return "a value begins with a character that YAML keeps for itself", "@, ` and % cannot begin a text without quotes, and a tab cannot stand before it", "put the value in quotes"
	case has("escape"), has("hexdecimal"):
		return `an unknown escape follows a "\"`, `in double quotes "\" begins an escape such as \n`, `write "\\" for one backslash, or use single quotes`
	case has("unknown anchor"):
		name := ""
		if m := anchorName.FindStringSubmatch(problem); m != nil {
			name = m[1]
		}
		return "there is no anchor &" + name, "an alias repeats what was marked with & before it in the same document", "quote the text if it is no alias, or write the anchor before it"
	case has("max depth"):
		return "nested too deep", "no manifest needs to go as deep", ""
	case has("incompatible YAML"), has("directive"):
		return "directives are not read", "a line that begins with % speaks to the parser", "remove the line"
	}
	return "this is not YAML: " + problem, "the file cannot be read from here on", ""
}

// token is what looks like a value from outside.
var token = regexp.MustCompile(`\$\{[^}]*\}`)
