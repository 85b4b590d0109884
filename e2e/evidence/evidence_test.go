package evidence_test

import (
	"context"
	"database/sql"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dbtls/dbtls/e2e/harness"
)

// soon is within how long what happened is known.
const soon = 30 * time.Second

// TestWhoConnectsIsKnown has one server of each engine on this machine.
func TestWhoConnectsIsKnown(t *testing.T) {
	t.Parallel()
	engines := harness.Engines(t)
	s := harness.Start(t, harness.Data(t))
	roots := s.File(t, "/global/global-bundle.pem")
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			i := s.Create(t, "db-"+engine, engine)
			if engine == "postgres" {
				t.Run("fifty short sessions", func(t *testing.T) { fiftyByLog(t, s, i, roots) })
				t.Run("a forged name", func(t *testing.T) { forged(t, s, i, roots) })
				t.Run("a client that refuses the chain", func(t *testing.T) { distrusts(t, s, i) })
				t.Run("dbtls is killed", func(t *testing.T) { killed(t, s, i, roots) })
				return
			}
			t.Run("fifty short sessions", func(t *testing.T) { fiftyByCounters(t, s, i, roots) })
			t.Run("a server that does not tell", func(t *testing.T) { silent(t, s, i) })
		})
	}
}

// watched waits until every login to an instance is watched from here on.
func watched(t *testing.T, s *harness.Server, name, how string) {
	t.Helper()
	begun := time.Now()
	harness.Poll(t, soon, "every login to "+name+" is watched by its "+how, func() bool {
		for _, c := range sessions(t, s, name).Coverage {
			if c.How == how && c.Ended == "" && c.To.After(begun.Add(-time.Minute)) {
				return true
			}
		}
		return false
	})
}

