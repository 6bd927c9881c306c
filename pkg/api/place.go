package api

import (
	"net/url"
	"strings"

	"github.com/polyplan/polyplan/pkg/api/transport"
	"github.com/polyplan/polyplan/pkg/resource"
)

// An object whose path has more than its own id in it, such as a user of an
// organisation, is known by all of these, in the order of the path, each
// percent-encoded, with slashes between: so its path follows from its id alone,
// also when the manifest no longer says where it was. Paths that have the id
// alone take it as the service gave it.

// organizationField names the organisation in a path. Where an object does not
// say which, it is the organisation of the key.
const organizationField = "organization"

// CollectionOf tells in which collection of its kind the object o is: "" where
// there is but one, else what fills the kind's Path. It is false if that is not
// known yet, because it is the id of something that is not made.
func (c *Client) CollectionOf(k *resource.Kind, o resource.Object, ids func(resource.Address) (string, bool)) (string, bool) {
	return c.place(k, k.Path, o, ids)
}

// PlaceOf is the id of the object o of a kind that is [resource.Kind.Placed]. It
// is false if that is not known yet.
func (c *Client) PlaceOf(k *resource.Kind, o resource.Object, ids func(resource.Address) (string, bool)) (string, bool) {
	id, ok := c.place(k, k.ObjectPath(), o, ids)
	if id == "" {
		id = k.Name // the organisation has one, at a path without a placeholder
	}
	return id, ok
}

func (c *Client) place(k *resource.Kind, template string, o resource.Object, ids func(resource.Address) (string, bool)) (string, bool) {
	var parts []string
	for _, name := range resource.Placeholders(template) {
		part := ""
		switch f := resource.Lookup(k.Fields, name); {
		case f != nil && f.Type == resource.Ref && o[name] != nil:
			if ref, ok := resource.ReadRef(f.To, o[name]); ok {
				part = ref.ID
				if part == "" {
					part, _ = ids(ref.Address)
				}
			}
		case f != nil && o[name] != nil:
			part = resource.Text(o[name])
		case name == organizationField:
			part = c.organization()
		}
		if part == "" {
			return "", false
		}
		parts = append(parts, transport.PathSegment(part))
	}
	return strings.Join(parts, "/"), true
}

// CollectionIn is the collection of the object with that id: see CollectionOf.
func CollectionIn(k *resource.Kind, id string) string {
	n := len(resource.Placeholders(k.Path))
	parts := strings.Split(id, "/")
	return strings.Join(parts[:min(n, len(parts))], "/")
}

// IDIn is the id of the object that a collection lists under its own id.
func IDIn(collection, own string) string {
	if collection == "" || own == "" {
		return own
	}
	return collection + "/" + transport.PathSegment(own)
}

func collectionPath(k *resource.Kind, collection string) string {
	return fill(k.Path, strings.Split(collection, "/"))
}

func objectPath(k *resource.Kind, id string) string { return pathOf(k.ObjectPath(), id) }

func sourcePath(k *resource.Kind, id string) string {
	if k.Source != "" {
		return pathOf(k.Source, id)
	}
	return objectPath(k, id)
}

func pathOf(template, id string) string {
	if names := resource.Placeholders(template); len(names) == 1 && names[0] == "id" {
		return fill(template, []string{transport.PathSegment(id)})
	}
	return fill(template, strings.Split(id, "/"))
}

// located adds to an answer about the object with that id where the object is,
// as far as the answer does not say so itself: a part of what the object is, as
// the manifest sees it.
func located(k *resource.Kind, id string, answer map[string]any) map[string]any {
	parts := strings.Split(id, "/")
	for i, name := range resource.Placeholders(k.ObjectPath()) {
		f := resource.Lookup(k.Fields, name)
		if f == nil || i >= len(parts) || answer == nil || answer[f.APIName()] != nil {
			continue
		}
		if part, err := url.PathUnescape(parts[i]); err == nil {
			answer[f.APIName()] = part
		}
	}
	return answer
}

// fill puts the parts, which are encoded, in the places of the placeholders. A
// part that lacks leaves an empty segment, which the transport refuses.
func fill(template string, parts []string) string {
	for i, name := range resource.Placeholders(template) {
		part := ""
		if i < len(parts) {
			part = parts[i]
		}
		template = strings.Replace(template, "{"+name+"}", part, 1)
	}
	return template
}
