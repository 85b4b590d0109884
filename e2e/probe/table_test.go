package probe_test

import (
	"testing"

	"github.com/dbtls/dbtls/internal/engines"
)

// difference is a cell and mode in which a client decides otherwise, and why.
type difference struct{ cell, mode string }

// compare runs every cell in every mode past dbtls probe and a client.
func compare(t *testing.T, product string, plain func([]byte), modes []string,
	client func(t *testing.T, port int, ca, host, mode string) (bool, string), differences map[difference]string) {
	t.Helper()
	found := map[difference]bool{}
	for name, c := range cells(t) {
		port, ca := serve(t, product, c, plain), caFile(t, c.trust)
		for _, mode := range modes {
			r := dbtlsProbe(t, product, port, ca, c.host, mode)
			ours := r.connects(t, mode)
			theirs, says := client(t, port, ca, c.host, mode)
			d := difference{name, mode}
			if ours == theirs {
				continue
			}
			found[d] = true
			if why := differences[d]; why != "" {
				t.Logf("%s in %s: dbtls says %v, the client does %v: %s", name, mode, ours, theirs, why)
				continue
			}
			t.Errorf("%s in %s: dbtls says %v (%s at %s), the client does %v: %s", name, mode, ours, r.Code, r.Stage, theirs, says)
		}
	}
	for d, why := range differences {
		if !found[d] {
			t.Errorf("%s in %s: they agree, although the test says that they do not: %s", d.cell, d.mode, why)
		}
	}
}

func TestProbeAndLibpqAgreeInEveryCell(t *testing.T) {
	t.Parallel()
	compare(t, "postgres", noTLSPostgres, modes(), psql, map[difference]string{})
}

func TestProbeAndMariaDBAgreeInEveryCell(t *testing.T) {
	t.Parallel()
	compare(t, "mariadb", noTLSMySQL, []string{"none", "require", "verify-full"}, mariadb, map[difference]string{
		{"plain only", "require"}: "the client takes --ssl as a wish and logs in without TLS; a mode of dbtls falls back to nothing",
	})
}

// Every product that dbtls can play is reached in its own protocol, its chain
// is read, and the name is what decides.
func TestEveryProductIsProbedInItsOwnProtocol(t *testing.T) {
	t.Parallel()
	all := cells(t)
	good, wrong := all["good chain"], all["wrong name"]
	played := 0
	for _, e := range engines.All() {
		if e.Simulator == nil {
			continue
		}
		played++
		r := dbtlsProbe(t, e.Name(), serve(t, e.Name(), good, nil), caFile(t, good.trust), host, "verify-full")
		if !r.OK || r.Strictest != "verify-full" {
			t.Errorf("%s: %s at %s: %+v", e.Name(), r.Code, r.Stage, r.Verdicts)
		}
		r = dbtlsProbe(t, e.Name(), serve(t, e.Name(), wrong, nil), caFile(t, wrong.trust), host, "verify-full")
		if r.Code != "WrongName" || r.Strictest != "verify-ca" {
			t.Errorf("%s, wrong name: %s at %s, strictest %s", e.Name(), r.Code, r.Stage, r.Strictest)
		}
	}
	if played < 15 {
		t.Errorf("%d products are played", played)
	}
}
