package clock_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/clock"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/store"
)

var noon = time.Date(2026, 6, 10, 12, 0, 0, 0, time.UTC)

func TestJudge(t *testing.T) {
	t.Parallel()
	reading := func(wall time.Duration, boot string, up time.Duration) clock.Reading {
		return clock.Reading{Wall: noon.Add(wall), BootID: boot, Uptime: up}
	}
	last := clock.MarkOf(reading(0, "a", 10*time.Hour))
	for _, c := range []struct {
		sentence string
		last     clock.Mark
		now      clock.Reading
		why      string // part of it, "" for trusted
	}{
		{"the first reading is trusted", clock.Mark{}, reading(-1e6*time.Hour, "a", 0), ""},
		{"time that passed with the uptime is trusted", last, reading(72*time.Hour, "a", 82*time.Hour), ""},
		{"a small step of a time daemon is trusted", last, reading(50*time.Minute, "a", 10*time.Hour), ""},
		{"a small step back is trusted", last, reading(-50*time.Minute, "a", 10*time.Hour), ""},
		{"exactly an hour is within tolerance", last, reading(time.Hour, "a", 10*time.Hour), ""},
		{"hours forward in one boot are not", last, reading(3*time.Hour, "a", 10*time.Hour), "moved by 3h0m0s"},
		{"hours back in one boot are not", last, reading(-3*time.Hour, "a", 10*time.Hour), "3h0m0s before the newest time"},
		{"hours back that hide behind as much uptime are not", last, reading(0, "a", 13*time.Hour), "moved by -3h0m0s"},
		{"a machine that was off for a year is trusted", last, reading(365*24*time.Hour, "b", time.Minute), ""},
		{"a machine whose clock battery is empty is not", last, reading(-365*24*time.Hour, "b", time.Minute), "before the newest time"},
		{"without a boot id a jump forward cannot be told", clock.MarkOf(reading(0, "", 0)), reading(99*time.Hour, "", 0), ""},
		{"without a boot id a step back can", clock.MarkOf(reading(0, "", 0)), reading(-99*time.Hour, "", 0), "before the newest time"},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			t.Parallel()
			why := clock.Judge(c.last, c.now)
			if (why == "") != (c.why == "") || !strings.Contains(why, c.why) {
				t.Errorf("judged %q, want %q", why, c.why)
			}
		})
	}
}

func openStore(t *testing.T) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// machine is a clock that a test sets.
type machine struct{ clock.Reading }

func (m *machine) read() clock.Reading { return m.Reading }

func (m *machine) pass(d time.Duration) { m.Wall, m.Uptime = m.Wall.Add(d), m.Uptime+d }

func guard(t *testing.T, s *store.Store, m *machine) *clock.Guard {
	t.Helper()
	g, err := clock.NewGuard(t.Context(), s, m.read)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestAGuardDistrustsUntilTheClockIsRightAgain(t *testing.T) {
	t.Parallel()
	m := &machine{clock.Reading{Wall: noon, BootID: "a", Uptime: time.Hour}}
	g := guard(t, openStore(t), m)
	trusted := func(want bool) {
		t.Helper()
		if err := g.Check(t.Context()); (err == nil) != want {
			t.Fatalf("check: %v, want trusted %t", err, want)
		}
	}
	trusted(true)
	m.Wall = m.Wall.Add(-24 * time.Hour)
	trusted(false)
	if err := g.Check(context.Background()); fault.CodeOf(err) != fault.Unavailable || !strings.Contains(err.Error(), "dbtls clock accept") {
		t.Errorf("the fault is %v", err)
	}
	m.Wall = m.Wall.Add(24 * time.Hour)
	m.pass(time.Minute)
	trusted(true) // by itself
	m.Wall = m.Wall.Add(24 * time.Hour)
	trusted(false)
	m.pass(25 * time.Hour)
	trusted(false) // waiting does not heal a jump
	if err := g.Accept(t.Context()); err != nil {
		t.Fatal(err)
	}
	trusted(true)
}

func TestAGuardRemembersOverARestart(t *testing.T) {
	t.Parallel()
	s := openStore(t)
	m := &machine{clock.Reading{Wall: noon, BootID: "a", Uptime: time.Hour}}
	if err := guard(t, s, m).Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.Wall = m.Wall.Add(-48 * time.Hour)
	if err := guard(t, s, m).Check(t.Context()); err == nil {
		t.Error("a restart forgets the newest time")
	}
	m.Wall = m.Wall.Add(-48 * time.Hour)
	m.BootID = "b" // and so does a reboot
	if err := guard(t, s, m).Check(t.Context()); err == nil {
		t.Error("a reboot forgets the newest time")
	}
}

func TestAGuardSavesItsMarkOnceAMinute(t *testing.T) {
	t.Parallel()
	s := openStore(t)
	m := &machine{clock.Reading{Wall: noon, BootID: "a", Uptime: time.Hour}}
	g := guard(t, s, m)
	saved := func() string {
		t.Helper()
		if err := g.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
		raw, err := s.Read(t.Context()).Meta("clock-mark")
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	first := saved()
	m.pass(30 * time.Second)
	if saved() != first {
		t.Error("saved again after half a minute")
	}
	m.pass(31 * time.Second)
	if saved() == first {
		t.Error("not saved after a minute")
	}
}

func TestAGuardTellsWhenItsMarkCannotBeRead(t *testing.T) {
	t.Parallel()
	s := openStore(t)
	if err := s.Write(t.Context(), func(tx *store.Tx) error { return tx.SetMeta("clock-mark", []byte("{")) }); err != nil {
		t.Fatal(err)
	}
	if _, err := clock.NewGuard(t.Context(), s, clock.Read); err == nil {
		t.Error("a broken mark is taken for none")
	}
}

func TestReadSeesThisMachine(t *testing.T) {
	t.Parallel()
	a := clock.Read()
	if a.BootID == "" || a.Uptime <= 0 || time.Since(a.Wall).Abs() > time.Minute {
		t.Fatalf("read %+v", a)
	}
	if why := clock.Judge(clock.MarkOf(a), clock.Read()); why != "" {
		t.Errorf("two looks in a row: %s", why)
	}
}
