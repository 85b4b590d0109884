package store_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/store"
)

func TestInstancesComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	s, _ := fresh(t)
	i := instance("1", "shop")
	i.Leaf = inventory.Leaf{CA: "ca", Generation: "g", Serial: "01", Names: []string{"h"}, NotBefore: noon, NotAfter: noon.AddDate(1, 0, 0)}
	i.Want = inventory.Want{CA: "b", Now: true, At: noon}
	i.Tags = []inventory.Tag{{Key: "k", Value: "v"}}
	i.Window = inventory.Window{Start: 60, End: 90}
	i.MasterSealed = []byte{0, 1, 255}
	write(t, s, func(tx *store.Tx) error { return tx.InsertInstance(i) })
	got, err := s.Read(t.Context()).Instance("1")
	if err != nil || fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", i) {
		t.Errorf("wrote %+v\nread  %+v, %v", i, got, err)
	}
}

func TestANameIsTakenOncePerRegion(t *testing.T) {
	t.Parallel()
	s, _ := fresh(t)
	write(t, s, func(tx *store.Tx) error { return tx.InsertInstance(instance("1", "shop")) })
	if err := s.Write(t.Context(), func(tx *store.Tx) error { return tx.InsertInstance(instance("2", "shop")) }); !errors.Is(err, store.ErrNameTaken) {
		t.Errorf("the error is %v", err)
	}
	elsewhere := instance("3", "shop")
	elsewhere.Region = "eu-west-1"
	write(t, s, func(tx *store.Tx) error { return tx.InsertInstance(elsewhere) })
	write(t, s, func(tx *store.Tx) error { return tx.DeleteInstance("1") })
	write(t, s, func(tx *store.Tx) error { return tx.InsertInstance(instance("4", "shop")) })
	if err := s.Write(t.Context(), func(tx *store.Tx) error { return tx.UpdateInstance(instance("1", "shop")) }); err == nil {
		t.Error("an instance that is gone was updated")
	}
}

func TestInstancesAreListedByNameInPages(t *testing.T) {
	t.Parallel()
	s, _ := fresh(t)
	write(t, s, func(tx *store.Tx) error {
		for n, name := range []string{"c", "a", "e", "b", "d"} {
			if err := tx.InsertInstance(instance(fmt.Sprint(n), name)); err != nil {
				return err
			}
		}
		return nil
	})
	for _, c := range []struct {
		after string
		limit int
		want  string
	}{{"", 0, "abcde"}, {"", 2, "ab"}, {"b", 2, "cd"}, {"d", 2, "e"}, {"e", 2, ""}, {"bb", 1, "c"}} {
		all, err := s.Read(t.Context()).Instances("us-east-1", c.after, c.limit)
		var got string
		for _, i := range all {
			got += i.Name
		}
		if err != nil || got != c.want {
			t.Errorf("after %q, %d at most: %q, %v, want %q", c.after, c.limit, got, err, c.want)
		}
	}
	for address, want := range map[string]bool{"127.1.1.3": true, "127.1.1.9": false} {
		if taken, err := s.Read(t.Context()).AddressTaken(address); taken != want || err != nil {
			t.Errorf("%s is taken: %t, %v", address, taken, err)
		}
	}
}

func TestNextDueIsTheEarliestOfEverything(t *testing.T) {
	t.Parallel()
	s, _ := fresh(t)
	next := func(want time.Time) {
		t.Helper()
		if got, err := s.Read(t.Context()).NextDue(); err != nil || !got.Equal(want) {
			t.Errorf("next is %s, %v, want %s", got, err, want)
		}
	}
	next(time.Time{})
	a, b := instance("1", "a"), instance("2", "b")
	a.CheckAt, b.DueAt = noon.Add(3*time.Hour), noon.Add(2*time.Hour)
	write(t, s, func(tx *store.Tx) error { return errors.Join(tx.InsertInstance(a), tx.InsertInstance(b)) })
	next(noon.Add(2 * time.Hour))
	var rot inventory.Rotation
	write(t, s, func(tx *store.Tx) (err error) {
		rot, err = tx.InsertRotation(inventory.Rotation{ResourceID: "1", DueAt: noon.Add(time.Hour)})
		return err
	})
	next(noon.Add(time.Hour))
	rot.Outcome = inventory.OutcomeCommitted
	write(t, s, func(tx *store.Tx) error { return tx.UpdateRotation(rot) })
	next(noon.Add(2 * time.Hour))
	b.DueAt = time.Time{}
	write(t, s, func(tx *store.Tx) error { return tx.UpdateInstance(b) })
	next(noon.Add(3 * time.Hour))

	for at, want := range map[time.Duration]int{3*time.Hour - time.Millisecond: 0, 3 * time.Hour: 1} {
		if due, err := s.Read(t.Context()).CheckDue(noon.Add(at)); err != nil || len(due) != want {
			t.Errorf("after %s %d checks are due, %v", at, len(due), err)
		}
	}
}

