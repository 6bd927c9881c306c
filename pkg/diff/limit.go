package diff

import (
	"fmt"
	"slices"

	"github.com/polyplan/polyplan/pkg/resource"
)

// LimitDeletes refuses a plan that deletes more than most objects. One that is
// replaced is deleted too. The asked is what set the limit, as "--max-deletes 3".
func (p *Plan) LimitDeletes(most int, asked string) {
	var gone []resource.Address
	for i := range p.Steps {
		if s := &p.Steps[i]; s.Action == Replace || s.Action == Delete && s.Writes() {
			gone = append(gone, s.Address)
		}
	}
	if len(gone) <= most {
		return
	}
	slices.SortFunc(gone, resource.Address.Compare)
	p.Refusals = append(p.Refusals, Refusal{Policy: true,
		What: fmt.Sprintf("the plan deletes or replaces %d objects, and %s allows %d", len(gone), asked, most),
		Why:  "these would go: " + listed(gone),
		Fix:  fmt.Sprintf("look at each of them; if all are meant to go, give --max-deletes %d", len(gone))})
}
