package transport

import (
	"bufio"
	"bytes"
	"net/http"
	"strings"
	"testing"
)

// FuzzAnswer gives whatever a server may say to each method: no panic, no
// endless asking, no key in an error, and an error whenever there is no answer.
func FuzzAnswer(f *testing.F) {
	for _, s := range []string{
		goodAnswer,
		"HTTP/1.1 429 Slow\r\nRetry-After: 7\r\n\r\n{\"message\":\"x\",\"metadata\":{\"used_by\":[{}]}}",
		"HTTP/1.1 302 Found\r\nLocation: /api/y\r\n\r\n",
		"HTTP/1.1 200 OK\r\nDate: x\r\n\r\n{\"data\":[{\"id\":\"a\"}],\"pagination\":{\"next_page_token\":\"t\"}}",
		"HTTP/1.1 200 OK\r\n\r\n{\"data\":{\"status\":\"done\",\"result\":1}}",
		"HTTP/1.1 401 No\r\n\r\n{\"error\":\"" + testKey + "\",\"context\":{\"a\":[\"" + testKey + "\"]}}",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		asked := 0
		for _, method := range []string{"GET", "POST", "PUT", "DELETE", "list", "job"} {
			clock := newClock()
			o := testOptions("https://polytomic.example", clock)
			o.Base = roundTripper(func(r *http.Request) (*http.Response, error) {
				if asked++; asked > 100*maxPages {
					t.Fatal("it asks without end")
				}
				return http.ReadResponse(bufio.NewReader(bytes.NewReader(src)), r)
			})
			c, err := New(o)
			if err != nil {
				t.Fatal(err)
			}
			var resp *Response
			switch method {
			case "list":
				_, err = c.List(t.Context(), "/api/models", nil)
			case "job":
				_, err = c.Job(t.Context(), "createmodel", "j")
			default:
				resp, err = c.Do(t.Context(), Request{Method: method, Path: "/api/x"})
				if (resp == nil) == (err == nil) {
					t.Fatalf("response %v, error %v", resp, err)
				}
			}
			if err != nil && strings.Contains(err.Error(), testKey) {
				t.Fatalf("the error shows the key: %v", err)
			}
			if method == "GET" && MayHaveEffect(err) {
				t.Fatalf("a GET in doubt: %v", err)
			}
			if resp != nil {
				resp.Object()
			}
		}
	})
}
