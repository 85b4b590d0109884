package store_test

import (
	"errors"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/store"
)

func TestWhatForcedTLSWaitsForIsKeptAndFoundWhenDue(t *testing.T) {
	t.Parallel()
	s, at := open(t, filepath.Join(t.TempDir(), "state.db")), time.Date(2026, 6, 10, 12, 0, 0, 123456789, time.UTC)
	key := store.GroupKey{Kind: inventory.GroupCluster, Region: "us-east-1", Name: "all"}
	p := store.PendingForce{GroupKey: key, GroupMade: at.Add(-time.Hour), Version: 7, At: at, Deadline: at.Add(time.Minute), By: inventory.Caller{Name: "alice"},
		Settings: []store.ForcedSetting{{Name: "force", Value: "1", Off: "0"}, {Name: "except", Value: "x", Before: &inventory.Setting{Reset: true, Method: inventory.Immediate}}}}
	watch := store.ExceptionWatch{GroupKey: key, Due: at.Add(-time.Minute), Warned: []string{"x"}}
	write(t, s, func(tx *store.Tx) error {
		return errors.Join(tx.PutPendingForce(p), tx.PutExceptionWatch(watch), tx.InsertForceNotice(store.ForceNotice{ResourceID: "db-1", Forced: true}),
			tx.InsertForceNotice(store.ForceNotice{ResourceID: "db-2"}))
	})
	read := s.Read(t.Context())
	if got, err := read.PendingForce(key); err != nil || !reflect.DeepEqual(got, p) {
		t.Errorf("read is %+v, %v, want %+v", got, err, p)
	}
	other := key
	other.Kind = inventory.GroupInstance
	if _, err := read.PendingForce(other); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a group of the other kind: %v", err)
	}
	if next, err := read.NextForcing(); err != nil || !next.Equal(watch.Due.Truncate(time.Millisecond)) {
		t.Errorf("next is %s, %v", next, err)
	}
	for now, want := range map[time.Time]int{at: 1, at.Add(-time.Hour): 0} {
		if due, err := read.ExceptionWatchesDue(now); err != nil || len(due) != want {
			t.Errorf("at %s due are %+v, %v", now, due, err)
		}
	}
	notices, err := read.ForceNotices(10)
	if err != nil || len(notices) != 2 || notices[0].ResourceID != "db-1" || !notices[0].Forced || notices[1].ID <= notices[0].ID {
		t.Errorf("notices are %+v, %v", notices, err)
	}
	write(t, s, func(tx *store.Tx) error {
		return errors.Join(tx.DropPendingForce(key), tx.DropExceptionWatch(key), tx.DropForceNotice(notices[0].ID))
	})
	if err := s.Write(t.Context(), func(tx *store.Tx) error { return tx.DropForceNotice(notices[0].ID) }); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a notice that is gone: %v", err)
	}
	if next, err := read.NextForcing(); err != nil || !next.IsZero() {
		t.Errorf("when nothing waits next is %s, %v", next, err)
	}
}
