package sandbox

import (
	"cmp"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
)

// Lists of models and syncs come newest change first, in pages. A token names the last
// object of its page, so what changes meanwhile does not shift the rest.

// page returns the page of records that the query asks for, and the token of the next.
func (c *call) page(records []*record, paging string) (page []*record, next string, err error) {
	slices.SortFunc(records, func(a, b *record) int {
		return cmp.Or(b.Updated.Compare(a.Updated), cmp.Compare(a.ID, b.ID))
	})
	if paging == "none" {
		return records, "", nil
	}
	size := c.s.opts.Switches.PageSize
	if asked := c.query.Get("limit"); asked != "" {
		n, err := strconv.Atoi(asked)
		if err != nil || n < 1 {
			return nil, "", badRequest("limit: want a number from 1")
		}
		size = min(size, n)
	}
	if token := c.query.Get("page_token"); token != "" && paging == "" {
		if records, err = after(records, token); err != nil {
			return nil, "", err
		}
	}
	if len(records) <= size {
		return records, "", nil
	}
	page = records[:size]
	if paging == "truncated" {
		return page, "", nil
	}
	last := page[size-1]
	return page, base64.RawURLEncoding.EncodeToString([]byte(stamp(last.Updated) + " " + last.ID)), nil
}

// after returns the records behind the one that the token names.
func after(records []*record, token string) ([]*record, error) {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	updated, id, ok := strings.Cut(string(raw), " ")
	at := when(map[string]any{"t": updated}, "t")
	if err != nil || !ok || at.IsZero() {
		return nil, badRequest("page_token: not one of ours")
	}
	i := slices.IndexFunc(records, func(r *record) bool {
		return r.Updated.Before(at) || r.Updated.Equal(at) && r.ID > id
	})
	if i < 0 {
		return nil, nil
	}
	return records[i:], nil
}

// pageAnswer is a list with the token of the next page.
func (c *call) pageAnswer(items []any, next string) *answer {
	body := map[string]any{"data": c.listed(items)}
	if next != "" {
		body["pagination"] = map[string]any{"next_page_token": next}
	}
	return &answer{body: body}
}
