package db2

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/pki/pkitest"
)

const (
	ca      = "rds-ca-ecc384-g1"
	version = "11.5.9.0.sb00075854.r1"
	user    = "admin"
	secret  = "correct [horse]!^|"
)

// instance is one simulated instance that listens.
type instance struct {
	address  string
	world    *pkitest.Hierarchy
	sessions *engine.Sessions
}

func start(t *testing.T, parameters map[string]string) instance {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	e := Editions()[0]
	i := instance{l.Addr().String(), pkitest.New(t, "us-east-1", time.Now()), &engine.Sessions{}}
	chain, key := i.world.Leaf(t, ca, "127.0.0.1")
	pair := pkitest.TLS(chain, key)
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
				err := e.Simulator.Serve(ctx, c, &engine.Host{
					Version: version, Parameters: e.Spec.Values(version, parameters), Sessions: i.sessions,
					Certificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &pair, nil },
					Login:       func(u, p string) bool { return u == user && p == secret },
				})
				if err != nil {
					t.Errorf("Serve: %v", err)
				}
			})
		}
	})
	return i
}

func roots(world *pkitest.Hierarchy) *x509.CertPool {
	p := x509.NewCertPool()
	for _, c := range world.TrustStore(ca) {
		p.AddCert(c)
	}
	return p
}

// dial is a connection on which TLS is up and verified.
func dial(t *testing.T, address string, world *pkitest.Hierarchy) *tls.Conn {
	t.Helper()
	c, err := tls.Dial("tcp", address, &tls.Config{RootCAs: roots(world)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestALoginIsLetInAndThereIsNoDatabase(t *testing.T) {
	t.Parallel()
	i := start(t, nil)
	c := dial(t, i.address, i.world)
	got, err := logIn(t.Context(), c, user, secret, "shop")
	if want := (result{class: "QDB2/LINUXX8664", release: "SQL11059"}); !errors.Is(err, engine.ErrNoDatabase) || got != want {
		t.Fatalf("Login: %+v, %v", got, err)
	}
	open := i.sessions.List()
	if len(open) != 1 || open[0].User != user || !open[0].Encrypted || open[0].TLS != "TLSv1.2" || open[0].Client != "127.0.0.1" || open[0].Program != program {
		t.Errorf("sessions: %+v", open)
	}
	_ = c.Close()
	poll(t, "the session is no longer listed", func() bool { return len(i.sessions.List()) == 0 })
}

func poll(t *testing.T, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for late := time.After(30 * time.Second); !done(); {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("wait until %s: not within 30 s", what)
		}
	}
}

func TestAWrongLoginIsRefusedWithoutSayingWhatIsWrong(t *testing.T) {
	t.Parallel()
	i := start(t, nil)
	texts := map[string]bool{}
	for _, pair := range [][2]string{{user, "letmein"}, {"nobody", secret}, {user, secret + " "}} {
		_, err := logIn(t.Context(), dial(t, i.address, i.world), pair[0], pair[1], "shop")
		if !errors.Is(err, engine.ErrLoginRefused) || strings.Contains(err.Error(), pair[1]) {
			t.Errorf("%q: %v", pair[0], err)
			continue
		}
		texts[err.Error()] = true
	}
	if len(texts) != 1 {
		t.Errorf("the answers differ: %v", texts)
	}
	if open := i.sessions.List(); len(open) > 0 {
		t.Errorf("sessions: %+v", open)
	}
}

func TestNamesThatCannotBeSentAreRefusedBeforeAnythingIs(t *testing.T) {
	t.Parallel()
	for what, args := range map[string][3]string{
		"no user": {"", "p", "d"}, "no password": {"u", "", "d"}, "no database": {"u", "p", ""},
		"a password beyond the code page": {"u", "pässwörd€", "d"}, "a long user": {strings.Repeat("u", 256), "p", "d"},
	} {
		c, _ := net.Pipe() // a write would block
		if _, err := logIn(t.Context(), c, args[0], args[1], args[2]); err == nil || strings.Contains(err.Error(), "pässwörd") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestVersionsAndCiphersAreOfferedAsTheParametersSay(t *testing.T) {
	t.Parallel()
	const aes128 = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"
	for name, test := range map[string]struct {
		set    map[string]string
		client *tls.Config
		good   bool
	}{
		"TLS 1.2 by default":           {nil, &tls.Config{MaxVersion: tls.VersionTLS12}, true},
		"no TLS 1.3 by default":        {nil, &tls.Config{MinVersion: tls.VersionTLS13}, false},
		"TLS 1.3 when listed":          {map[string]string{sslVersions: "TLSV13"}, &tls.Config{MinVersion: tls.VersionTLS13}, true},
		"TLS 1.2 when left out":        {map[string]string{sslVersions: "TLSV13"}, &tls.Config{MaxVersion: tls.VersionTLS12}, false},
		"both":                         {map[string]string{sslVersions: "TLSV12,TLSV13"}, &tls.Config{MinVersion: tls.VersionTLS13}, true},
		"both, the older":              {map[string]string{sslVersions: "TLSV12,TLSV13"}, &tls.Config{MaxVersion: tls.VersionTLS12}, true},
		"no TLS 1.1":                   {nil, &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, false},
		"a suite when listed":          {map[string]string{sslCipherspecs: aes128}, &tls.Config{CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}}, true},
		"a suite that is not listed":   {map[string]string{sslCipherspecs: aes128}, &tls.Config{CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384}}, false},
		"every suite without a list":   {nil, &tls.Config{CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}}, true},
		"no suite that Db2 has not":    {nil, &tls.Config{CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256}}, false},
		"no suite of RSA key exchange": {nil, &tls.Config{CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_GCM_SHA256}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := start(t, test.set)
			config := test.client.Clone()
			config.RootCAs = roots(i.world)
			if len(config.CipherSuites) > 0 {
				config.MaxVersion = tls.VersionTLS12
			}
			c, err := tls.Dial("tcp", i.address, config)
			if err == nil {
				_ = c.Close()
			}
			if (err == nil) != test.good {
				t.Errorf("handshake: %v", err)
			}
		})
	}
}

