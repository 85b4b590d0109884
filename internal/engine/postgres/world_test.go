package postgres_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/engine/enginetest"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/pki/pkitest"
)

const (
	oldCA = "rds-ca-2019"
	newCA = "rds-ca-ecc384-g1"
)

// running is one real server that is set up and serves a pair of its world.
type running struct {
	*enginetest.Server
	t     *testing.T
	world *pkitest.Hierarchy
	admin engine.Admin
}

func start(t *testing.T, e engine.Engine) *running {
	t.Helper()
	r := &running{Server: enginetest.New(t, e), t: t, world: pkitest.New(t, "us-east-1", time.Now())}
	r.serve(oldCA, "gen-1")
	r.Start()
	r.admin = r.Admin()
	if err := r.admin.SetUp(t.Context(), enginetest.Master()); err != nil {
		t.Fatal(err)
	}
	return r
}

// serve binds a new pair under ca and returns its leaf.
func (r *running) serve(ca, generation string) *x509.Certificate {
	r.t.Helper()
	chain, key := r.world.Leaf(r.t, ca, r.Address)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		r.t.Fatal(err)
	}
	dir := filepath.Join(r.TLS, generation)
	p := engine.PairPaths{Cert: filepath.Join(dir, "server.crt"), Key: filepath.Join(dir, "server.key")}
	if err := errors.Join(
		os.Mkdir(dir, 0o755),
		os.WriteFile(p.Cert, pki.EncodeCertsPEM(chain...), 0o644),
		os.WriteFile(p.Key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600),
	); err != nil {
		r.t.Fatal(err)
	}
	r.own(p.Key)
	r.Bind(p)
	return chain[0]
}

// credential is the user the servers of the test run as, nil for the test's.
func (r *running) credential() *syscall.Credential {
	r.t.Helper()
	if os.Geteuid() != 0 {
		return nil
	}
	u, err := user.Lookup(r.Engine.Server.SystemUser())
	if err != nil {
		u, err = user.Lookup("nobody")
	}
	if err != nil {
		r.t.Fatal(err)
	}
	uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	if err := errors.Join(err1, err2); err != nil {
		r.t.Fatal(err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

// own gives a file to that user.
func (r *running) own(path string) {
	r.t.Helper()
	if c := r.credential(); c != nil {
		if err := os.Chown(path, int(c.Uid), int(c.Gid)); err != nil {
			r.t.Fatal(err)
		}
	}
}

// run runs one of the engine's programs as that user.
func (r *running) run(p engine.Process) (string, error) {
	r.t.Helper()
	cmd := exec.CommandContext(r.t.Context(), p.Path, p.Args...)
	cmd.Dir, cmd.Env = p.Dir, append([]string{"PATH=/usr/bin:/bin", "LC_ALL=C"}, p.Env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: r.credential()}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// apply puts parameters in place as a provider does.
func (r *running) apply(values map[string]string) error {
	r.t.Helper()
	r.Settings.Parameters = values
	for _, f := range r.Engine.Server.Files(r.Install, r.Settings) {
		if err := os.WriteFile(f.Path, f.Content, f.Mode); err != nil {
			r.t.Fatal(err)
		}
	}
	return r.admin.Apply(r.t.Context(), r.Settings)
}

func (r *running) mustApply(values map[string]string) {
	r.t.Helper()
	if err := r.apply(values); err != nil {
		r.t.Fatalf("Apply(%v): %v", values, err)
	}
}

// login opens a session of the master; a nil config is a plain one.
func (r *running) login(cfg *tls.Config) (enginetest.Session, error) {
	m := enginetest.Master()
	if cfg != nil {
		cfg.RootCAs, cfg.ServerName = pool(r.world), r.Address
	}
	return open(r.t.Context(), enginetest.Client{Address: r.HostPort(), User: m.User, Password: m.Password, Database: m.Database, TLS: cfg})
}

func pool(h *pkitest.Hierarchy) *x509.CertPool {
	p := x509.NewCertPool()
	for _, c := range h.TrustStore() {
		p.AddCert(c)
	}
	return p
}

func (r *running) mustLogin(cfg *tls.Config) enginetest.Session {
	r.t.Helper()
	s, err := r.login(cfg)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = s.Close() })
	return s
}

// super is the superuser's session, as somebody on the machine may open it.
func (r *running) super() *pgx.Conn {
	r.t.Helper()
	cfg, err := pgx.ParseConfig("host=/ port=1 user=dbtls_superuser dbname=postgres sslmode=disable")
	if err != nil {
		r.t.Fatal(err)
	}
	cfg.Host, cfg.Port = r.Run, uint16(r.Port)
	c, err := pgx.ConnectConfig(r.t.Context(), cfg)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

func (r *running) exec(sql string) {
	r.t.Helper()
	if _, err := r.super().Exec(r.t.Context(), sql); err != nil {
		r.t.Fatalf("%s: %v", sql, err)
	}
}

func (r *running) text(sql string) (out string) {
	r.t.Helper()
	if err := r.super().QueryRow(r.t.Context(), sql).Scan(&out); err != nil {
		r.t.Fatalf("%s: %v", sql, err)
	}
	return out
}

// appendTo is another hand in a configuration file.
func (r *running) appendTo(name, text string) {
	r.t.Helper()
	path := filepath.Join(r.Conf, name)
	b, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, append(b, text...), 0o644)
	}
	if err != nil {
		r.t.Fatal(err)
	}
}
