package rotation_test

import (
	"testing"

	"github.com/dbtls/dbtls/e2e/harness"
)

// TestLockOut: nothing that the master user can do keeps dbtls from changing a
// certificate.
func TestLockOut(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.Data(t))
	st := openState(t, s.Dir)
	for _, e := range harness.Engines(t) {
		d := create(t, s, st, "locked-"+e, e)
		t.Run(e+": every slot is taken", d.testAllSlots)
		if e == "postgres" {
			t.Run("the agent's role may not log in", d.testNoLogin)
		}
	}
}

func (d *db) testAllSlots(t *testing.T) {
	roots := pool(t, d.srv.Root(t, caRSA2))
	n := 0
	for ; n < 1000; n++ {
		c, err := connect(t.Context(), d.Instance, roots)
		if err != nil {
			t.Logf("%d sessions, then: %v", n, err)
			break
		}
		defer c.Close()
	}
	if n == 1000 {
		t.Fatal("the server takes any number of sessions")
	}
	d.srv.Move(t, d.Name, caECC)
	d.agrees(t, "with all slots taken", caECC, d.srv.Root(t, caRSA2), d.srv.Root(t, caECC))
	d.noneFailed(t)
}

func (d *db) testNoLogin(t *testing.T) {
	for _, sql := range []string{"ALTER ROLE dbtls_agent NOLOGIN", "ALTER ROLE dbtls_agent CONNECTION LIMIT 0"} {
		if _, err := harness.Psql(t, d.Instance, d.srv.Root(t, caECC), sql); err != nil {
			t.Logf("%s is refused to the master: %v", sql, err)
		}
	}
	to := d.other(t)
	d.srv.Move(t, d.Name, to)
	d.agrees(t, "with the agent's role touched", to, d.srv.Root(t, caECC), d.srv.Root(t, caRSA2))
	d.noneFailed(t)
}
