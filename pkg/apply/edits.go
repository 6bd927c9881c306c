package apply

import (
	"context"
	"time"

	"github.com/polyplan/polyplan/pkg/api"
	"github.com/polyplan/polyplan/pkg/resource"
)

// Edit is the last change of an object, as far as the service tells of it.
type Edit struct {
	By string    // the name, else the e-mail address, else the id of who made it
	At time.Time // zero if it does not say
}

// Edits are those of the objects that drifted and are still there. The service moves
// its time stamps for reasons of its own, too: they say who changed an object last,
// and not that what differs was changed then. Somebody whose name the service leaves
// out is looked up among the people, which are of that kind; with an error of that
// the edits are whole but for names.
func (p *Prepared) Edits(ctx context.Context, c *api.Client, people *resource.Kind) (map[resource.Address]Edit, error) {
	out, nameless := map[resource.Address]Edit{}, map[resource.Address]string{}
	for _, d := range p.Plan.Drift {
		live := p.Live[d.Address]
		if live == nil || live.Raw == nil {
			continue
		}
		by, _ := live.Raw["updated_by"].(map[string]any)
		stamp, _ := live.Raw["updated_at"].(string)
		var e Edit
		e.At, _ = time.Parse(time.RFC3339, stamp) // else it is not known
		e.By, _ = by["name"].(string)
		if id, _ := by["id"].(string); e.By == "" && id != "" {
			e.By, nameless[d.Address] = id, id
		}
		if e != (Edit{}) {
			out[d.Address] = e
		}
	}
	if len(nameless) == 0 {
		return out, nil
	}
	names, err := namesOf(ctx, c, people)
	for a, id := range nameless {
		if e := out[a]; names[id] != "" {
			e.By = names[id]
			out[a] = e
		}
	}
	return out, err
}

// namesOf are the names of the people in the organisation, by id.
func namesOf(ctx context.Context, c *api.Client, people *resource.Kind) (map[string]string, error) {
	in, ok := c.CollectionOf(people, nil, func(resource.Address) (string, bool) { return "", false })
	if !ok {
		return nil, nil // of no organisation
	}
	snap, err := c.Snapshot(ctx, []api.Collection{{Kind: people, In: in}})
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, key := range snap.IDs(people.Name) {
		it, _ := snap.Item(people.Name, key)
		id, _ := it.Object["id"].(string)
		names[id], _ = it.Object[people.NameMember()].(string)
	}
	return names, nil
}
