package engines_test

import (
	"slices"
	"testing"

	"github.com/dbtls/dbtls/internal/engines"
	"github.com/dbtls/dbtls/internal/pki"
)

// TestModesAreThoseOfTheSeed is the table of "Using SSL With AWS Database
// Migration Service": which engine has which mode.
func TestModesAreThoseOfTheSeed(t *testing.T) {
	t.Parallel()
	const none, require, verifyCA, verifyFull = pki.SSLNone, pki.SSLRequire, pki.SSLVerifyCA, pki.SSLVerifyFull
	mysql, postgres := []pki.SSLMode{none, verifyCA, verifyFull}, []pki.SSLMode{none, require, verifyCA, verifyFull}
	sqlserver, oracle, db2 := []pki.SSLMode{none, require, verifyFull}, []pki.SSLMode{none, verifyCA}, []pki.SSLMode{none, verifyCA}
	want := map[string][]pki.SSLMode{
		"mysql": mysql, "mariadb": mysql, "aurora-mysql": mysql,
		"postgres": postgres, "aurora-postgresql": postgres,
		"sqlserver-ee": sqlserver, "sqlserver-se": sqlserver, "sqlserver-ex": sqlserver, "sqlserver-web": sqlserver,
		"oracle-ee": oracle, "oracle-se2": oracle, "oracle-ee-cdb": oracle, "oracle-se2-cdb": oracle,
		"db2-se": db2, "db2-ae": db2,
		"redshift": {none}, "sybase": {none, verifyFull}, "mongodb": {none, require, verifyFull},
	}
	for _, e := range engines.All() {
		if !slices.Equal(e.Spec.Modes, want[e.Name()]) {
			t.Errorf("%s has %v, want %v", e.Name(), e.Spec.Modes, want[e.Name()])
		}
		if e.Login == nil {
			t.Errorf("%s has no login", e.Name())
		}
		delete(want, e.Name())
	}
	if len(want) > 0 {
		t.Errorf("no engine for %v", want)
	}
}
