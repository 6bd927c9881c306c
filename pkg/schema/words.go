package schema

import (
	"slices"
	"strings"
)

// A lock describes a field, a mode and an object in one line each, in words with
// commas between them. Words that nobody knows are passed over.

// trait is a word and what it stands for.
type trait struct {
	word string
	is   *bool
}

func (f *TargetField) traits() []trait {
	return []trait{{"required", &f.Required}, {"not in new records", &f.NoCreate}, {"not in updates", &f.NoUpdate},
		{"no filter", &f.NoFilter}, {"no encryption", &f.NoCipher}, {"identity", &f.Identity}}
}

func (m *Mode) traits() []trait {
	return []trait{{"needs identity", &m.Identity}, {"field modes", &m.FieldMode}, {"target filters", &m.Filters}}
}

func (t *Target) traits() []trait {
	return []trait{{"new fields", &t.NewFields}, {"new identity fields", &t.NewIdentity}, {"unmapped required fields", &t.Loose}}
}

func say(traits []trait, first ...string) string {
	for _, t := range traits {
		if *t.is {
			first = append(first, t.word)
		}
	}
	return strings.Join(first, ", ")
}

func hear(traits []trait, words []string) {
	for _, t := range traits {
		*t.is = slices.Contains(words, t.word)
	}
}

// by begins the word that lists the functions of an identity.
const by = "by "

func (f TargetField) words() string {
	s := say(f.traits(), strings.ReplaceAll(f.Type, ",", ";"))
	if len(f.Compare) > 0 {
		s += ", " + by + strings.Join(f.Compare, " ")
	}
	return s
}

func readField(id, text string) TargetField {
	words := strings.Split(text, ", ")
	f := TargetField{ID: id, Type: words[0]}
	hear(f.traits(), words[1:])
	for _, w := range words[1:] {
		if functions, ok := strings.CutPrefix(w, by); ok {
			f.Compare = strings.Fields(functions)
		}
	}
	return f
}

func (m Mode) words() string { return say(m.traits()) }

func readMode(id, text string) Mode {
	m := Mode{ID: id}
	hear(m.traits(), strings.Split(text, ", "))
	return m
}

func (t *Target) words() string { return say(t.traits()) }

func (t *Target) read(text string) { hear(t.traits(), strings.Split(text, ", ")) }
