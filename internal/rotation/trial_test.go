package rotation

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/evidence"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/store"
)

// crowd is what is known of the clients of a world.
type crowd []evidence.Client

func (c *crowd) login(source string, ago time.Duration) {
	at := time.Now().Add(-ago)
	*c = append(*c, evidence.Client{Key: evidence.Key{Kind: evidence.Login, How: evidence.FromLog, User: "app", Source: source, TLS: evidence.Encrypted},
		First: at, Last: at, Count: 1})
}

func (c *crowd) refuses(source, why string) {
	at := time.Now()
	*c = append(*c, evidence.Client{Key: evidence.Key{Kind: evidence.HandshakeFailed, How: evidence.FromLog, Source: source, TLS: evidence.Unknown, Why: why},
		First: at, Last: at, Count: 1})
}

const unknownCA = "could not accept SSL connection: tlsv1 alert unknown ca"

// onTrial is a world whose move to another CA is in service and watched.
func onTrial(t *testing.T, clients *crowd) *world {
	t.Helper()
	w := newWorld(t, true)
	w.runner.Clients = func(context.Context, string, time.Time) ([]evidence.Client, error) {
		return slices.Clone(*clients), nil
	}
	w.want(inventory.Want{CA: ecc384, Now: true, NoBridge: true, By: "ann", Watch: inventory.Watch{RollbackOn: 2, For: time.Hour}})
	if rot := w.advance(); rot.Step != inventory.StepWatch || rot.Outcome != "" {
		t.Fatalf("the rotation is at %q (%q), stuck %+v", rot.Step, rot.Outcome, rot.Stuck)
	}
	return w
}

func TestClientsThatRefuseTheNewChainBringTheOldOneBack(t *testing.T) {
	t.Parallel()
	var c crowd
	c.login("10.0.0.1", time.Hour)
	c.login("10.0.0.2", 24*time.Hour)
	old := ""
	w := onTrial(t, &c)
	old = w.inst().Leaf.Serial
	if w.serial() == old {
		t.Fatal("the new certificate is not in service while it is on trial")
	}
	c.refuses("10.0.0.1", unknownCA)
	if rot := w.retry(); rot.Step != inventory.StepWatch {
		t.Fatalf("one client of two is enough: the rotation is at %q", rot.Step)
	}
	c.refuses("10.0.0.2", "could not accept SSL connection: sslv3 alert bad certificate")
	rot := w.retry()
	if rot.Outcome != inventory.OutcomeRolledBack || w.serial() != old {
		t.Fatalf("the rotation ended as %q at %q, stuck %+v, and %s is served, not %s", rot.Outcome, rot.Step, rot.Stuck, w.serial(), old)
	}
	if i := w.inst(); !i.Want.IsZero() || i.Leaf.Serial != old || i.Leaf.CA != rsa2048 {
		t.Errorf("the instance wants %+v and has %+v", i.Want, i.Leaf)
	}
	w.tells("on trial until", "Rolled back", "10.0.0.1 (user app from 10.0.0.1)", "Give them the root of "+ecc384)
	w.check()
	if w.rotating() {
		t.Error("what clients refused is tried again by itself")
	}
}

func TestAFloodOfStrangersBringsNothingBack(t *testing.T) {
	t.Parallel()
	var c crowd
	c.login("10.0.0.1", time.Hour)
	c.login("10.0.0.2", 31*24*time.Hour) // too long ago
	w := onTrial(t, &c)
	c.refuses("10.0.0.1", unknownCA)
	c.refuses("10.0.0.2", unknownCA)
	c.refuses("10.0.0.1", "could not accept SSL connection: tlsv1 alert bad certificate") // the same client
	c.refuses("local", "could not accept SSL connection: EOF detected")
	for n := range 200 {
		c.refuses(fmt.Sprintf("192.0.2.%d", n+1), unknownCA)
	}
	c.login("192.0.2.11", 0) // its first login is after the change: it trusts the new chain
	if rot := w.retry(); rot.Step != inventory.StepWatch {
		t.Fatalf("the rotation is at %q: %+v", rot.Step, rot.Stuck)
	}
	end := w.rot()
	end.WatchTill = time.Now()
	w.write(func(tx *store.Tx) error { return tx.UpdateRotation(end) })
	if rot := w.retry(); rot.Outcome != inventory.OutcomeCommitted {
		t.Fatalf("after the trial the rotation is %q at %q", rot.Outcome, rot.Step)
	}
	w.agrees(ecc384)
}

func TestACompromisedKeyEndsATrialAtOnce(t *testing.T) {
	t.Parallel()
	var c crowd
	c.login("10.0.0.1", time.Hour)
	c.login("10.0.0.2", time.Hour)
	w := onTrial(t, &c)
	old := w.inst().Leaf.Serial
	c.refuses("10.0.0.1", unknownCA)
	c.refuses("10.0.0.2", unknownCA)
	w.change(func(i *inventory.Instance) {
		i.Want = inventory.Want{Renew: inventory.ReasonKeyCompromised, Now: true, By: "ann", At: time.Now()}
	})
	if rot := w.retry(); rot.Outcome != inventory.OutcomeCommitted || w.serial() == old {
		t.Fatalf("the rotation is %q at %q, and serial %s is served", rot.Outcome, rot.Step, w.serial())
	}
	w.tells("it stays: the key of the old one was declared compromised")
}

func TestWhenTheOldLeafMayNotComeBack(t *testing.T) {
	t.Parallel()
	now := time.Now()
	good := inventory.Instance{Host: "10.1.1.1", Leaf: inventory.Leaf{Generation: "g", Names: []string{"10.1.1.1"}, NotAfter: now.Add(30 * 24 * time.Hour)}}
	rot := inventory.Rotation{Good: "g"}
	if no := noWayBack(good, rot, now); no != "" {
		t.Fatalf("a good leaf may not come back: %s", no)
	}
	for name, c := range map[string]struct {
		change func(*inventory.Instance, *inventory.Rotation)
		want   string
	}{
		"it ends within a week":   {func(i *inventory.Instance, _ *inventory.Rotation) { i.Leaf.NotAfter = now.Add(6 * 24 * time.Hour) }, "ends on"},
		"its key is compromised":  {func(_ *inventory.Instance, r *inventory.Rotation) { r.NoWayBack = true }, "compromised"},
		"somebody says so now":    {func(i *inventory.Instance, _ *inventory.Rotation) { i.Want.Renew = inventory.ReasonKeyCompromised }, "compromised"},
		"it is not on record":     {func(_ *inventory.Instance, r *inventory.Rotation) { r.Good = "other" }, "no old one"},
		"the endpoint is another": {func(i *inventory.Instance, _ *inventory.Rotation) { i.Host = "10.1.1.2" }, "does not carry the name 10.1.1.2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i, r := good, rot
			c.change(&i, &r)
			if no := noWayBack(i, r, now); !strings.Contains(no, c.want) {
				t.Errorf("%q, want %q", no, c.want)
			}
		})
	}
}
