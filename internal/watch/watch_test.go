package watch_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/evidence"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/store"
)

// pass lets the watcher work for so long, in a synctest bubble.
func pass(d time.Duration) { time.Sleep(d); synctest.Wait() }

// in runs a test in a bubble with a watcher that has begun.
func in(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.start()
		pass(3 * time.Second)
		f(t, w)
		w.end()
	})
}

func TestEveryLoginOfALogIsCountedOnceAlsoOverARestart(t *testing.T) {
	t.Parallel()
	in(t, func(t *testing.T, w *world) {
		for n := range 50 {
			w.db.set(func(v *server) { v.log = append(v.log, login(fmt.Sprint("u", n%5), engine.TLSEncrypted)) })
			if n == 20 || n == 35 {
				w.end()
			}
			pass(100 * time.Millisecond)
			if n == 20 || n == 35 {
				w.start()
			}
		}
		pass(3 * time.Second)
		if n := w.total(evidence.FromLog, evidence.Encrypted); n != 50 {
			t.Errorf("%d of 50 logins are known", n)
		}
		clients, spans := w.known()
		if len(clients) != 5 || len(spans) != 1 || spans[0].Ended != "" {
			t.Errorf("%d clients, spans %+v: a restart with a log that goes on is no gap", len(clients), spans)
		}
		since := time.Now().Add(-5 * time.Second)
		if c := evidence.NeverPlain(clients, spans, since, time.Now()); !c.Known || !c.Holds {
			t.Errorf("never plain: %+v", c)
		}
		if w.db.looks != 0 {
			t.Errorf("%d looks where the log tells of all", w.db.looks)
		}
	})
}

func TestOnePlainLoginRefutesTheClaim(t *testing.T) {
	t.Parallel()
	in(t, func(t *testing.T, w *world) {
		w.db.set(func(v *server) { v.log = append(v.log, login("old", engine.TLSPlain)) })
		pass(2 * time.Second)
		sum, err := w.service.Summary(t.Context(), id, time.Now().Add(-time.Hour), "", 10)
		if err != nil || sum.Plain != 1 || !sum.NeverPlain.Known || sum.NeverPlain.Holds || !strings.Contains(sum.NeverPlain.Why, "old") {
			t.Errorf("%+v, %v", sum, err)
		}
	})
}

func TestNothingIsLostWhenTheEvidenceCannotBeWritten(t *testing.T) {
	t.Parallel()
	in(t, func(t *testing.T, w *world) {
		w.end()
		w.evidence.Close() // as good as a full disk: every write fails
		w.start()
		for range 30 {
			w.db.set(func(v *server) { v.log = append(v.log, login("u", engine.TLSEncrypted)) })
			pass(time.Second)
		}
		w.end()
		w.openEvidence()
		w.start()
		pass(5 * time.Second)
		if n := w.total(evidence.FromLog, evidence.Encrypted); n != 30 {
			t.Errorf("%d of 30 logins are known", n)
		}
		if _, spans := w.known(); len(spans) != 1 {
			t.Errorf("spans %+v", spans)
		}
	})
}

func TestAGapEndsTheSpan(t *testing.T) {
	t.Parallel()
	for sentence, c := range map[string]struct {
		happens func(*world)
		ended   string
	}{
		"the log has a gap":         {func(w *world) { w.db.set(func(v *server) { v.gap = "a file is gone" }) }, "a file is gone"},
		"the clock is not trusted":  {func(w *world) { w.db.set(func(*server) { w.clock = errNo }) }, "the clock was not trusted"},
		"the log is blind from now": {func(w *world) { w.db.set(func(v *server) { v.blind = "of no use" }) }, "of no use"},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			in(t, func(t *testing.T, w *world) {
				begun := time.Now()
				pass(5 * time.Minute)
				c.happens(w)
				pass(5 * time.Minute)
				w.db.set(func(v *server) { w.clock, v.blind = nil, "" })
				pass(10 * time.Minute)
				clients, all := w.known()
				var spans []evidence.Span
				for _, s := range all {
					if s.How == evidence.FromLog {
						spans = append(spans, s)
					}
				}
				if len(spans) != 2 || !strings.Contains(spans[0].Ended, c.ended) || spans[1].Ended != "" {
					t.Fatalf("spans %+v", spans)
				}
				if claim := evidence.NeverPlain(clients, all, begun, time.Now()); claim.Known || !strings.Contains(claim.Why, c.ended) {
					t.Errorf("over the gap: %+v", claim)
				}
				if claim := evidence.NeverPlain(clients, all, time.Now().Add(-5*time.Minute), time.Now()); !claim.Holds {
					t.Errorf("after the gap: %+v", claim)
				}
			})
		})
	}
}

