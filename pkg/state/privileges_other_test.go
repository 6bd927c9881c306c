//go:build !linux

package state

import (
	"os"
	"testing"
)

func withoutPrivileges(t *testing.T, _ string) {
	t.Helper()
	if os.Getuid() == 0 {
		t.Skip("optional: permissions do not bind root")
	}
}
