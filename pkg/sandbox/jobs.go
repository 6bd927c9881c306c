package sandbox

import "net/http"

// getJob tells how an asynchronous job stands.
func getJob(c *call) (*answer, error) {
	switch typ := c.path("type"); typ {
	case "createmodel", "updatemodel", "previewmodel", "samplemodel", "exportlogs":
		r, err := c.find(kindJob, "id", "job")
		if err != nil {
			return nil, err
		}
		if text(r.Body, "type") != typ {
			return nil, notFound("job")
		}
		left := number(r.State, "polls")
		if left > 0 {
			r = r.clone()
			r.State["polls"] = jsonNumber(left - 1)
			c.change.put(r)
			return data(map[string]any{"job_id": r.ID, "type": typ, "status": "running"}), nil
		}
		return data(map[string]any{
			"job_id": r.ID, "type": typ, "status": r.State["status"], "result": r.State["result"], "error": r.State["error"],
		}), nil
	default:
		return nil, &problem{status: http.StatusBadRequest, key: "bad_request", message: "unknown job type"}
	}
}

// asJob does work and answers with its result or, if the query says async=true, with
// a job that will tell. What only the upstream service could object to then fails the
// job and not the request.
func (c *call) asJob(typ string, work func() (*record, any, error)) (*answer, error) {
	async, _, err := c.boolQuery("async")
	if err != nil {
		return nil, err
	}
	r, result, err := work()
	if !async {
		if err != nil {
			return nil, err
		}
		return data(result), nil
	}
	job := c.newJob(typ)
	if err != nil {
		p, ok := err.(*problem)
		if !ok || !p.upstream {
			return nil, err
		}
		c.change = change{}
		job.State["status"], job.State["error"] = "failed", p.message
	} else {
		job.Parent = r.ID
		job.State["result"] = result
	}
	c.change.put(job)
	return jobStarted(job), nil
}

// newJob returns a job that will be found done, not yet staged.
func (c *call) newJob(typ string) *record {
	job := c.create(kindJob)
	job.Body["type"] = typ
	job.State["polls"] = jsonNumber(max(c.s.opts.JobPolls, 0))
	job.State["status"], job.State["error"] = "done", nil
	return job
}

// jobStarted is the answer to a request whose outcome the job will tell.
func jobStarted(job *record) *answer {
	return &answer{body: map[string]any{"job": map[string]any{"job_id": job.ID, "type": job.Body["type"], "status": "created"}}}
}