func TestTheCatalogueTakesWhatCanBeServedAndNothingElse(t *testing.T) {
	t.Parallel()
	for _, e := range Editions() {
		for _, v := range e.Spec.Versions {
			if want := e.Name() + "-11.5"; e.Spec.Family(v) != want || !e.Spec.HotReload(v) {
				t.Errorf("%s %s: family %q, hot reload %t", e.Name(), v, e.Spec.Family(v), e.Spec.HotReload(v))
			}
		}
		if e.Spec.HotReload("11.5.1.0") || e.Spec.HotReload("11.1.4.5") {
			t.Error("ssl_svr_label needs a restart before 11.5.2")
		}
	}
	both := "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"
	for _, test := range []struct{ name, value, want string }{
		{sslVersions, "tlsv13,TLSV12", "TLSV12,TLSV13"}, {sslVersions, "TLSV1", ""}, {sslVersions, "", ""},
		{sslCipherspecs, both, both}, {sslCipherspecs, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", ""},
		{sslCipherspecs, both + ",TLS_RSA_WITH_AES_256_CBC_SHA", ""},
	} {
		for _, p := range parameters() {
			if p.Name != test.name {
				continue
			}
			if got, err := p.Canonical(test.value); got != test.want || (err == nil) != (test.want != "") {
				t.Errorf("%s = %q: %q, %v", test.name, test.value, got, err)
			}
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
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ours, theirs := net.Pipe()
			ctx, cancel := context.WithCancel(t.Context())
			end := make(chan error, 1)
			go func() { end <- serve(ctx, ours, &engine.Host{}) }()
			if _, err := io.WriteString(theirs, sent); err != nil {
				t.Fatal(err)
			}
			cancel()
			if err := <-end; err != nil {
				t.Error(err)
			}
		})
	}
}

func TestLoginEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ours, theirs := net.Pipe()
	go func() { _, _ = io.Copy(io.Discard, theirs) }() // reads, never answers
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := logIn(ctx, ours, user, secret, "shop"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Login: %v", err)
	}
}
