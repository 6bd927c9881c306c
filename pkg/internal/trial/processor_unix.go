//go:build unix

package trial

import (
	"syscall"
	"time"
)

// Processor is the processor time that this process has used: unlike that of a
// clock, it does not grow by what else the machine does.
func Processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
