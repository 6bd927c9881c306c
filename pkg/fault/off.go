//go:build !polyplan_faults

package fault

// Around does what it is given, and passes the points NAME.before and NAME.after.
func Around(_ string, do func() error) error { return do() }
