package main

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/polyplan/polyplan/pkg/api"
	"github.com/polyplan/polyplan/pkg/api/transport"
	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/render"
	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/state"
)

func importCommand(env *Env) *cli.Command {
	return &cli.Command{
		Name:      "import",
		Usage:     "adopt objects that exist",
		ArgsUsage: "[ADDRESS=ID...]",
		Description: "Records that an object which the service has is that of a resource of the manifest, and shows what the next plan\n" +
			"would change. It changes nothing at the service. What there is but one of needs no ID: webhook.default. An object\n" +
			"that the next apply would replace is refused. Of secrets, and of all else that the service does not show, it is\n" +
			"taken to have what the manifest says; until that gives a secret, the first value that it will.\n\n" +
			"With --all it looks through the whole organisation. Objects of resources that the manifest has and the state lacks\n" +
			"are adopted by their names, which brings back a state that was lost; where several objects have the name, none is.\n" +
			"All else that nobody manages is written to a new manifest, polyplan.yaml or imported.yaml beside it, with\n" +
			"variables in the place of secrets, and adopted; the plan that follows is shown, and is empty for these. What the\n" +
			"service does not list, such as primary keys, is adopted where the manifest has it. Ends with 3 when it left\n" +
			"something alone.",
		Flags: with(inputFlags(), helperFlags(true), stateFlags(), lockFlags(), serviceFlags(), []cli.Flag{
			&cli.BoolFlag{Name: "all", Usage: "adopt all that the organisation has"},
			&cli.StringFlag{Name: "out", Aliases: []string{"o"}, Usage: "with --all: write what no manifest has to `FILE`, which must not be there"},
		}, outputFlags("text, json")),
		Action: action(env, runImport),
	}
}

func runImport(s *session, c *cli.Context) error {
	if err := s.opts.formatIn("text", "json"); err != nil {
		return err
	}
	all := c.Bool("all")
	switch {
	case all && c.NArg() > 0:
		return usage("import takes --all or addresses", "leave one of them out")
	case !all && c.NArg() == 0:
		return usage("import was not told what to adopt", "write polyplan import ADDRESS=ID, as in polyplan import connection.warehouse=UUID, or polyplan import --all")
	case !all && c.IsSet("out"):
		return usage("--out is about --all", "give --all as well, or leave it out")
	}
	out, err := "", error(nil)
	if all {
		out, err = s.newManifest(c.String("out"))
	}
	if err != nil {
		return err
	}
	if s.manifest == nil {
		if err := s.load(); err != nil {
			return err
		}
	}
	if err := s.lock(c.Command.Name); err != nil {
		return err
	}
	if err := s.openState(); err != nil {
		return err
	}
	if len(s.state.Doubts) > 0 {
		return &problem{Diagnostic: diag.Diagnostic{Code: "in-doubt", What: "the state has creations whose answer nobody saw",
			Why: "an object that is adopted for another address could be one of them", Fix: "run `polyplan apply` first, which settles them"}}
	}
	if err := s.connect(); err != nil {
		return err
	}
	if all {
		return s.importAll(out)
	}
	return s.importChosen(c.Args().Slice())
}

// importChosen adopts the objects that the command line names, all or none.
func (s *session) importChosen(words []string) error {
	take, err := s.chosen(words)
	if err != nil {
		return err
	}
	s.take = take
	for _, a := range addressesIn(take) {
		s.opts.targets = append(s.opts.targets, a.String())
	}
	p, err := s.prepare(false)
	if err != nil {
		return err
	}
	var refused diag.List
	for _, r := range p.Others() {
		refused = append(refused, r.Diagnostic())
	}
	if len(refused) > 0 {
		s.found = s.manifest.Sources.Annotate(refused).Sorted()
		return s.showFindings()
	}
	for _, k := range s.kinds {
		for _, a := range addressesIn(take) {
			switch live := p.Live[a]; {
			case a.Kind != k.Name:
			case live == nil && !k.Placed():
				return s.noObject(a, take[a])
			case live != nil && live.Raw == nil:
				return usage(fmt.Sprintf("the service does not show %s yet", a), "import it later, or leave it to the next apply")
			case live == nil || k.Placed() && !k.Says(live.Object):
				return nothingThere(k)
			}
		}
	}
	next, adopted := p.Adopt(s.state, s.kinds)
	return s.imported(next, render.ImportView{Adopted: adopted})
}

// imported saves the state, makes the plan that comes next, and shows all of it.
func (s *session) imported(next *state.State, v render.ImportView) error {
	if len(v.Adopted) > 0 {
		if err := s.saveState(next); err != nil {
			return err
		}
	}
	s.take = nil
	p, err := s.prepare(false)
	if err != nil {
		return err
	}
	v.Next = s.view(p)
	if s.opts.format == "json" {
		err = render.ImportJSON(s.env.Stdout, v, s.findings(p))
	} else {
		err = render.Imported(s.env.Stdout, s.outStyle(), v)
	}
	if err != nil {
		return outcome(s.env.Stdout, exitDone, err)
	}
	if err := s.unlike(p, v); err != nil {
		return err
	}
	if len(v.Left) > 0 {
		return exitCode(exitPartial)
	}
	return nil
}

// uuids are ids that the service writes in small letters and reads in capitals, too,
// under which one object would pass for another.
var uuids = regexp.MustCompile(`(?i)^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/?)+$`)

