package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/polyplan/polyplan/pkg/crypt"
	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/render"
	"github.com/polyplan/polyplan/pkg/state"
	"github.com/polyplan/polyplan/pkg/state/remote"
)

func forceFlag(usage string) cli.Flag { return &cli.BoolFlag{Name: "force", Usage: usage} }

// stateMending are the commands that treat a state as a whole.
func stateMending(env *Env) []*cli.Command {
	place := func() []cli.Flag { return with(whereFlags(), stateFlags()) }
	return []*cli.Command{
		{
			Name:        "history",
			Usage:       "the generations of the state that are kept",
			Description: "Lists the generations that are kept, newest first. Each save makes one; `polyplan state recover --serial N` goes\nback to one.",
			Flags:       with(place(), outputFlags("text, json")),
			Action:      action(env, runStateHistory),
		},
		{
			Name:  "recover",
			Usage: "put together what is left of a damaged state, or go back",
			Description: "Puts the newest whole generation back in place, with all that the journals of the runs since then tell, and says\n" +
				"what it did. What is damaged is put aside. With --serial it goes back to that generation as it was: what was made\n" +
				"since then is no longer known, and the next plan would make it again.",
			Flags: with(place(), lockFlags(), noColorFlag(), []cli.Flag{
				&cli.Int64Flag{Name: "serial", Usage: "go back to the generation `N`"}}),
			Action: action(env, runStateRecover),
		},
		{
			Name:        "pull",
			Usage:       "write the state to standard output",
			Description: "Writes the state as a file of polyplan's, wherever it is kept; what a run that died has recorded is in it.",
			Flags:       place(),
			Action:      action(env, runStatePull),
		},
		{
			Name:      "push",
			Usage:     "make a file the next generation of the state",
			ArgsUsage: "FILE",
			Description: "Reads a FILE that `polyplan state pull` or an earlier run wrote, - for standard input, and makes it the next\n" +
				"generation. It refuses a file of another lineage, and one that does not follow what it would replace: an older one, or\n" +
				"the same generation with another content.",
			Flags:  with(place(), lockFlags(), noColorFlag(), []cli.Flag{forceFlag("do it all the same: replace a newer or another state")}),
			Action: action(env, runStatePush),
		},
		{
			Name:      "migrate",
			Usage:     "copy the state to another place",
			ArgsUsage: "FROM TO",
			Description: "Copies the state at FROM to TO, each the path of a file or a URL as of --state. Both are locked meanwhile. FROM\n" +
				"stays as it is; let all runs use TO from then on.",
			Flags:  with(chdirFlag(), pick(stateFlags(), "encrypt-to"), lockFlags(), noColorFlag(), []cli.Flag{forceFlag("do it all the same: replace what is at TO")}),
			Action: action(env, runStateMigrate),
		},
	}
}

func runStateHistory(s *session, c *cli.Context) error {
	if err := errors.Join(noArguments(c), s.opts.formatIn("text", "json")); err != nil {
		return err
	}
	store, err := s.openStore()
	if err != nil {
		return err
	}
	kept, err := store.History(s.ctx)
	if err != nil {
		return err
	}
	if s.opts.format == "json" {
		return outcome(s.env.Stdout, exitDone, render.HistoryJSON(s.env.Stdout, kept))
	}
	return outcome(s.env.Stdout, exitDone, render.History(s.env.Stdout, s.outStyle(), kept))
}

