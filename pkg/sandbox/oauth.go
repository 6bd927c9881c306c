package sandbox

import (
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// A connection that a person has to authorise carries a link, auth_url, to a page of the
// sandbox. It stands for the consent page of the service behind: whoever has the link
// may press its button, once.

const authPath = "/sandbox/authorize/"

func (s *Server) pageRoutes() {
	s.mux.HandleFunc("GET /{$}", s.index)
	s.mux.HandleFunc("GET "+authPath+"{token}", s.authPage)
	s.mux.HandleFunc("POST "+authPath+"{token}", s.authPressed)
	s.mux.HandleFunc("GET /sandbox/done", func(w http.ResponseWriter, r *http.Request) {
		page(w, http.StatusOK, pageData{Title: "Connection authorized", Text: "You can close this window."})
	})
}

// freshLink gives the connection a new link; an older one no longer works.
func (c *call) freshLink(r *record) {
	r.State["token"], r.State["linked"] = newToken(), stamp(c.now)
	if text(object(r.Body, "configuration"), "connect_mode") == "code" {
		r.State["code"] = strings.ToUpper(newToken()[:8])
	}
}

// authorise makes the connection healthy, as the service does when a person has
// consented.
func (c *call) authorise(r *record) {
	if token := text(r.State, "token"); token != "" && c.s.opts.Switches.ReusableLinks {
		r.State["used"] = token
	}
	delete(r.State, "token")
	delete(r.State, "code")
	delete(r.State, "denied")
	r.State["consented"], r.State["authorised"] = true, true
	r.State["filled"] = c.fill(typeOf(text(r.Body, "type")), true)
	r.State["refreshed"] = stamp(c.now)
	r.Updated = c.now
}

// authPage shows what is asked for and a button.
func (s *Server) authPage(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	rec := s.byToken(r.PathValue("token"))
	s.mu.Unlock()
	if rec == nil {
		usedLink(w)
		return
	}
	typ := text(rec.Body, "type")
	page(w, http.StatusOK, pageData{
		Title:  "Authorize " + s.services.of(typ).title(typ),
		Text:   "Polytomic asks for access on behalf of the connection “" + text(rec.Body, "name") + "”.",
		Code:   text(rec.State, "code"),
		Button: "Authorize",
		Action: r.URL.Path,
		Leads:  text(rec.State, "redirect"),
	})
}

// authPressed authorises the connection and leads on.
func (s *Server) authPressed(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rec := s.byToken(r.PathValue("token"))
	if rec == nil {
		usedLink(w)
		return
	}
	if s.opts.OAuth == OAuthNever {
		s.change(rec, func(c *call, rec *record) { rec.State["denied"] = "access denied" })
		page(w, http.StatusForbidden, pageData{Title: "Access denied", Text: "This sandbox lets nobody in."})
		return
	}
	if err := s.change(rec, (*call).authorise); err != nil {
		page(w, http.StatusInternalServerError, pageData{Title: "Not authorized", Text: "The sandbox cannot keep its data."})
		return
	}
	leadTo := webURL(text(rec.State, "redirect"))
	if leadTo == "" {
		leadTo = "/sandbox/done"
	} else if at, err := url.Parse(leadTo); err == nil && s.opts.Switches.RedirectQuery {
		query := at.Query()
		query.Set("connection_id", rec.ID)
		query.Set("status", s.opts.Switches.HealthyStatus)
		at.RawQuery = query.Encode()
		leadTo = at.String()
	}
	http.Redirect(w, r, leadTo, http.StatusSeeOther)
}

// byToken finds the connection whose link this is, or nil. The switches have links grow
// old, and work again.
func (s *Server) byToken(token string) *record {
	life := time.Duration(s.opts.Switches.LinkMinutes) * time.Minute
	for _, r := range s.store.records[kindConnection] {
		if token == "" || text(r.State, "token") != token && text(r.State, "used") != token {
			continue
		}
		if life > 0 && s.opts.Clock().Sub(when(r.State, "linked")) >= life {
			return nil
		}
		return r
	}
	return nil
}

// change stores what f makes of a clone of the record, outside of any API request.
func (s *Server) change(r *record, f func(*call, *record)) error {
	c := &call{s: s, caller: caller{org: r.Org}, now: s.opts.Clock().UTC()}
	r = r.clone()
	f(c, r)
	c.change.put(r)
	return s.store.commit(&c.change)
}

func usedLink(w http.ResponseWriter) {
	page(w, http.StatusGone, pageData{
		Title: "This link no longer works",
		Text:  "It has been used, or a newer one has taken its place. Updating the connection with reconnect gives a fresh link.",
	})
}

type pageData struct {
	Title, Text, Code, Button, Action, Leads string

	Rows   [][2]string // shown as a table
	Fields template.HTML
}

var pageTemplate = sync.OnceValue(func() *template.Template { return template.Must(template.New("page").Parse(pageText)) })

const pageText = `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{{.Title}}</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 36rem; margin: 4rem auto; padding: 0 1rem; color: #1f2933; }
button { font: inherit; padding: .5rem 1.5rem; border: 0; border-radius: .4rem; background: #2563eb; color: white; cursor: pointer; }
code { font-size: 1.4rem; } td { padding-right: 2rem; } label { display: block; margin: .5rem 0; } .small { color: #667; font-size: .85rem; }
</style></head>
<body><h1>{{.Title}}</h1><p>{{.Text}}</p>
{{with .Code}}<p>Code: <code>{{.}}</code></p>{{end}}
{{with .Rows}}<table>{{range .}}<tr><td>{{index . 0}}</td><td>{{index . 1}}</td></tr>{{end}}</table>{{end}}
{{if .Button}}<form method="post" action="{{.Action}}">{{.Fields}}<button>{{.Button}}</button></form>{{end}}
{{with .Leads}}<p class="small">Then you are led to {{.}}</p>{{end}}
<p class="small">polyplan sandbox: nothing here reaches a real service.</p>
</body></html>
`

// page writes an HTML page on which nothing foreign can run.
func page(w http.ResponseWriter, status int, d pageData) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'")
	h.Set("Referrer-Policy", "no-referrer") // the link is a secret
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	pageTemplate().Execute(w, d) // whoever hung up does not want it
}

// index says what this is.
func (s *Server) index(w http.ResponseWriter, r *http.Request) {
	page(w, http.StatusOK, pageData{
		Title: "polyplan sandbox",
		Text:  "The Polytomic API, played by polyplan. Point a client at this address and use one of the sandbox's keys.",
		Rows: [][2]string{
			{"API", "/api"}, {"versions", Version2024 + ", " + Version2025},
		},
	})
}
