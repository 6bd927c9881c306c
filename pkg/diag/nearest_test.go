package diag

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestNearest(t *testing.T) {
	for _, tt := range []struct {
		word       string
		candidates string
		want       string
	}{
		{"user", "users orders", "users"},
		{"usres", "users", "users"},
		{"USERS", "user users", "users"},
		{"Users", "USERS users", "USERS"},
		{"users", "USERS users", "users"},
		{"conection", "collection connection", "connection"},
		{"cat", "bat hat mat", "bat"},
		{"cat", "mat hat bat", "bat"},
		{"schedule", "mode identity", ""},
		{"a", "b", ""},
		{"a", "ab", "ab"},
		{"", "a", ""},
		{"naïve", "naive", "naive"},
		{strings.Repeat("x", 1000), strings.Repeat("x", 999), ""},
		{"x", "", ""},
	} {
		got, ok := Nearest(tt.word, strings.Fields(tt.candidates))
		if got != tt.want || ok != (tt.want != "") {
			t.Errorf("Nearest(%q, %q) = %q, %v; want %q", tt.word, tt.candidates, got, ok, tt.want)
		}
	}
}

// slow is the definition that distance speeds up.
func slow(a, b []rune) int {
	switch {
	case len(a) == 0 || len(b) == 0:
		return len(a) + len(b)
	case a[len(a)-1] == b[len(b)-1]:
		return slow(a[:len(a)-1], b[:len(b)-1])
	}
	d := 1 + min(slow(a[:len(a)-1], b), slow(a, b[:len(b)-1]), slow(a[:len(a)-1], b[:len(b)-1]))
	if n, m := len(a), len(b); n > 1 && m > 1 && a[n-1] == b[m-2] && a[n-2] == b[m-1] {
		d = min(d, 1+slow(a[:n-2], b[:m-2]))
	}
	return d
}

func TestDistanceAgreesWithDefinition(t *testing.T) {
	var m matrix
	word := rapid.SliceOfN(rapid.SampledFrom([]rune("abc")), 0, 6)
	rapid.Check(t, func(t *rapid.T) {
		a, b := word.Draw(t, "a"), word.Draw(t, "b")
		limit := rapid.IntRange(0, 7).Draw(t, "limit")
		if got, want := m.distance(a, b, limit), min(slow(a, b), limit+1); got != want {
			t.Fatalf("distance(%q, %q, %d) = %d, want %d", string(a), string(b), limit, got, want)
		}
	})
}

func TestNearestIgnoresOrder(t *testing.T) {
	words := rapid.SliceOf(rapid.StringOfN(rapid.SampledFrom([]rune("abAB")), 1, 5, -1))
	rapid.Check(t, func(t *rapid.T) {
		list := words.Draw(t, "candidates")
		word := rapid.StringOfN(rapid.SampledFrom([]rune("abAB")), 0, 5, -1).Draw(t, "word")
		a, okA := Nearest(word, list)
		slices.Reverse(list)
		b, okB := Nearest(word, list)
		if a != b || okA != okB {
			t.Fatalf("Nearest(%q) depends on order: %q or %q", word, a, b)
		}
	})
}

func BenchmarkNearest(b *testing.B) {
	candidates := make([]string, 10_000)
	for i := range candidates {
		candidates[i] = fmt.Sprintf("customer_field_%05d", i)
	}
	for b.Loop() {
		Nearest("custmer_feild_09876", candidates)
	}
}
