package helper

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test's own binary be the command.
func TestMain(m *testing.M) {
	switch os.Getenv("HELPER_DOES") {
	case "":
		os.Exit(m.Run())
	case "print":
		_, _ = os.Stdout.WriteString(strings.Join(os.Args[1:], "|") + "\n")
	case "environment":
		_, _ = os.Stdout.WriteString(strings.Join(os.Environ(), "\n"))
	case "directory":
		dir, _ := os.Getwd()
		_, _ = os.Stdout.WriteString(dir)
	case "input":
		b := make([]byte, 1)
		n, err := os.Stdin.Read(b)
		if n != 0 || err == nil {
			os.Exit(1)
		}
	case "fail":
		_, _ = os.Stdout.WriteString("half-a-secret\n")
		_, _ = os.Stderr.WriteString("first line\nno key for half-a-secret\x1b[31m " + strings.Repeat("x", 500) + "\n\n")
		os.Exit(3)
	case "hang":
		time.Sleep(time.Minute)
	case "flood":
		for {
			if _, err := os.Stdout.Write(make([]byte, 4096)); err != nil {
				os.Exit(1)
			}
		}
	}
	os.Exit(0)
}

func run(t *testing.T, does string, args ...string) (string, error) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := Command{Argv: append([]string{self}, args...), Dir: t.TempDir(), Env: append(os.Environ(), "HELPER_DOES="+does,
		"POLYTOMIC_API_KEY=canary", "polytomic_partner_key=canary", "POLYPLAN_FINGERPRINT_KEY=canary", "POLYPLAN_VAR_x=canary", "OTHER=stays")}
	if does == "hang" {
		c.Limit = 50 * time.Millisecond
	}
	return Run(context.Background(), c)
}

func TestRun(t *testing.T) {
	// No character of a word means anything to anybody.
	if got, err := run(t, "print", "a b", "$HOME;*", "`x`", ""); got != "a b|$HOME;*|`x`|\n" || err != nil {
		t.Errorf("words: %q, %v", got, err)
	}
	if got, err := run(t, "environment"); err != nil || strings.Contains(got, "canary") || !strings.Contains(got, "OTHER=stays") {
		t.Errorf("environment: %q, %v", got, err)
	}
	if got, err := run(t, "directory"); err != nil || !filepath.IsAbs(got) || !strings.Contains(got, "TestRun") {
		t.Errorf("directory: %q, %v", got, err)
	}
	if _, err := run(t, "input"); err != nil {
		t.Errorf("it had an input: %v", err)
	}
}

func TestRunFails(t *testing.T) {
	for does, want := range map[string]string{
		"fail":  "it ended with 3: no key for (secret)\x1b[31m xxx",
		"hang":  "it did not end within 50ms",
		"flood": "it wrote more than 64 KiB",
	} {
		out, err := run(t, does)
		if out != "" || err == nil || !strings.HasPrefix(err.Error(), want) || len(err.Error()) > 300 {
			t.Errorf("%s: %q, %v, want %q", does, out, err, want)
		}
	}
	for program, want := range map[string]string{
		"no-such-program-anywhere": `there is no program "no-such-program-anywhere" on the path`,
		"./none":                   "it could not be started",
	} {
		if _, err := Run(context.Background(), Command{Argv: []string{program}, Dir: t.TempDir()}); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %q", program, err, want)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Run(ctx, Command{Argv: []string{"true"}}); err == nil {
		t.Error("it ran after the interrupt")
	}
}
