package transport

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestList(t *testing.T) {
	a := &answers{list: []string{
		`200 {"data":[{"id":"a"},{"id":"b","n":1}],"pagination":{"next_page_token":"t/1+"}}`,
		`200 {"data":[{"id":"b","n":2},{"x":1},{"x":1}],"pagination":{"next_page_token":"t2"}}`,
		`200 {"data":null,"pagination":{"next_page_token":""}}`,
	}}
	c, _ := serve(t, a.ServeHTTP)
	query := url.Values{"active": {"true"}}
	got, err := c.List(t.Context(), "/api/syncs", query)
	if err != nil {
		t.Fatal(err)
	}
	var text []string
	for _, m := range got {
		text = append(text, fmt.Sprint(m))
	}
	if d := cmp.Diff([]string{"map[id:a]", "map[id:b n:2]", "map[x:1]", "map[x:1]"}, text); d != "" {
		t.Errorf("List (-want +got):\n%s", d)
	}
	want := []string{
		"GET /api/syncs?active=true", "GET /api/syncs?active=true&page_token=t%2F1%2B", "GET /api/syncs?active=true&page_token=t2",
	}
	if d := cmp.Diff(want, a.seen()); d != "" {
		t.Errorf("requests (-want +got):\n%s", d)
	}
	if len(query) != 1 {
		t.Errorf("the caller's query became %v", query)
	}
}

func TestListEnds(t *testing.T) {
	page := func(n int, first, token string) string {
		items := make([]string, n)
		for i := range items {
			items[i] = fmt.Sprintf(`{"id":"%s%d"}`, first, i)
		}
		return fmt.Sprintf(`200 {"data":[%s],"pagination":{"next_page_token":%q}}`, strings.Join(items, ","), token)
	}
	deep := func(id, token string) string { // a hundred times its length in memory
		return fmt.Sprintf(`200 {"data":[{"id":%q,"a":[%s{}]}],"pagination":{"next_page_token":%q}}`, id, strings.Repeat("{},", 200_000), token)
	}
	for _, tt := range []struct {
		name, path string
		answers    []string
		n          int
		err, warn  string
	}{
		{"absent", "/api/x", []string{`200 {}`}, 0, "", ""},
		{"null", "/api/x", []string{`200 {"data":null,"pagination":null}`}, 0, "", ""},
		{"absent beside a sibling", "/api/x", []string{`200 {"pagination":{}}`}, 0, "", ""},
		{"wrong envelope", "/api/x", []string{`200 {"models":[]}`}, 0, "GET /api/x: the answer has no data (status 200)", ""},
		{"no envelope", "/api/x", []string{`200 []`}, 0, "not an object with data", ""},
		{"not a list", "/api/x", []string{`200 {"data":{}}`}, 0, "not a list", ""},
		{"not objects", "/api/x", []string{`200 {"data":[{},1]}`}, 0, "element 1 of the list is not an object", ""},
		{"token not text", "/api/x", []string{`200 {"data":[],"pagination":{"next_page_token":1}}`}, 0, "page token", ""},
		{"repeated token", "/api/x", []string{page(1, "a", "t"), page(1, "b", "u"), page(1, "c", "t")}, 0, "a page token came twice", ""},
		{"error on the second page", "/api/x", []string{page(1, "a", "t"), "404 "}, 0, "404", ""},
		{"50 models", "/api/models", []string{page(50, "a", "")}, 50, "", "GET /api/models answered with exactly 50 objects"},
		{"50 others", "/api/connections", []string{page(50, "a", "")}, 50, "", ""},
		{"51 models", "/api/models", []string{page(51, "a", "")}, 51, "", ""},
		{"100 models on pages", "/api/models", []string{page(50, "a", "t"), page(50, "b", "")}, 100, "", ""},
		{"too large", "/api/x", []string{deep("a", "t"), deep("b", "u"), deep("c", "")}, 0, "need more than 192 MiB of memory", ""},
		{"too many objects", "/api/x", []string{page(maxObjects+1, "", "")}, 0, "more than 100000 objects", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := &answers{list: tt.answers}
			c, _ := serve(t, a.ServeHTTP)
			got, err := c.List(t.Context(), tt.path, nil)
			if len(got) != tt.n || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("List: %d objects, %v; want %d, %q", len(got), err, tt.n, tt.err)
			}
			if err == nil && got == nil {
				t.Error("an empty list is nil")
			}
			warned := strings.Join(c.Warnings(), "\n")
			if (warned == "") != (tt.warn == "") || !strings.Contains(warned, tt.warn) {
				t.Errorf("warned %q, want %q", warned, tt.warn)
			}
		})
	}
}

