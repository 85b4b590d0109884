package postgres

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"slices"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
)

// The SQLSTATEs a simulated server answers with
// (https://www.postgresql.org/docs/current/errcodes-appendix.html).
const (
	stateNotAuthorized = "28000" // invalid_authorization_specification
	stateNotSupported  = "0A000" // feature_not_supported
	stateProtocol      = "08P01" // protocol_violation
)

// simulated begins what every client that could log in is told.
const simulated = "this instance is simulated by dbtls"

// loginTime is what the server gives a client to log in
// (authentication_timeout).
const loginTime = time.Minute

// handshakeByte begins a TLS record of a handshake, and no startup packet:
// that would have more than 369 million bytes.
const handshakeByte = 0x16

// Demands are what a simulated server asks of its clients.
type Demands struct {
	Force bool // plain sessions are refused
	// Exceptions of Force, each until its end.
	Exceptions []engine.Exception
	Min, Max   uint16        // protocol versions, 0 for crypto/tls's own
	Suites     []uint16      // of TLS 1.2, nil for crypto/tls's own
	Curves     []tls.CurveID // nil for crypto/tls's own
}

// Play says what the products of this protocol differ in when they are
// simulated.
type Play struct {
	// Demands are those of a version with these parameters. Its error is told
	// to every client: what is asked for cannot be simulated.
	Demands func(version string, values map[string]string) (Demands, error)
	// Direct reports whether the version takes TLS without SSLRequest.
	Direct func(version string) bool
	// Refused is the text for a plain session where TLS is forced.
	Refused func(version string, s Startup) string
}

// Simulator plays the protocol up to the login: the preamble, TLS, and the
// refusal of plain sessions are the product's own, then it says that it is
// simulated. GSSAPI encryption is never there, and there is nothing to cancel.
func Simulator(p Play) *engine.Simulator {
	return &engine.Simulator{Serve: func(ctx context.Context, c net.Conn, h *engine.Host) error {
		ctx, cancel := context.WithTimeout(ctx, loginTime)
		defer cancel()
		release := engine.Bound(ctx, c)
		v := &visit{play: p, host: h, conn: c}
		v.demands, v.trouble = p.Demands(h.Version, h.Parameters)
		v.run(ctx)
		_ = release() // the end of the time is one that a client may choose
		return v.failed
	}}
}

// visit is one client's connection.
type visit struct {
	play    Play
	host    *engine.Host
	demands Demands
	trouble error // why clients are sent away, nil for none
	conn    net.Conn
	tls     *tls.Conn // nil: plain
	failed  error     // what no client is to blame for
}

// run ends where the connection has nothing more to say; the caller closes it.
func (v *visit) run(ctx context.Context) {
	var first [1]byte
	if _, err := io.ReadFull(v.conn, first[:]); err != nil {
		return
	}
	v.conn = &peeked{Conn: v.conn, first: first[:]}
	if first[0] == handshakeByte && v.play.Direct(v.host.Version) {
		if v.trouble != nil || !v.encrypt(ctx) || v.tls.ConnectionState().NegotiatedProtocol != directProtocol {
			return
		}
	}
	v.talk(ctx)
}

// talk answers requests for encryption, each once, and then the startup packet.
// Over TLS there are no such requests any more.
func (v *visit) talk(ctx context.Context) {
	askedTLS, askedGSS := v.tls != nil, v.tls != nil
	for {
		code, body, err := readPacket(v.conn)
		switch {
		case err != nil || code == codeCancel:
			return
		case code == codeTLS && !askedTLS:
			askedTLS = true
			if v.trouble != nil {
				v.sayTrouble()
				return
			}
			if _, err := io.WriteString(v.conn, "S"); err != nil || !v.encrypt(ctx) {
				return
			}
			askedGSS = true
		case code == codeGSS && !askedGSS:
			askedGSS = true
			if _, err := io.WriteString(v.conn, "N"); err != nil {
				return
			}
		default:
			v.answer(code, body)
			return
		}
	}
}

// encrypt starts TLS, or reports that the client and the server did not come
// together.
func (v *visit) encrypt(ctx context.Context) bool {
	cfg := &tls.Config{
		MinVersion: v.demands.Min, MaxVersion: v.demands.Max,
		CipherSuites: v.demands.Suites, CurvePreferences: v.demands.Curves,
	}
	if v.play.Direct(v.host.Version) {
		cfg.NextProtos = []string{directProtocol}
	}
	if v.tls, v.failed = engine.ServeTLS(ctx, v.conn, v.host, cfg); v.tls == nil {
		return false
	}
	v.conn = v.tls
	return true
}

// answer is the one to a startup packet.
func (v *visit) answer(code uint32, body []byte) {
	if code>>16 != majorThree {
		v.say(fatal{state: stateNotSupported, text: fmt.Sprintf("unsupported frontend protocol %d.%d: server supports 3.0 to 3.0", code>>16, code&0xffff)})
		return
	}
	s, err := parseStartup(body)
	if err != nil {
		v.say(fatal{state: stateProtocol, text: err.Error()})
		return
	}
	s.Client = engine.ClientAddress(v.conn)
	client := engine.NewSession(v.conn, s.User, s.Application)
	client.Database = s.Database
	switch {
	case s.User == "":
		v.say(fatal{state: stateNotAuthorized, text: "no PostgreSQL user name specified in startup packet"})
	case v.trouble != nil:
		v.sayTrouble()
	case v.tls == nil && v.demands.refuses(s, time.Now()):
		why := v.play.Refused(v.host.Version, s)
		v.host.Sessions.Refuse(client, why)
		v.say(fatal{state: stateNotAuthorized, text: why})
	default:
		v.host.Sessions.Visit(client)
		v.say(v.introduction())
	}
}

// refuses reports whether a plain session is refused. What is excepted are
// sessions in a database.
func (d Demands) refuses(s Startup, now time.Time) bool {
	excepted := func(x engine.Exception) bool { return x.Covers(s.User, s.Client, now) }
	return d.Force && (s.Replication || !slices.ContainsFunc(d.Exceptions, excepted))
}

// introduction says what the client has reached.
func (v *visit) introduction() fatal {
	how := "The connection is not encrypted."
	if v.tls != nil {
		state := v.tls.ConnectionState()
		how = fmt.Sprintf("The connection is encrypted with %s, %s.", tls.VersionName(state.Version), tls.CipherSuiteName(state.CipherSuite))
	}
	return fatal{
		state:  stateNotSupported,
		text:   fmt.Sprintf(simulated+": its certificate and its TLS are real, it has no data and nobody can log in (at %s)", net.JoinHostPort(v.host.Address, fmt.Sprint(v.host.Port))),
		detail: how,
		hint:   "The connection test is over. Create an instance of a class that runs a server for one with data.",
	}
}

func (v *visit) sayTrouble() {
	v.say(fatal{state: stateNotSupported, text: simulated + ", which cannot do what its parameters ask for: " + v.trouble.Error()})
}

// say sends the last message of the connection.
func (v *visit) say(f fatal) {
	if _, err := v.conn.Write(f.bytes()); err == nil && v.tls != nil {
		_ = v.tls.CloseWrite() // the client knows then that nothing was cut off
	}
}

// peeked is a connection of which some bytes were read ahead.
type peeked struct {
	net.Conn
	first []byte
}

func (p *peeked) Read(b []byte) (int, error) {
	if len(p.first) > 0 && len(b) > 0 {
		n := copy(b, p.first)
		p.first = p.first[n:]
		return n, nil
	}
	return p.Conn.Read(b)
}
