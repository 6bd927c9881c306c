package graph

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var errBroken = errors.New("broken")

// show prints the results of a walk, sorted.
func show(results map[string]error) string {
	var list []string
	for k, err := range results {
		list = append(list, fmt.Sprintf("%s: %v", k, err))
	}
	slices.Sort(list)
	return strings.Join(list, "\n")
}

func TestWalk(t *testing.T) {
	for _, tt := range []struct {
		name    string
		graph   string
		failing string
		visited string
		want    string
	}{
		{"empty", "", "", "", ""},
		{"all well", "a>c b d>a", "", "b c a d", ""},
		{"a failure skips its dependents alone", "a>c b d>a e>b", "c", "b c e", "a: skipped: c failed\nc: broken\nd: skipped: c failed"},
		{"two failures blame the smallest", "x>b x>a y>x z>b", "a b", "a b", "a: broken\nb: broken\nx: skipped: a failed\ny: skipped: a failed\nz: skipped: b failed"},
		{"a cycle stops everything", "a>b b>a c", "", "", "a: cycle: a → b → a\nb: cycle: a → b → a\nc: cycle: a → b → a"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var visited []string
			got := parse(tt.graph).Walk(context.Background(), 1, func(_ context.Context, k string) error {
				visited = append(visited, k) // one worker: no two at once
				if slices.Contains(strings.Fields(tt.failing), k) {
					return errBroken
				}
				return nil
			})
			if d := gocmp.Diff(tt.visited, words(visited)); d != "" {
				t.Errorf("visited (-want +got):\n%s", d)
			}
			if d := gocmp.Diff(tt.want, show(got)); d != "" {
				t.Errorf("results (-want +got):\n%s", d)
			}
		})
	}
}

func TestWalkErrorsCanBeAsked(t *testing.T) {
	got := parse("a>b").Walk(context.Background(), 0, func(context.Context, string) error { return errBroken })
	if !errors.Is(got["b"], errBroken) {
		t.Errorf("b: %v", got["b"])
	}
	var skipped *SkippedError[string]
	if !errors.As(got["a"], &skipped) || skipped.Because != "b" {
		t.Errorf("a: %v", got["a"])
	}
}

func TestWalkSurvivesPanicAndExit(t *testing.T) {
	got := parse("a>panics b>exits c d>error").Walk(context.Background(), 2, func(_ context.Context, k string) error {
		switch k {
		case "panics":
			panic("out of cheese")
		case "error":
			panic(errBroken)
		case "exits":
			runtime.Goexit()
		}
		return nil
	})
	want := `a: skipped: panics failed
b: skipped: exits failed
d: skipped: error failed
error: panic: broken
exits: the visit ended its goroutine
panics: panic: out of cheese`
	if d := gocmp.Diff(want, show(got)); d != "" {
		t.Errorf("results (-want +got):\n%s", d)
	}
	var p *PanicError
	if !errors.As(got["panics"], &p) || !strings.Contains(string(p.Stack), "walk_test.go") {
		t.Errorf("no stack of the visit in %#v", got["panics"])
	}
	if !errors.Is(got["error"], errBroken) {
		t.Error("the error given to panic is lost")
	}
}

func TestWalkCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	var mu sync.Mutex
	var finished []string
	started := make(chan string)
	go func() {
		<-started
		<-started
		cancel() // both a and b run now
	}()
	got := parse("a b c>a d e>f f>b").Walk(ctx, 2, func(ctx context.Context, k string) error {
		started <- k
		<-ctx.Done()
		mu.Lock()
		defer mu.Unlock()
		finished = append(finished, k)
		if k == "b" {
			return errBroken
		}
		return nil
	})
	slices.Sort(finished)
	if d := gocmp.Diff("a b", words(finished)); d != "" {
		t.Errorf("finished (-want +got):\n%s", d)
	}
	want := `b: broken
c: context canceled
d: context canceled
e: skipped: b failed
f: skipped: b failed`
	if d := gocmp.Diff(want, show(got)); d != "" {
		t.Errorf("results (-want +got):\n%s", d)
	}
}

// All visits that may run at once do: each waits until all the others have come.
func TestWalkRunsSideBySide(t *testing.T) {
	for _, workers := range []int{3, 0} {
		var all sync.WaitGroup
		all.Add(3)
		got := parse("a b c").Walk(context.Background(), workers, func(context.Context, string) error {
			all.Done()
			all.Wait()
			return nil
		})
		if len(got) > 0 {
			t.Errorf("%d workers: %v", workers, got)
		}
	}
}