// fiftyByLog: sessions of 50 ms, which no look would catch all of.
func fiftyByLog(t *testing.T, s *harness.Server, i harness.Instance, roots string) {
	watched(t, s, i.Name, "log")
	for range 49 {
		if err := visit(t.Context(), dsn(i, "verify-full", roots, "short"), 50*time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := harness.Psql(t, i, roots, "SET application_name='x'; SELECT pg_sleep(0.05)"); err != nil {
		t.Fatalf("%s: %v", out, err)
	}
	harness.Poll(t, soon, "fifty sessions with TLS are known", func() bool { return sessions(t, s, i.Name).count("encrypted", "") == 50 })
	k := sessions(t, s, i.Name)
	for _, c := range k.Clients {
		if c.Application == "short" && (c.Version != "TLSv1.3" || c.Cipher == "" || c.User != i.User || c.Source == "" || c.How != "log" || !c.Last.After(c.First)) {
			t.Errorf("a client is %+v", c)
		}
	}
	if k.count("encrypted", "short") != 49 || k.count("encrypted", "psql") != 1 || k.Plain+k.Unknown != 0 {
		t.Errorf("known is %+v", k)
	}
	if now := sessions(t, s, i.Name, "--since", "3s"); now.NeverPlain.Known && !now.NeverPlain.Holds {
		t.Errorf("never plain: %+v", now.NeverPlain)
	}
}

// forged: a plain client that calls itself what the server writes of one with
// TLS.
func forged(t *testing.T, s *harness.Server, i harness.Instance, roots string) {
	const name = "x SSL enabled (protocol=TLSv1.3, cipher=X, bits=256)"
	regroup(t, s, i, "plain-too", "postgres15", "ParameterName=rds.force_ssl,ParameterValue=0,ApplyMethod=immediate")
	rds(t, s, "reboot-db-instance", "--db-instance-identifier", i.Name) // a group is read at the start
	harness.Poll(t, time.Minute, "a plain client is in", func() bool { return visit(t.Context(), dsn(i, "disable", roots, name), 0) == nil })
	harness.Poll(t, soon, "the plain client is known", func() bool { return sessions(t, s, i.Name, "--plain").count("plain", "") == 1 })
	k := sessions(t, s, i.Name)
	if k.count("encrypted", "") != 50 || !k.NeverPlain.Known || k.NeverPlain.Holds {
		t.Errorf("%d with TLS, never plain %+v", k.count("encrypted", ""), k.NeverPlain)
	}
	if c := sessions(t, s, i.Name, "--plain").Clients; len(c) != 1 || !strings.HasPrefix(c[0].Application, "x SSL enabled") {
		t.Errorf("plain are %+v", c)
	}
	if text := dbtls(t, s, "sessions", i.Name); !strings.Contains(text, "PLAIN") || !strings.Contains(text, "NO, user "+i.User) {
		t.Errorf("people read:\n%s", text)
	}
}

// distrusts: after a change of the CA, a client that has only some other root.
func distrusts(t *testing.T, s *harness.Server, i harness.Instance) {
	s.Move(t, i.Name, "rds-ca-ecc384-g1")
	wrong := s.Root(t, "rds-ca-rsa4096-g1")
	if out, err := harness.Psql(t, i, wrong, "SELECT 1"); err == nil {
		t.Fatalf("a client with another root is in: %s", out)
	}
	var text string
	harness.Poll(t, soon, "an event tells of the client", func() bool {
		var err error
		if text, err = s.AWS(t, "rds", "describe-events", "--source-type", "db-instance", "--source-identifier", i.Name); err != nil {
			t.Fatal(err)
		}
		return strings.Contains(text, "refuses the chain of rds-ca-ecc384-g1")
	})
	if !strings.Contains(text, "last known as user "+i.User) || !strings.Contains(text, "its trust store lacks the root") {
		t.Errorf("the event is in %s", text)
	}
	if k := sessions(t, s, i.Name, "--refused"); len(k.Clients) == 0 || k.Clients[0].Kind != "handshake-failed" {
		t.Errorf("refused are %+v", k.Clients)
	}
}

// killed: logins go on while dbtls is killed and started again.
func killed(t *testing.T, s *harness.Server, i harness.Instance, roots string) {
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	var in atomic.Int64
	go func() {
		for ctx.Err() == nil {
			if err := visit(t.Context(), dsn(i, "verify-full", roots, "steady"), 0); err != nil {
				done <- err
				return
			}
			in.Add(1)
		}
		done <- nil
	}()
	for range 2 {
		before := in.Load()
		harness.Poll(t, soon, "clients log in", func() bool { return in.Load() > before+20 })
		s.Kill(t)
		before = in.Load()
		harness.Poll(t, soon, "clients log in while dbtls is dead", func() bool { return in.Load() > before+20 })
		s.Restart(t)
	}
	before := in.Load()
	harness.Poll(t, soon, "clients log in", func() bool { return in.Load() > before+20 })
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	harness.Poll(t, soon, "every login is known", func() bool { return sessions(t, s, i.Name).count("encrypted", "steady") >= in.Load() })
	k := sessions(t, s, i.Name)
	if n := k.count("encrypted", "steady"); n != in.Load() {
		t.Errorf("%d logins are known of %d", n, in.Load())
	}
	open := 0
	for _, c := range k.Coverage {
		if c.How == "log" && c.Ended == "" {
			open++
		} else if c.How == "log" {
			t.Errorf("a span ended: %+v", c)
		}
	}
	if open != 1 {
		t.Errorf("coverage %+v", k.Coverage)
	}
}

// fiftyByCounters: this product has no log that proves anything, so that looks
// and counters have to tell.
func fiftyByCounters(t *testing.T, s *harness.Server, i harness.Instance, roots string) {
	begun := time.Now()
	harness.Poll(t, soon, "the counters were read twice", func() bool {
		for _, c := range sessions(t, s, i.Name).Coverage {
			if c.How == "counter" && c.Ended == "" && c.To.After(begun) {
				return true
			}
		}
		return false
	})
	c := connector(t, i, roots)
	for range 50 {
		db := sql.OpenDB(c)
		if _, err := db.ExecContext(t.Context(), "SELECT SLEEP(0.05)"); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	harness.Poll(t, soon, "fifty logins with TLS are known", func() bool { return sessions(t, s, i.Name).count("encrypted", "") >= 50 })
	k := sessions(t, s, i.Name)
	if k.Encrypted != 50 || k.Plain+k.Unknown != 0 || k.UnknownReason != "" {
		t.Errorf("known is %+v", k)
	}
}

// silent: without performance_schema it does not say who is encrypted, which is
// unknown and never nobody.
func silent(t *testing.T, s *harness.Server, i harness.Instance) {
	regroup(t, s, i, "silent", "mariadb10.11", "ParameterName=performance_schema,ParameterValue=0,ApplyMethod=pending-reboot")
	rds(t, s, "reboot-db-instance", "--db-instance-identifier", i.Name)
	harness.Poll(t, time.Minute, "it is said why nothing is known", func() bool {
		return strings.Contains(sessions(t, s, i.Name).UnknownReason, "performance_schema is off")
	})
	if text := dbtls(t, s, "sessions", i.Name); !strings.Contains(text, "To know it: set performance_schema") || !strings.Contains(text, "UNKNOWN") {
		t.Errorf("people read:\n%s", text)
	}
}

// regroup gives an instance a parameter group of its own with one value set.
func regroup(t *testing.T, s *harness.Server, i harness.Instance, name, family, value string) {
	t.Helper()
	rds(t, s, "create-db-parameter-group", "--db-parameter-group-name", name, "--db-parameter-group-family", family, "--description", name)
	rds(t, s, "modify-db-parameter-group", "--db-parameter-group-name", name, "--parameters", value)
	rds(t, s, "modify-db-instance", "--db-instance-identifier", i.Name, "--db-parameter-group-name", name)
}

func rds(t *testing.T, s *harness.Server, args ...string) {
	t.Helper()
	if _, err := s.AWS(t, append([]string{"rds"}, args...)...); err != nil {
		t.Fatal(err)
	}
}
