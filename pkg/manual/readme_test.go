package manual

import (
	"os"
	"strings"
	"testing"

	"github.com/polyplan/polyplan/pkg/kinds"
)

// The README names every section of a manifest.
func TestReadmeNamesEverySection(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range kinds.All() {
		if s := k.Section; !strings.Contains(string(readme), "`"+s+"`") && !strings.Contains(string(readme), "\n"+s+":\n") {
			t.Errorf("README.md does not name the section %s", s)
		}
	}
}
