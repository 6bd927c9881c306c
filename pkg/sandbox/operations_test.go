package sandbox

import (
	testflags "flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/polyplan/polyplan/pkg/internal/contract"
	"github.com/polyplan/polyplan/pkg/pgtest"
)

// TestMain wants more of the whole than that no test fails: every operation of the
// contract must have been asked for by the plain client of these tests, have done what it
// was asked for, and have answered as the contract says.
func TestMain(m *testing.M) {
	code := pgtest.Main(m).Run()
	whole := testflags.Lookup("test.run").Value.String() == "" && testflags.Lookup("test.skip").Value.String() == "" && testflags.Lookup("test.list").Value.String() == ""
	if left, err := contract.Unexercised(); code == 0 && whole && (err != nil || len(left) > 0) {
		fmt.Fprintf(os.Stderr, "FAIL: operations that no test has seen succeed: %v %q\n", err, left)
		code = 1
	}
	os.Exit(code)
}

// Every operation of the contract is served: none is answered as a path or a method that
// the sandbox does not have.
func TestOperations(t *testing.T) {
	c := start(t, Options{Keys: []Key{{Value: "partner", Partner: true}}})
	wildcard := regexp.MustCompile(`\{[^}]*\}`)
	served := func(method, path string) (int, m, bool) {
		status, answer := c.send(contract.Unchecked(c.request(method, path, m{})))
		return status, answer, status != 405 && answer["message"] != "path not found"
	}
	for _, operation := range contract.Operations(t) {
		method, path, _ := strings.Cut(operation, " ")
		if status, answer, ok := served(method, wildcard.ReplaceAllString(path, zeroID)); !ok || status >= 500 {
			t.Errorf("%s: %d %v", operation, status, answer)
		}
	}
	// What is not there is told apart.
	for _, operation := range []string{"GET /api/nonsense", "DELETE /api/me", "PATCH /api/webhooks/x"} {
		method, path, _ := strings.Cut(operation, " ")
		if status, answer, ok := served(method, path); ok {
			t.Errorf("%s: %d %v", operation, status, answer)
		}
	}
}
