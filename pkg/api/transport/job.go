package transport

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

const (
	firstPoll = 500 * time.Millisecond
	lastPoll  = 5 * time.Second
	jobLimit  = 30 * time.Minute // of waiting, if the context sets no earlier end
)

// A JobError is a job that the server ended without success, or that did not
// end in time.
type JobError struct {
	Type, ID string
	Status   string // the last one seen, "failed" in most cases
	Message  string // of the server: redacted, short; may be empty
	// Pending is set when the job may still be at work.
	Pending bool
}

func (e *JobError) Error() string {
	s := fmt.Sprintf("job %s %s: %s", e.Type, e.ID, e.Status)
	if e.Message != "" {
		s += ": " + e.Message
	}
	return s
}

func (e *JobError) inDoubt() bool { return e.Pending }

// Job asks for a job until it is done, and returns its result, nil if it has
// none. A failed job is a *JobError. A failure to ask is an error of Do, for
// which MayHaveEffect is false although the job goes on: the caller knows
// what the job was to do.
func (c *Client) Job(ctx context.Context, jobType, id string) (json.RawMessage, error) {
	path := "/api/jobs/" + PathSegment(jobType) + "/" + PathSegment(id)
	wait := firstPoll
	for waited := time.Duration(0); ; waited += wait {
		resp, err := c.Do(ctx, Request{Method: http.MethodGet, Path: path})
		if err != nil {
			return nil, err
		}
		job, err := members(resp.Data)
		if err != nil || job == nil {
			return nil, resp.unfit("the data of the answer is not a job", err)
		}
		e := &JobError{Type: jobType, ID: id, Status: c.clean(textOf(job["status"]), 100)}
		switch e.Status {
		case "done":
			if result := job["result"]; string(result) != "null" {
				return result, nil
			}
			return nil, nil
		case "failed":
			e.Message = c.clean(textOf(job["error"]), maxText)
			return nil, e
		case "":
			return nil, resp.unfit("the job has no status", nil)
		}
		if waited >= jobLimit {
			e.Pending = true
			e.Message = fmt.Sprintf("no end after %v", jobLimit)
			return nil, e
		}
		wait = min(wait*3/2, lastPoll)
		if err := c.opt.Sleep(ctx, wait); err != nil {
			return nil, c.interrupted(resp.cl, err)
		}
	}
}

// textOf returns the text in raw; JSON of another kind as it stands.
func textOf(raw json.RawMessage) string {
	v, err := Decode(raw)
	if err != nil || v == nil {
		return ""
	}
	if s, ok := v.(string); ok {
		return s
	}
	return string(raw)
}
