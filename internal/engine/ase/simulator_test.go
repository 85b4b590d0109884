package ase

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/engine/tds"
	"github.com/dbtls/dbtls/internal/pki/pkitest"
)

const (
	ca      = "rds-ca-ecc384-g1"
	version = "16.0.4.5"
	user    = "admin"
	secret  = "correct horse"
)

// instance is one simulated instance that listens.
type instance struct {
	address  string
	world    *pkitest.Hierarchy
	sessions *engine.Sessions
}

func start(t *testing.T) instance {
	t.Helper()
	i := instance{world: pkitest.New(t, "us-east-1", time.Now()), sessions: &engine.Sessions{}}
	chain, key := i.world.Leaf(t, ca, "127.0.0.1")
	pair := pkitest.TLS(chain, key)
	i.address = listen(t, func(ctx context.Context, c net.Conn) {
		err := New().Simulator.Serve(ctx, c, &engine.Host{
			Version: version, Sessions: i.sessions,
			Certificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &pair, nil },
			Login:       func(u, p string) bool { return u == user && p == secret },
		})
		if err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return i
}

// listen hands every connection to serve until the test ends.
func listen(t *testing.T, serve func(context.Context, net.Conn)) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
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
				serve(ctx, c)
			})
		}
	})
	return l.Addr().String()
}

func trusting(world *pkitest.Hierarchy) *tls.Config {
	p := x509.NewCertPool()
	for _, c := range world.TrustStore(ca) {
		p.AddCert(c)
	}
	return &tls.Config{RootCAs: p}
}

