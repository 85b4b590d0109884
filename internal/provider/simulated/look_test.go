package simulated_test

import (
	"crypto/tls"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/provider"
)

// read is what happened since from.
func (r *rig) read(from provider.LogPosition) provider.LogBatch {
	r.Helper()
	b, err := r.Logins(r.ctx(), r.inst, from, 1<<20)
	r.ok(err)
	return b
}

func TestALookShowsTheSessionsThatAreOpen(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	if _, err := r.Look(r.ctx(), r.inst); fault.CodeOf(err) != fault.InstanceNotFound {
		t.Errorf("nobody there: %v", err)
	}
	r.start()
	r.ok(r.SetUp(r.ctx(), r.inst, engine.Master{User: "boss", Password: "secret"}))
	if look, err := r.Look(r.ctx(), r.inst); err != nil || len(look.Sessions) != 0 || look.Unknown != "" || look.Handshakes != -1 {
		t.Errorf("idle: %+v, %v", look, err)
	}
	s := r.dial()
	s.ask("login boss secret")
	look, err := r.Look(r.ctx(), r.inst)
	r.ok(err)
	if len(look.Sessions) != 1 || time.Since(look.At) > time.Minute || time.Since(look.Since) > time.Minute {
		t.Fatalf("look: %+v", look)
	}
	if v := look.Sessions[0]; v.Kind != engine.SightSession || v.User != "boss" || v.TLS != engine.TLSEncrypted || v.Session == "" || v.Own || v.Internal {
		t.Errorf("session: %+v", v)
	}
	r.ok(r.Power(r.ctx(), r.inst, false))
	_, err = r.Look(r.ctx(), r.inst)
	r.refused(err, fault.InvalidInstanceState, r.inst.ID, "start it first")
}

func TestLoginsAreReadOnFromWhereReadingEnded(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	if _, err := r.Logins(r.ctx(), r.inst, provider.LogPosition{}, 1); fault.CodeOf(err) != fault.InstanceNotFound {
		t.Errorf("nobody there: %v", err)
	}
	r.start()
	r.ok(r.SetUp(r.ctx(), r.inst, engine.Master{User: "boss", Password: "secret"}))
	r.dial().ask("login boss secret") // before anybody reads
	begin := r.read(provider.LogPosition{})
	if len(begin.Sightings) != 1 || begin.Sightings[0].User != "boss" || begin.Gap != "" || begin.Blind != "" || begin.More {
		t.Fatalf("the beginning: %+v", begin)
	}
	for range 3 {
		s := r.dial()
		s.ask("login boss secret")
		r.ok(s.Close()) // it comes and goes between two readings
	}
	r.untrusting()
	var all []engine.Sighting
	next := begin.Next
	for {
		b, err := r.Logins(r.ctx(), r.inst, next, 1)
		r.ok(err)
		if len(b.Sightings) > 1 || b.Gap != "" || (b.More && b.Upto != b.Sightings[0].At) {
			t.Fatalf("a batch: %+v", b)
		}
		all, next = append(all, b.Sightings...), b.Next
		if !b.More {
			if time.Since(b.Upto) > time.Minute {
				t.Errorf("known up to %v", b.Upto)
			}
			break
		}
	}
	if len(all) != 4 || all[0].Kind != engine.SightLogin || all[0].User != "boss" || all[3].Kind != engine.SightHandshakeFailed || all[3].Source != "127.0.0.1" {
		t.Errorf("%+v", all)
	}
	// A stop ends sessions and loses no event.
	r.dial().ask("login boss secret")
	r.ok(r.Power(r.ctx(), r.inst, false))
	r.ok(r.Power(r.ctx(), r.inst, true))
	if b := r.read(next); len(b.Sightings) != 1 || b.Gap != "" {
		t.Errorf("after a stop: %+v", b)
	}
}

// untrusting is a client that refuses the server's certificate.
func (r *rig) untrusting() {
	r.Helper()
	if c, err := tls.Dial("tcp", r.address(), &tls.Config{ServerName: "another.example", RootCAs: r.pool()}); err == nil {
		_ = c.Close()
		r.Fatal("a client accepts a certificate for another name")
	}
	r.eventually("the handshake that failed is noted", func() bool {
		b := r.read(provider.LogPosition{})
		return b.Next.Offset >= 5
	})
}

func TestARestartOfDbtlsIsAGap(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.start()
	r.ok(r.SetUp(r.ctx(), r.inst, engine.Master{User: "boss", Password: "secret"}))
	from := r.read(provider.LogPosition{}).Next
	r.restart()
	r.dial().ask("login boss secret")
	b := r.read(from)
	if b.Gap == "" || len(b.Sightings) != 1 {
		t.Fatalf("after a restart: %+v", b)
	}
	if again := r.read(b.Next); again.Gap != "" || len(again.Sightings) != 0 {
		t.Errorf("the gap is told twice: %+v", again)
	}
}

func TestMoreClientsThanAreKeptAreAGap(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.start()
	r.ok(r.SetUp(r.ctx(), r.inst, engine.Master{User: "boss", Password: "secret"}))
	from := r.read(provider.LogPosition{}).Next
	s := r.dial()
	for range 10_001 {
		s.ask("session")
	}
	b := r.read(from)
	if b.Gap == "" || len(b.Sightings) == 0 || len(b.Sightings) > 10_000 {
		t.Errorf("gap %q, %d events", b.Gap, len(b.Sightings))
	}
}
