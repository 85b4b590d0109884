package local_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	sqldriver "github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/engine/mysql"
	"github.com/dbtls/dbtls/internal/engine/postgres"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/provider"
)

const realPassword = "correct-horse-battery"

// product is what the life of a real server is tried with.
type product struct {
	engine engine.Engine
	dial   func(r *rig, user string, with *tls.Config) (session, error) // without TLS when with is nil
	number string                                                       // asks for the session's own number
	force  string                                                       // the parameter that forces TLS
	bad    [2]string                                                    // a dynamic parameter with a value that the server refuses
}

func products() map[string]product {
	return map[string]product{
		"postgres": {
			engine: postgres.New(), dial: dialPostgres, number: "SELECT pg_backend_pid()",
			force: "rds.force_ssl", bad: [2]string{"ssl_ciphers", "NO-SUCH-CIPHER"},
		},
		"mariadb": {
			engine: mysql.MariaDB(), dial: dialMariaDB, number: "SELECT CONNECTION_ID()",
			force: "require_secure_transport", bad: [2]string{"require_secure_transport", "perhaps"},
		},
	}
}

// open is dial over TLS, verified in full.
func (p product) open(r *rig, user string) session {
	r.Helper()
	s, err := p.dial(r, user, r.clientTLS())
	r.ok(err)
	return s
}

// session is a client's login that stays.
type session struct {
	ask   func(query string, answer *int) error
	do    func(statement string) error
	close func() error
}

func dialPostgres(r *rig, user string, with *tls.Config) (session, error) {
	cfg, err := pgx.ParseConfig("sslmode=disable")
	r.ok(err)
	cfg.Host, cfg.Port, cfg.User, cfg.Password, cfg.Database = r.inst.Address, uint16(r.inst.Port), user, realPassword, "app"
	cfg.TLSConfig = with
	c, err := pgx.ConnectConfig(r.ctx(), cfg)
	return session{
		ask:   func(query string, answer *int) error { return c.QueryRow(r.ctx(), query).Scan(answer) },
		do:    func(statement string) error { _, err := c.Exec(r.ctx(), statement); return err },
		close: func() error { return c.Close(r.ctx()) },
	}, err
}

func dialMariaDB(r *rig, user string, with *tls.Config) (session, error) {
	cfg := sqldriver.NewConfig()
	cfg.Net, cfg.Addr = "tcp", net.JoinHostPort(r.inst.Address, strconv.Itoa(r.inst.Port))
	cfg.User, cfg.Passwd, cfg.DBName, cfg.TLS = user, realPassword, "app", with
	connector, err := sqldriver.NewConnector(cfg)
	r.ok(err)
	db := sql.OpenDB(connector)
	c, err := db.Conn(r.ctx())
	return session{
		ask:   func(query string, answer *int) error { return c.QueryRowContext(r.ctx(), query).Scan(answer) },
		do:    func(statement string) error { _, err := c.ExecContext(r.ctx(), statement); return err },
		close: db.Close,
	}, err
}

func (r *rig) clientTLS() *tls.Config {
	return &tls.Config{RootCAs: r.pool(), ServerName: r.inst.Address}
}

// newReal is a rig with a real server of the newest version found here.
func newReal(t *testing.T, p product) *rig {
	t.Helper()
	found, err := p.engine.Server.Find(context.Background())
	if err != nil || len(found) == 0 {
		if os.Getenv("DBTLS_REQUIRE_ENGINES") != "" {
			t.Fatalf("%s is not installed here (%v)", p.engine.Name(), err)
		}
		t.Skipf("SKIPPED: %s is not installed here (%v)", p.engine.Name(), err)
	}
	return newRigFor(t, p.engine, provider.Instance{
		Engine: p.engine.Name(), Version: found[len(found)-1].Version, Port: p.engine.Spec.DefaultPort,
	})
}

// wantWire handshakes as a client of the product until it gets gen's chain:
// a reload is a request that the server takes up when it comes to it.
func (r *rig) wantWire(gen string) {
	r.Helper()
	text, err := os.ReadFile(r.path("tls", gen, "server.crt"))
	r.ok(err)
	want, err := pki.ParseCertsPEM(text)
	r.ok(err)
	until(r.T, "the certificate of "+gen, func() bool {
		got := r.handshake()
		return got[0].Equal(want[0]) && len(got) == len(want)
	})
}

func (r *rig) handshake() []*x509.Certificate {
	r.Helper()
	return r.handshakeAt(r.inst.Address)
}

// handshakeAt expects the name of the instance wherever it is dialled.
func (r *rig) handshakeAt(address string) []*x509.Certificate {
	r.Helper()
	c, err := net.Dial("tcp", net.JoinHostPort(address, strconv.Itoa(r.inst.Port)))
	r.ok(err)
	defer c.Close()
	under, _, err := r.eng.Wire.StartTLS(r.ctx(), c, engine.Start{})
	r.ok(err)
	session := tls.Client(under, r.clientTLS())
	r.ok(session.Handshake())
	return session.ConnectionState().PeerCertificates
}