func dial(t *testing.T, i instance) *tls.Conn {
	t.Helper()
	c, err := tls.Dial("tcp", i.address, trusting(i.world))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestALoginIsLetInAndListed(t *testing.T) {
	t.Parallel()
	i := start(t)
	if _, err := logIn(t.Context(), dial(t, i), user, secret, "master"); err != nil {
		t.Fatal(err)
	}
	open := i.sessions.List()
	if len(open) != 1 || open[0].User != user || !open[0].Encrypted || open[0].TLS != "TLSv1.3" || open[0].Client != "127.0.0.1" || open[0].Program != program {
		t.Errorf("sessions: %+v", open)
	}
}

func TestARefusalSaysOfWhat(t *testing.T) {
	t.Parallel()
	i := start(t)
	for _, test := range []struct {
		name, user, password, database string
		want                           error
	}{
		{"a wrong password", user, "letmein", "", engine.ErrLoginRefused},
		{"no password", user, "", "", engine.ErrLoginRefused},
		{"an unknown user", "nobody", secret, "", engine.ErrLoginRefused},
		{"a database that is not there", user, secret, "shop", engine.ErrNoDatabase},
		{"no database is asked for", user, secret, "", nil},
	} {
		_, err := logIn(t.Context(), dial(t, i), test.user, test.password, test.database)
		if !errors.Is(err, test.want) || err != nil && test.password != "" && strings.Contains(err.Error(), test.password) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func TestWhatCannotBeSentIsRefusedBeforeAnythingIs(t *testing.T) {
	t.Parallel()
	for what, args := range map[string][3]string{
		"no user": {"", "p", ""}, "a long password": {"u", strings.Repeat("s", 31), ""}, "a long user": {strings.Repeat("u", 31), "p", ""},
		"a database that is a statement": {"u", "p", "master\nshutdown"}, "a long database": {"u", "p", strings.Repeat("d", 31)}, "a number": {"u", "p", "1shop"},
	} {
		c, _ := net.Pipe() // a write would block
		if _, err := logIn(t.Context(), c, args[0], args[1], args[2]); err == nil || strings.Contains(err.Error(), "sss") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestAWrongCAFailsInTheHandshake(t *testing.T) {
	t.Parallel()
	i := start(t)
	if _, err := tls.Dial("tcp", i.address, trusting(pkitest.New(t, "us-east-1", time.Now()))); err == nil {
		t.Error("verified")
	}
}

// tsql runs FreeTDS's client in TDS 5.0, for which it has no TLS: a tunnel
// speaks that, and verifies.
func tsql(t *testing.T, i instance, password, statements string) string {
	t.Helper()
	if _, err := exec.LookPath("tsql"); err != nil {
		if os.Getenv("DBTLS_REQUIRE_ENGINES") != "" {
			t.Fatalf("%v, and DBTLS_REQUIRE_ENGINES is set", err)
		}
		t.Skipf("SKIPPED: %v; set DBTLS_REQUIRE_ENGINES=1 to make this a failure", err)
	}
	tunnel := listen(t, func(ctx context.Context, plain net.Conn) {
		d := tls.Dialer{Config: trusting(i.world)}
		c, err := d.DialContext(ctx, "tcp", i.address)
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		go func() { _, _ = io.Copy(c, plain); _ = c.Close() }()
		_, _ = io.Copy(plain, c)
	})
	host, port, _ := net.SplitHostPort(tunnel)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "tsql", "-H", host, "-p", port, "-U", user, "-P", password)
	cmd.Env = append(os.Environ(), "TDSVER=5.0")
	cmd.Stdin = strings.NewReader(statements)
	out, _ := cmd.CombinedOutput() // its exit status says little
	return string(out)
}

func TestARealClientLogsInAndAsksAboutItsSession(t *testing.T) {
	t.Parallel()
	i := start(t)
	out := tsql(t, i, secret, "select @@version\ngo\nselect @@ssl_ciphersuite\ngo\nSELECT  1;\ngo\nselect name from sysobjects\ngo\nselect 1\ngo\nquit\n")
	for _, want := range []string{"Adaptive Server Enterprise/16.0.4.5", "TLS_AES_128_GCM_SHA256", "(1 row affected)", "simulated instance"} {
		if !strings.Contains(out, want) {
			t.Errorf("want %q in\n%s", want, out)
		}
	}
	if n := strings.Count(out, "(1 row affected)"); n != 4 {
		t.Errorf("%d results, want 4:\n%s", n, out)
	}
}

func TestARealClientIsToldThatItsPasswordIsWrong(t *testing.T) {
	t.Parallel()
	if out := tsql(t, start(t), "letmein", "quit\n"); !strings.Contains(out, "Login failed.") {
		t.Error(out)
	}
}

func TestQueriesAreAnsweredInTheClientsOrderOfBytes(t *testing.T) {
	t.Parallel()
	for _, o := range orders() {
		s := &session{order: o, id: 51, version: version, cipher: "TLS_AES_128_GCM_SHA256"}
		language := func(text string) tds.Message {
			w := &writer{order: o}
			w.byte(tokenLanguage)
			w.long(len(text) + 1)
			w.byte(0)
			w.byte([]byte(text)...)
			return tds.Message{Type: typeNormal, Payload: w.b}
		}
		out, again := s.answer(language(" SELECT\t@@SPID ;\x00"))
		w := &writer{order: o}
		w.number(51)
		if !again || string(out) != string(w.b) {
			t.Errorf("%s: %x", o, out)
		}
		if out, again = s.answer(language("drop table a")); !again || !strings.Contains(string(out), simulated) {
			t.Errorf("%s: %q", o, out)
		}
	}
}

func TestMessagesThatAreNoQueryAreAnsweredAndLogoutEnds(t *testing.T) {
	t.Parallel()
	for _, o := range orders() {
		s := &session{order: o}
		for name, test := range map[string]struct {
			m     tds.Message
			again bool
			want  string
		}{
			"cancel":           {tds.Message{Type: typeCancel}, true, ""},
			"logout":           {tds.Message{Type: typeNormal, Payload: []byte{tokenLogout, 0}}, false, ""},
			"an option":        {tds.Message{Type: typeNormal, Payload: optionCommand(o)}, true, ""},
			"a call":           {tds.Message{Type: typeNormal, Payload: []byte{0xe6, 1, 0, 0}}, true, simulated},
			"bulk data":        {tds.Message{Type: 7}, true, simulated},
			"nothing":          {tds.Message{Type: typeNormal}, true, simulated},
			"a token cut off":  {tds.Message{Type: typeNormal, Payload: []byte{tokenLanguage, 0xff, 0xff}}, true, simulated},
			"a length too big": {tds.Message{Type: typeNormal, Payload: []byte{tokenLanguage, 0xff, 0xff, 0xff, 0xff, 0}}, true, simulated},
		} {
			out, again := s.answer(test.m)
			if len(out) == 0 || again != test.again || strings.Contains(string(out), simulated) != (test.want != "") {
				t.Errorf("%s %s: %t, %q", o, name, again, out)
			}
		}
	}
}

func optionCommand(o order) []byte {
	w := &writer{order: o}
	w.sized(tokenOption, func(w *writer) { w.byte(1, 2, 1, 0) })
	return w.b
}

func TestTheFamilyAndItsCertificates(t *testing.T) {
	t.Parallel()
	spec := New().Spec
	for _, v := range spec.Versions {
		if spec.Family(v) != "sybase-16.0" || spec.HotReload(v) {
			t.Errorf("%s: %q", v, spec.Family(v))
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

func TestBothSidesEndWithTheirContext(t *testing.T) {
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
	ours, theirs := net.Pipe()
	go func() { _, _ = io.Copy(io.Discard, theirs) }() // reads, never answers
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := logIn(ctx, ours, user, secret, ""); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Login: %v", err)
	}
}
