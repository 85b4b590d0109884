package store

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"
)

func openTest(tb testing.TB) *Store {
	tb.Helper()
	s, err := Open(tb.Context(), filepath.Join(tb.TempDir(), "state.db"))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { s.Close() })
	return s
}

// someCalls are n of them, a second apart.
func someCalls(n int, from time.Time) []AuditRecord {
	all := make([]AuditRecord, n)
	for i := range all {
		all[i] = AuditRecord{At: from.Add(time.Duration(i) * time.Second), Actor: "ann", Action: "DescribeDBInstances",
			Target: "shop", RequestID: fmt.Sprintf("8c3d5a2e-71b4-4f6a-9d0e-%012d", i), Detail: ""}
	}
	return all
}

func (s *Store) mustWrite(tb testing.TB, f func(*Tx) error) {
	tb.Helper()
	if err := s.Write(tb.Context(), f); err != nil {
		tb.Fatal(err)
	}
}

// kept are the request ids that are there, oldest first.
func kept(t *testing.T, s *Store) []string {
	t.Helper()
	all, err := s.Read(t.Context()).Calls(0, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, c := range all {
		ids = append(ids, c.RequestID)
	}
	return ids
}

func TestCallsAreKeptInOrderHoweverManyComeAtOnce(t *testing.T) {
	t.Parallel()
	from := time.UnixMilli(1_790_000_000_123).UTC()
	for _, n := range []int{0, 1, callsAtOnce - 1, callsAtOnce, callsAtOnce + 1, 3*callsAtOnce + 7} {
		s := openTest(t)
		calls := someCalls(n, from)
		s.mustWrite(t, func(tx *Tx) error { return tx.InsertCalls(calls) })
		got, err := s.Read(t.Context()).Calls(0, n+1)
		if err != nil || len(got) != n {
			t.Fatalf("%d of %d, %v", len(got), n, err)
		}
		for i := range got {
			want := calls[i]
			want.ID = int64(i + 1)
			if got[i] != want {
				t.Errorf("%d of %d: %+v", i, n, got[i])
			}
		}
		if page, err := s.Read(t.Context()).Calls(int64(n/2), 3); err != nil || len(page) > 0 && page[0].ID != int64(n/2)+1 || len(page) > 3 {
			t.Errorf("the page after %d is %+v, %v", n/2, page, err)
		}
	}
}

func TestCallsPastTheirTimeGoTheOldestFirstAndNotAllAtOnce(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	from := time.Now()
	calls := someCalls(100, from)
	s.mustWrite(t, func(tx *Tx) error { return tx.InsertCalls(calls) })
	s.mustWrite(t, func(tx *Tx) error { return tx.DropCalls(from.Add(30*time.Second), 20) })
	if ids := kept(t, s); len(ids) != 80 || ids[0] != calls[20].RequestID {
		t.Errorf("%d are left, the first is %s", len(ids), ids[0])
	}
	s.mustWrite(t, func(tx *Tx) error { return tx.DropCalls(from.Add(30*time.Second), 20) })
	if ids := kept(t, s); len(ids) != 70 || ids[0] != calls[30].RequestID {
		t.Errorf("%d are left, the first is %s: a call made at that time stays", len(ids), ids[0])
	}
}

func TestTheNewestCallsStayWhenThereAreTooMany(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	calls := someCalls(100, time.Now())
	for _, c := range []struct{ keep, most, left int }{{100, 50, 100}, {1000, 50, 100}, {90, 50, 90}, {30, 20, 70}, {30, 20, 50}, {30, 50, 30}, {30, 50, 30}} {
		if c.left == 100 && len(kept(t, s)) == 0 {
			s.mustWrite(t, func(tx *Tx) error { return tx.TrimCalls(1, 1) }) // of nothing
			s.mustWrite(t, func(tx *Tx) error { return tx.InsertCalls(calls) })
		}
		s.mustWrite(t, func(tx *Tx) error { return tx.TrimCalls(c.keep, c.most) })
		if ids := kept(t, s); len(ids) != c.left || ids[len(ids)-1] != calls[99].RequestID || ids[0] != calls[100-c.left].RequestID {
			t.Errorf("keep %d, at most %d at once: %d are left, %s to %s", c.keep, c.most, len(ids), ids[0], ids[len(ids)-1])
		}
	}
}

func TestACallThatCannotBeKeptTakesItsTransactionBack(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	calls := someCalls(50, time.Now())
	s.mustWrite(t, func(tx *Tx) error { return tx.InsertCalls(calls[:5]) })
	s.mustWrite(t, func(tx *Tx) error {
		_, err := tx.exec(`CREATE TRIGGER calls_no_30 BEFORE INSERT ON calls WHEN NEW.request_id='` + calls[30].RequestID + `' BEGIN SELECT RAISE(FAIL, 'not this one'); END`)
		return err
	})
	if err := s.Write(t.Context(), func(tx *Tx) error { return tx.InsertCalls(calls[5:]) }); err == nil {
		t.Fatal("kept")
	}
	if ids := kept(t, s); len(ids) != 5 {
		t.Errorf("%d are left: a part of a failed batch is kept", len(ids))
	}
}

func TestAUserGoesByItsAccessKey(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	for _, key := range []string{"AKIA1", "AKIA2"} {
		s.mustWrite(t, func(tx *Tx) error { return tx.InsertUser(User{AccessKey: key, Name: "ann", Sealed: []byte("x")}) })
	}
	s.mustWrite(t, func(tx *Tx) error { return tx.DeleteUser("AKIA1") })
	left, err := s.Read(t.Context()).Users()
	if err != nil || len(left) != 1 || left[0].AccessKey != "AKIA2" {
		t.Errorf("%+v, %v", left, err)
	}
	if err := s.Write(t.Context(), func(tx *Tx) error { return tx.DeleteUser("AKIA1") }); !errors.Is(err, ErrNotFound) {
		t.Errorf("%v", err)
	}
}

func BenchmarkInsertCalls(b *testing.B) {
	s := openTest(b)
	at, calls := time.Now(), []AuditRecord(nil)
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		calls = someCalls(500, at) // time goes on, as it does: the index grows at its end
		at = at.Add(500 * time.Second)
		b.StartTimer()
		s.mustWrite(b, func(tx *Tx) error { return tx.InsertCalls(calls) })
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*len(calls)), "us/call")
}
