package local_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/provider"
)

// read reads on until the log tells of so many logins of the user more.
func (r *rig) read(at *provider.LogPosition, most int, user string, want int) (found []engine.Sighting) {
	r.Helper()
	until(r.T, "logins of "+user, func() bool {
		b, err := r.Logins(r.ctx(), r.inst, *at, most)
		r.ok(err)
		if b.Gap != "" || b.Blind != "" {
			r.Fatalf("gap %q, blind %q", b.Gap, b.Blind)
		}
		*at = b.Next
		found = append(found, slices.DeleteFunc(b.Sightings, func(s engine.Sighting) bool { return s.User != user })...)
		return len(found) >= want && !b.More
	})
	if len(found) != want {
		r.Errorf("%d logins of %q, want %d", len(found), user, want)
	}
	return found
}

func TestTheLoginsOfARealServer(t *testing.T) {
	t.Parallel()
	p := products()["postgres"]
	r := newReal(t, p).running()
	user := p.engine.Spec.MasterUser
	r.ok(r.SetUp(r.ctx(), r.inst, engine.Master{User: user, Password: realPassword, Database: "app"}))
	var at provider.LogPosition
	for range 3 {
		r.ok(p.open(r, user).close())
	}
	for _, s := range r.read(&at, 100, user, 3) {
		if s.TLS != engine.TLSEncrypted || s.Version != "TLSv1.3" || s.Database != "app" {
			t.Errorf("%+v", s)
		}
	}
	r.Provider = r.provider() // dbtls restarts, and so does the server meanwhile
	r.ok(p.open(r, user).close())
	r.ok(r.Power(r.ctx(), r.inst, false))
	r.ok(r.Power(r.ctx(), r.inst, true))
	r.ok(p.open(r, user).close())
	r.read(&at, 1<<20, user, 2)
	if _, err := p.dial(r, user, nil); err == nil {
		t.Fatal("a plain session is let in")
	}
	if s := r.read(&at, 1<<20, user, 1)[0]; s.Kind != engine.SightPlainRefused {
		t.Errorf("%+v", s)
	}
	if o := r.observe(); len(o.Drift) != 0 {
		t.Errorf("drift %v", o.Drift)
	}
}

func TestARealServerThatLogsNoLoginsAnyMoreIsBlind(t *testing.T) {
	t.Parallel()
	p := products()["postgres"]
	r := newReal(t, p).running()
	var at provider.LogPosition
	b := provider.LogBatch{}
	next := func() provider.LogBatch {
		var err error
		b, err = r.Logins(r.ctx(), r.inst, at, 1<<20)
		r.ok(err)
		at = b.Next
		return b
	}
	own := func(s engine.Sighting) bool { return s.Own }
	until(t, "dbtls's own login in the log", func() bool { return slices.ContainsFunc(next().Sightings, own) && b.Blind == "" })
	setting := func(line string) {
		// What ALTER SYSTEM leaves behind; read at the start.
		r.ok(r.Power(r.ctx(), r.inst, false))
		r.ok(os.WriteFile(r.path("data", "postgresql.auto.conf"), []byte(line), 0o600))
		r.ok(r.Power(r.ctx(), r.inst, true))
		r.Provider = r.provider() // one that has not logged in yet
	}
	setting("log_connections = off\n")
	until(t, "a log that is known to be blind", func() bool { return strings.Contains(next().Blind, "does not tell of it") })
	setting("")
	until(t, "a log that is believed again", func() bool { return slices.ContainsFunc(next().Sightings, own) && b.Blind == "" })
}

// What goes wrong after the server has begun its own log is not printed.
func TestARealServerThatStopsAtItsStartSaysWhyInItsOwnLog(t *testing.T) {
	t.Parallel()
	r := newReal(t, products()["postgres"]).running()
	r.ok(r.Power(r.ctx(), r.inst, false))
	wal := r.path("data", "pg_wal")
	list, err := os.ReadDir(wal)
	r.ok(err)
	for _, f := range list {
		if !f.IsDir() {
			r.ok(os.Remove(wal + "/" + f.Name()))
		}
	}
	err = r.Power(r.ctx(), r.inst, true)
	r.refused(err, fault.InvalidInstanceState, "stopped before", r.path("log", "pg", "logins-"), ".csv")
	var f *fault.Error
	if !errors.As(err, &f) || !strings.Contains(err.Error(), "checkpoint record") {
		t.Errorf("error %v", err)
	}
}
