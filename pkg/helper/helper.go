// Package helper runs the commands that give secrets.
//
//	out, err := helper.Run(ctx, helper.Command{Argv: []string{"sops", "-d", "pw.txt"}, Dir: dir, Env: os.Environ()})
//
// A command is words that no shell reads. It gets no input, none of polyplan's
// own variables, ten seconds, and 64 KiB to say its secret in. What it says on
// standard error may end up in front of people, so that of it an error has no
// more than the last line, without what the command gave as its secret.
package helper

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// The limits of a command.
const (
	TimeLimit = 10 * time.Second
	SizeLimit = 64 << 10
)

// Command is what to run.
type Command struct {
	Argv []string // the program and its arguments; never empty
	Dir  string   // where it runs, and relative paths of programs begin
	Env  []string // "NAME=value"; those of polyplan and of the service are held back
	// Limit is TimeLimit if zero.
	Limit time.Duration
}

// ours are the prefixes of the variables that a command has no business with:
// API keys, keys of fingerprints, identities, variables.
var ours = []string{"POLYTOMIC_", "POLYPLAN_"}

func withoutOurs(env []string) []string {
	out := []string{} // not nil, which would stand for all
next:
	for _, e := range env {
		for _, prefix := range ours {
			if strings.HasPrefix(strings.ToUpper(e), prefix) {
				continue next
			}
		}
		out = append(out, e)
	}
	return out
}

// Run runs a command and gives what it wrote to standard output.
func Run(ctx context.Context, c Command) (string, error) {
	limit := c.Limit
	if limit == 0 {
		limit = TimeLimit
	}
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("it did not end within %s", limit))
	defer cancel()
	out, talk := &capped{limit: SizeLimit}, &tail{}
	cmd := exec.CommandContext(ctx, c.Argv[0], c.Argv[1:]...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = c.Dir, withoutOurs(c.Env), out, talk
	cmd.WaitDelay = time.Second // for what it started and left behind, holding the pipes
	err := cmd.Run()
	var ended *exec.ExitError
	switch {
	case out.over:
		return "", fmt.Errorf("it wrote more than %d KiB", SizeLimit>>10)
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case errors.As(err, &ended):
		err = fmt.Errorf("it ended with %s", strings.TrimPrefix(ended.String(), "exit status "))
		if said := talk.line(out.b.String()); said != "" {
			err = fmt.Errorf("%w: %s", err, said)
		}
		return "", err
	case errors.Is(err, exec.ErrNotFound):
		return "", fmt.Errorf("there is no program %q on the path", c.Argv[0])
	case errors.Is(err, exec.ErrWaitDelay):
		return "", errors.New("it left something running that keeps its output open")
	case err != nil:
		return "", fmt.Errorf("it could not be started: %w", err)
	}
	return out.b.String(), nil
}

// errFull ends a command that writes too much.
var errFull = errors.New("that is too much")

type capped struct {
	b     bytes.Buffer
	limit int
	over  bool
}

func (c *capped) Write(p []byte) (int, error) {
	if c.b.Len()+len(p) > c.limit {
		c.over = true
		return 0, errFull
	}
	return c.b.Write(p)
}

// telling is the length from which on a part of a secret is looked for: shorter
// ones occur in words by chance.
const telling = 6

// shown is how much of a line on standard error is of use.
const shown = 200

// tail keeps the end of what is written.
type tail struct{ b []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.b = append(t.b, p...)
	if over := len(t.b) - 4<<10; over > 0 {
		t.b = append([]byte(nil), t.b[over:]...)
	}
	return len(p), nil
}

// line is the last line with something in it, without the secret.
func (t *tail) line(secret string) string {
	text := strings.ToValidUTF8(string(t.b), "�")
	parts := strings.FieldsFunc(secret, func(r rune) bool { return strings.ContainsRune(" \t\r\n\"',:;={}[]", r) })
	for _, part := range append([]string{strings.TrimSpace(secret)}, parts...) {
		if len(part) >= telling {
			text = strings.ReplaceAll(text, part, "(secret)")
		}
	}
	lines := strings.Split(text, "\n")
	for i := len(lines) - 1; i >= 0; i-- {
		if l := strings.TrimSpace(lines[i]); l != "" {
			if r := []rune(l); len(r) > shown {
				l = string(r[:shown]) + "…"
			}
			return l
		}
	}
	return ""
}
