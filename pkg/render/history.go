package render

import (
	"fmt"
	"io"
	"time"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/state"
)

// History writes for people which generations of a state are kept.
func History(w io.Writer, style Style, kept []state.Generation) error {
	p := NewPrinter(w, style)
	var rows [][]string
	for _, g := range kept {
		row := []string{style.Bold(fmt.Sprint(g.Serial)), when(g.Time), counted(g.Resources, "resource"), diag.Visible(g.Tool)}
		if g.Err != nil {
			row[2], row[3] = style.Yellow("damaged"), diag.Visible(g.Err.Error())
		}
		rows = append(rows, row)
	}
	p.Table(rows)
	if len(rows) == 0 {
		p.Line("No generation of the state is kept.")
	}
	return p.Err()
}

func when(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

type generationJSON struct {
	Serial    int64     `json:"serial"`
	Time      time.Time `json:"time,omitzero"`
	Tool      string    `json:"tool"`
	Resources int       `json:"resources"`
	Damaged   string    `json:"damaged,omitempty"` // what is wrong
}

// HistoryJSON writes the same as one document.
func HistoryJSON(w io.Writer, kept []state.Generation) error {
	doc := struct {
		FormatVersion string           `json:"format_version"`
		Generations   []generationJSON `json:"generations"` // newest first
	}{FormatVersion, []generationJSON{}}
	for _, g := range kept {
		out := generationJSON{g.Serial, g.Time.UTC(), g.Tool, g.Resources, ""}
		if g.Err != nil {
			out.Damaged = g.Err.Error()
		}
		doc.Generations = append(doc.Generations, out)
	}
	return writeJSON(w, doc, "  ")
}
