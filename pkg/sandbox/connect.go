package sandbox

import (
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"github.com/polyplan/polyplan/pkg/catalog"
)

// Polytomic Connect: a dialogue in which somebody else's user makes a connection. A
// session's ID is not its token; the token is in State and works once.

const connectPath = "/sandbox/connect/"

func (s *Server) connectRoutes() {
	s.handle("POST /api/connections/connect/{$}", startConnect)
	s.mux.HandleFunc("GET "+connectPath+"{token}", s.connectPage)
	s.mux.HandleFunc("POST "+connectPath+"{token}", s.connectPressed)
}

// startConnect answers where the dialogue is, but not what it will make.
func startConnect(c *call) (*answer, error) {
	in := read(c.body).required("name", "redirect_url")
	name, redirect := in.text("name"), in.text("redirect_url")
	again, typ, whitelist := in.uuid("connection"), in.text("type"), in.words("whitelist")
	in.flag("dark")
	if err := *in.err; err != nil {
		err.(*problem).status = http.StatusUnprocessableEntity // it declares no 400
		return nil, err
	}
	if webURL(redirect) == "" {
		return nil, invalid("redirect_url: want an address of the web")
	}
	if typ != "" {
		whitelist = []string{typ}
	}
	for _, t := range whitelist {
		if _, ok := catalog.Lookup(t); !ok {
			return nil, invalid("whitelist: unknown connection type %q", t)
		}
	}
	if again != "" {
		conn := c.get(kindConnection, again)
		if conn == nil {
			return nil, invalid("connection: no such connection")
		}
		whitelist = []string{text(conn.Body, "type")}
	} else if err := c.freeName("", name); err != nil {
		return nil, err
	}
	r := c.create(kindSession)
	token := newToken()
	r.Body = map[string]any{"name": name, "redirect_url": redirect, "connection": again, "whitelist": anys(whitelist)}
	r.State["token"] = token
	c.change.put(r)
	return data(map[string]any{"redirect_url": c.base + connectPath + token, "token": token}), nil
}

// session finds the dialogue with this token, or nil.
func (s *Server) session(token string) *record {
	for _, r := range s.store.records[kindSession] {
		if token != "" && text(r.State, "token") == token {
			return r
		}
	}
	return nil
}

// connectPage shows what can be connected: types that are authorised in a browser, for
// the sandbox has no forms for the others.
func (s *Server) connectPage(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	session := s.session(r.PathValue("token"))
	s.mu.Unlock()
	if session == nil {
		usedLink(w)
		return
	}
	allowed := words(session.Body, "whitelist")
	var options strings.Builder
	for _, id := range catalog.Types() {
		t := typeOf(id)
		if len(allowed) > 0 && !oneOf(id, allowed) || !t.Interactive(nil) {
			continue
		}
		fmt.Fprintf(&options, `<option value="%s">%s</option>`, template.HTMLEscapeString(id), template.HTMLEscapeString(s.services.of(id).title(id)))
	}
	page(w, http.StatusOK, pageData{
		Title:  "Connect",
		Text:   "Choose what to connect as “" + text(session.Body, "name") + "”.",
		Button: "Connect and authorize",
		Action: r.URL.Path,
		Leads:  text(session.Body, "redirect_url"),
		Fields: template.HTML(`<label>Type <select name="type">` + options.String() + `</select></label>`), // escaped above
	})
}

// connectPressed makes the connection, or authorises the one that there is, and leads on.
func (s *Server) connectPressed(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<16)
	typ := r.PostFormValue("type")
	s.mu.Lock()
	defer s.mu.Unlock()
	session := s.session(r.PathValue("token"))
	if session == nil {
		usedLink(w)
		return
	}
	allowed := words(session.Body, "whitelist")
	t, known := catalog.Lookup(typ)
	if !known || !t.Interactive(nil) || len(allowed) > 0 && !oneOf(typ, allowed) {
		page(w, http.StatusUnprocessableEntity, pageData{Title: "Not possible", Text: "This type cannot be connected here."})
		return
	}
	c := &call{s: s, caller: caller{org: session.Org, actor: session.CreatedBy}, now: s.opts.Clock().UTC(), version: Version2025}
	conn := c.get(kindConnection, text(session.Body, "connection"))
	if conn != nil {
		conn = conn.clone()
	} else {
		conn = c.create(kindConnection)
		c.body = map[string]any{"name": text(session.Body, "name"), "type": typ, "configuration": map[string]any{}}
		if err := c.writeConnection(conn, read(c.body), nil); err != nil {
			page(w, http.StatusUnprocessableEntity, pageData{Title: "Not possible", Text: err.(*problem).message})
			return
		}
	}
	c.authorise(conn)
	c.change.put(conn)
	c.change.delete(session)
	if err := s.store.commit(&c.change); err != nil {
		page(w, http.StatusInternalServerError, pageData{Title: "Not connected", Text: "The sandbox cannot keep its data."})
		return
	}
	http.Redirect(w, r, webURL(text(session.Body, "redirect_url")), http.StatusSeeOther)
}

// webURL returns the address if a browser may be led there, else "".
func webURL(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return ""
	}
	return u.String()
}
