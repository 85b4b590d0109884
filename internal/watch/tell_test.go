package watch_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/store"
)

// rotate puts a committed rotation on record that was active some time ago.
func (w *world) rotate(ago time.Duration) {
	w.t.Helper()
	w.write(func(tx *store.Tx) error {
		rot, err := tx.InsertRotation(inventory.Rotation{ResourceID: id, ToCA: "rds-ca-x"})
		if err != nil {
			return err
		}
		rot.ActiveAt, rot.Outcome = time.Now().Add(-ago), inventory.OutcomeCommitted
		return tx.UpdateRotation(rot)
	})
}

func refuses(source, why string) engine.Sighting {
	return engine.Sighting{Kind: engine.SightHandshakeFailed, At: time.Now(), Source: source, TLS: engine.TLSUnknown, Why: why}
}

func TestAClientThatRefusesTheNewChainIsToldOnceWithWhoItMayBe(t *testing.T) {
	t.Parallel()
	in(t, func(t *testing.T, w *world) {
		w.db.set(func(v *server) { v.log = append(v.log, login("app_user", engine.TLSEncrypted)) })
		pass(2 * time.Second)
		w.rotate(time.Minute)
		for n := range 3 {
			w.db.set(func(v *server) {
				v.log = append(v.log, refuses("10.0.0.1", "tlsv1 alert unknown ca"), refuses("10.0.0.9", "bad certificate"), refuses("10.0.0.8", "EOF detected"))
			})
			pass(2 * time.Second)
			if n == 1 {
				w.end()
				w.start()
			}
		}
		got := w.events()
		if len(got) != 2 {
			t.Fatalf("events %q", got)
		}
		for _, part := range []string{"10.0.0.1 (last known as user app_user, application app,", "refuses the chain of rds-ca-x", "unknown ca", "its trust store lacks the root of rds-ca-x"} {
			if !strings.Contains(got[0], part) {
				t.Errorf("%q lacks %q", got[0], part)
			}
		}
		if !strings.Contains(got[1], "it may be no client") {
			t.Errorf("of a source where nobody logs in: %q", got[1])
		}
	})
}

func TestOnlyADayAfterARotationRefusalsAreTold(t *testing.T) {
	t.Parallel()
	in(t, func(t *testing.T, w *world) {
		w.db.set(func(v *server) { v.log = append(v.log, refuses("10.0.0.1", "unknown ca")) }) // before any
		pass(2 * time.Second)
		w.rotate(25 * time.Hour)
		w.db.set(func(v *server) { v.log = append(v.log, refuses("10.0.0.1", "unknown ca")) })
		pass(2 * time.Second)
		if got := w.events(); len(got) != 0 {
			t.Errorf("events %q", got)
		}
	})
}

func TestAFloodOfRefusalsEndsInOneSentence(t *testing.T) {
	t.Parallel()
	in(t, func(t *testing.T, w *world) {
		w.rotate(time.Minute)
		for n := range 300 {
			w.db.set(func(v *server) {
				v.log = append(v.log, refuses(fmt.Sprint("10.1.1.", n), "unknown ca"),
					engine.Sighting{Kind: engine.SightPlainRefused, At: time.Now(), User: fmt.Sprint("u", n), Source: "10.0.0.7"})
			})
			pass(100 * time.Millisecond)
		}
		pass(5 * time.Second)
		got := w.events()
		more := 0
		for _, e := range got {
			if strings.HasPrefix(e, "More than 20") {
				more++
			}
		}
		if len(got) != 42 || more != 2 {
			t.Errorf("%d events, %d of which say that there are more", len(got), more)
		}
	})
}

func TestARefusedPlainClientIsToldWithWhatTheWordsMean(t *testing.T) {
	t.Parallel()
	in(t, func(t *testing.T, w *world) {
		for range 5 {
			w.db.set(func(v *server) {
				v.log = append(v.log, engine.Sighting{Kind: engine.SightPlainRefused, At: time.Now(), User: "exporter", Source: "10.0.0.7"})
			})
			pass(2 * time.Second)
		}
		got := w.events()
		if len(got) != 1 || !strings.Contains(got[0], "user exporter from 10.0.0.7") || !strings.Contains(got[0], `"access denied", which means: TLS is forced`) {
			t.Fatalf("events %q", got)
		}
		w.end()
		pass(24 * time.Hour)
		w.start()
		w.db.set(func(v *server) {
			v.log = append(v.log, engine.Sighting{Kind: engine.SightPlainRefused, At: time.Now(), User: "exporter", Source: "10.0.0.7"})
		})
		pass(5 * time.Second)
		if got := w.events(); len(got) != 2 {
			t.Errorf("a day later: %q", got)
		}
	})
}
