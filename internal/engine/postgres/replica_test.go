package postgres_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/engine/enginetest"
	"github.com/dbtls/dbtls/internal/engine/postgres"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/probe"
	"github.com/dbtls/dbtls/internal/provider"
)

const replicaPassword = `p:a\ss'word`

// follower is the engine of one replica: the suite's server knows nothing of
// primaries when it makes the files and the data.
type follower struct {
	engine.Server
	primary *engine.Primary
}

func (f follower) Init(i engine.Install, s engine.Settings, dataDir string) []engine.Process {
	s.Primary = f.primary
	return f.Server.Init(i, s, dataDir)
}

func (f follower) Files(i engine.Install, s engine.Settings) []engine.File {
	s.Primary = f.primary
	return f.Server.Files(i, s)
}

// source writes what a replica needs of its primary, for the engine's user;
// roots of the CAs.
func (r *running) source(cas ...string) *engine.Primary {
	r.t.Helper()
	dir, err := os.MkdirTemp("/tmp", "dbtls-source-")
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = os.RemoveAll(dir) })
	p := &engine.Primary{
		Address: r.Address, Port: r.Port, User: provider.ReplicaUser,
		Password: filepath.Join(dir, "it's pass"), Roots: filepath.Join(dir, "roots.pem"),
	}
	for path, f := range map[string]engine.File{
		p.Password: {Content: r.Engine.Replicas.Credential(*p, replicaPassword), Mode: 0o600},
		p.Roots:    {Content: pki.EncodeCertsPEM(r.world.TrustStore(cas...)...), Mode: 0o644},
	} {
		if err := errors.Join(os.WriteFile(path, f.Content, f.Mode), os.Chmod(dir, 0o755)); err != nil {
			r.t.Fatal(err)
		}
		r.own(path)
	}
	return p
}

// replica makes a server that follows r and starts it with its own pair.
func (r *running) replica(from *engine.Primary) *running {
	r.t.Helper()
	e := postgres.New()
	e.Server = follower{e.Server, from}
	c := &running{Server: enginetest.New(r.t, e), t: r.t, world: r.world}
	c.Settings.Primary = from
	c.serve(newCA, "gen-1")
	c.Start()
	c.admin = c.Admin()
	return c
}

func (r *running) allow(user string) error {
	return r.Engine.Replicas.Allow(r.t.Context(), r.Settings, user, replicaPassword)
}

// caughtUp waits until the replica streams and has replayed what the primary
// has written now.
func (r *running) caughtUp(c *running) {
	r.t.Helper()
	lsn := r.text("SELECT pg_current_wal_flush_lsn()::text")
	super := c.super()
	c.Poll("a replica without lag", func(ctx context.Context) error {
		var status, conninfo string
		var lag int64
		err := super.QueryRow(ctx, `SELECT status, conninfo, greatest(0, pg_wal_lsn_diff($1::pg_lsn, pg_last_wal_replay_lsn()))::bigint
			FROM pg_stat_wal_receiver`, lsn).Scan(&status, &conninfo, &lag)
		if err == nil && (status != "streaming" || lag > 0 || !strings.Contains(conninfo, "sslmode=verify-full")) {
			err = fmt.Errorf("%s, %d bytes behind, over %s", status, lag, conninfo)
		}
		return err
	})
}

func TestReplicaFollowsOverVerifiedTLSThroughAChangeOfCA(t *testing.T) {
	t.Parallel()
	r := start(t, postgres.New())
	for range 2 { // again, as after a crash
		if err := r.allow(provider.ReplicaUser); err != nil {
			t.Fatal(err)
		}
	}
	c := r.replica(r.source(oldCA, newCA))
	r.exec("CREATE TABLE t AS SELECT 1 AS a")
	r.caughtUp(c)
	if got := c.text("SELECT a::text FROM t"); got != "1" {
		t.Errorf("the replica has %q", got)
	}
	if got := r.text("SELECT s.version || ' ' || a.application_name FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) WHERE usename = 'dbtls_replica'"); got != "TLSv1.3 db-TEST" {
		t.Errorf("the primary sees its replica with %q", got)
	}
	if _, err := os.Stat(filepath.Join(c.Data, "recovery.signal")); !errors.Is(err, os.ErrNotExist) {
		t.Error("the replica would recover to a point")
	}
	if b, err := os.ReadFile(filepath.Join(c.Data, "postgresql.auto.conf")); err != nil || strings.Contains(string(b), "primary_conninfo") {
		t.Errorf("postgresql.auto.conf: %v\n%s", err, b)
	}
	c.mustLogin(&tls.Config{})
	if s, err := c.login(nil); err == nil {
		t.Errorf("a plain login at the replica: %v", s)
	}

	r.serve(newCA, "gen-2")
	if err := r.admin.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n, err := r.admin.EndSessions(t.Context(), time.Now()); err != nil || n < 1 {
		t.Fatalf("EndSessions = %d, %v, want the replica's ended too", n, err)
	}
	r.exec("INSERT INTO t VALUES (2)")
	r.caughtUp(c)
	if got := c.text("SELECT count(*)::text FROM t"); got != "2" {
		t.Errorf("after the change of CA the replica has %q rows", got)
	}
	replicaManages(t, r, c)
}

