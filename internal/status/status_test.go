package status_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/pki/pkitest"
	"github.com/dbtls/dbtls/internal/rotation"
	"github.com/dbtls/dbtls/internal/status"
	"github.com/dbtls/dbtls/internal/store"
)

var noon = time.Date(2026, 6, 10, 12, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

func serving(id, name string, left time.Duration) inventory.Instance {
	return inventory.Instance{ResourceID: id, Region: "us-east-1", Name: name, Engine: "postgres", Version: "15.18", Status: inventory.StatusAvailable,
		Host: "127.1.1." + id, Port: 5432, Leaf: inventory.Leaf{CA: "rds-ca-2019", Serial: "0" + id, NotAfter: noon.Add(left)}}
}

// collect makes a state, reads its report and prints it.
func collect(t *testing.T, f func(*store.Tx) error) (status.Report, string) {
	t.Helper()
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Write(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	r, err := status.Collect(t.Context(), s, noon)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	return r, b.String()
}

// says fails for every part that the text lacks.
func says(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("nothing says %q in:\n%s", p, text)
		}
	}
}

func TestTheWorstCertificateSaysHowLongAllHolds(t *testing.T) {
	t.Parallel()
	r, text := collect(t, func(tx *store.Tx) error {
		unborn := serving("9", "unborn", 0)
		unborn.Leaf = inventory.Leaf{}
		for _, i := range []inventory.Instance{serving("1", "a", 100*day), serving("2", "b", 36*time.Hour), serving("3", "c", 50*day), unborn} {
			if err := tx.InsertInstance(i); err != nil {
				return err
			}
		}
		return nil
	})
	if r.WorstDays == nil || *r.WorstDays != 1.5 || len(r.Instances) != 4 {
		t.Fatalf("%+v", r)
	}
	says(t, text, "dbtls is not running; without it every certificate in service stays valid for 1.5 days.")
	r, text = collect(t, func(tx *store.Tx) error { return tx.InsertInstance(serving("1", "a", -6*time.Hour)) })
	if *r.WorstDays >= 0 {
		t.Errorf("%v", *r.WorstDays)
	}
	says(t, text, "a certificate EXPIRED 0.2 days ago")
	r, text = collect(t, func(*store.Tx) error { return nil })
	if r.WorstDays != nil || r.Instances == nil || r.CAs == nil {
		t.Errorf("an empty fleet: %+v", r)
	}
	says(t, text, "no certificate is in service")
}

func TestWhatNeedsAttentionIsSaidWithTheWayOut(t *testing.T) {
	t.Parallel()
	h := pkitest.New(t, "us-east-1", noon)
	_, text := collect(t, func(tx *store.Tx) error {
		if err := tx.SetMeta(rotation.MetaFrozen, []byte("release week")); err != nil {
			return err
		}
		p, _ := pki.ProfileByID("rds-ca-2019")
		short, err := pki.NewRoot(quick(p), "us-east-1", pkitest.Key(t), noon.Add(-day), noon.Add(10*day))
		if err != nil {
			return err
		}
		for id, cert := range map[string][]byte{"rds-ca-2019": short.Cert.Raw, "rds-ca-ecc384-g1": h.Roots["rds-ca-ecc384-g1"].Cert.Raw} {
			if _, err := tx.InsertCA(store.CARow{Kind: "root", CA: id, Scope: "aws", Cert: cert, Sealed: []byte("x")}); err != nil {
				return err
			}
		}
		shop := serving("1", "shop", 100*day)
		shop.Bridge = inventory.Bridge{CA: "rds-ca-rsa2048-g1", Until: noon.Add(day)}
		if err := tx.InsertInstance(shop); err != nil {
			return err
		}
		till := serving("2", "till", 100*day)
		till.Want = inventory.Want{CA: "rds-ca-ecc384-g1"}
		if err := tx.InsertInstance(till); err != nil {
			return err
		}
		rot, err := tx.InsertRotation(inventory.Rotation{ResourceID: "1", Reason: inventory.ReasonCAChanged, ToCA: "x", Step: inventory.StepProve, DueAt: noon.Add(time.Minute), Attempts: 3})
		if err != nil {
			return err
		}
		rot.Stuck = inventory.Stuck{Reason: inventory.StuckUnreachable, Detail: "no handshake", WayBack: "connection refused", Since: noon.Add(-time.Hour)}
		return tx.UpdateRotation(rot)
	})
	says(t, text, "Rotations are frozen: release week. Let them go on with: dbtls unfreeze", "STUCK Unreachable", "shop is STUCK since 2026-06-10T11:00:00Z (Unreachable, try 3",
		"not proven to be back: connection refused", "rds-ca-2019 (aws) ends", "in 10.0 days", "covers rds-ca-rsa2048-g1 until 2026-06-11", "to rds-ca-ecc384-g1 in its window")
	if strings.Contains(text, "ecc384-g1 (aws) ends") {
		t.Errorf("a CA of a hundred years needs attention:\n%s", text)
	}
}

// quick is a profile on a key that is quick to make.
func quick(p pki.Profile) pki.Profile {
	p.Key, p.LeafKey = pki.ECC256, pki.ECC256
	return p
}
