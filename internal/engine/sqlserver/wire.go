package sqlserver

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/engine/tds"
)

type wire struct{}

// StartTLS asks for encryption in PRELOGIN and reads the answer. Servers that
// mean to encrypt the login only (OFF) speak TLS all the same.
func (wire) StartTLS(ctx context.Context, c net.Conn, how engine.Start) (_ net.Conn, _ engine.Greeting, err error) {
	if how.Direct {
		return c, engine.Greeting{Protocols: []string{strictProtocol}}, nil
	}
	release := engine.Bound(ctx, c)
	defer func() {
		if late := release(); late != nil {
			err = errors.Join(late, err)
		}
	}()
	server, err := ask(c)
	if err != nil {
		return nil, engine.Greeting{}, err
	}
	greeting := engine.Greeting{Version: server.version.String()}
	switch server.encryption {
	case encryptOn, encryptRequired, encryptOff:
		return &carrier{Conn: c}, greeting, nil
	case encryptNotSupported:
		return nil, greeting, fmt.Errorf("answer to PRELOGIN is ENCRYPTION %v: %w", server.encryption, engine.ErrNoTLS)
	}
	return nil, greeting, fmt.Errorf("answer to PRELOGIN is ENCRYPTION %v, which means nothing", server.encryption)
}

func ask(c net.Conn) (prelogin, error) {
	own := prelogin{version: release{major: 1}, encryption: encryptOn}
	if err := tds.WriteMessage(c, typePrelogin, own.encode(), tds.DefaultPacketSize); err != nil {
		return prelogin{}, fmt.Errorf("send PRELOGIN: %w", err)
	}
	m, err := tds.ReadMessage(c, maxPrelogin)
	if err != nil {
		return prelogin{}, fmt.Errorf("read answer to PRELOGIN: %w", err)
	}
	if m.Type != typeReply {
		return prelogin{}, fmt.Errorf("answer to PRELOGIN has type 0x%02x, not 0x%02x: no TDS 7 server answers so", m.Type, typeReply)
	}
	server, err := parsePrelogin(m.Payload)
	if err != nil {
		return prelogin{}, fmt.Errorf("read answer to PRELOGIN: %w", err)
	}
	return server, nil
}
