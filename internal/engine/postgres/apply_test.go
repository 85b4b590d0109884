package postgres_test

import (
	"crypto/tls"
	"strings"
	"testing"

	"github.com/dbtls/dbtls/internal/engine/enginetest"
	"github.com/dbtls/dbtls/internal/engine/postgres"
	"github.com/dbtls/dbtls/internal/fault"
)

func TestForcingWhilePlainSessionsAreOpen(t *testing.T) {
	t.Parallel()
	r := start(t, postgres.New())
	r.mustApply(map[string]string{"rds.force_ssl": "0"})
	plain := r.mustLogin(nil)
	const self = "SELECT pg_backend_pid()::text || (SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid())"
	before, err := plain.Text(t.Context(), self)
	if err != nil || !strings.HasSuffix(before, "false") {
		t.Fatalf("the plain session is %q, %v", before, err)
	}
	if shown, err := plain.Text(t.Context(), "SHOW rds.force_ssl"); shown != "0" {
		t.Errorf("SHOW rds.force_ssl = %q, %v", shown, err)
	}

	r.mustApply(map[string]string{"rds.force_ssl": "1"})
	if s, err := r.login(nil); err == nil || !strings.Contains(err.Error(), "no encryption") || state(err) != "28000" {
		t.Errorf("a plain login after forcing: %v, %v", s, err)
	}
	if after, err := plain.Text(t.Context(), self); after != before {
		t.Errorf("the open plain session %q became %q, %v", before, after, err)
	}
	if shown, err := r.mustLogin(&tls.Config{}).Text(t.Context(), "SHOW rds.force_ssl"); shown != "1" {
		t.Errorf("SHOW rds.force_ssl = %q, %v", shown, err)
	}
	r.mustApply(map[string]string{"rds.force_ssl": "0"})
	r.mustLogin(nil)
	r.mustApply(nil) // the default of 15
	if s, err := r.login(nil); err == nil {
		t.Errorf("a plain login with the default: %v", s)
	}
}

