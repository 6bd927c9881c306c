package spec

import (
	"io"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/graph"
	"github.com/polyplan/polyplan/pkg/resource"
)

// Options say what to load. Of its functions and readers a nil one means that
// there is nothing there.
type Options struct {
	Kinds []*resource.Kind // in the order of their sections

	// Files are the manifest's files; directories, of which all *.yaml and *.yml
	// below count but hidden ones; and "-" for Stdin. They are relative to Dir,
	// and in positions they bear the names given here.
	Files []string
	Dir   string // "" is the working directory
	Stdin io.Reader

	Env func(name string) (string, bool) // os.LookupEnv; it is called from several goroutines

	// Helper runs a command that gives a secret and returns what it wrote; it is
	// called from several goroutines, once for each command of which something is
	// needed. Nil leaves those secrets missing, without a word.
	Helper func(Helper) (string, error)

	// MakeUp gives a value in place of one that the manifest takes from the
	// environment, where that is not set and has no default; set to nothing is
	// not set either then, for so pipelines give the secrets that they do not
	// have. It is asked for variables of the type string too, as
	// POLYPLAN_VAR_name, and of secrets, as secret.name, if Helper is nil; never from
	// two goroutines at once.
	MakeUp func(name string) (string, bool)

	// Vars are values for the manifest's variables. They beat VarFiles, of which
	// a later one beats an earlier; these beat the environment's
	// POLYPLAN_VAR_name; and that beats the variable's default.
	Vars     map[string]string
	VarFiles []string
}

// Manifest is what the files say, in canonical form.
type Manifest struct {
	// Set has every resource that could be told apart, broken ones too.
	Set resource.Set
	// Graph has every address of Set, and an edge to each that it refers to. Those
	// that may come later can lead round in a circle.
	Graph *graph.Graph[resource.Address]

	Moved   []Move
	Removed []Removal

	// Files are the names of all files that were read, in order.
	Files []string
	// Sources are their texts, for excerpts: secrets written out are masked.
	Sources diag.Sources
	// Origins tells of the values that do not stand in the manifest as they
	// are: "${env.NAME}", or one of FromKey and FromTable.
	Origins map[resource.Address]map[resource.Path]string

	brought map[resource.Address]map[string]string // see build
}

// Where values come from that the manifest does not mention, see
// [Manifest.Origins].
const (
	FromKey   = "the resource's key"
	FromTable = "filled in by polyplan"
)

// Load reads the files and all that they include, and makes of them a set of
// resources and their graph. It reports all that it can find in one run. The
// manifest is never nil; it is fit for a plan only when no finding is an error.
func Load(opts Options) (*Manifest, diag.List) {
	l := &loader{
		opts:     opts,
		kinds:    map[string]*resource.Kind{},
		built:    map[resource.Address]*build{},
		misnamed: map[resource.Address]bool{},
		hidden:   map[string]string{},
		common:   &common{fileText: map[string]fileResult{}},
		m: &Manifest{
			Set:     resource.Set{},
			Graph:   graph.New(resource.Address.Compare),
			Sources: diag.Sources{},
			Origins: map[resource.Address]map[resource.Path]string{},
			brought: map[resource.Address]map[string]string{},
		},
	}
	for _, k := range opts.Kinds {
		l.kinds[k.Name] = k
		l.bySection = append(l.bySection, k.Section)
	}
	l.read()
	l.top()
	l.resolveVars()
	l.fetchSecrets()
	l.values()
	l.hide()
	l.references()
	l.finish()
	l.lifecycle()
	l.cycles()
	l.refs = nil // of large manifests they are large
	l.check()
	for _, s := range l.sources {
		l.m.Sources[s.name] = s.masked()
	}
	l.closeProjects()
	return l.m, l.found.Sorted()
}

// loader is the work of one Load. Its steps run in the order of that function.
type loader struct {
	opts  Options
	found diag.List
	m     *Manifest

	kinds     map[string]*resource.Kind
	bySection []string // names of all sections

	// read
	projects []*project
	sources  []*source
	docs     []*node
	// partial: a part of the manifest could not be read, so that what seems not
	// to exist may well stand there.
	partial bool

	// top
	vars     map[string]*variable
	secrets  map[string]*secret
	moved    []*node
	removed  []*node
	builds   []*build // in the order of the files
	built    map[resource.Address]*build
	misnamed map[resource.Address]bool // what would be addresses if their keys were allowed

	// values
	refs    []pendingRef
	guesses int               // near names looked for among many
	nearest map[string]string // those found, by the words that were asked for
	uses    []use             // of values from outside that no secret hides
	hidden  map[string]string // tokens that give a secret -> which
	common  *common
}

func (l *loader) add(d diag.Diagnostic) { l.found.Add(d) }

// errorAt reports an error at a node.
func (l *loader) errorAt(n *node, code, what, why, fix string) {
	l.add(diag.Diagnostic{Pos: n.pos(), Code: code, What: what, Why: why, Fix: fix})
}