// replicaManages: what dbtls does to a server works on one that takes no
// writes, the agent's role broken by the master included.
func replicaManages(t *testing.T, r, c *running) {
	t.Helper()
	if err := c.admin.SetUp(t.Context(), enginetest.Master()); fault.CodeOf(err) != fault.InvalidInstanceState || !strings.Contains(err.Error(), "read replica") {
		t.Errorf("SetUp of a replica: %v", err)
	}
	if err := c.allow(provider.ReplicaUser); fault.CodeOf(err) != fault.InvalidInstanceState {
		t.Errorf("Allow on a replica: %v", err)
	}
	r.exec("ALTER ROLE dbtls_agent NOLOGIN")
	r.caughtUp(c)
	c.admin = c.Admin()
	c.mustApply(map[string]string{"rds.force_ssl": "0"})
	c.mustLogin(nil)
	leaf := c.serve(newCA, "gen-2")
	if err := c.admin.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	o, err := probe.Dial(t.Context(), probe.Target{Engine: c.Engine, Address: c.HostPort()})
	if err != nil || !o.Leaf().Equal(leaf) {
		t.Errorf("the replica does not serve its own new leaf: %v", err)
	}
	primary := c.Settings.Primary
	c.Settings.Primary = nil
	if err := c.admin.Apply(t.Context(), c.Settings); fault.CodeOf(err) != fault.InvalidInstanceState || !strings.Contains(err.Error(), "follows a primary and should take writes") {
		t.Errorf("Apply of a primary's settings on a replica: %v", err)
	}
	c.Settings.Primary = primary
}

func TestWhoIsRefusedAsAReplica(t *testing.T) {
	t.Parallel()
	r := start(t, postgres.New())
	if err := r.allow("other"); err == nil {
		t.Error("a role that the rules do not know is made")
	}
	if err := r.allow(provider.ReplicaUser); err != nil {
		t.Fatal(err)
	}
	r.mustApply(map[string]string{"rds.force_ssl": "0"})
	for name, cfg := range map[string]*tls.Config{"plain": nil, "TLS": {InsecureSkipVerify: true}} {
		s, err := open(t.Context(), enginetest.Client{Address: r.HostPort(), User: provider.ReplicaUser, Password: replicaPassword, Database: "postgres", TLS: cfg})
		if err == nil || !strings.Contains(err.Error(), "pg_hba.conf rejects connection") {
			t.Errorf("%s: the replicas' role logs in to a database: %v, %v", name, s, err)
		}
	}
	master := r.mustLogin(&tls.Config{})
	for sql, want := range map[string]string{
		"DROP ROLE dbtls_replica":                  "2BP01 42501", // 42501 since version 16
		"ALTER ROLE dbtls_replica PASSWORD 'mine'": "42501",
		"CREATE ROLE mine LOGIN REPLICATION":       "42501",
	} {
		if err := master.Exec(t.Context(), sql); err == nil || !strings.Contains(want, state(err)) {
			t.Errorf("%s by the master: %v", sql, err)
		}
	}
}

func TestAReplicaVerifiesItsPrimary(t *testing.T) {
	t.Parallel()
	r := start(t, postgres.New())
	if err := r.allow(provider.ReplicaUser); err != nil {
		t.Fatal(err)
	}
	r.Also = []string{"127.78.0.1"} // not in the leaf
	r.mustApply(nil)
	r.Stop()
	r.Start()
	r.admin = r.Admin()
	dir := filepath.Dir(r.Data)
	for name, c := range map[string]struct {
		ca, address, password, want string
	}{
		"roots of another CA": {newCA, r.Address, replicaPassword, "certificate verify failed"},
		"another name":        {oldCA, r.Also[0], replicaPassword, "does not match host name"},
		"another password":    {oldCA, r.Address, "wrong", "password authentication failed"},
		"nothing wrong":       {oldCA, r.Address, replicaPassword, ""},
	} {
		s := r.Settings
		s.Primary = r.source(c.ca)
		s.Primary.Address = c.address
		if err := os.WriteFile(s.Primary.Password, r.Engine.Replicas.Credential(*s.Primary, c.password), 0o600); err != nil {
			t.Fatal(err)
		}
		to := filepath.Join(dir, strings.ReplaceAll(name, " ", "-"))
		if err := os.Mkdir(to, 0o700); err != nil {
			t.Fatal(err)
		}
		r.own(to)
		out, err := r.run(r.Engine.Server.Init(r.Install, s, to)[0])
		if (err == nil) != (c.want == "") || !strings.Contains(out, c.want) || strings.Contains(out, replicaPassword) {
			t.Errorf("%s: %v, want %q\n%s", name, err, c.want, out)
		}
	}
}

func TestReservedReplicaRole(t *testing.T) {
	t.Parallel()
	if !slices.Contains(postgres.New().Spec.ReservedUsers, provider.ReplicaUser) {
		t.Errorf("a master user may be named %q", provider.ReplicaUser)
	}
}
