package resource

import "github.com/polyplan/polyplan/pkg/schema"

// Surveyor is a [Checker] that can ask what lies behind connections. An error is
// a [schema.Missing] or a [schema.Refused]: an answer. Where there is neither a
// result nor an error it could not be asked; that is noted already, and the
// caller passes over what it wanted to check.
type Surveyor interface {
	Checker
	// Unverified notes that nothing could be checked of a subject, such as an
	// address, and why.
	Unverified(subject, why string)
	// All are the resources of a kind that the manifest has, in order.
	All(kind string) []*Resource
	// Recorded is the resource as it was last written; nil if that is not known.
	Recorded() Object

	// Type is the JSON Schema of the configuration of connections of a type.
	Type(id string) (schema.Document, error)
	// Source is what a model of that connection with that configuration reads.
	Source(connection Reference, configuration Object) (*schema.Source, error)
	// Keys is what such a configuration may say.
	Keys(connection Reference) (*schema.Keys, error)
	// Enrichment is what the configuration of an enrichment by that connection may
	// say.
	Enrichment(connection Reference) (*schema.Keys, error)
	// Inputs are the sets of inputs of such an enrichment, of which one is to be fed;
	// nil: not known.
	Inputs(connection Reference, configuration Object) ([][]string, error)
	// Target is an object that a sync may write to.
	Target(connection Reference, object string) (*schema.Target, error)
	// Targets lists these objects.
	Targets(connection Reference) (*schema.Targets, error)
	// Property lists what a property of a new target object may be; nil: anything.
	Property(connection Reference, property string) ([]string, error)
	// BulkSource is what a bulk sync may read: the schemas with these ids are asked
	// for, with their fields if that is wanted. Others it has, too.
	BulkSource(connection Reference, ids []string, fields bool) (*schema.BulkSource, error)
	// BulkTarget is what a bulk sync may write to.
	BulkTarget(connection Reference) (*schema.BulkTarget, error)
	// Model is what is known of a model that the manifest does not manage. Its
	// connection is named by its id.
	Model(id string) (*schema.Model, error)
}
