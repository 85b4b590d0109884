package lint_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	cc "github.com/dbtls/dbtls/internal/clientconfig"
	"github.com/dbtls/dbtls/internal/clientconfig/drivers"
)

// rules checks that a rule says that it is measured when a cell has measured it,
// and only then, for the drivers that run here in the version that is listed;
// and that every rule names its source.
func rules(t *testing.T, covered map[string]bool, versions map[string]string) {
	t.Helper()
	listed, here := drivers.Runs(), map[string]string{}
	for _, c := range cells() {
		if v := strings.TrimPrefix(versions[c.by+" "+c.kind], "v"); v != "" && v == listed[c.driver] {
			here[c.driver] = v
		}
	}
	for _, d := range drivers.All() {
		for _, r := range d.Rules {
			switch measured := r.Proof == cc.Measured; {
			case r.Source == "":
				t.Errorf("%s names no source", r.ID)
			case measured && listed[d.ID] == "":
				t.Errorf("%s says that it is measured, and no version of %s is listed as run", r.ID, d.ID)
			case here[d.ID] == "":
			case measured && !covered[r.ID]:
				t.Errorf("%s says that it is measured, and no cell measures it", r.ID)
			}
		}
		if here[d.ID] == "" && listed[d.ID] != "" {
			t.Logf("NOT TESTED: the proofs of %s: they are of version %s, which is not here", d.ID, listed[d.ID])
		}
	}
	listing(t, covered, here)
}

// listing checks that what the cells measure is listed. DBTLS_LINT_RULES names a
// file to write the list to, as drivers/measured.go has it.
func listing(t *testing.T, covered map[string]bool, here map[string]string) {
	t.Helper()
	proofs := map[string]cc.Proof{}
	for _, d := range drivers.All() {
		for _, r := range d.Rules {
			if proofs[r.ID] != cc.Measured {
				proofs[r.ID] = r.Proof
			}
		}
	}
	byDriver := map[string][]string{}
	for id := range covered {
		driver, rule, _ := strings.Cut(id, "/")
		byDriver[driver] = append(byDriver[driver], rule)
		if here[driver] != "" && proofs[id] != cc.Measured {
			t.Errorf("%s is measured by a cell, and drivers/measured.go does not list it", id)
		}
	}
	if path := os.Getenv("DBTLS_LINT_RULES"); path != "" {
		var lines []string
		for driver, rules := range byDriver {
			slices.Sort(rules)
			lines = append(lines, fmt.Sprintf("{%q, %q, %q},", driver, here[driver], strings.Join(rules, " ")))
		}
		slices.Sort(lines)
		write(t, path, []byte(strings.Join(lines, "\n")+"\n"))
	}
}
