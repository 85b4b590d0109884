package settings_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/rds"
)

// moment is a point in the middle of something, as seen from outside.
type moment struct {
	name string
	is   func(t *testing.T, d *database) bool
}

// killedInTheMiddle: dbtls dies at moments of a reboot, a stop, a start and a
// rename, and finishes it at its next start.
func killedInTheMiddle(t *testing.T, d *database, home, roots string) {
	asked := moment{"asked", func(*testing.T, *database) bool { return true }}
	down := moment{"engine down", func(*testing.T, *database) bool { return leader(home) == 0 }}
	for _, m := range []moment{asked, down} {
		t.Run("reboot, "+m.name, func(t *testing.T) { killReboot(t, d, home, roots, m, 0) })
	}
	pid := leader(home)
	again := moment{"engine up again", func(*testing.T, *database) bool { now := leader(home); return now != 0 && now != pid }}
	t.Run("reboot, "+again.name, func(t *testing.T) { killReboot(t, d, home, roots, again, pid) })
	for _, m := range []moment{asked, down} {
		t.Run("stop, "+m.name, func(t *testing.T) { killStop(t, d, home, roots, m) })
	}
	up := moment{"engine up", func(*testing.T, *database) bool { return leader(home) != 0 }}
	for _, m := range []moment{asked, up} {
		t.Run("start, "+m.name, func(t *testing.T) { killStart(t, d, home, roots, m) })
	}
	leaf := moment{"leaf for both names", func(t *testing.T, d *database) bool { return leader(home) == 0 || len(names(d.leaf(t))) == 2 }}
	renamed := moment{"renamed", func(t *testing.T, d *database) bool { _, err := d.find(t, d.Name); return err != nil }}
	for n, m := range []moment{asked, leaf, down, renamed} {
		t.Run("rename, "+m.name, func(t *testing.T) { killRename(t, d, roots, m, string(rune('a'+n))+"-killed") })
	}
	for n, wait := range delays {
		name := ", after " + wait.String()
		t.Run("reboot"+name, func(t *testing.T) { killReboot(t, d, home, roots, after(wait), 0) })
		t.Run("stop"+name, func(t *testing.T) { killStop(t, d, home, roots, after(wait)) })
		t.Run("start"+name, func(t *testing.T) { killStart(t, d, home, roots, after(wait)) })
		t.Run("rename"+name, func(t *testing.T) { killRename(t, d, roots, after(wait), string(rune('a'+n))+"-late") })
	}
}

// delays are moments that nothing outside marks.
var delays = []time.Duration{8 * time.Millisecond, 40 * time.Millisecond, 130 * time.Millisecond}

// after is the moment so long after the first look.
func after(wait time.Duration) moment {
	var begin time.Time
	return moment{"after " + wait.String(), func(*testing.T, *database) bool {
		if begin.IsZero() {
			begin = time.Now()
		}
		return time.Since(begin) >= wait
	}}
}

// killAt kills dbtls when the moment has come, which may be over soon.
func (d *database) killAt(t *testing.T, m moment) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !m.is(t, d); <-time.After(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the moment %q does not come; the server's log ends with:\n%s", m.name, lastLines(d.srv.Log()))
		}
	}
	d.srv.Kill(t)
}

// killReboot: the engine is rebooted once, whenever dbtls dies: never not at
// all, and not a second time when it was up again (was is its process before
// that then, else 0).
func killReboot(t *testing.T, d *database, home, roots string, m moment, was int) {
	before := leader(home)
	if _, err := d.api.RebootDBInstance(t.Context(), &rds.RebootDBInstanceInput{DBInstanceIdentifier: &d.Name}); err != nil {
		t.Fatal(err)
	}
	d.killAt(t, m)
	dead := leader(home)
	d.comeBack(t)
	d.await(t, "rebooted", status("available"))
	now := leader(home)
	if now == 0 || now == before {
		t.Errorf("the process was %d and is %d: it was not rebooted", before, now)
	}
	if was != 0 && now != dead {
		t.Errorf("the process %d was up again and is %d: it was rebooted twice", dead, now)
	}
	d.wantTLS(t, roots)
}

func killStop(t *testing.T, d *database, home, roots string, m moment) {
	if _, err := d.api.StopDBInstance(t.Context(), &rds.StopDBInstanceInput{DBInstanceIdentifier: &d.Name}); err != nil {
		t.Fatal(err)
	}
	d.killAt(t, m)
	d.comeBack(t)
	d.await(t, "stopped", status("stopped"))
	d.wantGone(t, home, "stopped by a dbtls that was killed")
	d.start(t)
	d.await(t, "started", status("available"))
	d.wantTLS(t, roots)
}

func (d *database) start(t *testing.T) {
	t.Helper()
	if _, err := d.api.StartDBInstance(t.Context(), &rds.StartDBInstanceInput{DBInstanceIdentifier: &d.Name}); err != nil {
		t.Fatal(err)
	}
}

func killStart(t *testing.T, d *database, home, roots string, m moment) {
	if _, err := d.api.StopDBInstance(t.Context(), &rds.StopDBInstanceInput{DBInstanceIdentifier: &d.Name}); err != nil {
		t.Fatal(err)
	}
	d.await(t, "stopped", status("stopped"))
	d.start(t)
	d.killAt(t, m)
	d.comeBack(t)
	d.await(t, "started", status("available"))
	d.wantTLS(t, roots)
}

func killRename(t *testing.T, d *database, roots string, m moment, name string) {
	old := *d
	if err := d.askName(t, name, true); err != nil {
		t.Fatal(err)
	}
	d.killAt(t, m)
	d.comeBack(t)
	old.api = d.api
	d.follow(t, name)
	d.renamed(t, old, roots)
}

// comeBack starts dbtls again; its port may be another.
func (d *database) comeBack(t *testing.T) {
	t.Helper()
	d.srv.Restart(t)
	d.api = d.srv.RDS(t, "")
}

func (d *database) wantTLS(t *testing.T, roots string) {
	t.Helper()
	s, err := d.connect(t, roots)
	if err != nil {
		t.Errorf("verify-full, with the root alone: %v", err)
		return
	}
	s.close()
}
