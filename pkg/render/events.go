package render

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/polyplan/polyplan/pkg/apply"
	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/diff"
)

// EventLine is an event in one line without its end, for logs and to stand
// above the line of a [Progress].
func EventLine(style Style, e apply.Event) string {
	mark, text := markOf(e.Action), ""
	switch e.Kind {
	case apply.Started:
		text = doing(e.Action)
	case apply.Done:
		text = did(e.Action) + " in " + took(e.Took)
		if e.ID != "" && e.Action != diff.Delete {
			text += style.Dim(" (id " + diag.Visible(e.ID) + ")")
		}
	case apply.Failed:
		mark, text = markRisk, style.Red(string(e.Action)+" failed: ")+oneLine(e.Err)
	case apply.Skipped:
		mark, text = markRisk, string(e.Action)+" skipped, for "+diag.Visible(e.Because.String())+" failed"
	case apply.Deferred:
		mark, text = markWaits, string(e.Action)+" deferred until "+diag.Visible(e.Because.String())+" is authorised"
	case apply.Waiting:
		mark, text = markWaits, "waits for a person: "+authorise(e.Address, e.Link, e.Code)
		if e.Text != "" {
			text += style.Dim(" (" + diag.Visible(e.Text) + ")")
		}
	case apply.Preparing:
		mark, text = markWaits, "waits: "+diag.Visible(e.Text)
	case apply.Authorised:
		mark, text = markWaits, "authorised"
	case apply.Warned:
		mark, text = markRisk, "warning: "+diag.Visible(e.Text)
	default:
		text = diag.Visible(string(e.Kind))
	}
	line := style.mark(mark) + " " + style.Bold(diag.Visible(e.Address.String()))
	if e.Name != "" {
		line += " (" + named(e.Name) + ")"
	}
	return harmless(line + ": " + text)
}

func doing(a diff.Action) string {
	switch a {
	case diff.Create:
		return "creating"
	case diff.Update:
		return "updating"
	case diff.Replace:
		return "replacing"
	case diff.Delete:
		return "deleting"
	case diff.Adopt:
		return "adopting"
	case diff.Move:
		return "moving"
	}
	return string(a)
}

// took is a time span for people: 0.4s, 12.0s, 1m5s.
func took(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%.1fs", max(d, 0).Seconds())
	}
	return d.Round(time.Second).String()
}

// oneLine is an error in one line.
func oneLine(err error) string {
	if err == nil {
		return "no reason was given"
	}
	return diag.Visible(strings.ReplaceAll(strings.TrimSpace(err.Error()), "\n", "; "))
}

// hint is what the reader can do about an error, or nothing.
func hint(err error) string {
	var h interface{ Hint() string }
	if errors.As(err, &h) {
		return h.Hint()
	}
	return ""
}
