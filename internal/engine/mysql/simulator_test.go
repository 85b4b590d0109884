package mysql_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	driver "github.com/go-sql-driver/mysql"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/engine/enginetest"
	"github.com/dbtls/dbtls/internal/engine/mysql"
	"github.com/dbtls/dbtls/internal/pki/pkitest"
	"github.com/dbtls/dbtls/internal/probe"
)

// played is one simulated instance that listens.
type played struct {
	engine.Host
	engine engine.Engine
	ca     string // file of the root
	other  string // file of a root that signed nothing here
	roots  *x509.CertPool
	ended  chan error // what Serve returned, a session each
}

// play serves a simulated instance of a version with the parameters in set.
func play(t *testing.T, e engine.Engine, version string, set map[string]string) *played {
	t.Helper()
	const address = "127.0.0.1"
	p := &played{engine: e, roots: x509.NewCertPool(), ended: make(chan error, 100)}
	h := pkitest.New(t, "us-east-1", time.Now())
	chain, signer := h.Leaf(t, "rds-ca-ecc384-g1", address)
	for _, root := range h.TrustStore("rds-ca-ecc384-g1") {
		p.roots.AddCert(root)
		p.ca = writePEM(t, root)
	}
	p.other = writePEM(t, h.TrustStore("rds-ca-rsa2048-g1")[0])
	served := pkitest.TLS(chain, signer)
	l, err := net.Listen("tcp", address+":0")
	if err != nil {
		t.Fatal(err)
	}
	p.Host = engine.Host{
		Version: version, Address: address, Port: l.Addr().(*net.TCPAddr).Port,
		Parameters:  e.Spec.Values(version, set),
		Certificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &served, nil },
		Sessions:    &engine.Sessions{Journal: &engine.Journal{}},
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	t.Cleanup(func() { cancel(); _ = l.Close(); <-done })
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				p.ended <- e.Simulator.Serve(ctx, c, &p.Host)
			}()
		}
	}()
	return p
}

func parameter(t *testing.T, spec engine.Spec, version, name string) engine.Parameter {
	t.Helper()
	for _, p := range spec.Parameters(version) {
		if p.Name == name {
			return p
		}
	}
	t.Fatalf("version %q has no parameter %q", version, name)
	return engine.Parameter{}
}

func writePEM(t *testing.T, c *x509.Certificate) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// products are one version of each, with the error that refuses a login
// without TLS.
func products() map[string]struct {
	engine  engine.Engine
	version string
	refused string
} {
	return map[string]struct {
		engine  engine.Engine
		version string
		refused string
	}{
		"MariaDB":   {mysql.MariaDB(), "10.11.13", "ERROR 1045 (28000): Access denied for user 'me'@'127.0.0.1' (using password: YES)"},
		"MySQL 8":   {mysql.MySQL(), "8.4.6", "ERROR 3159 (HY000): Connections using insecure transport are prohibited"},
		"MySQL 5.7": {mysql.MySQL(), "5.7.44", "ERROR 3159 (HY000)"},
		"Aurora":    {mysql.Aurora(), "8.0.mysql_aurora.3.08.2", "ERROR 3159 (HY000)"},
	}
}

// client runs the mariadb client once and returns what it says.
func (p *played) client(t *testing.T, args ...string) string {
	t.Helper()
	program, err := exec.LookPath("mariadb")
	if err != nil {
		if os.Getenv("DBTLS_REQUIRE_ENGINES") != "" {
			t.Fatal("no mariadb client on this machine, and DBTLS_REQUIRE_ENGINES is set")
		}
		t.Skip("SKIPPED: no mariadb client on this machine; set DBTLS_REQUIRE_ENGINES=1 to make this a failure")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	args = append([]string{"--no-defaults", "--protocol=tcp", "-h" + p.Address, "-P" + strconv.Itoa(p.Port),
		"-ume", "-psecret", "-e", "SELECT 1"}, args...)
	out, err := exec.CommandContext(ctx, program, args...).CombinedOutput()
	if err == nil {
		t.Fatalf("the client logged in: %s", out)
	}
	return string(out)
}

func TestSimulatorAnswersTheRealClientInEverySSLMode(t *testing.T) {
	t.Parallel()
	const plain, secure = "you came without TLS", "you came over TLSv1."
	for name, product := range products() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on := parameter(t, product.engine.Spec, product.version, "require_secure_transport").Allowed[1]
			open := play(t, product.engine, product.version, nil)
			forced := play(t, product.engine, product.version, map[string]string{"require_secure_transport": on})
			for mode, c := range map[string]struct {
				p    *played
				args []string
				want string
			}{
				"none":                                {open, []string{"--skip-ssl"}, plain},
				"none, where TLS is forced":           {forced, []string{"--skip-ssl"}, product.refused},
				"encrypted, nothing verified":         {open, []string{"--ssl"}, secure},
				"encrypted, where TLS is forced":      {forced, []string{"--ssl"}, secure},
				"chain verified":                      {open, []string{"--ssl-ca=" + open.ca}, secure},
				"chain and name verified":             {open, []string{"--ssl-ca=" + open.ca, "--ssl-verify-server-cert"}, secure},
				"chain verified with another root":    {open, []string{"--ssl-ca=" + open.other, "--ssl-verify-server-cert"}, "certificate"},
				"the default authentication of MySQL": {open, []string{"--ssl", "--default-auth=caching_sha2_password"}, secure},
			} {
				if got := c.p.client(t, c.args...); !strings.Contains(got, c.want) {
					t.Errorf("%s: the client says %q, want %q", mode, got, c.want)
				}
			}
		})
	}
}

