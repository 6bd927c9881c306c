package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/polyplan/polyplan/pkg/apply"
	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/diff"
	"github.com/polyplan/polyplan/pkg/inventory"
	"github.com/polyplan/polyplan/pkg/kinds"
	"github.com/polyplan/polyplan/pkg/render"
	"github.com/polyplan/polyplan/pkg/resource"
	"github.com/polyplan/polyplan/pkg/spec"
)

// importedName is the manifest that import writes where there is one already.
const importedName = "imported.yaml"

// newManifest is the file to which what no manifest has goes. Where there is no
// manifest at all that file is going to be it.
func (s *session) newManifest(out string) (string, error) {
	if err := s.inDir(); err != nil {
		return "", err
	}
	files := s.opts.files
	if slices.Contains(files, "-") {
		return "", usage("import --all reads the manifest twice, which standard input cannot give", "name a file")
	}
	first, err := os.Stat(s.path(files[0]))
	switch {
	case len(files) == 1 && errors.Is(err, fs.ErrNotExist):
		if out == "" {
			out = files[0]
		}
		s.opts.files = []string{out}
		s.manifest = &spec.Manifest{Set: resource.Set{}, Sources: diag.Sources{}}
	case out != "":
	case err == nil && first.IsDir():
		out = filepath.Join(files[0], importedName)
	default:
		out = filepath.Join(filepath.Dir(files[0]), importedName)
	}
	switch info, err := os.Lstat(s.path(out)); {
	case err == nil && !info.Mode().IsRegular():
		return "", notAFile(out, info)
	case err == nil:
		return "", usage(diag.Visible(out)+" is there already", "give --out another name; what that file declares is adopted when it is read too, as with another -f")
	}
	return out, nil
}

// importAll adopts all that the organisation has.
func (s *session) importAll(out string) error {
	req := inventory.Request{Client: s.client, Kinds: slices.Clone(s.kinds), Organization: s.me.OrganizationID, Desired: s.manifest.Set,
		Recorded: s.held(), Env: s.variables()}
	if !s.me.Manages() || s.opts.organization != "" { // only who manages organisations has any to adopt
		req.Kinds = slices.DeleteFunc(req.Kinds, func(k *resource.Kind) bool { return k == &kinds.Organization })
	}
	if len(req.Desired) == 0 && len(req.Recorded) > 0 {
		s.note("what the state has already is not written to a manifest; with another --state, that is not there yet, it is")
	}
	inv, err := inventory.Take(s.stop, req)
	if err != nil {
		return err
	}
	var v render.ImportView
	p, err := s.takeKnown(inv, &v)
	if err != nil {
		return err
	}
	if err := inv.Declare(s.stop); err != nil {
		return err
	}
	s.sift(inv)
	v.Left = append(v.Left, left(inv)...)
	s.tellUnseen(inv)
	if len(inv.New) > 0 {
		v.File, v.Written = out, addressesIn(inv.New)
		if v.Beside, err = s.write(out, inv.New); err != nil {
			return err
		}
		if len(v.Beside) > 0 {
			v.Include = s.include(v.Beside[0], out)
		}
		for a, r := range inv.New {
			s.take[a] = r.ID
		}
		v.Variables = s.unset(inv.Variables())
		if p, err = s.prepare(false); err != nil {
			return err
		}
	}
	next, adopted := p.Adopt(s.state, s.kinds)
	v.Adopted = adopted
	return s.imported(next, v)
}

// unset are those of the variables that have no value yet. Somebody else chose their
// names, by that of a connection, so it is told which of them have one.
func (s *session) unset(variables []string) (unset []string) {
	if s.opts.sandbox {
		return nil // which makes them up
	}
	var set []string
	for _, name := range variables {
		if s.env.get(name) == "" {
			unset = append(unset, name)
		} else {
			set = append(set, name)
		}
	}
	if len(set) > 0 {
		s.note("set already: %s; see that they are meant for what was written, for an update sends them", strings.Join(set, ", "))
	}
	return unset
}

// takeKnown plans to take what is known by its name, but for what turns out to be
// another object than the manifest's, which is left alone.
func (s *session) takeKnown(inv *inventory.Inventory, v *render.ImportView) (*apply.Prepared, error) {
	for {
		s.take = inv.Known
		p, err := s.prepare(false)
		if err != nil || len(p.Others()) == 0 {
			return p, err
		}
		for _, r := range p.Others() {
			v.Left = append(v.Left, render.Left{What: r.Address.String(), Name: s.manifest.Set[r.Address].DisplayName(),
				IDs: []string{inv.Known[r.Address]}, Why: "it is another: " + r.Why})
			inv.Leave(r.Address)
		}
	}
}

// sift leaves out what the rest of the program would refuse in a manifest, such as a
// word of the service's that polyplan does not know: one object is not to keep all
// others from being adopted.
func (s *session) sift(inv *inventory.Inventory) {
	for len(inv.New) > 0 {
		var text bytes.Buffer
		if spec.Emit(&text, s.kinds, inv.New) != nil {
			return // writing it will tell
		}
		files := []string{"-"}
		if len(s.manifest.Files) > 0 {
			files = append(slices.Clip(s.opts.files), "-")
		}
		m, found := spec.Load(spec.Options{Kinds: s.kinds, Files: files, Dir: s.dir(), Stdin: &text, Env: s.env.LookupEnv, Vars: s.opts.vars, VarFiles: s.opts.varFiles,
			MakeUp: func(string) (string, bool) { return "1", true }}) // a number too, where one is wanted
		why := map[resource.Address]error{}
		for _, d := range found {
			if a := owner(m, d.Pos); d.Severity == diag.Error && inv.New[a] != nil {
				why[a] = errors.New(d.What)
			}
		}
		if len(why) == 0 {
			return
		}
		inv.Exclude(why)
	}
}

