package state

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/polyplan/polyplan/pkg/resource"
)

// sized is a state of n resources of about a kilobyte each.
func sized(n int) *State {
	s := New()
	for i := range n {
		a := resource.Address{Kind: "model", Name: fmt.Sprintf("m%05d", i)}
		fields := make([]any, 40)
		for f := range fields {
			fields[f] = fmt.Sprintf("field_%d", f)
		}
		s.Resources[a] = &resource.Resource{Address: a, ID: fmt.Sprintf("0d8d8d8d-0000-4000-8000-%012d", i),
			Needs: []resource.Address{{Kind: "connection", Name: "warehouse"}},
			Marks: map[string]string{"updated_at": "2026-01-02T03:04:05Z"},
			Object: resource.Object{"name": a.Name, "connection": "warehouse", "fields": fields,
				"configuration": resource.Object{"query": strings.Repeat("select 1;\n", 30)}}}
	}
	return s
}

var sizes = []int{10, 1_000, 10_000}

// BenchmarkJournalStep is an intent and an outcome. It must not depend on the
// size of the state.
func BenchmarkJournalStep(b *testing.B) {
	ctx := context.Background()
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			store, s := File(filepath.Join(b.TempDir(), "s.json")), sized(n)
			if err := store.Save(ctx, s); err != nil {
				b.Fatal(err)
			}
			j, err := store.Journal(ctx, s)
			if err != nil {
				b.Fatal(err)
			}
			defer j.Close()
			r := s.Resources[resource.Address{Kind: "model", Name: "m00001"}]
			for i := 0; b.Loop(); i++ {
				op := fmt.Sprint(i)
				if err := j.Intend(ctx, Intent{Op: op, Address: r.Address, Action: Create}); err != nil {
					b.Fatal(err)
				}
				if err := j.Outcome(ctx, Outcome{Op: op, OK: true, Resource: r}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkSave(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			store, s := File(filepath.Join(b.TempDir(), "s.json")), sized(n)
			for b.Loop() {
				if err := store.Save(context.Background(), s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkLoad(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			store := File(filepath.Join(b.TempDir(), "s.json"))
			if err := store.Save(context.Background(), sized(n)); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if _, err := store.Load(context.Background()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
