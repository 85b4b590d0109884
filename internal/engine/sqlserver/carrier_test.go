package sqlserver

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/dbtls/dbtls/internal/engine/tds"
	"github.com/dbtls/dbtls/internal/pki/pkitest"
)

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
