package sqlserver_test

import (
	"slices"
	"testing"

	"github.com/dbtls/dbtls/internal/engine/sqlserver"
)

// What is said of forcing TLS is of a parameter that there is.
func TestForcedTLSIsAParameter(t *testing.T) {
	t.Parallel()
	for _, e := range sqlserver.Editions() {
		for _, version := range e.Spec.Families() {
			f := e.Spec.Force(version)
			if !f.Upgrades || f.Refusal == "" || f.Means == "" {
				t.Errorf("%s: %+v", e.Name(), f)
			}
			found := false
			for _, p := range e.Spec.Parameters(version) {
				found = found || p.Name == f.Parameter && p.Default == f.Off && slices.Contains(p.Allowed, f.On) && p.Locked == ""
			}
			if !found {
				t.Errorf("%s %s has no parameter %s", e.Name(), version, f.Parameter)
			}
		}
	}
}
