package apply_test

import (
	"runtime/debug"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	debug.SetGCPercent(400) // thousands of small worlds, each soon garbage
	goleak.VerifyTestMain(m)
}