// Who has the memory can allow it.
func TestListMemory(t *testing.T) {
	big := `200 {"data":[{"id":"a","a":[` + strings.Repeat("{},", 200_000) + `{}]}]}`
	for mib, want := range map[int]string{10: "GET /api/a: the lists of the service need more than 10 MiB of memory (status 200)", 100: ""} {
		c, _ := serve(t, (&answers{list: []string{big}}).ServeHTTP, func(o *Options) { o.ListMemory = mib << 20 })
		_, err := c.List(t.Context(), "/api/a", nil)
		var body *BodyError
		if want == "" && err != nil || want != "" && (!errors.As(err, &body) || err.Error() != want || !strings.Contains(body.Hint(), "--list-memory")) {
			t.Errorf("%d MiB: %v, want %q", mib, err, want)
		}
	}
}

// Lists of one client are in memory together; one that is read again takes the
// place of the first.
func TestListsTogether(t *testing.T) {
	big := `200 {"data":[{"id":"a","a":[` + strings.Repeat("{},", 200_000) + `{}]}]}`
	c, _ := serve(t, (&answers{list: []string{big}}).ServeHTTP)
	for i, path := range []string{"/api/a", "/api/b", "/api/a", "/api/b", "/api/a", "/api/c"} {
		_, err := c.List(t.Context(), path, nil)
		if want := path == "/api/c"; (err != nil) != want || want && !strings.Contains(err.Error(), "lists of the service need more than 192 MiB") {
			t.Errorf("list %d: %v", i, err)
		}
	}
}

// Whatever becomes of a large answer, the next one has its turn.
func TestLargeAnswersTakeTurns(t *testing.T) {
	n := 0
	c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		n++
		io.WriteString(w, strings.Repeat(" ", 3*smallBody/2))
		switch n {
		case 1:
			http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		case 2:
			io.WriteString(w, "no JSON")
		default:
			io.WriteString(w, `{"data":[]}`)
		}
	})
	if _, err := c.List(t.Context(), "/api/x", nil); err == nil || c.Stats().Retries != 1 {
		t.Errorf("an answer that is cut and then no JSON: %v, %+v", err, c.Stats())
	}
	if _, err := c.Do(t.Context(), Request{Method: "GET", Path: "/api/x"}); err != nil {
		t.Error(err)
	}
	if _, err := c.List(t.Context(), "/api/x", nil); err != nil || len(c.large) != 0 {
		t.Errorf("%v, and %d calls are inside", err, len(c.large))
	}
}

func TestListOfEndlessPages(t *testing.T) {
	n := 0
	c, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		n++
		fmt.Fprintf(w, `{"data":[],"pagination":{"next_page_token":"%d"}}`, n)
	})
	_, err := c.List(t.Context(), "/api/x", nil)
	if err == nil || !strings.Contains(err.Error(), "2000 pages") || n != maxPages {
		t.Errorf("after %d pages: %v", n, err)
	}
}

func TestJob(t *testing.T) {
	a := &answers{list: []string{
		`200 {"data":{"job_id":"j","status":"created"}}`, `503 `, `200 {"data":{"status":"running","result":null}}`,
		`200 {"data":{"status":"done","result":{"id":"m"},"error":null}}`,
	}}
	c, clock := serve(t, a.ServeHTTP)
	got, err := c.Job(t.Context(), "createmodel", "a/b")
	if string(got) != `{"id":"m"}` || err != nil {
		t.Errorf("Job: %s, %v", got, err)
	}
	if a.seen()[0] != "GET /api/jobs/createmodel/a%2Fb" || len(a.seen()) != 4 {
		t.Errorf("requests: %q", a.seen())
	}
	want := []time.Duration{750 * time.Millisecond, 750 * time.Millisecond, 1125 * time.Millisecond}
	if d := cmp.Diff(want, clock.slept); d != "" {
		t.Errorf("waits (-want +got):\n%s", d)
	}
}

func TestJobEnds(t *testing.T) {
	for _, tt := range []struct {
		name, answer, err string
		pending           bool
	}{
		{"no result", `200 {"data":{"status":"done","result":null}}`, "", false},
		{"failed", `200 {"data":{"status":"failed","error":"no table ` + testKey + `"}}`, "job createmodel j: failed: no table [API key]", false},
		{"failed, odd error", `200 {"data":{"status":"failed","error":{"a":1}}}`, `failed: {"a":1}`, false},
		{"never", `200 {"data":{"status":"running"}}`, "job createmodel j: running: no end after 30m0s", true},
		{"no status", `200 {"data":{}}`, "has no status", false},
		{"no job", `200 {"data":[]}`, "not a job", false},
		{"nothing", `200 {}`, "not a job", false},
		{"gone", `404 `, "404", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, _ := serve(t, (&answers{list: []string{tt.answer}}).ServeHTTP)
			got, err := c.Job(t.Context(), "createmodel", "j")
			if got != nil || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("Job: %s, %v; want %q", got, err, tt.err)
			}
			var e *JobError
			if tt.pending && (!errors.As(err, &e) || !e.Pending || !MayHaveEffect(err)) {
				t.Errorf("a job at work: %#v", err)
			}
		})
	}
}