// write writes a manifest of what is new and reads it with the rest. It gives the
// files that have to be named beside it from now on, if it is not read with them
// anyway.
func (s *session) write(out string, set resource.Set) (beside []string, err error) {
	var text bytes.Buffer
	if err := spec.Emit(&text, s.kinds, set); err != nil {
		return nil, err
	}
	if err := newFile(s.path(out), text.Bytes()); err != nil {
		return nil, err
	}
	if !s.reads(out) {
		beside = s.opts.files
		s.opts.files = append(slices.Clip(s.opts.files), out)
	}
	if err := s.read(); err != nil {
		return nil, err
	}
	if s.found.HasErrors() {
		s.note("%s was written and cannot be used as it is; nothing was recorded", out)
		return nil, s.showFindings()
	}
	s.seal()
	return beside, nil
}

// reads reports whether the files that the command was given lead to a file.
func (s *session) reads(name string) bool {
	return slices.ContainsFunc(s.opts.files, func(f string) bool {
		within, err := filepath.Rel(s.path(f), s.path(name))
		return within == "." || err == nil && filepath.IsLocal(within) && !strings.Contains("/"+filepath.ToSlash(within), "/.") &&
			slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(name))
	})
}

// include is how a manifest would include a file, "" if it is a directory or may not.
func (s *session) include(manifest, name string) string {
	info, err := os.Stat(s.path(manifest))
	if err != nil || info.IsDir() {
		return ""
	}
	within, err := filepath.Rel(filepath.Dir(s.path(manifest)), s.path(name))
	if err != nil || !filepath.IsLocal(within) {
		return ""
	}
	return filepath.ToSlash(within)
}

var envToken = regexp.MustCompile(`\$\{env\.([A-Za-z0-9_]+)`)

// ownSecrets are variables from which polyplan, or what reaches the place of a state for
// it, takes secrets of its own. A connection that is called Polytomic must not get one.
var ownSecrets = []string{"POLYPLAN_FINGERPRINT_KEY", "POLYPLAN_AGE_PASSPHRASE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
	"AZURE_CLIENT_SECRET", "PGPASSWORD", "TF_HTTP_PASSWORD"}

// variables are those of the environment that something uses already.
func (s *session) variables() map[string]bool {
	out := map[string]bool{}
	for _, c := range credentials {
		out[c.name] = true
	}
	for _, name := range ownSecrets {
		out[name] = true
	}
	for _, text := range s.manifest.Sources {
		for _, m := range envToken.FindAllSubmatch(text, -1) {
			out[string(m[1])] = true
		}
	}
	return out
}

// left is what was left alone.
func left(inv *inventory.Inventory) []render.Left {
	var out []render.Left
	for _, u := range inv.Unclear {
		out = append(out, render.Left{What: u.Address.String(), Name: u.Name, IDs: u.IDs,
			Why: "more than one object or resource has this name; choose with polyplan import " + u.Address.String() + "=ID"})
	}
	for _, u := range inv.Unsaid {
		out = append(out, render.Left{What: u.Kind, Name: u.Name, IDs: []string{u.ID}, Why: "no manifest can say it: " + u.Err.Error()})
	}
	return out
}

// tellUnseen tells what of the organisation, or of an object, was not looked at.
func (s *session) tellUnseen(inv *inventory.Inventory) {
	for _, kind := range resource.Keys(inv.Unread) {
		s.note("%s: not looked for, the key may not: %s", kind, inv.Unread[kind])
	}
	for _, kind := range resource.Keys(inv.Kept) {
		s.note("%s: not written, and left as it is, for polyplan does not know it, or it may be a secret: %s", kind, joined(inv.Kept[kind]))
	}
	for _, kind := range resource.Keys(inv.Unshown) {
		s.note("%s: the service does not show %s; a later update clears what is set of it, unless the manifest says it", kind, joined(inv.Unshown[kind]))
	}
}

func joined(paths []resource.Path) string {
	var out []string
	for _, p := range paths {
		out = append(out, string(p))
	}
	return strings.Join(out, ", ")
}

// unlike refuses to end well when the manifest that was written does not say just
// what the service has. The plan that was shown tells the difference.
func (s *session) unlike(p *apply.Prepared, v render.ImportView) error {
	var differ []string
	for i := range p.Plan.Steps {
		st := &p.Plan.Steps[i]
		if slices.Contains(v.Written, st.Address) && (st.Action != diff.NoOp || len(st.Changes) > 0) {
			differ = append(differ, st.Address.String())
		}
	}
	if len(differ) == 0 {
		return nil
	}
	return &problem{Diagnostic: diag.Diagnostic{Code: "not-as-found", What: fmt.Sprintf("%s does not say just what the service has", diag.Visible(v.File)),
		Why: "the plan above is not empty for " + strings.Join(differ, ", "), Fix: "correct the file until `polyplan plan` has no changes, before anything is applied"}}
}
