package transport

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
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
	for page := 1; ; page++ {
		resp, err := c.Do(ctx, Request{Method: http.MethodGet, Path: path, Query: q})
		if err != nil {
			return nil, err
		}
		items, err := resp.items()
		if err != nil {
			return nil, err
		}
		for _, item := range items {
			if id, _ := item["id"].(string); id != "" {
				if i, twice := places[id]; twice {
					all[i] = item
					continue
				}
				places[id] = len(all)
			}
			all = append(all, item)
		}
		if len(all) > maxObjects {
			return nil, resp.unfit(fmt.Sprintf("the list has more than %d objects", maxObjects), nil)
		}
		token, err := resp.nextPage()
		switch {
		case err != nil:
			return nil, err
		case token == "":
			if page == 1 && len(items) == suspectPage && mayBePaged(path) && q.Get("page_token") == "" {
				c.warn(fmt.Sprintf("GET %s answered with exactly %d objects and names no next page: "+
					"if there are more, this version of the API hides them", path, suspectPage))
			}
			return all, nil
		case seen[token]:
			return nil, resp.unfit("the list does not end: a page token came twice", nil)
		case page >= maxPages:
			return nil, resp.unfit(fmt.Sprintf("the list does not end within %d pages", maxPages), nil)
		}
		seen[token] = true
		q.Set("page_token", token)
	}
}

func mayBePaged(path string) bool {
	return strings.HasSuffix(path, "/api/models") || strings.HasSuffix(path, "/api/syncs")
}

// siblings are the members that may stand beside data, or alone when an empty
// list was left out.
var siblings = map[string]bool{"data": true, "pagination": true, "links": true, "job": true}

// items decodes data as a list of objects.
func (r *Response) items() ([]map[string]any, error) {
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
	v, err := Decode(r.Data)
	if err != nil {
		return nil, r.unfit("the data of the answer cannot be decoded", err)
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
