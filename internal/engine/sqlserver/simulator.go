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

func (p *player) session() *session {
	s := &session{
		host: p.host, conn: p.conn(), dialect: p.dialect, size: p.packetSize(),
		own:   engine.NewSession(p.conn(), p.login.user, p.login.program),
		first: p.login.database,
	}
	if s.first == "" {
		s.first = defaultDatabase
	}
	s.own.Database = s.first
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
