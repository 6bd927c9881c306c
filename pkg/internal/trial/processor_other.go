//go:build !unix

package trial

import "time"

var start = time.Now()

// Processor is the time that this process has run.
func Processor() time.Duration { return time.Since(start) }
