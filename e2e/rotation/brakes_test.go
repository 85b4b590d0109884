package rotation_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/dbtls/dbtls/e2e/harness"
)

// TestBrakes: the fleet stops at the first STUCK, and at the freeze switch.
func TestBrakes(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.Data(t))
	st := openState(t, s.Dir)
	if len(harness.Engines(t)) < 2 {
		t.Skip("needs PostgreSQL and MariaDB")
	}
	broken := create(t, s, st, "brakes-broken", "postgres")
	waiting := create(t, s, st, "brakes-waiting", "mariadb")
	t.Run("the fleet stops at the first STUCK", func(t *testing.T) { testFleetStops(t, broken, waiting) })
	t.Run("a freeze holds everything and survives a restart", func(t *testing.T) { testFreeze(t, broken) })
}

func testFleetStops(t *testing.T, broken, waiting *db) {
	// Asked for before: the change waits for its window.
	err := waiting.modify(t, func(in *rds.ModifyDBInstanceInput) {
		in.CACertificateIdentifier, in.PreferredMaintenanceWindow = aws.String(caECC), aws.String(window(closed))
	})
	if err != nil {
		t.Fatal(err)
	}
	auto := filepath.Join(broken.home, "data", "postgresql.auto.conf")
	was := read(t, auto)
	dir := filepath.Join(broken.home, "tls", generations(t, broken.home)[0])
	write(t, auto, was+fmt.Sprintf("ssl_cert_file = '%s/server.crt'\nssl_key_file = '%s/server.key'\n", dir, dir))
	broken.ask(t, caECC)
	eventually(t, 20*time.Second, "STUCK", func() bool { r := broken.row(t).Rotation; return r != nil && r.Proven })

	// Its window opens, and it is held.
	if err := waiting.modify(t, func(in *rds.ModifyDBInstanceInput) { in.PreferredMaintenanceWindow = aws.String(window(open)) }); err != nil {
		t.Fatal(err)
	}
	before := waiting.mustLast(t)
	stays(t, 2*time.Second, "held while another is STUCK", func() bool { return waiting.mustLast(t).ID != before.ID })

	// Asking for the current CA again cancels what is STUCK, its cause still
	// there, and lets the fleet go on.
	broken.ask(t, caRSA2)
	took := eventually(t, 3*time.Second, "cancelled", func() bool { r := broken.row(t); return r.Rotation == nil && r.Pending == "" })
	t.Logf("cancelled after %s", took.Round(time.Millisecond))
	broken.agrees(t, "after the cancellation", caRSA2, broken.srv.Root(t, caRSA2))
	took = eventually(t, 70*time.Second, "the held change goes on", func() bool { return waiting.row(t).CA == caECC })
	t.Logf("the held change was done %s after what was STUCK was cancelled", took.Round(time.Millisecond))
	write(t, auto, was)
}

func testFreeze(t *testing.T, d *db) {
	d.must(t, "freeze", "--reason", "release week")
	if f := d.srv.Status(t).Frozen; !strings.Contains(f, "release week") {
		t.Errorf("status says frozen %q, want the reason in it", f)
	}
	before := mustServe(t, d.Instance)[0]
	d.ask(t, caECC)
	stays(t, time.Second, "nothing rotates", func() bool { return !mustServe(t, d.Instance)[0].Equal(before) })
	d.srv.Restart(t)
	if f := d.srv.Status(t).Frozen; !strings.Contains(f, "release week") {
		t.Errorf("after a restart status says frozen %q", f)
	}
	stays(t, time.Second, "nothing rotates after a restart", func() bool { return !mustServe(t, d.Instance)[0].Equal(before) })
	d.must(t, "unfreeze")
	took := eventually(t, 3*time.Second, "released at once", func() bool { r := d.row(t); return r.CA == caECC && r.Rotation == nil })
	t.Logf("released after %s", took.Round(time.Millisecond))
}
