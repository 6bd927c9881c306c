package render

import (
	"io"
	"strings"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/resource"
)

type explainJSON struct {
	FormatVersion string      `json:"format_version"`
	Address       string      `json:"address"`
	Kind          string      `json:"kind"`
	Name          string      `json:"name"`
	ID            *string     `json:"id"`
	Declared      *placeJSON  `json:"declared"`
	Recorded      bool        `json:"recorded"`
	Live          *bool       `json:"live"` // null if the service was not asked
	Protected     bool        `json:"protected"`
	Needs         []string    `json:"needs"`
	Values        []valueJSON `json:"values"`
}

type placeJSON struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
}

type valueJSON struct {
	Path      string     `json:"path"`
	Value     any        `json:"value"`
	Sensitive bool       `json:"sensitive"`
	Place     *placeJSON `json:"place"`
	Origin    string     `json:"origin,omitempty"`
	Default   any        `json:"default"`
	Recorded  any        `json:"recorded"`
	Live      any        `json:"live"`
	Type      string     `json:"type,omitempty"`
}

func newPlaceJSON(p diag.Pos) *placeJSON {
	if p.IsZero() {
		return nil
	}
	return &placeJSON{p.File, p.Line, p.Col}
}

// ExplainJSON writes the same for programs, as one document. Secrets are null.
func ExplainJSON(w io.Writer, v ResourceView) error {
	values, err := v.values()
	if err != nil {
		return err
	}
	doc := explainJSON{FormatVersion: FormatVersion, Address: v.Address.String(), Kind: v.Address.Kind, Name: v.name(),
		Recorded: v.Recorded != nil, Needs: []string{}, Values: []valueJSON{}}
	if v.Recorded != nil {
		doc.ID = &v.Recorded.ID
	}
	if v.Desired != nil {
		doc.Declared = newPlaceJSON(v.Desired.Pos)
	}
	if v.Asked {
		live := v.Live != nil
		doc.Live = &live
	}
	for _, r := range []*resource.Resource{v.Desired, v.Recorded} {
		doc.Protected = doc.Protected || r != nil && r.Protect
	}
	if needs := v.needs(); needs != "" {
		doc.Needs = strings.Split(needs, ", ")
	}
	for _, k := range values {
		out := valueJSON{Path: k.Path, Sensitive: k.Sensitive, Place: newPlaceJSON(k.Pos), Origin: k.Origin, Type: k.Type}
		if !k.Sensitive {
			out.Value, out.Default, out.Recorded, out.Live = plainJSON(k.Desired), plainJSON(k.Default), plainJSON(k.Recorded), plainJSON(k.Live)
		}
		doc.Values = append(doc.Values, out)
	}
	return writeJSON(w, doc, "  ")
}
