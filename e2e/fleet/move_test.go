package fleet_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"math/big"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/dbtls/dbtls/e2e/harness"
)

// serials is what each instance serves under a CA, by name.
func (f *fleet) serials(t *testing.T, these []*database, ca string) map[string]*big.Int {
	t.Helper()
	roots := f.pool(t, ca)
	var mu sync.Mutex
	all := map[string]*big.Int{}
	each(t, these, func(db *database) error {
		leaf, err := db.leaf(t.Context(), roots)
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		all[db.name] = leaf.SerialNumber
		return nil
	})
	return all
}

// same complains about every instance that serves something else than before.
func same(t *testing.T, before, after map[string]*big.Int) {
	t.Helper()
	for name, serial := range before {
		if after[name] == nil || after[name].Cmp(serial) != 0 {
			t.Errorf("%s served serial %x and serves %x", name, serial, after[name])
		}
	}
}

func survivesRestart(t *testing.T, f *fleet) {
	seen := f.seen()
	before := f.serials(t, seen, caRSA2)
	f.Restart(t)
	f.api = f.RDS(t, "")
	same(t, before, f.serials(t, seen, caRSA2)) // at once: ready means that they listen
}

// movesThroughKill moves some of each kind at once, versions that have to restart
// among them, and kills the server in the middle.
func movesThroughKill(t *testing.T, f *fleet) {
	var moving, staying []*database
	for n, db := range f.all {
		if n%5 == 0 && len(moving) < 60 && slices.Contains(db.cas, caECC) && db.cluster == "" {
			moving = append(moving, db)
		}
	}
	for _, db := range f.seen() {
		if !slices.Contains(moving, db) {
			staying = append(staying, db)
		}
	}
	before := f.serials(t, staying, caRSA2)
	each(t, moving, func(db *database) error { return f.modify(t, db, toECC) })
	harness.Poll(t, time.Minute, "the move has begun", func() bool { done, begun := f.progress(t); return done+begun > 0 })
	f.Kill(t)
	done, begun := f.progress(t)
	t.Logf("killed with %d of %d moved and %d under way", done, len(moving), begun)
	if done >= len(moving) || begun == 0 {
		t.Fatal("the kill interrupted nothing")
	}
	f.Restart(t)
	f.api = f.RDS(t, "")
	f.await(t, moving, caECC)
	fresh := f.serials(t, moving, caECC) // clients of the new root alone
	same(t, fresh, f.serials(t, moving, caRSA2))
	same(t, before, f.serials(t, staying, caRSA2))
	for _, i := range f.Status(t).Instances {
		if i.Rotation != nil && i.Rotation.Stuck != "" {
			t.Errorf("%s is STUCK: %s", i.Name, i.Rotation.Detail)
		}
	}
}

// progress counts the instances under the new CA and the rotations under way; it
// asks no server.
func (f *fleet) progress(t *testing.T) (done, begun int) {
	t.Helper()
	for _, i := range f.Status(t).Instances {
		if i.CA == caECC {
			done++
		}
		if i.Rotation != nil {
			begun++
		}
	}
	return done, begun
}

// waitsForRestart: three that have to restart for a new certificate, one without
// consent, one with consent withheld until somebody restarts it, two with.
func waitsForRestart(t *testing.T, f *fleet) {
	roots, old := f.pool(t, caECC), f.pool(t, caRSA2)
	window, held := f.find(t, "postgres", "9.6"), f.untouched(t, "oracle-se2", "19")
	consents := []*database{f.untouched(t, "sqlserver-web", "15"), f.untouched(t, "oracle-ee-cdb", "21")}
	before := f.serials(t, []*database{window, held}, caRSA2)
	far := time.Now().UTC().Add(72 * time.Hour)
	err := f.modify(t, window, func(in *rds.ModifyDBInstanceInput) {
		toECC(in)
		in.ApplyImmediately = aws.Bool(false)
		in.PreferredMaintenanceWindow = aws.String(fmt.Sprintf("%s-%s", day(far), day(far.Add(time.Hour))))
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.modify(t, held, func(in *rds.ModifyDBInstanceInput) { toECC(in); in.CertificateRotationRestart = aws.Bool(false) }); err != nil {
		t.Fatal(err)
	}
	session, err := consents[1].connect(t.Context(), old)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	each(t, consents, func(db *database) error { return f.modify(t, db, toECC) })
	f.await(t, consents, caECC)
	f.serials(t, consents, caECC)
	if !ended(session) {
		t.Errorf("a session of %s lives on through a restart", consents[1].name)
	}
	harness.Poll(t, time.Minute, held.name+" has its certificate ready and waits", func() bool { return f.step(t, held.name) == "restart" })
	same(t, before, f.serials(t, []*database{window, held}, caRSA2))
	if row := f.rows(t)[window.name]; !pending(row) || aws.ToString(row.CACertificateIdentifier) != caRSA2 {
		t.Errorf("%s does not wait for its window: CA %s, pending %+v", window.name, aws.ToString(row.CACertificateIdentifier), row.PendingModifiedValues)
	}
	if _, err := f.api.RebootDBInstance(t.Context(), &rds.RebootDBInstanceInput{DBInstanceIdentifier: &held.name}); err != nil {
		t.Fatal(err)
	}
	f.await(t, []*database{held}, caECC)
	if leaf, err := held.leaf(t.Context(), roots); err != nil || leaf.SerialNumber.Cmp(before[held.name]) == 0 {
		t.Errorf("%s after its reboot: %v", held.name, err)
	}
}

// untouched returns an instance that is still under the first CA.
func (f *fleet) untouched(t *testing.T, engine, version string) *database {
	t.Helper()
	rows := f.rows(t)
	for _, db := range f.all {
		if db.engine == engine && len(db.version) >= len(version) && db.version[:len(version)] == version && aws.ToString(rows[db.name].CACertificateIdentifier) == caRSA2 {
			return db
		}
	}
	t.Fatalf("every %s %s has moved", engine, version)
	return nil
}

// step is where an instance's rotation stands, "" without one.
func (f *fleet) step(t *testing.T, name string) string {
	t.Helper()
	for _, i := range f.Status(t).Instances {
		if i.Name == name && i.Rotation != nil {
			return i.Rotation.Step
		}
	}
	return ""
}

// day is a point in a week as a maintenance window has it.
func day(t time.Time) string {
	return [...]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}[t.Weekday()] + t.Format(":15:04")
}

// ended reports whether the server has closed a session.
func ended(c *tls.Conn) bool {
	if err := c.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return true
	}
	_, err := c.Read(make([]byte, 1))
	var late net.Error
	return err != nil && !(errors.As(err, &late) && late.Timeout())
}
