package render

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/polyplan/polyplan/pkg/internal/trial"
)

// A browser opens pages full of payloads: none runs, and nothing is asked for.
// That a script would be seen is shown by a page that has one.
func TestHostilePagesInABrowser(t *testing.T) {
	trial.Long(t)
	chromium := trial.Program(t, "chromium")
	dir := t.TempDir()
	var asked atomic.Int64
	sink := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer sink.Close()
	live := []string{
		"<script>document.title='ran'</script>", "\"><svg onload=\"document.title='ran'\">", "<img src=x onerror=\"document.title='ran'\">",
		"<img src='" + sink.URL + "/i.png'>", "</style><link rel=stylesheet href='" + sink.URL + "/c.css'>", "</pre><iframe src='" + sink.URL + "'></iframe>",
		"</title><script>document.title='ran'</script>", "<meta http-equiv=refresh content='0;url=" + sink.URL + "'>", "]]><script>document.title='ran'</script>",
		"<style>@import '" + sink.URL + "/x.css';</style>", "<base href='" + sink.URL + "/'>", "<object data='" + sink.URL + "'></object>",
	}
	open := func(name, page string) string {
		path := filepath.Join(dir, name)
		must(t, os.WriteFile(path, []byte(page), 0o600))
		cmd := exec.Command(chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run",
			"--user-data-dir="+filepath.Join(dir, "profile"), "--virtual-time-budget=2000", "--dump-dom", "file://"+path)
		cmd.Env = append(os.Environ(), "HOME="+dir)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("chromium: %v", err)
		}
		return string(out)
	}
	control := "<!DOCTYPE html><title>x</title><script>document.title='ran'</script><img src='" + sink.URL + "/i.png'>"
	if dom := open("control.html", control); !strings.Contains(dom, "<title>ran</title>") || asked.Load() == 0 {
		t.Fatalf("the browser runs nothing at all: %s", dom)
	}
	asked.Store(0)
	ran, pages := 0, 0
	for i, p := range append(live, strings.Join(payloads, "\n"), strings.Join(live, "\n")) {
		for name, write := range map[string]func(*bytes.Buffer) error{
			"plan.html":  func(b *bytes.Buffer) error { return PlanHTML(b, hostileView(p)) },
			"state.html": func(b *bytes.Buffer) error { return StateHTML(b, hostileState(p)) },
		} {
			var b bytes.Buffer
			must(t, write(&b))
			pages++
			if dom := open(fmt.Sprintf("%d-%s", i, name), b.String()); strings.Contains(dom, "<title>ran</title>") {
				ran++
				t.Errorf("%q runs in %s", p, name)
			}
		}
	}
	trial.None(t, fmt.Sprintf("scripts run and requests made by a browser: %d hostile pages", pages), ran+int(asked.Load()))
}
