package archtest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestPackagesImportOnlyWhatTheTableAllows(t *testing.T) {
	t.Parallel()
	hold(t, imports, examples{
		"an allowed import": {path: "internal/pki/a.go", text: `package pki; import "github.com/dbtls/dbtls/internal/fault"`},
		"an upward import": {path: "internal/pki/a.go", text: `package pki; import "github.com/dbtls/dbtls/internal/store"`,
			want: `internal/pki may not import internal/store`},
		"a package without a row": {path: "internal/new/a.go", text: `package new`,
			want: "internal/new has no row"},
		"a test may import anything": {path: "internal/pki/a_test.go", text: `package pki; import "github.com/dbtls/dbtls/internal/store"`},
	})
}

func imports(all []source) []string {
	table := mayImport()
	var out []string
	for _, s := range all {
		if s.test() || s.dir() == "internal/archtest" {
			continue
		}
		row, ok := table[s.dir()]
		if !ok {
			c := fmt.Sprintf("%s has no row in imports_table_test.go: add one that says what it may import", s.dir())
			if !slices.Contains(out, c) {
				out = append(out, c)
			}
			continue
		}
		for _, p := range s.internalImports() {
			if !slices.Contains(row, strings.TrimPrefix(p, "internal/")) {
				out = append(out, fmt.Sprintf("%s: %s may not import %s: let the caller pass in what is needed, declare a narrow interface here, or move the code; if the design has changed, change the table with it", s.path, s.dir(), p))
			}
		}
	}
	return out
}

func TestTheImportTableNamesPackagesThatExist(t *testing.T) {
	t.Parallel()
	exists := map[string]bool{}
	for _, s := range tree(t) {
		exists[s.dir()] = true
	}
	for dir, row := range mayImport() {
		if !exists[dir] {
			t.Errorf("imports_table_test.go has a row for %s, which has no Go files: remove the row", dir)
		}
		for _, p := range row {
			if !exists["internal/"+p] && !exists[p] {
				t.Errorf("imports_table_test.go lets %s import %s, which has no Go files: remove it", dir, p)
			}
		}
	}
}

func TestNothingShippedImportsTestSupport(t *testing.T) {
	t.Parallel()
	hold(t, testSupportImports, examples{
		"another test-support package may": {path: "internal/engine/enginetest/a.go", text: `package enginetest; import "github.com/dbtls/dbtls/internal/pki/pkitest"`},
		"the program may not": {path: "internal/fleet/a.go", text: `package fleet; import "github.com/dbtls/dbtls/internal/pki/pkitest"`,
			want: "pki/pkitest is for tests"},
	})
}

func testSupportImports(all []source) []string {
	var out []string
	for _, s := range shipped(all) {
		for _, p := range s.internalImports() {
			if testSupport(p) {
				out = append(out, fmt.Sprintf("%s: %s is for tests: import it from a _test.go file, or move what is needed to a package that ships", s.path, p))
			}
		}
	}
	return out
}