func runStateRecover(s *session, c *cli.Context) error {
	if err := noArguments(c); err != nil {
		return err
	}
	if c.IsSet("serial") && c.Int64("serial") < 1 {
		return usage("--serial takes the number of a generation", "`polyplan state history` lists them")
	}
	if err := s.lock("state recover"); err != nil {
		return err
	}
	store, err := s.openStore()
	if err != nil {
		return err
	}
	back, err := store.Recover(s.ctx, c.Int64("serial"))
	if err != nil {
		return err
	}
	p := render.NewPrinter(s.env.Stdout, s.outStyle())
	for _, text := range back.Found {
		p.Line("found:", diag.Visible(text))
	}
	if !c.IsSet("serial") && len(back.Found) == 0 {
		if _, err := store.Load(s.ctx); err == nil {
			p.Line("The state is whole, and nothing was changed.")
			return outcome(s.env.Stdout, exitDone, p.Err())
		}
	}
	back.State.Tool = "polyplan " + version
	if err := store.Replace(s.ctx, back.State); err != nil {
		return err
	}
	from := fmt.Sprintf("generation %d", back.From)
	if back.From == 0 {
		from = "the journal of a first run"
	}
	steps := ""
	if back.Steps > 0 {
		steps = fmt.Sprintf(", with %d records of runs since", back.Steps)
	}
	p.Line(fmt.Sprintf("put back: %s%s, now generation %d with %d resources", from, steps, back.State.Serial, len(back.State.Resources)))
	if n := len(back.State.Doubts); n > 0 {
		p.Line(fmt.Sprintf("in doubt: %d creations whose answer nobody saw; the next plan looks for them", n))
	}
	return outcome(s.env.Stdout, exitDone, p.Err())
}

func runStatePull(s *session, c *cli.Context) error {
	if err := noArguments(c); err != nil {
		return err
	}
	store, err := s.openStore()
	if err != nil {
		return err
	}
	held, err := store.Load(s.ctx)
	if err != nil {
		return err
	}
	if held.Serial == 0 && len(held.Resources)+len(held.Doubts) == 0 {
		return usage("there is no state yet", "the first apply makes it")
	}
	held.Serial = max(held.Serial, 1) // that of a first run that died
	text, err := state.Encode(held)
	if err != nil {
		return err
	}
	_, err = s.env.Stdout.Write(text)
	return outcome(s.env.Stdout, exitDone, err)
}

// stateFile reads a file of a state.
func (s *session) stateFile(name string) (*state.State, error) {
	in := s.env.Stdin
	if name != "-" {
		f, err := os.Open(s.path(name))
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, withoutPath(err))
		}
		defer f.Close()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, state.SizeLimit))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, withoutPath(err))
	}
	if crypt.IsSealed(text) {
		if text, err = (lateKeys{s}).Open(text); err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
	}
	pushed, err := state.Decode(text)
	var damaged *state.DamagedError
	if errors.As(err, &damaged) {
		damaged.Path = name
	} else if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return pushed, err
}

func runStatePush(s *session, c *cli.Context) error {
	if c.NArg() != 1 {
		return usage("state push takes one file", "write polyplan state push FILE, - for standard input")
	}
	pushed, err := s.stateFile(c.Args().First())
	if err != nil {
		return err
	}
	if err := s.lock("state push"); err != nil {
		return err
	}
	store, err := s.openStore()
	if err != nil {
		return err
	}
	if err := s.putInto(store, pushed, c.Bool("force")); err != nil {
		return err
	}
	p := render.NewPrinter(s.env.Stdout, s.outStyle())
	p.Line(fmt.Sprintf("pushed: now generation %d with %d resources", pushed.Serial, len(pushed.Resources)))
	return outcome(s.env.Stdout, exitDone, p.Err())
}

// putInto makes a state the next generation of a store, unless that would
// replace what it does not know.
func (s *session) putInto(store state.Archive, next *state.State, force bool) error {
	if !force {
		held, err := store.Load(s.ctx)
		if err != nil {
			return err
		}
		if why := unrelated(held, next); why != "" {
			return &problem{Code: exitRefused, Diagnostic: diag.Diagnostic{Code: "other-state", What: "the state that is there was not replaced",
				Why: why, Fix: "look at it with `polyplan state pull`; give --force to replace it all the same"}}
		}
	}
	return store.Replace(s.ctx, next)
}

