package read

import (
	"maps"
	"testing"

	"github.com/dbtls/dbtls/internal/clientconfig"
	"github.com/dbtls/dbtls/internal/clientconfig/drivers"
)

// program is what a text of a program or a file must be read as.
type program struct {
	about, path, text string
	driver            string
	encrypts          clientconfig.Encrypts
	verifies          clientconfig.Verifies
	trust             string // path
	line              int
}

func checkPrograms(t *testing.T, hints map[string]Hint, all []program) {
	t.Helper()
	index := drivers.Index()
	for _, p := range all {
		t.Run(p.about, func(t *testing.T) {
			t.Parallel()
			var found []clientconfig.Settings
			for _, f := range Files() {
				if f.Is(p.path) {
					found = append(found, f.Read(Source{Path: p.path, Text: p.text, Hints: hints})...)
				}
			}
			if p.driver == "" {
				if len(found) > 0 {
					t.Fatalf("read as %+v, want nothing", found)
				}
				return
			}
			if len(found) != 1 || found[0].Driver != p.driver {
				t.Fatalf("read as %d: %+v, want one of %s", len(found), found, p.driver)
			}
			answer := clientconfig.Evaluate(index[p.driver], found[0])
			if answer.Encrypts != p.encrypts || answer.Verifies != p.verifies || answer.Trust.Path != p.trust {
				t.Errorf("options %v: %s, %s, %q (%+v), want %s, %s, %q", found[0].Options, answer.Encrypts, answer.Verifies, answer.Trust.Path, answer.Outcomes, p.encrypts, p.verifies, p.trust)
			}
			if p.line != 0 && (found[0].Where.Line != p.line || found[0].Where.File != p.path) {
				t.Errorf("stands at %+v, want line %d", found[0].Where, p.line)
			}
		})
	}
}

func nativeFiles() []File {
	return append(append(libpqFiles(), mysqlFiles()...), otherFiles()...)
}

func sameOptions(a, b map[string]string) bool { return maps.Equal(a, b) }
