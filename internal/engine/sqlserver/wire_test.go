package sqlserver

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/engine/tds"
	"github.com/dbtls/dbtls/internal/pki/pkitest"
)

// instance is a host with the longest chain that is ever served: three
// certificates.
func instance(t testing.TB, version string, set map[string]string) (*engine.Host, *pkitest.Hierarchy) {
	t.Helper()
	world := pkitest.New(t, "us-east-1", time.Now())
	chain, key := world.Bridge(t, "rds-ca-2019", "rds-ca-rsa2048-g1", "db.example")
	pair := pkitest.TLS(chain, key)
	return &engine.Host{
		Version: version, Address: "127.0.0.1", Port: 1433,
		Parameters:  Editions()[0].Spec.Values(version, set),
		Certificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &pair, nil },
		Login:       func(user, password string) bool { return user == "admin" && password == "secret" },
		Sessions:    &engine.Sessions{},
	}, world
}

// link is the two ends of a TCP connection.
func link(t testing.TB) (client, server net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err = net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err = l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = client.Close()
		_ = server.Close()
	})
	return client, server
}

// connect has a simulated server play h at the other end of a TCP connection.
func connect(t testing.TB, h *engine.Host) net.Conn {
	t.Helper()
	client, srv := link(t)
	done := make(chan error, 1)
	go func() {
		defer srv.Close()
		done <- serve(context.Background(), srv, h)
	}()
	t.Cleanup(func() {
		_ = client.Close()
		if err := <-done; err != nil {
			t.Errorf("serve = %v, want nil for whatever a client does", err)
		}
	})
	_ = client.SetDeadline(time.Now().Add(20 * time.Second))
	return client
}

// handshake starts TLS through the wire and returns the session.
func handshake(t testing.TB, h *engine.Host, how engine.Start, config *tls.Config) (*tls.Conn, engine.Greeting, error) {
	t.Helper()
	c, greeting, err := wire{}.StartTLS(t.Context(), connect(t, h), how)
	if err != nil {
		return nil, greeting, err
	}
	config = config.Clone()
	config.ServerName, config.NextProtos = "db.example", greeting.Protocols
	client := tls.Client(c, config)
	return client, greeting, client.HandshakeContext(t.Context())
}

func roots(world *pkitest.Hierarchy, cas ...string) *x509.CertPool {
	pool := x509.NewCertPool()
	for _, c := range world.TrustStore(cas...) {
		pool.AddCert(c)
	}
	return pool
}

func TestStartTLSReachesTheWholeChainEitherWay(t *testing.T) {
	t.Parallel()
	h, world := instance(t, "16.00.4245.2.v1", nil)
	for _, trusted := range []string{"rds-ca-2019", "rds-ca-rsa2048-g1"} {
		for _, direct := range []bool{false, true} {
			c, greeting, err := handshake(t, h, engine.Start{Direct: direct}, &tls.Config{RootCAs: roots(world, trusted)})
			if err != nil {
				t.Fatalf("trusting %s, direct %v: %v", trusted, direct, err)
			}
			st := c.ConnectionState()
			want, version, protocol := uint16(tls.VersionTLS12), "16.0.4245", ""
			if direct {
				want, version, protocol = tls.VersionTLS13, "", "tds/8.0"
			}
			if len(st.PeerCertificates) != 3 || st.Version != want || st.NegotiatedProtocol != protocol || greeting.Version != version {
				t.Errorf("direct %v: %d certificates, version %x, protocol %q, greeting %+v", direct, len(st.PeerCertificates), st.Version, st.NegotiatedProtocol, greeting)
			}
		}
	}
}

func TestAClientThatDoesNotTrustSaysSoInThePacketsOfTheHandshake(t *testing.T) {
	t.Parallel()
	h, world := instance(t, "16.00.4245.2.v1", nil)
	_, _, err := handshake(t, h, engine.Start{}, &tls.Config{RootCAs: roots(world, "rds-ca-ecc384-g1")})
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); !ok {
		t.Errorf("handshake = %v, want the certificate refused", err)
	}
}

