package kinds

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/schema"
)

// surveyEnricher looks for the inputs that an enrichment feeds: of the sets that
// the service accepts one has to be whole. Which fields it adds the service tells
// of a model that is there, and of no other (API dossier 8.6).
func surveyEnricher(s resource.Surveyor, o resource.Object) {
	ref, ok := resource.ReadRef(Connection.Name, o["connection"])
	if !ok {
		return
	}
	configuration := objectOf(o["configuration"])
	if configuration == nil {
		configuration = resource.Object{}
	}
	sets, err := s.Inputs(ref, configuration)
	if sets == nil {
		surveyEnrichment(s, ref, configuration, err)
		return
	}
	const p = resource.Path("enricher.mappings")
	inputs, fed := map[string]bool{}, map[string]bool{}
	for _, set := range sets {
		for _, input := range set {
			inputs[input] = true
		}
	}
	mappings, unknown := objectOf(o["mappings"]), false
	for _, field := range resource.Keys(mappings) {
		input := textOf(mappings[field])
		fed[input] = true
		if known := resource.Keys(inputs); len(known) > 0 && !inputs[input] {
			unknown = true
			s.Error(p.Child(field), "unknown-input", "the enrichment has no input "+strconv.Quote(input), "it takes "+listed(known), didYouMean("", input, known))
		}
	}
	if unknown {
		return // what is not fed may have been meant
	}
	var nearest, ways []string // the inputs that are missing from the set that lacks fewest
	for i, set := range sets {
		missing := slices.DeleteFunc(slices.Clone(set), func(input string) bool { return fed[input] })
		if len(missing) == 0 {
			return
		}
		if i == 0 || len(missing) < len(nearest) {
			nearest = missing
		}
		ways = append(ways, strings.Join(set, " with "))
	}
	if len(sets) > 0 {
		s.Error(p, "inputs-missing", "the mappings feed the enrichment too little", "it needs one of: "+strings.Join(ways, "; "),
			"map a field to "+strings.Join(nearest, ", and one to "))
	}
}

// surveyEnrichment finds out why the inputs of an enrichment are not known, as far
// as that is the manifest's affair.
func surveyEnrichment(s resource.Surveyor, ref resource.Reference, configuration resource.Object, err error) {
	keys, e := s.Enrichment(ref)
	if keys != nil && err == nil { // a key that is not offered yet may depend on another
		offered := resource.Object{}
		for key := range keys.Values {
			offered[key] = configuration[key]
		}
		configuration = offered
	}
	var missing *schema.Missing
	var refused *schema.Refused
	switch {
	case errors.As(e, &missing):
		s.Error("enricher.connection", "no-enrichment", subjectOf(ref)+" does not enrich", "the service offers no enrichment by this connection",
			"name a connection to an enrichment service")
	case e != nil:
		s.Unverified(subjectOf(ref), "its enrichment cannot be described: "+refusal(e))
	case keys == nil || surveyKeys(s, "enricher.configuration", "enrichments by this connection", keys, configuration):
	case errors.As(err, &refused):
		s.Error("enricher.configuration", "refused", "the service refuses this configuration", refused.Message, "")
	case err != nil:
		s.Unverified(subjectOf(ref), "the inputs of its enrichment cannot be listed: "+refusal(err))
	}
}