func TestABlindLogMakesTheWatcherLookAtTheSessions(t *testing.T) {
	t.Parallel()
	in(t, func(t *testing.T, w *world) {
		w.db.set(func(v *server) {
			v.blind = "this version's log does not tell"
			v.log = append(v.log, login("twice", engine.TLSUnknown), engine.Sighting{Kind: engine.SightPlainRefused, At: time.Now(), User: "x", Source: "10.9.9.9"})
			v.look.Sessions = []engine.Sighting{{Kind: engine.SightSession, User: "u", Source: "10.0.0.1", TLS: engine.TLSPlain, Session: "1"},
				{Kind: engine.SightSession, User: "", TLS: engine.TLSUnknown, Session: "0", Internal: true},
				{Kind: engine.SightSession, User: "root", Source: "local", TLS: engine.TLSPlain, Session: "2", Own: true}}
		})
		pass(time.Minute)
		sum, err := w.service.Summary(t.Context(), id, time.Now().Add(-time.Hour), "", 10)
		if err != nil || sum.Plain != 1 || sum.Unknown != 0 || sum.Encrypted != 0 || sum.Refused != 1 || sum.UnknownReason != "" {
			t.Errorf("%+v, %v: one session that is open all the time is one login, dbtls's own is none, and the log's logins are not counted besides", sum.Totals, err)
		}
		if len(w.events()) != 1 {
			t.Errorf("events %q", w.events())
		}
		w.change(func(i *inventory.Instance) { i.Status = inventory.StatusStopped })
		pass(time.Minute)
		looks := w.db.looks
		pass(time.Minute)
		if w.db.looks != looks {
			t.Error("a stopped instance is looked at")
		}
		for _, s := range func() []evidence.Span { _, s := w.known(); return s }() {
			if s.How == evidence.FromView && s.Ended == "" {
				t.Errorf("the span %+v goes on", s)
			}
		}
	})
}

func TestAServerThatFailsIsTriedWithPauses(t *testing.T) {
	t.Parallel()
	in(t, func(t *testing.T, w *world) {
		w.db.set(func(v *server) { v.logErr, v.reads = errNo, 0 })
		pass(10 * time.Minute)
		if w.db.reads < 10 || w.db.reads > 25 {
			t.Errorf("%d tries in ten minutes", w.db.reads)
		}
		w.db.set(func(v *server) { v.logErr = nil; v.log = append(v.log, login("u", engine.TLSEncrypted)) })
		pass(2 * time.Minute)
		if n := w.total(evidence.FromLog, evidence.Encrypted); n != 1 {
			t.Errorf("%d logins after the error", n)
		}
	})
}

func TestALongLogDoesNotKeepOthersWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		for n := range 20 {
			w.add(fmt.Sprint("db-", n), fmt.Sprint("n", n))
		}
		w.db.most, w.db.lasts = 1, 10*time.Millisecond
		for range 5000 {
			w.db.log = append(w.db.log, login("u", engine.TLSEncrypted))
		}
		w.start()
		pass(20 * time.Second)
		w.end()
		if w.db.most2 > 2 {
			t.Errorf("%d logs are read at a time", w.db.most2)
		}
		least, most := int64(1<<60), int64(0)
		for n := range 20 {
			all, _, err := w.evidence.Clients(t.Context(), fmt.Sprint("db-", n), time.Time{})
			if err != nil || len(all) != 1 {
				t.Fatalf("%v, %v", all, err)
			}
			least, most = min(least, all[0].Count), max(most, all[0].Count)
		}
		if least < most/2 {
			t.Errorf("one has read %d, another %d", least, most)
		}
	})
}

func TestADeletedInstancesEvidenceStaysForItsTime(t *testing.T) {
	t.Parallel()
	in(t, func(t *testing.T, w *world) {
		w.db.set(func(v *server) { v.log = append(v.log, login("u", engine.TLSEncrypted)) })
		pass(2 * time.Second)
		w.write(func(tx *store.Tx) error { return tx.DeleteInstance(id) })
		pass(time.Hour)
		if n := w.total(evidence.FromLog, evidence.Encrypted); n != 1 {
			t.Errorf("%d logins an hour later", n)
		}
		w.end()
		pass(evidence.Retention + 24*time.Hour)
		w.start()
		pass(time.Minute)
		if clients, spans := w.known(); len(clients)+len(spans) != 0 {
			t.Errorf("%v, %v after its time", clients, spans)
		}
	})
}

func TestEndpointsAreLookedAtOnceAndFollowedWhenAskedTo(t *testing.T) {
	t.Parallel()
	in(t, func(t *testing.T, w *world) {
		const arn = "arn:aws:dms:us-east-1:1:endpoint:X"
		w.db.set(func(v *server) {
			v.look.Sessions = []engine.Sighting{{User: "u", Source: "10.0.0.1", TLS: engine.TLSEncrypted, Session: "1"}}
		})
		for range 3 {
			if err := w.service.LookNow(t.Context(), arn); err != nil {
				t.Fatal(err)
			}
		}
		total := func() int64 {
			sum, err := w.service.Summary(t.Context(), arn, time.Now().Add(-time.Hour), "", 10)
			if err != nil {
				t.Fatal(err)
			}
			return sum.Encrypted
		}
		if total() != 1 || w.db.looks != 3 {
			t.Errorf("%d logins, %d looks", total(), w.db.looks)
		}
		if err := w.service.Follow(t.Context(), arn, true); err != nil {
			t.Fatal(err)
		}
		pass(5 * time.Minute)
		if w.db.looks < 7 || w.db.looks > 10 || total() != 1 {
			t.Errorf("%d looks, %d logins after five minutes", w.db.looks, total())
		}
		if err := w.service.Follow(t.Context(), arn, false); err != nil {
			t.Fatal(err)
		}
		pass(time.Minute)
		looks := w.db.looks
		pass(5 * time.Minute)
		if on, err := w.service.Follows(t.Context(), arn); w.db.looks != looks || on || err != nil {
			t.Errorf("it is still looked at: %t, %v", on, err)
		}
	})
}
