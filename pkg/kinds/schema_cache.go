package kinds

import (
	"strings"
	"time"

	"github.com/polyplan/polyplan/pkg/resource"
)

// readyForBulkSync waits for the schemas of the source, without which a bulk sync
// is refused (API dossier 8.13).
func readyForBulkSync(e *resource.Encoder, o resource.Object, changed func(resource.Path) bool) *resource.Readiness {
	const at = resource.Path("source.connection")
	if !changed(at) {
		return nil
	}
	return schemasRead(e, objectOf(o["source"])["connection"], at)
}

// readyForSchema waits for the schemas of which one is to be changed.
func readyForSchema(e *resource.Encoder, o resource.Object, changed func(resource.Path) bool) *resource.Readiness {
	const at = resource.Path("connection")
	if !changed(at) {
		return nil
	}
	return schemasRead(e, o["connection"], at)
}

// schemasRead waits for the schema cache of a source, which a new connection
// fills by itself (API dossier 8.5).
func schemasRead(e *resource.Encoder, source any, at resource.Path) *resource.Readiness {
	id := e.ID(Connection.Name, source, at)
	called := "connection " + id
	if name, ok := source.(string); ok {
		called = resource.Address{Kind: Connection.Name, Name: name}.String()
	}
	return &resource.Readiness{What: "the service reads the schemas of " + called, Path: []string{"connections", id, "schemas", "status"},
		Busy: cacheBusy,
		Early: func(refusal string, answer map[string]any) bool {
			refusal = strings.ToLower(refusal)
			return strings.Contains(refusal, "cache refresh in progress") ||
				// A source that was read and has no schemas will not get any by waiting.
				strings.Contains(refusal, "did not provide any schemas") && !cacheRead(answer)
		}}
}

// cacheBusy reports whether the cache is being filled. The examples disagree on
// the words for its status, so that times count too.
func cacheBusy(status map[string]any) bool {
	started, began := timeOf(status["last_refresh_started"])
	finished, ended := timeOf(status["last_refresh_finished"])
	return status["cache_status"] == "refreshing" || began && (!ended || finished.Before(started))
}

// cacheRead reports whether the cache was ever filled.
func cacheRead(status map[string]any) bool {
	_, ended := timeOf(status["last_refresh_finished"])
	return ended && !cacheBusy(status)
}

func timeOf(v any) (time.Time, bool) {
	t, err := time.Parse(time.RFC3339Nano, textOf(v))
	return t, err == nil
}