func TestStartTLSByTheAnswer(t *testing.T) {
	t.Parallel()
	answer := func(e encryption) []byte { return prelogin{release{16, 0, 1000, 6}, e}.encode() }
	message := func(kind byte, payload []byte) string {
		var b bytes.Buffer
		if err := tds.WriteMessage(&b, kind, payload, tds.DefaultPacketSize); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	for name, c := range map[string]struct {
		answer string
		want   string // part of the error, "" for none
		noTLS  bool
	}{
		"all encrypted":            {answer: message(typeReply, answer(encryptOn))},
		"all must be encrypted":    {answer: message(typeReply, answer(encryptRequired))},
		"the login only":           {answer: message(typeReply, answer(encryptOff))},
		"no encryption":            {answer: message(typeReply, answer(encryptNotSupported)), want: "NOT_SUP", noTLS: true},
		"an unknown word":          {answer: message(typeReply, answer(7)), want: "0x07"},
		"another message":          {answer: message(typePrelogin, answer(encryptOn)), want: "type 0x12"},
		"another protocol":         {answer: "HTTP/1.1 400 Bad Request\r\n\r\n", want: "too long"},
		"no options":               {answer: message(typeReply, nil), want: "has no end"},
		"options without end":      {answer: message(typeReply, []byte{0, 0, 5, 0, 0}), want: "has no end"},
		"half an option":           {answer: message(typeReply, []byte{0, 0}), want: "cut off"},
		"an option that is away":   {answer: message(typeReply, []byte{0, 0, 200, 0, 6, 0xff}), want: "lies at 200-206 of 6"},
		"no version":               {answer: message(typeReply, []byte{1, 0, 6, 0, 1, 0xff, 1}), want: "not with VERSION"},
		"half a version":           {answer: message(typeReply, []byte{0, 0, 6, 0, 1, 0xff, 1}), want: "VERSION has 1 bytes"},
		"no word on encryption":    {answer: message(typeReply, append([]byte{0, 0, 6, 0, 6, 0xff}, 16, 0, 0, 0, 0, 0)), want: "ENCRYPTION has 0 bytes"},
		"nothing, and it hangs up": {answer: "", want: "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, srv := net.Pipe()
			defer client.Close()
			go func() {
				defer srv.Close()
				m, err := tds.ReadMessage(srv, maxPrelogin)
				asked, bad := parsePrelogin(m.Payload)
				if err == nil && bad == nil && asked.encryption == encryptOn {
					_, _ = io.WriteString(srv, c.answer)
				}
			}()
			up, greeting, err := wire{}.StartTLS(t.Context(), client, engine.Start{})
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("StartTLS = %v, want %q", err, c.want)
			}
			if errors.Is(err, engine.ErrNoTLS) != c.noTLS {
				t.Errorf("errors.Is(%v, ErrNoTLS) is not %v", err, c.noTLS)
			}
			if err == nil && (greeting.Version != "16.0.1000" || greeting.Protocols != nil || up == nil) {
				t.Errorf("greeting %+v", greeting)
			}
		})
	}
}

func TestStartTLSEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, srv := net.Pipe()
		defer client.Close()
		defer srv.Close()
		go func() { _, _ = io.Copy(io.Discard, srv) }()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		begin := time.Now()
		_, _, err := wire{}.StartTLS(ctx, client, engine.Start{})
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != time.Minute {
			t.Errorf("StartTLS of a silent server = %v after %v, want the deadline at a minute", err, time.Since(begin))
		}
	})
}

func FuzzPrelogin(f *testing.F) {
	f.Add(prelogin{release{16, 0, 4085, 1}, encryptOn}.encode())
	f.Add([]byte{0xff})
	f.Add([]byte{0, 0, 6, 0, 6, 0xff, 16, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := parsePrelogin(b)
		if err != nil {
			return
		}
		if again, err := parsePrelogin(p.encode()); err != nil || again != p {
			t.Errorf("%+v written and read again: %+v, %v", p, again, err)
		}
		for _, forced := range []bool{false, true} {
			if answer, err := negotiate(p.encryption, forced); err == nil && forced && answer != encryptOn && answer != encryptRequired {
				t.Errorf("ENCRYPTION %v is answered with %v where all must be encrypted", p.encryption, answer)
			}
		}
	})
}