func TestLimitsAndCiphersOnTheWire(t *testing.T) {
	t.Parallel()
	r := start(t, postgres.New())
	has := func(s enginetest.Session) string {
		t.Helper()
		text, err := s.Text(t.Context(), "SELECT version || ' ' || cipher FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	only12 := func() *tls.Config { return &tls.Config{MaxVersion: tls.VersionTLS12} }
	if got := has(r.mustLogin(&tls.Config{})); !strings.HasPrefix(got, "TLSv1.3 ") {
		t.Errorf("by default: %s", got)
	}
	r.mustApply(map[string]string{"ssl_max_protocol_version": "TLSv1.2"})
	if got := has(r.mustLogin(&tls.Config{})); !strings.HasPrefix(got, "TLSv1.2 ") {
		t.Errorf("maximum TLS 1.2: %s", got)
	}
	if s, err := r.login(&tls.Config{MinVersion: tls.VersionTLS13}); err == nil {
		t.Errorf("maximum TLS 1.2 and a client of 1.3: %v", s)
	}
	r.mustApply(map[string]string{"ssl_min_protocol_version": "TLSv1.3"})
	if s, err := r.login(only12()); err == nil || !strings.Contains(err.Error(), "protocol version") {
		t.Errorf("minimum TLS 1.3 and a client of 1.2: %v, %v", s, err)
	}
	for _, suite := range []string{"ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"} {
		r.mustApply(map[string]string{"ssl_ciphers": suite + ":" + strings.Replace(suite, "ECDSA", "RSA", 1)})
		if got := has(r.mustLogin(only12())); got != "TLSv1.2 "+suite {
			t.Errorf("only %s allowed: %s", suite, got)
		}
	}
	// It would lock out every client of TLS 1.2 whose server has an elliptic key.
	if err := r.apply(map[string]string{"ssl_ciphers": "HIGH:!aNULL:!ECDHE"}); fault.CodeOf(err) != fault.InvalidParameter {
		t.Errorf("no suite for the certificate: %v", err)
	}
	r.mustApply(nil)
	r.mustLogin(only12())
}

// A server that took these files by itself would serve on and end at its next
// start ("could not set SSL protocol version range").
func TestLimitsThatContradictEachOtherAreRefusedAndDoNotEndTheServer(t *testing.T) {
	t.Parallel()
	r := start(t, postgres.New())
	bad := map[string]string{"ssl_min_protocol_version": "TLSv1.3", "ssl_max_protocol_version": "TLSv1.2"}
	if err := r.apply(bad); fault.CodeOf(err) != fault.InvalidCombination {
		t.Fatalf("Apply = %v", err)
	}
	r.mustLogin(&tls.Config{MaxVersion: tls.VersionTLS12}) // nothing took effect
	r.Stop()
	r.Start()
	r.admin = r.Admin()
	r.mustLogin(&tls.Config{MinVersion: tls.VersionTLS13})
	if err := r.apply(bad); fault.CodeOf(err) != fault.InvalidCombination {
		t.Fatalf("Apply after the restart = %v", err)
	}
}

func TestApplySaysWhatIsNotInForce(t *testing.T) {
	t.Parallel()
	r := start(t, postgres.New())
	for name, c := range map[string]struct {
		do, undo func()
		want     string
	}{
		"a limit by ALTER SYSTEM": {
			func() { r.exec("ALTER SYSTEM SET ssl_min_protocol_version = 'TLSv1.3'") },
			func() { r.exec("ALTER SYSTEM RESET ssl_min_protocol_version") },
			`ssl_min_protocol_version is "TLSv1.3" and not "TLSv1.2"`},
		"a maximum where none is asked for": {
			func() { r.exec("ALTER SYSTEM SET ssl_max_protocol_version = 'TLSv1.2'") },
			func() { r.exec("ALTER SYSTEM RESET ssl_max_protocol_version") },
			"ssl_max_protocol_version"},
		"TLS switched off": {
			func() { r.exec("ALTER SYSTEM SET ssl = off") },
			func() { r.exec("ALTER SYSTEM RESET ssl") },
			`ssl is "off" and not "on"`},
		"a line that lets plain sessions in": {
			func() { r.appendTo("pg_hba.conf", "host all all all scram-sha-256\n") }, func() {},
			"lets plain sessions in: true"},
		"a line with an error": {
			func() { r.appendTo("pg_hba.conf", "hostssl all all all nonsense\n") }, func() {},
			`invalid authentication method "nonsense"`},
	} {
		r.mustApply(nil)
		c.do()
		err := r.admin.Apply(t.Context(), r.Settings)
		if fault.CodeOf(err) != fault.InvalidInstanceState || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: Apply = %v, want %q", name, err, c.want)
		}
		c.undo()
	}
	r.mustApply(nil)
	r.appendTo("postgresql.conf", "nonsense\n")
	if err := r.admin.Apply(t.Context(), r.Settings); err == nil || !strings.Contains(err.Error(), "the server's log says") {
		t.Errorf("a file with a syntax error: Apply = %v", err)
	}
}

func TestAuroraRunsTheInstalledServerWithItsOwnDefaults(t *testing.T) {
	t.Parallel()
	r := start(t, postgres.Aurora())
	forced := r.Engine.Spec.Values(r.Install.Version, nil)["rds.force_ssl"] == "1"
	byDefault := func() {
		t.Helper()
		if s, err := r.login(nil); (err != nil) != forced {
			t.Errorf("a plain login by default, forced %t: %v, %v", forced, s, err)
		}
	}
	byDefault()
	r.mustApply(map[string]string{"rds.force_ssl": "1"})
	if s, err := r.login(nil); err == nil {
		t.Errorf("a plain login after forcing: %v", s)
	}
	r.mustApply(map[string]string{"rds.force_ssl": "0"})
	r.mustLogin(nil)
	r.mustApply(nil)
	byDefault()
}
