package kinds

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/polyplan/polyplan/pkg/diag"
	"github.com/polyplan/polyplan/pkg/resource"
)

// timeRanges are the members of a schedule that count something, with the
// numbers that mean a time.
var timeRanges = map[string][2]int{"minute": {0, 59}, "hour": {0, 23}, "day_of_week": {0, 7}, "day_of_month": {1, 31}, "month": {1, 12}}

var weekdays = []string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}

// checkTimes looks at the schedule at p for members that its frequency does not
// use, but for those in also, and for times that never come. What the service
// makes of these is not known (API dossier 8.11); nobody can have meant one.
func checkTimes(c resource.Checker, p resource.Path, schedule resource.Object, also ...string) {
	frequency := textOf(schedule["frequency"])
	members, known := frequencyMembers[frequency]
	if !known {
		return
	}
	for _, key := range resource.Keys(schedule) {
		if key != "frequency" && !slices.Contains(members, key) && !slices.Contains(also, key) {
			fix := "remove it"
			if len(members) > 0 {
				fix += "; " + frequency + " takes " + strings.Join(members, ", ")
			}
			c.Error(p.Child(key), "unused-schedule-member",
				fmt.Sprintf("frequency %s does not use %s", frequency, key), "the service would ignore it", fix)
		}
	}
	for _, key := range resource.Keys(schedule) {
		limits, counts := timeRanges[key]
		if !counts {
			continue
		}
		at, value := p.Child(key), textOf(schedule[key])
		n, err := strconv.Atoi(value)
		switch {
		case err == nil && (n < limits[0] || n > limits[1]):
			c.Error(at, "bad-time", fmt.Sprintf("there is no %s %s", strings.ReplaceAll(key, "_", " "), value),
				fmt.Sprintf("it is from %d to %d", limits[0], limits[1]), "")
		case err == nil && frequency == "hourly" && key == "minute" && n%15 != 0:
			c.Warn(at, "odd-minute", fmt.Sprintf("minute %s may not be kept", value), "the app offers 0, 15, 30 and 45 with hourly", "")
		case err != nil && key == "day_of_week" && frequency == "weekly" && !slices.Contains(weekdays, strings.ToLower(value)):
			fix := "write a number, or a name such as monday"
			if near, ok := diag.Nearest(strings.ToLower(value), weekdays); ok {
				fix = "did you mean " + strconv.Quote(near) + "?"
			}
			c.Warn(at, "odd-weekday", fmt.Sprintf("%s is no day of the week", strconv.Quote(value)), "the service may refuse it", fix)
		}
	}
}