// chosen are the addresses that the arguments give, and the ids of their objects.
func (s *session) chosen(words []string) (map[resource.Address]string, error) {
	given := map[resource.Address]string{}
	for _, word := range words {
		name, id, _ := strings.Cut(word, "=")
		a, err := resource.ParseAddress(name)
		if err != nil || s.manifest.Set[a] == nil {
			return nil, unknownAddress("the manifest", name, s.manifest.Set.Addresses())
		}
		if _, twice := given[a]; twice {
			return nil, usage(fmt.Sprintf("%s is given twice", a), "an address has one object: leave one of them out")
		}
		if uuids.MatchString(id) {
			id = strings.ToLower(id)
		}
		given[a] = id
	}
	held, holders := s.held(), map[string]resource.Address{} // by kind and id
	for a, r := range held {
		holders[a.Kind+" "+r.ID] = a
	}
	take := map[resource.Address]string{}
	ids := func(a resource.Address) (string, bool) {
		if r := held[a]; r != nil {
			return r.ID, r.ID != ""
		}
		return take[a], take[a] != ""
	}
	for _, k := range s.kinds { // what others refer to comes first
		for _, a := range addressesIn(given) {
			if a.Kind != k.Name {
				continue
			}
			if r := held[a]; r != nil {
				return nil, usage(fmt.Sprintf("the state has %s already (id %s)", a, diag.Visible(r.ID)), fmt.Sprintf("to give it another object, first forget this one with `polyplan state rm %s`", r.Address))
			}
			id, err := s.idFor(k, a, given[a], ids)
			if err != nil {
				return nil, err
			}
			other, taken := holders[k.Name+" "+id]
			if taken && held[other] == nil {
				return nil, usage(fmt.Sprintf("the object %s is given to both %s and %s", diag.Visible(id), other, a), "an object has one address: leave one of them out")
			}
			if taken {
				return nil, usage(fmt.Sprintf("the object %s is that of %s", diag.Visible(id), other), fmt.Sprintf("an object has one address; `polyplan state mv` gives it another one, if %s is to be it", a))
			}
			take[a], holders[k.Name+" "+id] = id, a
		}
	}
	return take, nil
}

// held is what the state has, by the addresses of today.
func (s *session) held() resource.Set {
	out := maps.Clone(s.state.Resources)
	for range s.manifest.Moved { // one may be on the way of another
		for _, m := range s.manifest.Moved {
			if r := out[m.From]; r != nil && out[m.To] == nil {
				delete(out, m.From)
				out[m.To] = r
			}
		}
	}
	return out
}

// idFor is the id under which the object of an address is known, of what was given
// for one: the service's own is enough where the manifest says in what it is.
func (s *session) idFor(k *resource.Kind, a resource.Address, given string, ids func(resource.Address) (string, bool)) (string, error) {
	object, places := s.manifest.Set[a].Object, len(resource.Placeholders(k.ObjectPath()))
	unplaced := usage(fmt.Sprintf("where %s is cannot be told yet", a), "import first what it refers to, or name that in the same command")
	switch {
	case k.Placed():
		id, ok := s.client.PlaceOf(k, object, ids)
		if !ok {
			return "", unplaced
		}
		if given != "" && given != id {
			return "", usage(fmt.Sprintf("%s is found by what the manifest says of it, at %s", a, diag.Visible(id)), "leave its id out: polyplan import "+a.String())
		}
		return id, nil
	case k.Singleton:
		snap, err := s.client.Snapshot(s.stop, []api.Collection{{Kind: k}})
		if err != nil {
			return "", err
		}
		switch found := snap.IDs(k.Name); {
		case len(found) != 1:
			return "", nothingThere(k)
		case given != "" && given != found[0]:
			return "", usage(fmt.Sprintf("the one %s of the service has another id, %s", k.Name, diag.Visible(found[0])), "leave its id out: polyplan import "+a.String())
		default:
			return found[0], nil
		}
	case given == "":
		return "", usage(fmt.Sprintf("%s lacks the id of its object", a), fmt.Sprintf("write polyplan import %s=ID; the app shows the id, and `polyplan import --all` finds objects by name", a))
	case places > 1 && !strings.Contains(given, "/"):
		in, ok := s.client.CollectionOf(k, object, ids)
		if !ok {
			return "", unplaced
		}
		return api.IDIn(in, given), nil
	case places > 1 && strings.Count(given, "/") != places-1:
		return "", usage(fmt.Sprintf("%q is no id of a %s", diag.Visible(given), k.Name), "give the object's own id alone")
	}
	return given, nil
}

// nothingThere is the error for what needs no id, where there is none of it.
func nothingThere(k *resource.Kind) error {
	return usage(fmt.Sprintf("the service has no %s yet", k.Name), "leave it to the next apply, which makes it")
}

// noObject is the error for an id that the service has no such object for. It may
// have one of another kind.
func (s *session) noObject(a resource.Address, id string) error {
	what := fmt.Sprintf("the service has no %s with the id %s", a.Kind, diag.Visible(id))
	for _, k := range s.kinds {
		if k.Name == a.Kind || len(resource.Placeholders(k.ObjectPath())) != 1 {
			continue
		}
		var answer *transport.Error
		if _, err := s.client.Get(s.stop, k, id); err == nil {
			return usage(what, "an object of another kind has that id: "+k.Name)
		} else if !errors.As(err, &answer) {
			return err
		}
	}
	return usage(what, "look the id up in the app; `polyplan import --all` finds objects by name")
}

func addressesIn[V any](m map[resource.Address]V) []resource.Address {
	var out []resource.Address
	for a := range m {
		out = append(out, a)
	}
	slices.SortFunc(out, resource.Address.Compare)
	return out
}
