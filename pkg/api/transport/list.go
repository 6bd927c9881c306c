package transport

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// suspectPage is the size of a page where the API dossier (1.1) contradicts
// itself on whether there are pages.
const suspectPage = 50

// List returns all objects of a list, following its pages. Data that is null
// is an empty list. An object that moved from one page to the next while they
// were read (two with one id) is returned once, as it was seen last.
func (c *Client) List(ctx context.Context, path string, query url.Values) ([]map[string]any, error) {
	q := url.Values{}
	for k, v := range query {
		q[k] = v
	}
	all := []map[string]any{}
	places := map[string]int{} // by id
	seen := map[string]bool{}  // tokens
	cost := 0
	for n := 1; ; n++ {
		p, err := c.page(ctx, path, q, &cost)
		if err != nil {
			return nil, err
		}
		for _, item := range p.items {
			if id, _ := item["id"].(string); id != "" {
				if i, twice := places[id]; twice {
					all[i] = item
					continue
				}
				places[id] = len(all)
			}
			all = append(all, item)
		}
		switch {
		case len(all) > maxObjects:
			return nil, p.unfit(fmt.Sprintf("the list has more than %d objects", maxObjects), nil)
		case !c.held.fits(path+"?"+query.Encode(), cost, c.opt.ListMemory):
			return nil, tooLarge(p.unfit, c.opt.ListMemory)
		case p.next == "":
			if n == 1 && len(p.items) == suspectPage && mayBePaged(path) && q.Get("page_token") == "" {
				c.warn(fmt.Sprintf("GET %s answered with exactly %d objects and names no next page: "+
					"if there are more, this version of the API hides them", path, suspectPage))
			}
			return all, nil
		case seen[p.next]:
			return nil, p.unfit("the list does not end: a page token came twice", nil)
		case n >= maxPages:
			return nil, p.unfit(fmt.Sprintf("the list does not end within %d pages", maxPages), nil)
		}
		seen[p.next] = true
		q.Set("page_token", p.next)
	}
}

// A page is one answer of a list.
type page struct {
	items []map[string]any
	next  string // the token of the next page, empty on the last
	unfit func(reason string, err error) *BodyError
}

// page asks for a page, and adds to what its list costs. When it returns nothing
// of the answer's text is held any more.
func (c *Client) page(ctx context.Context, path string, q url.Values, cost *int) (*page, error) {
	cl, err := c.prepare(Request{Method: http.MethodGet, Path: path, Query: q})
	if err != nil {
		return nil, err
	}
	defer c.leave(cl)
	resp, err := c.do(ctx, cl)
	if err != nil {
		return nil, err
	}
	p := &page{unfit: (&Response{Status: resp.Status, cl: cl}).unfit}
	if p.items, err = resp.items(cost, c.opt.ListMemory); err != nil {
		return nil, err
	}
	p.next, err = resp.nextPage()
	return p, err
}

// held is what the lists of a client cost, by their paths: those of a plan are
// in memory together. A list that is read again takes the place of the first.
type held struct {
	mu    sync.Mutex
	costs map[string]int
}

func (h *held) fits(list string, cost, most int) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.costs == nil {
		h.costs = map[string]int{}
	}
	h.costs[list] = cost
	sum := 0
	for _, c := range h.costs {
		sum += c
	}
	return sum <= most
}

func tooLarge(unfit func(string, error) *BodyError, most int) error {
	err := unfit(fmt.Sprintf("the lists of the service need more than %d MiB of memory", most>>20), nil)
	err.large = true
	return err
}

func mayBePaged(path string) bool {
	return strings.HasSuffix(path, "/api/models") || strings.HasSuffix(path, "/api/syncs")
}

// siblings are the members that may stand beside data, or alone when an empty
// list was left out.
var siblings = map[string]bool{"data": true, "pagination": true, "links": true, "job": true}

// items decodes data as a list of objects, and adds to what it costs, which is at
// most as much as given.
func (r *Response) items(cost *int, most int) ([]map[string]any, error) {
	if r.Data == nil {
		if r.members == nil {
			return nil, r.unfit("the answer is not an object with data", nil)
		}
		for name := range r.members {
			if !siblings[name] {
				return nil, r.unfit("the answer has no data", nil)
			}
		}
		return nil, nil
	}
	p := parser{src: r.Data, build: true, cost: *cost, most: most}
	v, err := p.document()
	*cost = p.cost
	var bad *JSONError
	switch {
	case errors.As(err, &bad) && bad.large:
		return nil, tooLarge(r.unfit, most)
	case bad != nil: // all else was found when the answer was read
		return nil, r.unfit("the data of the answer cannot be decoded: "+bad.Reason, err)
	}
	if v == nil {
		return nil, nil
	}
	list, ok := v.([]any)
	if !ok {
		return nil, r.unfit("the data of the answer is not a list", nil)
	}
	items := make([]map[string]any, len(list))
	for i, e := range list {
		if items[i], ok = e.(map[string]any); !ok {
			return nil, r.unfit(fmt.Sprintf("element %d of the list is not an object", i), nil)
		}
	}
	return items, nil
}

// nextPage returns the token for the page after r, empty on the last.
func (r *Response) nextPage() (string, error) {
	raw := r.Member("pagination")
	if raw == nil {
		return "", nil
	}
	v, err := Decode(json.RawMessage(raw))
	if err != nil {
		return "", r.unfit("the pagination of the answer cannot be decoded", err)
	}
	p, _ := v.(map[string]any)
	switch token := p["next_page_token"].(type) {
	case nil:
		return "", nil
	case string:
		return token, nil
	}
	return "", r.unfit("the page token of the answer is not text", nil)
}
