package sqlserver

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/engine/tds"
)

// negotiate answers what a client wants of encryption ([MS-TDS] 2.2.6.5): the
// table of a server that has a certificate. A client that cannot encrypt where
// it must is told REQ; it should leave then, and can do nothing else but TLS.
func negotiate(client encryption, forced bool) (encryption, error) {
	switch client &^ encryptClientCertificate {
	case encryptOn, encryptRequired:
		return encryptOn, nil
	case encryptOff, encryptNotSupported:
		if forced {
			return encryptRequired, nil
		}
		return client &^ encryptClientCertificate, nil
	}
	return 0, fmt.Errorf("malformed PRELOGIN: ENCRYPTION is %v", client)
}

// encrypt goes from the first byte to where LOGIN7 is due.
func (p *player) encrypt(ctx context.Context) error {
	first, err := p.plain.in.Peek(1)
	if err != nil {
		return err
	}
	if first[0] == recordHandshake {
		if !p.policy.strict() {
			return errors.New("a version before 16 knows no TDS 8.0")
		}
		p.strict, p.whole = true, true
		if err := p.handshake(ctx, p.plain); err != nil {
			return err
		}
		// Nothing is left to encrypt; clients of TDS 8.0 expect to hear that.
		_, err := p.prelogin(func(encryption) (encryption, error) { return encryptNotSupported, nil })
		return err
	}
	agreed, err := p.prelogin(func(client encryption) (encryption, error) {
		if p.policy.forced() && client&^encryptClientCertificate == encryptNotSupported {
			p.host.Sessions.Refuse(engine.NewSession(p.plain, "", ""), "the client cannot encrypt, and "+forceSSL+" is on")
		}
		return negotiate(client, p.policy.forced())
	})
	if err != nil || agreed == encryptNotSupported {
		return err
	}
	if err := p.handshake(ctx, &carrier{Conn: p.plain, exact: agreed == encryptOff}); err != nil {
		return err
	}
	p.whole = agreed != encryptOff
	return nil
}

func (p *player) handshake(ctx context.Context, c net.Conn) error {
	p.tls, p.broken = engine.ServeTLS(ctx, c, p.host, p.policy.config(p.strict))
	if p.tls == nil {
		return errors.New("no TLS came about")
	}
	return nil
}

// prelogin reads the client's PRELOGIN and answers it.
func (p *player) prelogin(answer func(encryption) (encryption, error)) (encryption, error) {
	m, err := tds.ReadMessage(p.conn(), maxPrelogin)
	if err != nil {
		return 0, err
	}
	if m.Type != typePrelogin {
		return 0, fmt.Errorf("a message of type 0x%02x where PRELOGIN is due", m.Type)
	}
	client, err := parsePrelogin(m.Payload)
	if err != nil {
		return 0, err
	}
	agreed, err := answer(client.encryption)
	if err != nil {
		return 0, err
	}
	own := prelogin{version: number(p.host.Version), encryption: agreed}
	return agreed, tds.WriteMessage(p.conn(), typeReply, own.encode(), tds.DefaultPacketSize)
}

// readLogin reads LOGIN7. Where only the login is encrypted, clients end TLS
// after its first packet, or after the last: a TLS record and a packet begin
// with different bytes.
func (p *player) readLogin() error {
	in := io.Reader(p.conn())
	var secret *bufio.Reader
	if p.tls != nil && !p.whole {
		secret = bufio.NewReader(p.tls)
		in = secret
	}
	first, err := tds.ReadPacket(in, maxLogin)
	if err != nil {
		return err
	}
	if first.Type != typeLogin {
		return fmt.Errorf("a message of type 0x%02x where LOGIN7 is due", first.Type)
	}
	if secret != nil && !first.Last() && secret.Buffered() == 0 {
		next, err := p.plain.in.Peek(1)
		if err != nil {
			return err
		}
		if next[0] == typeLogin {
			in = p.plain
		}
	}
	m, err := tds.Continue(in, first, maxLogin)
	if err != nil {
		return err
	}
	p.login, err = parseLogin(m.Payload)
	return err
}

// judge accepts the login, or says as little of why not as the product does.
func (p *player) judge() error {
	var known bool
	p.dialect, known = agree(p.login.version, p.strict)
	switch {
	case !known:
		return p.deny(classFault, messageSimulated, "The client speaks a version of TDS before 7.1.")
	case p.login.integrated:
		return p.deny(classFault, messageSimulated, "An instance that dbtls simulates knows no Windows authentication: use a SQL Server login.")
	case p.login.changesPassword:
		return p.deny(classFault, messageSimulated, "An instance that dbtls simulates changes no password at login.")
	case !p.host.Login(p.login.user, p.login.password):
		return p.deny(classLogin, messageLoginFailed, "Login failed for user '"+p.login.user+"'.")
	}
	p.login.password = ""
	return nil
}

func (p *player) deny(class byte, number int, why string) error {
	r := &reply{dialect: p.dialect}
	r.say(number, class, why)
	r.done(tokenDone, doneError, 0)
	if err := tds.WriteMessage(p.conn(), typeReply, r.bytes, tds.DefaultPacketSize); err != nil {
		return err
	}
	return errors.New(why)
}
