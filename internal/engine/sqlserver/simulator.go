package sqlserver

import (
	"bufio"
	"context"
	"crypto/tls"
	"net"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/engine/tds"
)

// loginTime bounds everything before a session: who speaks is not known.
const loginTime = 30 * time.Second

// serve plays a server for one client. Every end is the client's choice,
// except the one for want of a certificate.
func serve(ctx context.Context, c net.Conn, h *engine.Host) error {
	p := &player{host: h, policy: hostPolicy(h), plain: &peeked{Conn: c, in: bufio.NewReader(c)}}
	if err := p.admit(ctx); err != nil {
		return p.broken
	}
	release := engine.Bound(ctx, c)
	s := p.session()
	var leave func()
	s.own, leave = h.Sessions.Add(s.own)
	defer leave()
	_ = s.run(p.login.extension)
	_ = release()
	return nil
}

// player is a connection on its way to a session.
type player struct {
	host   *engine.Host
	policy policy
	plain  *peeked
	broken error // the host has no certificate

	tls     *tls.Conn // nil: no encryption was agreed on
	strict  bool      // TLS came first (TDS 8.0)
	whole   bool      // TLS stays after the login
	login   login
	dialect dialect
}

// peeked is a connection whose next byte can be looked at.
type peeked struct {
	net.Conn
	in *bufio.Reader
}

func (p *peeked) Read(b []byte) (int, error) { return p.in.Read(b) }

// conn is what a session is spoken over.
func (p *player) conn() net.Conn {
	if p.whole {
		return p.tls
	}
	return p.plain
}

// admit goes from the first byte to a login that is accepted. Its error is
// for nobody: the client has been told what the product would tell it.
func (p *player) admit(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, loginTime)
	defer cancel()
	release := engine.Bound(ctx, p.plain.Conn)
	err := p.encrypt(ctx)
	if err == nil {
		err = p.readLogin()
	}
	if err == nil {
		err = p.judge()
	}
	if late := release(); err == nil {
		err = late
	}
	return err
}

// certificate remembers a failure of the host's, which is no client's choice.
func (p *player) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	c, err := p.host.Certificate(hello)
	if err != nil {
		p.broken = err
	}
	return c, err
}

func (p *player) session() *session {
	s := &session{
		host: p.host, conn: p.conn(), dialect: p.dialect, size: p.packetSize(),
		own: engine.Session{
			User: p.login.user, Client: clientAddress(p.plain), Program: p.login.program,
			Encrypted: p.whole, Since: time.Now(),
		},
		first: p.login.database,
	}
	if s.first == "" {
		s.first = defaultDatabase
	}
	if p.whole {
		st := p.tls.ConnectionState()
		s.own.TLS, s.own.Cipher = versionName(st.Version), tls.CipherSuiteName(st.CipherSuite)
	}
	return s
}

// maxEncryptedPacket is the largest packet of an encrypted session: it fits
// one TLS record. The product answers so too.
const maxEncryptedPacket = 16383

func (p *player) packetSize() int {
	size, largest := p.login.packetSize, tds.MaxPacketSize
	if p.whole {
		largest = maxEncryptedPacket
	}
	if size == 0 {
		return tds.DefaultPacketSize
	}
	return min(max(size, tds.MinPacketSize), largest)
}

func clientAddress(c net.Conn) string {
	host, _, err := net.SplitHostPort(c.RemoteAddr().String())
	if err != nil {
		return c.RemoteAddr().String()
	}
	return host
}

// versionName is "TLSv1.2", as the other products call it.
func versionName(v uint16) string {
	switch v {
	case tls.VersionTLS10:
		return "TLSv1"
	case tls.VersionTLS11:
		return "TLSv1.1"
	case tls.VersionTLS12:
		return "TLSv1.2"
	}
	return "TLSv1.3"
}
