package main

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// bashOffers asks a real bash what it offers for the last of the words.
func bashOffers(t *testing.T, script, dir string, words ...string) []string {
	t.Helper()
	var quoted []string
	for _, w := range words {
		quoted = append(quoted, single(w))
	}
	program := script + `
complete -p polyplan >&2 || exit 9
COMP_WORDS=(` + strings.Join(quoted, " ") + `)
COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 ))
_polyplan
printf '%s\n' "${COMPREPLY[@]}"
`
	cmd := exec.Command("bash", "--norc", "--noprofile", "-c", program)
	cmd.Dir = dir
	var err strings.Builder
	cmd.Stderr = &err
	out, runErr := cmd.Output()
	if runErr != nil {
		t.Fatalf("bash: %v\n%s", runErr, err.String())
	}
	if !strings.Contains(err.String(), "complete -F _polyplan polyplan") {
		t.Fatalf("complete -p says %q", err.String())
	}
	return strings.Fields(string(out))
}

func TestBashCompletion(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("optional: there is no bash")
	}
	e := newTestEnv(t)
	e.write("polyplan.yaml", "")
	e.write("manifests/a.yaml", "")
	script := e.must(exitDone, "completion", "bash")
	for _, test := range []struct {
		words string
		want  []string
	}{
		{"polyplan va", []string{"validate"}},
		{"polyplan state ", []string{"list", "show", "rm", "mv", "history", "recover", "pull", "push", "migrate"}},
		{"polyplan --no-color state l", []string{"list"}},
		{"polyplan -f polyplan.yaml va", []string{"validate"}},
		{"polyplan plan --det", []string{"--detailed-exitcode"}},
		{"polyplan validate --pr", nil},
		{"polyplan plan --format ", []string{"text", "json", "markdown", "html"}},
		{"polyplan plan --format = j", []string{"json"}},
		{"polyplan graph --format =", []string{"mermaid", "dot", "json", "svg"}},
		{"polyplan plan --format = json --det", []string{"--detailed-exitcode"}},
		{"polyplan plan -f poly", []string{"polyplan.yaml"}},
		{"polyplan fmt mani", []string{"manifests"}},
		{"polyplan plan -C mani", []string{"manifests"}},
		{"polyplan plan -C poly", nil},
		{"polyplan plan --url ", nil},
		{"polyplan completion ", []string{"bash", "zsh", "fish"}},
		{"polyplan explain conn", []string{"connection"}},
		{"polyplan sandbox serve --oauth m", []string{"manual"}},
		{"polyplan help sta", []string{"state"}},
	} {
		words := strings.Fields(test.words)
		if strings.HasSuffix(test.words, " ") {
			words = append(words, "")
		}
		got := bashOffers(t, script, e.Dir, words...)
		if d := cmp.Diff(append([]string{}, test.want...), append([]string{}, got...)); d != "" {
			t.Errorf("%q (-want +got):\n%s", test.words, d)
		}
	}
}

// The other shells read their scripts, where they are installed, and all
// scripts know all commands and flags.
func TestCompletionScripts(t *testing.T) {
	e := newTestEnv(t)
	for _, shell := range []string{"bash", "zsh", "fish"} {
		script := e.must(exitDone, "completion", shell)
		for _, c := range completedCommands(commands(e.Env)) {
			if c.Path != "" {
				wants(t, shell, script, c.Path)
			}
			for _, f := range c.Flags {
				name := f.Names[0]
				if shell == "fish" {
					name = "-l " + strings.TrimPrefix(name, "--")
				}
				if !strings.Contains(script, name) {
					t.Errorf("%s: the script does not know %s", shell, name)
				}
			}
		}
		if path, err := exec.LookPath(shell); err == nil {
			cmd := exec.Command(path, "-n", "-c", script)
			if shell != "bash" {
				cmd = exec.Command(path, "-n", "/dev/stdin")
				cmd.Stdin = strings.NewReader(script)
			}
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s -n: %v\n%s", shell, err, out)
			}
		}
	}
	for _, args := range []string{"completion", "completion tcsh", "completion bash zsh"} {
		r := e.run(strings.Fields(args)...)
		if r.code != exitError {
			t.Errorf("%s: exit code %d, want %d", args, r.code, exitError)
		}
		wants(t, args, r.err, "completion takes the name of a shell", "fix: ")
	}
}