func TestCheckAllBringsPlannedLooksForward(t *testing.T) {
	t.Parallel()
	s, _ := fresh(t)
	a, b := instance("1", "a"), instance("2", "b")
	a.CheckAt = noon.Add(time.Hour)
	write(t, s, func(tx *store.Tx) error { return errors.Join(tx.InsertInstance(a), tx.InsertInstance(b)) })
	write(t, s, func(tx *store.Tx) error { return tx.CheckAll(noon) })
	due, err := s.Read(t.Context()).CheckDue(noon)
	if err != nil || len(due) != 1 || due[0] != a.ResourceID {
		t.Errorf("due are %+v, %v", due, err)
	}
}

func TestAnInstanceHasOneUnfinishedRotation(t *testing.T) {
	t.Parallel()
	s, path := fresh(t)
	var first inventory.Rotation
	write(t, s, func(tx *store.Tx) (err error) {
		first, err = tx.InsertRotation(inventory.Rotation{ResourceID: "1", DueAt: noon, Step: inventory.StepKey, Chain: [][]byte{{1}, {2}}})
		return err
	})
	err := s.Write(t.Context(), func(tx *store.Tx) error {
		_, err := tx.InsertRotation(inventory.Rotation{ResourceID: "1"})
		return err
	})
	if !errors.Is(err, store.ErrRotating) {
		t.Errorf("the error is %v", err)
	}
	if _, err := raw(t, path).Exec(`INSERT INTO rotations (resource_id, open, stuck, due_at, doc) VALUES ('1',1,0,0,'{}')`); err == nil {
		t.Error("the state itself allows two")
	}
	first.Outcome = inventory.OutcomeCancelled
	write(t, s, func(tx *store.Tx) error { return tx.UpdateRotation(first) })
	var second inventory.Rotation
	write(t, s, func(tx *store.Tx) (err error) {
		second, err = tx.InsertRotation(inventory.Rotation{ResourceID: "1", DueAt: noon})
		return err
	})
	if second.ID <= first.ID {
		t.Errorf("ids %d and %d", first.ID, second.ID)
	}
	open, err := s.Read(t.Context()).OpenRotations()
	if err != nil || len(open) != 1 || open["1"].ID != second.ID {
		t.Errorf("open are %+v, %v", open, err)
	}
	write(t, s, func(tx *store.Tx) error {
		_, err := tx.InsertRotation(inventory.Rotation{ResourceID: "2", DueAt: noon.Add(time.Hour)})
		return err
	})
	open, err = s.Read(t.Context()).OpenRotationsOf([]string{"1", "3"})
	if err != nil || len(open) != 1 || open["1"].ID != second.ID {
		t.Errorf("open of 1 and 3 are %+v, %v", open, err)
	}
	if open, err = s.Read(t.Context()).OpenRotationsOf(nil); err != nil || len(open) != 0 {
		t.Errorf("open of none are %+v, %v", open, err)
	}
	if due, err := s.Read(t.Context()).RotationsDue(noon); err != nil || len(due) != 1 || due[0].ID != second.ID {
		t.Errorf("due are %+v, %v", due, err)
	}
	write(t, s, func(tx *store.Tx) error { return tx.DropRotations("1") })
	if _, err := s.Read(t.Context()).Rotation(first.ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a dropped one: %v", err)
	}
}

func TestTheOldestSTUCKOfThoseThatAreOpen(t *testing.T) {
	t.Parallel()
	s, _ := fresh(t)
	for n, stuck := range []time.Time{noon.Add(time.Hour), noon, noon.Add(-time.Hour), {}} {
		write(t, s, func(tx *store.Tx) error {
			rot, err := tx.InsertRotation(inventory.Rotation{ResourceID: fmt.Sprint(n), DueAt: noon})
			if err != nil || stuck.IsZero() {
				return err
			}
			rot.Stuck = inventory.Stuck{Reason: inventory.StuckReload, Since: stuck}
			if n == 2 { // over: it holds nobody back
				rot.Outcome = inventory.OutcomeCancelled
			}
			return tx.UpdateRotation(rot)
		})
	}
	if got, err := s.Read(t.Context()).OldestStuck(); err != nil || !got.Equal(noon) {
		t.Errorf("oldest is %s, %v, want %s", got, err, noon)
	}
}