// unrelated says why next must not follow what is held, "" if it may.
func unrelated(held, next *state.State) string {
	switch {
	case held.Serial == 0 && len(held.Resources)+len(held.Doubts) == 0:
		return ""
	case held.Lineage != next.Lineage:
		return fmt.Sprintf("it is of another lineage (%s, not %s)", held.Lineage, next.Lineage)
	case held.Serial > next.Serial:
		return fmt.Sprintf("it is newer: generation %d, not %d", held.Serial, next.Serial)
	case held.Serial == next.Serial && !sameContent(held, next):
		return fmt.Sprintf("its generation %d holds something else, as after a run that died or one that went another way", held.Serial)
	}
	return ""
}

func runStateMigrate(s *session, c *cli.Context) error {
	if c.NArg() != 2 {
		return usage("state migrate takes two places", "write polyplan state migrate FROM TO, as in polyplan state migrate polyplan.state.json s3://bucket/prefix")
	}
	from, to := s.where(c.Args().Get(0)), s.where(c.Args().Get(1))
	if from == to {
		return usage("state migrate was given one place twice", "name two: FROM and TO")
	}
	var stores [2]state.Archive
	for i, at := range []string{from, to} {
		store, err := s.storeAt(at)
		if err != nil {
			return err
		}
		if err := s.lockStore(store, "state migrate"); err != nil {
			return err
		}
		stores[i] = store
	}
	held, err := stores[0].Load(s.ctx)
	if err != nil {
		return err
	}
	if held.Serial == 0 && len(held.Resources)+len(held.Doubts) == 0 {
		return usage(fmt.Sprintf("there is no state at %s", diag.Visible(remote.Redact(c.Args().Get(0)))), "name the place where it is")
	}
	if err := s.putInto(stores[1], held, c.Bool("force")); err != nil {
		return err
	}
	p := render.NewPrinter(s.env.Stdout, s.outStyle())
	p.Line(fmt.Sprintf("copied %d resources to %s, generation %d there; give it as --state from now on", len(held.Resources),
		diag.Visible(remote.Redact(c.Args().Get(1))), held.Serial))
	return outcome(s.env.Stdout, exitDone, p.Err())
}

func unlockCommand(env *Env) *cli.Command {
	return &cli.Command{
		Name:  "unlock",
		Usage: "free a lock that its owner left behind",
		Description: "Frees the lock of a state whose run is dead, and says whose it was. The lock of a local file ends with its run by\n" +
			"itself; only where the file system has no locks, and on other machines, it can be left behind. There it is freed\n" +
			"by its id, which the error tells that names its holder. A run that is alive after all finds its lock gone, and\n" +
			"sends and saves nothing more.",
		Flags:  with(whereFlags(), stateFlags(), noColorFlag(), []cli.Flag{&cli.StringFlag{Name: "id", Usage: "free the lock with this `ID` only"}}),
		Action: action(env, runUnlock),
	}
}

func runUnlock(s *session, c *cli.Context) error {
	if err := noArguments(c); err != nil {
		return err
	}
	store, err := s.openStore()
	if err != nil {
		return err
	}
	id := c.String("id")
	if remote.IsURL(s.opts.state) && id == "" {
		// Whose it is shows in the refusal, with its id.
		lock, err := store.Lock(s.ctx, s.holder("unlock"))
		if err != nil {
			return err
		}
		return errors.Join(usage("the state is not locked", "there is nothing to do"), lock.Unlock())
	}
	who, err := store.Break(s.ctx, id)
	if errors.Is(err, state.ErrNotLocked) {
		return usage("the state is not locked", "there is nothing to do")
	}
	if err != nil {
		return err
	}
	age := ""
	if !who.Since.IsZero() {
		age = fmt.Sprintf(", held for %s", s.env.Now().Sub(who.Since).Round(time.Second))
	}
	p := render.NewPrinter(s.env.Stdout, s.outStyle())
	p.Line("freed the lock of", diag.Visible(who.String())+age)
	return outcome(s.env.Stdout, exitDone, p.Err())
}
