package sandbox

import "time"

func (s *Server) bulkLogRoutes() {
	const path = "/api/bulk/syncs/{id}/executions/{execution_id}/logs"
	s.handle("GET "+path, getBulkLogs)
	s.handle("POST "+path+"/export", exportBulkLogs)
}

// getBulkLogs answers signed addresses, which need no key. Its members begin with capitals.
func getBulkLogs(c *call) (*answer, error) {
	_, e, err := c.bulkExecution()
	if err != nil {
		return nil, err
	}
	urls := []any{}
	if status, _ := c.progress(e); terminal(status) {
		urls = append(urls, c.base+logPath+"records-"+e.ID+".csv")
	}
	return data(map[string]any{"URLs": urls, "Expires": stamp(c.now.Add(5 * time.Minute))}), nil
}

// exportBulkLogs answers with a job whose result is the address of the export.
func exportBulkLogs(c *call) (*answer, error) {
	r, e, err := c.bulkExecution()
	if err != nil {
		return nil, err
	}
	if _, _, err := c.boolQuery("notify"); err != nil {
		return nil, err
	}
	if status, _ := c.progress(e); !terminal(status) {
		return nil, badRequest("the execution has not ended")
	}
	job := c.newJob("exportlogs")
	job.Parent = r.ID
	job.State["result"] = map[string]any{"url": c.base + logPath + "export-" + e.ID + ".csv"}
	c.change.put(job)
	return jobStarted(job), nil
}
