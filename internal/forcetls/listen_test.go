package forcetls_test

import (
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/evidence"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/params"
	"github.com/dbtls/dbtls/internal/store"
)

func TestACallThatForcesTLSTellsEachInstanceItsClientsAtRisk(t *testing.T) {
	t.Parallel()
	w := web(t)
	w.instance("other", "fine", "web")
	w.instance("apart", "fine", "default.fine1")
	w.instance("blind", "fine", "web")
	w.seen.spans["db-blind"] = nil
	for n := range 7 {
		w.client("shop", "app"+string(rune('a'+n))+" 10.1.2.3", evidence.Plain, time.Duration(n+1)*time.Hour)
	}
	w.modify(inventory.GroupInstance, "web", change("force", "1"))
	w.work()
	w.wantTold("with clients at risk", "db-instance", "shop", "TLS is forced from now on; open sessions live on (ModifyDBParameterGroup by alice)",
		"REFUSED: user appa from 10.1.2.3", "and 2 more", `A client that is refused is told "no entry for host": use TLS`, "dbtls force-tls shop --plan")
	w.wantTold("with none", "db-instance", "other", "Every login since", "all used TLS")
	w.wantTold("with nobody watching", "db-instance", "blind", "UNKNOWN: nothing tells of every login")
	if len(w.told("db-instance", "apart")) != 0 {
		t.Error("an instance of another group is told")
	}
}

func TestNoEventWhenNothingChanges(t *testing.T) {
	t.Parallel()
	w := web(t)
	w.modify(inventory.GroupInstance, "web", change("force", "0"))                           // its default
	w.modify(inventory.GroupInstance, "web", change("except", "a@10.1.1.1=2999-01-01"))      // of what is not forced
	w.instance("forced", "fine", "web", func(i *inventory.Instance) { i.Engine = "nobody" }) // of an engine that is not known
	w.write(func(tx *store.Tx) error { return tx.DeleteInstance("db-forced") })
	w.work()
	if said := w.told("db-instance", "shop"); len(said) != 0 {
		t.Errorf("told is %q", said)
	}
	w.modify(inventory.GroupInstance, "web", change("force", "1"))
	w.work()
	w.modify(inventory.GroupInstance, "web", change("force", "1"))
	w.work()
	if said := w.told("db-instance", "shop"); len(said) != 1 {
		t.Errorf("told twice of one change: %q", said)
	}
}

func TestEveryWayIntoForcedTLSIsToldOf(t *testing.T) {
	t.Parallel()
	w := web(t)
	w.client("shop", "app 10.1.2.3", evidence.Plain, time.Hour)
	ref := params.Ref{Kind: inventory.GroupInstance, Region: region, Name: "web"}
	at := func(sentence string, parts ...string) {
		t.Helper()
		w.work()
		w.wantTold(sentence, "db-instance", "shop", parts...)
	}
	w.modify(inventory.GroupInstance, "web", params.Change{Name: "force", Value: "1", Method: inventory.PendingReboot})
	at("set for the next reboot", "TLS is forced at its reboot", "user app from 10.1.2.3")
	w.apply("shop", true)
	at("the reboot", "TLS is forced by this restart", "user app from 10.1.2.3")
	_, err := w.Params.ResetAll(t.Context(), alice, ref)
	w.must(err)
	at("a reset", "TLS is not forced any more: clients without TLS are let in again", "ResetDBParameterGroup by alice")
	w.apply("shop", false)

	w.group(inventory.GroupInstance, "strict", "fine1")
	w.modify(inventory.GroupInstance, "strict", change("force", "1"))
	w.regroup("shop", "strict")
	at("another group", "TLS is forced at its reboot: its parameter group is another", "ModifyDBInstance by alice", "user app")
	w.apply("shop", true)
	at("and its reboot", "forced by this restart")
	w.modify(inventory.GroupInstance, "strict", change("except", "app@10.1.2.3=2999-01-01"))
	at("an exception", "Exceptions from forced TLS have changed from now on", "Let in without TLS by an exception: user app from 10.1.2.3")
}

// regroup gives an instance another group, as fleet does.
func (w *world) regroup(name, group string) {
	w.t.Helper()
	w.write(func(tx *store.Tx) error {
		i, err := tx.InstanceByName(region, name)
		if err != nil {
			return err
		}
		tell, err := w.Params.Follow(tx, alice, "ModifyDBInstance", i)
		if err != nil {
			return err
		}
		i.Group, i.GroupWaits = group, true
		return first(tx.UpdateInstance(i), tell(i))
	})
}

func TestANoticeOutlivesACrashAndADeletedInstance(t *testing.T) {
	t.Parallel()
	w := web(t)
	w.instance("gone", "fine", "web")
	w.modify(inventory.GroupInstance, "web", change("force", "1"))
	w.write(func(tx *store.Tx) error { return tx.DeleteInstance("db-gone") })
	w.start(w.Store) // nothing but the state is left
	w.work()
	if said := w.told("db-instance", "shop"); len(said) != 1 || !strings.HasPrefix(said[0], "TLS is forced") {
		t.Errorf("told is %q", said)
	}
	left, err := w.Store.Read(t.Context()).ForceNotices(10)
	w.must(err)
	if len(left) != 0 {
		t.Errorf("left are %+v", left)
	}
}

func TestAMembersClusterGroupIsToldOf(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.group(inventory.GroupCluster, "all", "shared1")
	w.write(func(tx *store.Tx) error {
		return tx.InsertCluster(inventory.Cluster{ResourceID: "cluster-c", Region: region, Name: "c", Engine: "shared", Version: "1.0", Group: "all"})
	})
	w.instance("one", "shared", "default.shared1", func(i *inventory.Instance) { i.Cluster, i.ClusterName = "cluster-c", "c" })
	w.client("one", "app 10.1.2.3", evidence.Plain, time.Hour)
	w.modify(inventory.GroupCluster, "all", change("force", "1"))
	w.work()
	w.wantTold("a member", "db-instance", "one", "ModifyDBClusterParameterGroup by alice", "REFUSED: user app from 10.1.2.3", `"Access denied": no wrong password`)
}
