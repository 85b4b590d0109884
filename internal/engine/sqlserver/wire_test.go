package sqlserver

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/engine/tds"
	"github.com/dbtls/dbtls/internal/pki/pkitest"
)

// instance is a host with the longest chain that is ever served: three
// certificates, a flight of more than one packet with RSA keys or not.
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

func TestFlightsAreMessagesOfPacketsThatClientsCanTake(t *testing.T) {
	t.Parallel()
	client, srv := net.Pipe()
	defer client.Close()
	flight := bytes.Repeat([]byte{recordHandshake, 3, 3, 0x10, 0x00}, 1)
	flight = append(flight, make([]byte, 0x1000)...)
	go func() {
		defer srv.Close()
		c := &carrier{Conn: srv}
		for _, part := range [][]byte{flight[:3], flight[3:1000], flight[1000:]} {
			_, _ = c.Write(part)
		}
		_, _ = c.Read(make([]byte, 1)) // the flight ends here
	}()
	first, err := tds.ReadPacket(client, 1<<16)
	if err != nil || first.Last() || len(first.Payload) != tds.DefaultPacketSize-tds.HeaderSize || first.Type != typePrelogin {
		t.Fatalf("first packet: type %x, %d bytes, last %v, %v", first.Type, len(first.Payload), first.Last(), err)
	}
	rest, err := tds.ReadPacket(client, 1<<16)
	if err != nil || !rest.Last() || !bytes.Equal(append(first.Payload, rest.Payload...), flight) {
		t.Errorf("second packet: %d bytes, last %v, %v", len(rest.Payload), rest.Last(), err)
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

// The peer's chain and the chunks of the network must not matter: a client and
// a server of crypto/tls talk through two carriers over a connection that
// gives a byte at a time.
func TestCarriersEndWithTheHandshakeWhateverItsShape(t *testing.T) {
	t.Parallel()
	_, world := instance(t, "16.00.4245.2.v1", nil)
	chain, key := world.Leaf(t, "rds-ca-rsa2048-g1", "db.example")
	pair := pkitest.TLS(chain, key)
	for name, max := range map[string]uint16{"TLS 1.2": tls.VersionTLS12, "TLS 1.1": tls.VersionTLS11, "TLS 1.0": tls.VersionTLS10} {
		for _, resumed := range []bool{false, true} {
			a, b := link(t)
			server := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS10, MaxVersion: max}
			client := &tls.Config{
				RootCAs: roots(world), ServerName: "db.example", MinVersion: tls.VersionTLS10,
				ClientSessionCache: tls.NewLRUClientSessionCache(1),
			}
			talk := func(a, b net.Conn) bool {
				go echo(tls.Server(&carrier{Conn: trickle{b}, exact: true}, server))
				c := tls.Client(&carrier{Conn: trickle{a}}, client)
				defer c.Close()
				if _, err := io.WriteString(c, "hello"); err != nil {
					t.Errorf("%s: %v", name, err)
				}
				back := make([]byte, 5)
				if _, err := io.ReadFull(c, back); err != nil || string(back) != "hello" {
					t.Errorf("%s: %q, %v", name, back, err)
				}
				return c.ConnectionState().DidResume
			}
			if talk(a, b); resumed {
				a, b = link(t)
				if !talk(a, b) {
					t.Errorf("%s: the second session was no resumption", name)
				}
			}
		}
	}
}

func echo(c net.Conn) {
	_, _ = io.Copy(c, c)
	_ = c.Close()
}

// trickle is a connection that gives one byte at a time.
type trickle struct{ net.Conn }

func (t trickle) Read(b []byte) (int, error) { return t.Conn.Read(b[:min(1, len(b))]) }

func TestCarrierRefuses(t *testing.T) {
	t.Parallel()
	packet := func(kind byte, payload string) string {
		var b bytes.Buffer
		if err := tds.WriteMessage(&b, kind, []byte(payload), tds.MaxPacketSize); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	const finished = "\x14\x03\x03\x00\x01\x01" + "\x16\x03\x03\x00\x01F"
	for name, c := range map[string]struct{ in, want string }{
		"what is no TLS record":          {packet(typePrelogin, "HTTP/1.1"), "do not begin a TLS record"},
		"a record of impossible length":  {packet(typePrelogin, "\x16\x03\x03\xff\xff"), "do not begin a TLS record"},
		"another type of packet":         {packet(typeBatch, finished), "type 0x01"},
		"data after Finished":            {packet(typePrelogin, finished+"\x17\x03\x03\x00\x01x"), "follow Finished"},
		"packets without payload":        {strings.Repeat(packet(typePrelogin, ""), maxHandshake/tds.HeaderSize+1), "too long"},
		"a handshake without end":        {strings.Repeat(packet(typePrelogin, "\x16\x03\x03\x04\x00"+strings.Repeat("x", 1024)), 200), "too long"},
		"the end of the connection":      {packet(typePrelogin, "\x16\x03\x03")[:10], "EOF"},
		"a reply of an older server, OK": {packet(typeReply, finished), "EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := io.Copy(io.Discard, struct{ io.Reader }{&carrier{Conn: script{in: strings.NewReader(c.in)}}})
			if err == nil {
				err = io.EOF
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("read = %v, want %q", err, c.want)
			}
		})
	}
}

// script is a connection that says what it is told to and hears nothing.
type script struct {
	net.Conn
	in io.Reader
}

func (s script) Read(b []byte) (int, error)  { return s.in.Read(b) }
func (s script) Write(b []byte) (int, error) { return len(b), nil }

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

// FuzzCarrier gives the peer's bytes, and the same bytes as what is written:
// whatever they are, every byte that was written is on the wire once, in order.
func FuzzCarrier(f *testing.F) {
	f.Add([]byte("\x16\x03\x03\x00\x02ab\x14\x03\x03\x00\x01\x01\x16\x03\x03\x00\x01F\x17\x03\x03\x00\x01x"), 3)
	f.Add([]byte("\x16\x03\x01\x00\x01a\x15\x03\x01\x00\x02\x02\x28"), 1)
	f.Add([]byte("\x12\x01\x00\x0e\x00\x00\x01\x00\x16\x03\x03\x00\x01a"), 5)
	f.Fuzz(func(t *testing.T, b []byte, chunk int) {
		chunk = max(1, chunk%64)
		_, _ = io.Copy(io.Discard, struct{ io.Reader }{&carrier{Conn: script{in: bytes.NewReader(b)}, exact: chunk%2 == 0}})
		var wire bytes.Buffer
		c := &carrier{Conn: sink{to: &wire}}
		for part := range slices.Chunk(b, chunk) {
			if n, err := c.Write(part); err != nil || n != len(part) {
				return
			}
		}
		if err := c.flush(); err != nil {
			t.Fatal(err)
		}
		if got := unwrap(t, &wire, c.sent.finished); !bytes.Equal(got, b) {
			t.Errorf("wrote % x, on the wire % x", b, got)
		}
	})
}

type sink struct {
	net.Conn
	to *bytes.Buffer
}

func (s sink) Write(b []byte) (int, error) { return s.to.Write(b) }

// unwrap takes the packets off, up to the one that ends with Finished.
func unwrap(t *testing.T, in *bytes.Buffer, ends bool) []byte {
	t.Helper()
	var all []byte
	for r := (records{}); in.Len() > 0 && !(ends && r.finished); {
		m, err := tds.ReadMessage(in, 1<<24)
		if err != nil || m.Type != typePrelogin {
			t.Fatalf("type %x, %v", m.Type, err)
		}
		for p := m.Payload; len(p) > 0; {
			n, _, err := r.advance(p)
			if err != nil {
				t.Fatal(err)
			}
			p = p[n:]
		}
		all = append(all, m.Payload...)
	}
	return append(all, in.Bytes()...)
}
