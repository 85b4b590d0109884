package oracle

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	goora "github.com/sijms/go-ora/v2"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/pki/pkitest"
)

const (
	ca      = "rds-ca-ecc384-g1"
	version = "19.0.0.0.ru-2025-01.rur-2025-01.r1"
)

// start serves a simulated listener at 127.0.0.1.
func start(t *testing.T) (port int, world *pkitest.Hierarchy) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	world = pkitest.New(t, "us-east-1", time.Now())
	chain, key := world.Leaf(t, ca, "127.0.0.1")
	pair := pkitest.TLS(chain, key)
	host := &engine.Host{
		Version:     version,
		Certificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &pair, nil },
	}
	ctx, cancel := context.WithCancel(context.Background())
	var open sync.WaitGroup
	t.Cleanup(func() { cancel(); _ = l.Close(); open.Wait() })
	open.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			open.Go(func() {
				defer c.Close()
				if err := Editions()[0].Simulator.Serve(ctx, c, host); err != nil {
					t.Errorf("Serve: %v", err)
				}
			})
		}
	})
	return l.Addr().(*net.TCPAddr).Port, world
}

func trusting(world *pkitest.Hierarchy) *tls.Config {
	p := x509.NewCertPool()
	for _, c := range world.TrustStore(ca) {
		p.AddCert(c)
	}
	return &tls.Config{RootCAs: p, ServerName: "127.0.0.1"}
}

// connect is what a program sees that opens a database with a real driver.
func connect(t *testing.T, port int, service string, trust *tls.Config) error {
	t.Helper()
	url := goora.BuildUrl("127.0.0.1", port, service, "admin", "secret", map[string]string{"SSL": "true", "SSL VERIFY": "true"})
	connector, ok := goora.NewConnector(url).(*goora.OracleConnector)
	if !ok {
		t.Fatal("the driver's connector has another type")
	}
	connector.WithTLSConfig(trust)
	db := sql.OpenDB(connector)
	defer db.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	return db.PingContext(ctx)
}

func TestARealClientReachesTheListenerOverVerifiedTLS(t *testing.T) {
	t.Parallel()
	port, world := start(t)
	for name, service := range map[string]string{"a descriptor in the packet": "ORCL", "a descriptor that follows it": strings.Repeat("ORCL", 100)} {
		if err := connect(t, port, service, trusting(world)); err == nil || !strings.Contains(err.Error(), "ORA-12514") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestARealClientThatTrustsAnotherCAFailsInTheHandshake(t *testing.T) {
	t.Parallel()
	port, _ := start(t)
	err := connect(t, port, "ORCL", trusting(pkitest.New(t, "us-east-1", time.Now())))
	var unknown x509.UnknownAuthorityError
	if !errors.As(err, &unknown) && (err == nil || !strings.Contains(err.Error(), "x509")) {
		t.Errorf("ping: %v", err)
	}
}

func TestTheAnswerSaysWhatWasReached(t *testing.T) {
	t.Parallel()
	port, world := start(t)
	for descriptor, want := range map[string]string{
		"(DESCRIPTION=(CONNECT_DATA=(SERVICE_NAME=ORCL)))": "(ERR=12514)(ERROR_STACK=(ERROR=(CODE=12514)(EMFI=4))(ERROR=(BUF='" + simulated,
		"(CONNECT_DATA=(COMMAND = ping))":                  "(VSNNUM=318767104)(ERR=0)(ALIAS=LISTENER)",
		"(DESCRIPTION=(CONNECT_DATA=(SERVICE_NAME=ping)))": "(ERR=12514)",
	} {
		c, err := tls.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), trusting(world))
		if err != nil {
			t.Fatal(err)
		}
		if c.ConnectionState().Version != tls.VersionTLS12 {
			t.Errorf("TLS version 0x%04x", c.ConnectionState().Version)
		}
		if _, err := c.Write(connectPacket(descriptor)); err != nil {
			t.Fatal(err)
		}
		kind, b, err := readPacket(c)
		if err != nil || kind != typeRefuse || !strings.Contains(string(b), want) {
			t.Errorf("%s: %d %q, %v", descriptor, kind, b, err)
		}
		if n, err := c.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("%s: after the answer: %d, %v", descriptor, n, err)
		}
		_ = c.Close()
	}
}

func TestEditionsHaveTheFamiliesOfRDS(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"oracle-ee": "oracle-ee-19", "oracle-se2": "oracle-se2-19",
		"oracle-ee-cdb": "oracle-ee-cdb-19 oracle-ee-cdb-21", "oracle-se2-cdb": "oracle-se2-cdb-19 oracle-se2-cdb-21",
	}
	for _, e := range Editions() {
		var families []string
		for i, v := range e.Spec.Versions {
			if f := e.Spec.Family(v); i == 0 || f != families[len(families)-1] {
				families = append(families, f)
			}
			if e.Spec.HotReload(v) {
				t.Errorf("%s %s takes certificates without a restart", e.Name(), v)
			}
		}
		if got := strings.Join(families, " "); got != want[e.Name()] {
			t.Errorf("%s: %s", e.Name(), got)
		}
	}
}

func TestACertificateThatCannotBeHadIsTheServersError(t *testing.T) {
	t.Parallel()
	broken := errors.New("no pair")
	ours, theirs := net.Pipe()
	go func() {
		_ = tls.Client(theirs, &tls.Config{ServerName: "db"}).HandshakeContext(t.Context())
		_ = theirs.Close()
	}()
	err := serve(t.Context(), ours, &engine.Host{
		Certificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return nil, broken },
	})
	if !errors.Is(err, broken) {
		t.Errorf("serve: %v", err)
	}
}

func TestServeEndsWithItsContext(t *testing.T) {
	t.Parallel()
	for name, sent := range map[string]string{"a client that says nothing": "", "a client that stops in the middle": "\x16\x03\x01"} {
		ours, theirs := net.Pipe()
		ctx, cancel := context.WithCancel(t.Context())
		end := make(chan error, 1)
		go func() { end <- serve(ctx, ours, &engine.Host{}) }()
		if _, err := io.WriteString(theirs, sent); err != nil {
			t.Fatal(err)
		}
		cancel()
		if err := <-end; err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
