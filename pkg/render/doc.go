// Package render turns results into what people and programs read: plans,
// events, and the findings of [diag.List].
//
// A [Style] colours or does not; a [Printer] writes with one and keeps the first
// error; [Table], [Wrap] and [Truncate] measure by the columns that text fills,
// not by its bytes. [Progress] shows a run that goes on:
//
//	p := render.NewPrinter(os.Stdout, render.NewStyle(colour))
//	p.Line(p.Green("+"), diag.Visible(name))
//	return p.Err()
//
// [Plan], [PlanMarkdown], [PlanHTML] and [PlanJSON] show a plan, [EventLine] and
// [EventJSON] what happens while it is carried out, [Applied] and [ResultJSON]
// what became of it, [State] and its like what is remembered. All say the same
// in the words of their format; no symbol means anything by its colour alone.
//
// A [Graph] of resources or of fields is drawn for people, editors and programs
// with [Graph.Draw].
//
// Text from outside (names, queries, what a server said) passes [diag.Visible]
// or [diag.VisibleLines] before it is styled: it may hold sequences that would
// steer the terminal. What this package writes itself has passed; a [Printer]
// also escapes what a pipeline would take for an order. In Markdown names and
// values stand in fenced blocks, in HTML on a page that may load and run nothing.
//
// The package computes nothing: what is shown was decided by others. It never
// asks whether there is a terminal; it is told.
package render