func TestWalkKeepsItsPromises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := edges(t, true)
		workers := rapid.IntRange(0, 4).Draw(t, "workers")
		broken := map[int]bool{}
		for _, k := range g.Nodes() {
			if rapid.IntRange(0, 5).Draw(t, "fate") == 0 {
				broken[k] = true
			}
		}

		var (
			mu      sync.Mutex
			running int
			most    int
			entered = map[int]int{}
			done    = map[int]bool{}
			early   []int
		)
		results := g.Walk(context.Background(), workers, func(_ context.Context, k int) error {
			mu.Lock()
			running++
			most = max(most, running)
			entered[k]++
			for _, need := range g.Needs(k) {
				if !done[need] {
					early = append(early, k)
				}
			}
			mu.Unlock()
			runtime.Gosched()
			mu.Lock()
			defer mu.Unlock()
			running--
			if broken[k] {
				return errBroken
			}
			done[k] = true
			return nil
		})

		if len(early) > 0 {
			t.Fatalf("%v visited before what they need", early)
		}
		if workers > 0 && most > workers {
			t.Fatalf("%d visits at once with %d workers", most, workers)
		}
		for _, k := range g.Nodes() {
			// A node is skipped exactly when something it needs through
			// others is broken; of these the smallest that was visited is blamed.
			var roots []int
			for _, need := range g.Closure(k) {
				if need != k && broken[need] && entered[need] > 0 {
					roots = append(roots, need)
				}
			}
			var skipped *SkippedError[int]
			switch {
			case len(roots) > 0:
				if entered[k] != 0 || !errors.As(results[k], &skipped) {
					t.Fatalf("%d, below broken %v: visited %d times, result %v", k, roots, entered[k], results[k])
				}
				if skipped.Because != slices.Min(roots) {
					t.Fatalf("%d blames %d of %v", k, skipped.Because, roots)
				}
			case entered[k] != 1:
				t.Fatalf("%d visited %d times", k, entered[k])
			case broken[k] != (results[k] == errBroken) || !broken[k] && results[k] != nil:
				t.Fatalf("%d: broken %v, result %v", k, broken[k], results[k])
			}
		}
	})
}

// What is late comes when nothing else is left, whatever became of that, and is
// skipped for its own needs only.
func TestWalkLate(t *testing.T) {
	for _, tt := range []struct{ name, graph, late, failing, visited, want string }{
		{"last", "a b>a z", "a0", "", "a b z a0", ""},
		{"after those that failed", "a0>b x>c", "a0", "c", "b c a0", "c: broken\nx: skipped: c failed"},
		{"skipped for its own needs", "a0>b c", "a0", "b", "b c", "a0: skipped: b failed\nb: broken"},
		{"among themselves in order", "l1>l2 a", "l1 l2", "", "a l2 l1", ""},
		{"what needs it is late too", "a>l1 b", "l1", "", "b l1 a", ""},
		{"alone", "", "l1", "", "l1", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			g := parse(tt.graph)
			for _, k := range strings.Fields(tt.late) {
				g.Late(k)
			}
			for _, workers := range []int{1, 0} {
				var mu sync.Mutex
				var visited []string
				got := g.Walk(context.Background(), workers, func(_ context.Context, k string) error {
					mu.Lock()
					defer mu.Unlock()
					visited = append(visited, k)
					if slices.Contains(strings.Fields(tt.failing), k) {
						return errBroken
					}
					return nil
				})
				if workers == 1 && words(visited) != tt.visited {
					t.Errorf("visited %s, want %s", words(visited), tt.visited)
				}
				if d := gocmp.Diff(tt.want, show(got)); d != "" {
					t.Errorf("results (-want +got):\n%s", d)
				}
			}
		})
	}
}

// Nothing late waits for a visit that only waits; what that makes ready goes on
// when it is over.
func TestAside(t *testing.T) {
	g := parse("b>a c")
	g.Late("l")
	late := make(chan struct{})
	var mu sync.Mutex
	var visited []string
	got := g.Walk(context.Background(), 0, func(ctx context.Context, k string) error {
		mu.Lock()
		visited = append(visited, k)
		mu.Unlock()
		switch k {
		case "a":
			Aside(ctx)
			<-late
		case "l":
			close(late)
		}
		return nil
	})
	if len(got) > 0 || visited[len(visited)-1] != "b" || len(visited) != 4 {
		t.Errorf("visited %v: %v", visited, got)
	}
	Aside(context.Background()) // in no walk it does nothing
}