func TestSimulatorAnswersTheGoDriver(t *testing.T) {
	t.Parallel()
	for name, product := range products() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := play(t, product.engine, product.version, nil)
			for mode, cfg := range map[string]*tls.Config{"without TLS": nil, "over TLSv1.": {RootCAs: p.roots, ServerName: p.Address}} {
				_, err := open(t.Context(), enginetest.Client{
					Address: net.JoinHostPort(p.Address, strconv.Itoa(p.Port)), User: "me", Password: "secret", Database: "orders", TLS: cfg,
				})
				said, ok := errors.AsType[*driver.MySQLError](err)
				if !ok || said.Number != 1105 || !strings.Contains(said.Message, "simulated instance") || !strings.Contains(said.Message, mode) {
					t.Errorf("%s: the driver says %v", mode, err)
				}
				if err := <-p.ended; err != nil {
					t.Errorf("%s: Serve = %v", mode, err)
				}
			}
		})
	}
}

// handshake asks for TLS as cfg says and returns what was agreed.
func (p *played) handshake(t *testing.T, cfg *tls.Config) (tls.ConnectionState, engine.Greeting, error) {
	t.Helper()
	raw, err := net.Dial("tcp", net.JoinHostPort(p.Address, strconv.Itoa(p.Port)))
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	c, greeting, err := p.engine.Wire.StartTLS(t.Context(), raw, engine.Start{})
	if err != nil {
		t.Fatal(err)
	}
	cfg.RootCAs, cfg.ServerName = p.roots, p.Address
	secure := tls.Client(c, cfg)
	err = secure.HandshakeContext(t.Context())
	return secure.ConnectionState(), greeting, err
}

func TestSimulatorParametersShowOnTheWire(t *testing.T) {
	t.Parallel()
	const chosen = "ECDHE-ECDSA-AES256-GCM-SHA384,ECDHE-RSA-AES256-GCM-SHA384"
	for name, c := range map[string]struct {
		engine  engine.Engine
		version string
		set     map[string]string
		highest uint16 // the client's own limit, 0 for none
		agreed  uint16 // 0: no handshake
		suite   uint16 // 0: any
	}{
		"by default the newest TLS":                  {engine: mysql.MariaDB(), version: "10.11.13", agreed: tls.VersionTLS13},
		"by default TLS 1.2 as well":                 {engine: mysql.MySQL(), version: "8.4.6", highest: tls.VersionTLS12, agreed: tls.VersionTLS12},
		"MySQL 5.7 has TLS 1.2 only":                 {engine: mysql.MySQL(), version: "5.7.44", agreed: tls.VersionTLS12},
		"Aurora 2 has TLS 1.2 only":                  {engine: mysql.Aurora(), version: "5.7.mysql_aurora.2.11.6", agreed: tls.VersionTLS12},
		"tls_version without 1.3":                    {engine: mysql.MariaDB(), version: "10.11.13", set: map[string]string{"tls_version": "TLSv1.2"}, agreed: tls.VersionTLS12},
		"tls_version without 1.2 takes a new client": {engine: mysql.MySQL(), version: "8.4.6", set: map[string]string{"tls_version": "TLSv1.3"}, agreed: tls.VersionTLS13},
		"tls_version without 1.2 refuses an old one": {engine: mysql.Aurora(), version: "8.0.mysql_aurora.3.08.2", set: map[string]string{"tls_version": "TLSv1.3"}, highest: tls.VersionTLS12},
		"ssl_cipher chooses in TLS 1.2":              {engine: mysql.Aurora(), version: "8.0.mysql_aurora.3.08.2", set: map[string]string{"ssl_cipher": chosen}, highest: tls.VersionTLS12, agreed: tls.VersionTLS12, suite: tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384},
		"a version before tls_version":               {engine: mysql.MariaDB(), version: "10.3.39", agreed: tls.VersionTLS12},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := play(t, c.engine, c.version, c.set)
			got, _, err := p.handshake(t, &tls.Config{MaxVersion: c.highest})
			if (err != nil) != (c.agreed == 0) {
				t.Fatalf("handshake: %v", err)
			}
			if err == nil && (got.Version != c.agreed || c.suite != 0 && got.CipherSuite != c.suite) {
				t.Errorf("agreed on %s with %s", tls.VersionName(got.Version), tls.CipherSuiteName(got.CipherSuite))
			}
			if err := <-p.ended; err != nil {
				t.Errorf("Serve = %v, and the client did as clients do", err)
			}
		})
	}
}

func TestSimulatorAnnouncesItsVersion(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		engine        engine.Engine
		version, want string
	}{
		{mysql.MariaDB(), "10.11.13", "10.11.13-MariaDB-log"},
		{mysql.MariaDB(), "11.8.3", "11.8.3-MariaDB-log"},
		{mysql.MySQL(), "8.4.6", "8.4.6"},
		{mysql.Aurora(), "8.0.mysql_aurora.3.05.2", "8.0.32"},
		{mysql.Aurora(), "5.7.mysql_aurora.2.12.5", "5.7.44"},
	} {
		p := play(t, c.engine, c.version, nil)
		o, err := probe.Dial(t.Context(), probe.Target{Engine: c.engine, Address: net.JoinHostPort(p.Address, strconv.Itoa(p.Port))})
		if err != nil || o.Greeting.Version != c.want {
			t.Errorf("version %q announces %+v, %v; want %q", c.version, o, err, c.want)
		}
	}
}
