package api

import (
	"context"

	"github.com/polyplan/polyplan/pkg/api/transport"
	"github.com/polyplan/polyplan/pkg/resource"
)

// Ask sends a request that is about no object of a kind.
func (c *Client) Ask(ctx context.Context, r transport.Request) (*transport.Response, error) {
	return c.t.Do(ctx, r)
}

// AskObject sends such a request and reads the object that is answered, at once
// or as the result of a job.
func (c *Client) AskObject(ctx context.Context, r transport.Request) (map[string]any, error) {
	a, err := c.object(ctx, &resource.Kind{}, r)
	return a.Object, err
}