func TestEventsAreSelectedAndDropped(t *testing.T) {
	t.Parallel()
	s, _ := fresh(t)
	write(t, s, func(tx *store.Tx) error {
		for n, e := range []store.Event{
			{Region: "us-east-1", SourceType: "db-instance", Source: "shop"},
			{Region: "us-east-1", SourceType: "certificate-authority", Source: "rds-ca-2019"},
			{Region: "us-east-1", SourceType: "db-instance", Source: "till"},
			{Region: "eu-west-1", SourceType: "db-instance", Source: "shop"},
		} {
			e.At, e.Message, e.Categories = noon.Add(time.Duration(n)*time.Minute), fmt.Sprint(n), []string{"creation", "failure"}
			if err := tx.InsertEvent(e); err != nil {
				return err
			}
		}
		return nil
	})
	all := store.EventQuery{Region: "us-east-1", From: noon, To: noon.Add(time.Hour), Limit: 10}
	for _, c := range []struct {
		sentence string
		change   func(*store.EventQuery)
		want     string
	}{
		{"a region's", func(*store.EventQuery) {}, "012"},
		{"another region's", func(q *store.EventQuery) { q.Region = "eu-west-1" }, "3"},
		{"of a source type", func(q *store.EventQuery) { q.SourceType = "db-instance" }, "02"},
		{"of a source", func(q *store.EventQuery) { q.SourceType, q.Source = "db-instance", "till" }, "2"},
		{"from its first moment on", func(q *store.EventQuery) { q.From = noon.Add(time.Minute) }, "12"},
		{"up to its last moment", func(q *store.EventQuery) { q.To = noon.Add(time.Minute) }, "01"},
		{"at most two", func(q *store.EventQuery) { q.Limit = 2 }, "01"},
		{"after the second", func(q *store.EventQuery) { q.After = 2 }, "2"},
	} {
		q := all
		c.change(&q)
		found, err := s.Read(t.Context()).Events(q)
		var got string
		for _, e := range found {
			got += e.Message
			if !slices.Equal(e.Categories, []string{"creation", "failure"}) {
				t.Errorf("categories %v", e.Categories)
			}
		}
		if err != nil || got != c.want {
			t.Errorf("%s: %q, %v, want %q", c.sentence, got, err, c.want)
		}
	}
	write(t, s, func(tx *store.Tx) error { return tx.DropEvents(noon.Add(time.Minute)) })
	if left, err := s.Read(t.Context()).Events(all); err != nil || len(left) != 2 {
		t.Errorf("left are %v, %v", left, err)
	}
}

func TestCAsCrossesAndOverrides(t *testing.T) {
	t.Parallel()
	s, _ := fresh(t)
	row := store.CARow{Kind: "root", CA: "a", Scope: "us-east-1", Cert: []byte("first"), Sealed: []byte("s")}
	for n, want := range []bool{true, false} {
		write(t, s, func(tx *store.Tx) error {
			row.Cert = []byte{byte(n)}
			added, err := tx.InsertCA(row)
			if added != want {
				t.Errorf("try %d added: %t", n, added)
			}
			return err
		})
	}
	if all, err := s.Read(t.Context()).CAs(); err != nil || len(all) != 1 || all[0].Cert[0] != 0 {
		t.Errorf("CAs are %v, %v: the first stands", all, err)
	}
	for n, want := range []bool{true, false} {
		write(t, s, func(tx *store.Tx) error {
			first, err := tx.MarkExpiryTold("root", "a", "us-east-1")
			if first != want {
				t.Errorf("telling %d is the first: %t", n, first)
			}
			return err
		})
	}
	cross := store.CrossRow{Region: "us-east-1", Subject: "a", Issuer: "b", Cert: []byte("x")}
	write(t, s, func(tx *store.Tx) error { return errors.Join(tx.InsertCross(cross), tx.InsertCross(cross)) })
	if all, err := s.Read(t.Context()).Crosses(); err != nil || len(all) != 1 {
		t.Errorf("crosses are %v, %v", all, err)
	}
	for _, ca := range []string{"a", "b", ""} {
		write(t, s, func(tx *store.Tx) error { return tx.SetOverride("us-east-1", ca) })
		if got, err := s.Read(t.Context()).Override("us-east-1"); got != ca || err != nil {
			t.Errorf("override %q, %v, want %q", got, err, ca)
		}
	}
}

func TestLeavesAndUsers(t *testing.T) {
	t.Parallel()
	s, _ := fresh(t)
	if at, err := s.Read(t.Context()).LastIssued(); !at.IsZero() || err != nil {
		t.Errorf("before the first: %s, %v", at, err)
	}
	write(t, s, func(tx *store.Tx) error {
		return errors.Join(tx.InsertLeaf("01", "1", "us-east-1", "a", []byte("c"), noon.Add(time.Hour)),
			tx.InsertLeaf("02", "1", "us-east-1", "a", []byte("c"), noon), tx.InsertLeaf("01", "1", "us-east-1", "a", []byte("c"), noon))
	})
	if at, err := s.Read(t.Context()).LastIssued(); !at.Equal(noon.Add(time.Hour)) || err != nil {
		t.Errorf("last issued %s, %v", at, err)
	}
	u := store.User{AccessKey: "AKIA1", Name: "admin", Role: "admin", Sealed: []byte("s"), CreatedAt: noon}
	write(t, s, func(tx *store.Tx) error { return tx.InsertUser(u) })
	if all, err := s.Read(t.Context()).Users(); err != nil || len(all) != 1 || all[0].Name != "admin" || !all[0].CreatedAt.Equal(noon) {
		t.Errorf("users are %+v, %v", all, err)
	}
	if err := s.Write(t.Context(), func(tx *store.Tx) error { return tx.InsertUser(u) }); err == nil {
		t.Error("an access key was given twice")
	}
}
