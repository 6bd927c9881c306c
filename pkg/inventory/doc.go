// Package inventory finds what the service has, and of it what a manifest could
// have made: the objects of resources of which nothing is recorded, as after the
// loss of a state, and all that nobody manages yet, as resources under addresses of
// their own.
//
//	inv, err := inventory.Take(ctx, inventory.Request{Client: c, Kinds: kinds.All(), Desired: m.Set})
//	inv.Known // model.users -> the one object of that name
//	err = inv.Declare(ctx)
//	inv.New   // the rest, for [spec.Emit] to write down
//
// What belongs to the service itself is left out, and so is what is found by its
// own fields, as a schema's primary keys are, unless the manifest says where to
// look. It sends GETs only.
package inventory
