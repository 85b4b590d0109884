package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/store"
)

var noon = time.Date(2026, 6, 10, 12, 0, 0, 0, time.UTC)

func open(t *testing.T, path string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func fresh(t *testing.T) (*store.Store, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state.db")
	return open(t, path), path
}

func write(t *testing.T, s *store.Store, f func(*store.Tx) error) {
	t.Helper()
	if err := s.Write(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

// raw is the file as another program sees it.
func raw(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func instance(id, name string) inventory.Instance {
	return inventory.Instance{ResourceID: id, Region: "us-east-1", Name: name, Status: inventory.StatusAvailable, Address: "127.1.1." + id}
}

func TestANewStateIsReadableByItsOwnerOnly(t *testing.T) {
	t.Parallel()
	s, path := fresh(t)
	write(t, s, func(tx *store.Tx) error { return tx.SetMeta("k", []byte("v")) })
	files, err := filepath.Glob(path + "*")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			t.Fatal(err)
		}
		if perm := info.Mode().Perm(); perm != 0o600 {
			t.Errorf("%s has mode %o", filepath.Base(f), perm)
		}
	}
}

func TestAStateOpensAgainWithWhatWasWritten(t *testing.T) {
	t.Parallel()
	s, path := fresh(t)
	write(t, s, func(tx *store.Tx) error { return tx.InsertInstance(instance("1", "shop")) })
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := open(t, path).Read(t.Context()).InstanceByName("us-east-1", "shop")
	if err != nil || got.ResourceID != "1" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAStateOfANewerDbtlsIsRefusedAndNotTouched(t *testing.T) {
	t.Parallel()
	s, path := fresh(t)
	s.Close()
	if _, err := raw(t, path).Exec(`PRAGMA user_version = 1000`); err != nil {
		t.Fatal(err)
	}
	_, err := store.Open(t.Context(), path)
	if err == nil || !strings.Contains(err.Error(), "newer dbtls") || !strings.Contains(err.Error(), "1000") {
		t.Errorf("the error is %v", err)
	}
	var version int
	if err := raw(t, path).QueryRow(`PRAGMA user_version`).Scan(&version); err != nil || version != 1000 {
		t.Errorf("afterwards the schema is %d, %v", version, err)
	}
}

func TestAnUpgradeThatWasCutShortIsDoneAgain(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	if err := os.WriteFile(path, nil, 0o600); err != nil { // a first start that ended at once
		t.Fatal(err)
	}
	write(t, open(t, path), func(tx *store.Tx) error { return tx.SetMeta("k", []byte("v")) })
}

func TestSomethingElseThanAStateIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "state.db")
	if err := os.WriteFile(path, []byte(strings.Repeat("not a database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), path); err == nil {
		t.Error("it was opened")
	}
	if _, err := store.PeekMeta(t.Context(), path, "k"); err == nil {
		t.Error("it was peeked into")
	}
}

func TestTheAuditLogIsAppendOnly(t *testing.T) {
	t.Parallel()
	s, path := fresh(t)
	record := store.AuditRecord{At: noon, Actor: "admin", Action: "freeze", Target: "rotations", RequestID: "r1", Detail: "why"}
	write(t, s, func(tx *store.Tx) error { return tx.Audit(record) })
	for _, query := range []string{`UPDATE audit SET actor='nobody'`, `DELETE FROM audit`, `DELETE FROM audit WHERE id=1`, `INSERT OR REPLACE INTO audit VALUES (1,0,'','','','','')`} {
		_, err := raw(t, path).Exec(query)
		if err == nil {
			t.Errorf("%s is possible", query)
		}
	}
	all, err := s.Read(t.Context()).AuditLog(0, 10)
	record.ID = 1
	if err != nil || len(all) != 1 || all[0] != record {
		t.Errorf("the log is %+v, %v", all, err)
	}
}

func TestTheAuditLogIsReadInParts(t *testing.T) {
	t.Parallel()
	s, _ := fresh(t)
	write(t, s, func(tx *store.Tx) error {
		for n := range 5 {
			if err := tx.Audit(store.AuditRecord{At: noon, Action: fmt.Sprint(n)}); err != nil {
				return err
			}
		}
		return nil
	})
	var seen string
	for after := int64(0); ; {
		part, err := s.Read(t.Context()).AuditLog(after, 2)
		if err != nil {
			t.Fatal(err)
		}
		if len(part) == 0 {
			break
		}
		for _, a := range part {
			seen += a.Action
			after = a.ID
		}
	}
	if seen != "01234" {
		t.Errorf("read %q", seen)
	}
}

func TestAFailedWriteChangesNothing(t *testing.T) {
	t.Parallel()
	s, _ := fresh(t)
	boom := errors.New("boom")
	err := s.Write(t.Context(), func(tx *store.Tx) error {
		if err := tx.SetMeta("k", []byte("v")); err != nil {
			return err
		}
		return boom
	})
	if !errors.Is(err, boom) {
		t.Errorf("the error is %v", err)
	}
	if v, err := s.Read(t.Context()).Meta("k"); v != nil || err != nil {
		t.Errorf("read %q, %v", v, err)
	}
	func() {
		defer func() { _ = recover() }()
		_ = s.Write(t.Context(), func(*store.Tx) error { panic("boom") })
	}()
	write(t, s, func(tx *store.Tx) error { return tx.SetMeta("k", nil) }) // the writer is free again
}

func TestEightWritersLoseNoUpdate(t *testing.T) {
	t.Parallel()
	s, _ := fresh(t)
	write(t, s, func(tx *store.Tx) error { return tx.InsertInstance(instance("1", "shop")) })
	const writers, each = 8, 20
	var wg sync.WaitGroup
	errs := make(chan error, writers*each)
	for range writers {
		wg.Go(func() {
			for range each {
				errs <- s.Write(t.Context(), func(tx *store.Tx) error {
					i, err := tx.Instance("1")
					if err != nil {
						return err
					}
					i.Attempts++
					return tx.UpdateInstance(i)
				})
				_, err := s.Read(t.Context()).Instance("1")
				errs <- err
			}
		})
	}
	go func() { wg.Wait(); close(errs) }()
	for err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
	if i, err := s.Read(t.Context()).Instance("1"); err != nil || i.Attempts != writers*each {
		t.Errorf("counted %d, %v, want %d", i.Attempts, err, writers*each)
	}
}

func TestTwoStoresOnOneFileWait(t *testing.T) {
	t.Parallel()
	s, path := fresh(t)
	other := open(t, path)
	var wg sync.WaitGroup
	for n, st := range []*store.Store{s, other} {
		wg.Go(func() {
			for k := range 10 {
				if err := st.Write(t.Context(), func(tx *store.Tx) error { return tx.SetMeta(fmt.Sprint(n, k), []byte("v")) }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func TestWaitingForTheWriterEndsWithTheContext(t *testing.T) {
	t.Parallel()
	s, _ := fresh(t)
	write(t, s, func(*store.Tx) error {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		if err := s.Write(ctx, func(*store.Tx) error { return nil }); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a second writer got %v", err)
		}
		return nil
	})
}

func TestMeta(t *testing.T) {
	t.Parallel()
	s, path := fresh(t)
	for _, v := range [][]byte{[]byte("one"), []byte("two"), nil} {
		write(t, s, func(tx *store.Tx) error { return tx.SetMeta("k", v) })
		got, err := s.Read(t.Context()).Meta("k")
		if err != nil || string(got) != string(v) || (got == nil) != (v == nil) {
			t.Errorf("read %q, %v, want %q", got, err, v)
		}
		if got, err := store.PeekMeta(t.Context(), path, "k"); err != nil || string(got) != string(v) {
			t.Errorf("beside the running server: %q, %v, want %q", got, err, v)
		}
	}
}

func TestPeekingCreatesAndChangesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "state.db")
	if v, err := store.PeekMeta(t.Context(), path, "k"); v != nil || err != nil {
		t.Errorf("no file: %q, %v", v, err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if v, err := store.PeekMeta(t.Context(), path, "k"); v != nil || err != nil {
		t.Errorf("an empty file: %q, %v", v, err)
	}
	if info, err := os.Stat(path); err != nil || info.Size() != 0 {
		t.Errorf("the empty file has grown: %v, %v", info, err)
	}
}

func TestReadOnlyRefusesToWrite(t *testing.T) {
	t.Parallel()
	if _, err := store.OpenReadOnly(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a file the error is %v", err)
	}
	s, path := fresh(t)
	write(t, s, func(tx *store.Tx) error { return tx.InsertInstance(instance("1", "shop")) })
	ro, err := store.OpenReadOnly(path)
	if err != nil {
		t.Fatal(err)
	}
	defer ro.Close()
	if all, err := ro.Read(t.Context()).AllInstances(); err != nil || len(all) != 1 {
		t.Errorf("read %v, %v", all, err)
	}
	if err := ro.Write(t.Context(), func(tx *store.Tx) error { return tx.SetMeta("k", []byte("v")) }); err == nil {
		t.Error("it was written")
	}
}

func TestASnapshotIsConsistentWhileOthersWrite(t *testing.T) {
	t.Parallel()
	s, _ := fresh(t)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			v := []byte(fmt.Sprint(n))
			err := s.Write(t.Context(), func(tx *store.Tx) error { // always both
				return errors.Join(tx.SetMeta("a", v), tx.SetMeta("b", v))
			})
			if err != nil {
				t.Error(err)
				return
			}
		}
	})
	for n := range 5 {
		path := filepath.Join(t.TempDir(), fmt.Sprint(n))
		if err := s.SnapshotTo(t.Context(), path); err != nil {
			t.Fatal(err)
		}
		a, err1 := store.PeekMeta(t.Context(), path, "a")
		b, err2 := store.PeekMeta(t.Context(), path, "b")
		if err1 != nil || err2 != nil || string(a) != string(b) {
			t.Errorf("the snapshot has a=%q b=%q, %v, %v", a, b, err1, err2)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the snapshot is %v, %v", info, err)
		}
	}
	close(stop)
	wg.Wait()
}
