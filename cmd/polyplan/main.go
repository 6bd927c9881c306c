// Command polyplan keeps Polytomic connections, models and syncs in a manifest:
// it plans what would change, applies it in order, and records the ids.
package main

import (
	"io"
	"log"
	"os"
)

func main() {
	withoutCores()
	// net/http reports servers that speak out of turn to the standard logger,
	// with their bytes as they came.
	log.SetOutput(io.Discard)
	os.Exit(run(systemEnv(), os.Args[1:]))
}
