package rotation_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/dbtls/dbtls/e2e/harness"
)

// backAgain is how long an engine that was killed may be away: its own crash
// recovery, and back-offs of half a second and more when it dies repeatedly.
const backAgain = 10 * time.Second

// TestSupervision: what should run and does not is started again.
func TestSupervision(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.Data(t))
	st := openState(t, s.Dir)
	var all []*db
	for _, e := range harness.Engines(t) {
		all = append(all, create(t, s, st, "kept-"+e, e))
	}
	for _, d := range all {
		t.Run(d.Engine+": killed, and killed again", d.testKilledEngine)
	}
	t.Run("adopted engines are looked after too", func(t *testing.T) {
		s.Restart(t)
		for _, d := range all {
			d.killAndBack(t)
		}
	})
	t.Run("the host was rebooted", func(t *testing.T) { testReboot(t, s, all) })
	t.Run("a data directory is damaged", func(t *testing.T) { testDamaged(t, all) })
}

func (d *db) testKilledEngine(t *testing.T) {
	for range 3 {
		d.killAndBack(t)
	}
	eventually(t, 5*time.Second, "an event says that it was started again", func() bool { return d.told(t, "restarted", "shows its certificate") })
	if !d.told(t, "not running") {
		t.Error("no event says that it did not run")
	}
}

// killAndBack kills an engine and waits until it serves the same leaf again.
func (d *db) killAndBack(t *testing.T) {
	t.Helper()
	before := mustServe(t, d.Instance)[0]
	took := d.back(t, d.kill(t))
	t.Logf("%s: back after %s", d.Name, took.Round(10*time.Millisecond))
	if now := mustServe(t, d.Instance)[0]; !now.Equal(before) {
		t.Errorf("%s: another leaf is served after the restart", d.Name)
	}
}

// back waits for another process than the one that was killed to serve.
func (d *db) back(t *testing.T, killed int) time.Duration {
	t.Helper()
	return eventually(t, backAgain, d.Name+" is back", func() bool {
		if now := d.pid(); now == 0 || now == killed {
			return false
		}
		_, err := served(t.Context(), d.Instance)
		return err == nil
	})
}

// testReboot: nothing runs, and then dbtls does.
func testReboot(t *testing.T, s *harness.Server, all []*db) {
	pids := map[*db]int{}
	s.Kill(t)
	for _, d := range all {
		pids[d] = d.kill(t)
	}
	for _, d := range all {
		eventually(t, 10*time.Second, "the engine is gone", func() bool { return len(harness.Processes(d.home)) == 0 })
	}
	s.Restart(t)
	for _, d := range all {
		t.Logf("%s: back after %s", d.Name, d.back(t, pids[d]).Round(10*time.Millisecond))
		d.agrees(t, "after the reboot", caRSA2, s.Root(t, caRSA2))
	}
}

// testDamaged takes a file away that says what a data directory is.
func testDamaged(t *testing.T, all []*db) {
	d := all[0]
	if d.Engine != "postgres" {
		t.Skip("needs PostgreSQL")
	}
	file := filepath.Join(d.home, "data", "PG_VERSION")
	if err := os.Rename(file, file+".away"); err != nil {
		t.Fatal(err)
	}
	d.kill(t)
	eventually(t, 10*time.Second, "an event says why it cannot be started", func() bool { return d.told(t, "could not be started") })
	eventually(t, 5*time.Second, "failed", func() bool { return aws.ToString(d.describe(t).DBInstanceStatus) == "failed" })
	for _, other := range all[1:] {
		if err := cli(t, other.Instance, other.srv.Root(t, caRSA2)); err != nil {
			t.Errorf("%s, which is whole: %v", other.Name, err)
		}
		other.srv.Move(t, other.Name, caECC)
	}
	if err := os.Rename(file+".away", file); err != nil {
		t.Fatal(err)
	}
	took := eventually(t, 60*time.Second, "it is back by itself", func() bool { return aws.ToString(d.describe(t).DBInstanceStatus) == "available" })
	t.Logf("back %s after the damage was mended", took.Round(100*time.Millisecond))
	d.agrees(t, "mended", caRSA2, d.srv.Root(t, caRSA2))
}