func TestTheLifeOfARealServer(t *testing.T) {
	t.Parallel()
	for name, p := range products() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newReal(t, p).running()
			user := p.engine.Spec.MasterUser
			for range 2 {
				r.ok(r.SetUp(r.ctx(), r.inst, engine.Master{User: user, Password: realPassword, Database: "app"}))
			}
			r.wantWire("g1")
			held := p.open(r, user)
			defer held.close()
			var before, after int
			r.ok(held.ask(p.number, &before))
			pid := r.observe().PID

			r.Provider = r.provider() // dbtls restarts: the server is adopted
			r.ok(r.Power(r.ctx(), r.inst, true))
			r.stage("g2")
			for range 2 {
				r.ok(r.activate("g2", engine.EffectReload))
			}
			r.wantWire("g2")
			r.ok(held.ask(p.number, &after))
			if after != before || r.observe().PID != pid {
				t.Errorf("session %d became %d, pid %d became %d", before, after, pid, r.observe().PID)
			}
			if o := r.observe(); o.Active != "g2" || len(o.Drift) != 0 {
				t.Errorf("observed %+v", o)
			}
			r.ok(r.Collect(r.ctx(), r.inst, nil))
			if n, err := r.EndSessions(r.ctx(), r.inst, time.Now().Add(time.Hour)); err != nil || n != 1 {
				t.Errorf("ended %d sessions, %v; want the one that is held", n, err)
			}
			r.restartWithClients(p, user)
			r.ok(r.Delete(r.ctx(), r.inst, "final"))
			if left := processes(t, r.dir); len(left) != 0 {
				t.Errorf("processes are left: %v", left)
			}
			if list, _ := os.ReadDir(filepath.Join(r.dir, "db")); len(list) != 0 {
				t.Errorf("files are left: %v", list)
			}
			r.ok(r.CheckPort(r.inst.Address, r.inst.Port))
		})
	}
}

// restartWithClients wants a stop not to wait for a client that stays.
func (r *rig) restartWithClients(p product, user string) {
	r.Helper()
	held := p.open(r, user)
	defer held.close()
	var n int
	r.ok(held.ask(p.number, &n))
	r.ok(r.Power(r.ctx(), r.inst, false))
	if o := r.observe(); o.Running || len(processes(r.T, r.path("data"))) != 0 {
		r.Errorf("observed %+v after the stop", o)
	}
	r.ok(r.Power(r.ctx(), r.inst, true))
	r.wantWire("g2")
}

func TestARealServerKilledHardIsStartedAgain(t *testing.T) {
	t.Parallel()
	for name, p := range products() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newReal(t, p).running()
			// Without its accounts MariaDB greets no client.
			r.ok(r.SetUp(r.ctx(), r.inst, engine.Master{User: p.engine.Spec.MasterUser, Password: realPassword}))
			pid := r.observe().PID
			proc, err := os.FindProcess(pid)
			r.ok(err)
			r.ok(proc.Kill())
			r.ok(r.Watch(r.ctx(), r.inst))
			r.ok(r.Power(r.ctx(), r.inst, true))
			r.wantWire("g1")
			if r.observe().PID == pid {
				t.Error("the same pid")
			}
		})
	}
}

func TestARealServersOwnSettingThatOutranksIsNamed(t *testing.T) {
	t.Parallel()
	r := newReal(t, products()["postgres"]).running()
	r.stage("g2")
	// What ALTER SYSTEM leaves behind; read at the reload.
	auto := r.path("data", "postgresql.auto.conf")
	text, err := os.ReadFile(auto)
	r.ok(err)
	old := r.path("tls", "g1", "server.crt")
	r.ok(os.WriteFile(auto, append(text, "ssl_cert_file = '"+old+"'\n"...), 0o600))
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	_, err = r.Activate(ctx, r.inst, "g2")
	r.refused(err, fault.InvalidInstanceState, strconv.Quote(old), "outranks")
}

func TestARealInitThatFailsSaysWhy(t *testing.T) {
	t.Parallel()
	r := newReal(t, products()["postgres"])
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	if err := r.Create(ctx, r.inst, provider.Source{}); err == nil || r.observe().Exists {
		t.Fatalf("error %v and data there: %v", err, r.observe().Exists)
	}
	if left := processes(t, r.dir); len(left) != 0 {
		t.Errorf("processes are left: %v", left)
	}
	r.ok(r.Create(r.ctx(), r.inst, provider.Source{}))
	if b, _ := os.ReadFile(r.path("log", "engine.log")); !strings.Contains(string(b), "data directory") && len(b) == 0 {
		t.Error("the log holds nothing of the engine's command")
	}
}
