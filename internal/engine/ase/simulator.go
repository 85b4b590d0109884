package ase

import (
	"context"
	"crypto/tls"
	"net"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/engine/tds"
)

// loginWait bounds what comes before a client is logged in, TLS included.
const loginWait = 30 * time.Second

const (
	program   = "dbtls"
	simulated = "this is a simulated instance of dbtls: its TLS is real, it has no data"
)

// The numbers of messages, as the server's manual has them where it does.
const (
	loginFailed   = 4002
	notSimulated  = 50000
	classError    = 16
	classSecurity = 14
)

// serve plays a server for one client.
func serve(ctx context.Context, c net.Conn, h *engine.Host) error {
	conn, s, err := letIn(ctx, c, h)
	if s == nil {
		return err
	}
	defer s.done()
	release := engine.Bound(ctx, conn)
	defer func() { _ = release() }()
	for {
		m, err := tds.ReadMessage(conn, maxMessage)
		if err != nil {
			return nil // the client has left, or speaks something else
		}
		out, again := s.answer(m)
		if err := tds.WriteMessage(conn, typeResponse, out, packetSize); err != nil || !again {
			return nil
		}
	}
}

// letIn goes up to the end of the login; without one there is no session.
func letIn(ctx context.Context, c net.Conn, h *engine.Host) (net.Conn, *session, error) {
	ctx, cancel := context.WithTimeout(ctx, loginWait)
	defer cancel()
	release := engine.Bound(ctx, c)
	defer func() { _ = release() }()
	conn, err := engine.ServeTLS(ctx, c, h, nil)
	if conn == nil {
		return nil, nil, err
	}
	m, err := tds.ReadMessage(conn, maxMessage)
	if err != nil || m.Type != typeLogin {
		return nil, nil, nil
	}
	r, err := parseRecord(m.Payload)
	if err != nil {
		return nil, nil, nil
	}
	w := &writer{order: r.order}
	switch {
	case r.encrypted:
		w.refuse("Login failed: " + simulated + ", and takes passwords as they are, which TLS protects. Turn the client's password encryption off.")
	case !h.Login(r.user, r.password):
		w.refuse("Login failed.")
	default:
		s := enter(conn, r, h)
		w.welcome()
		if err := tds.WriteMessage(conn, typeResponse, w.b, packetSize); err != nil {
			s.done()
			return nil, nil, nil
		}
		return conn, s, nil
	}
	_ = tds.WriteMessage(conn, typeResponse, w.b, packetSize) // the client may be gone, which is as well
	return nil, nil, nil
}

func (w *writer) refuse(text string) {
	w.message(loginFailed, classSecurity, text)
	w.loginAck(loginBad, program)
	w.done(doneError, 0)
}

func (w *writer) welcome() {
	const database = 1
	w.environment(database, "master", "")
	w.loginAck(loginGood, program)
	w.capabilities()
	w.done(0, 0)
}

// enter lists the session at its instance.
func enter(conn *tls.Conn, r record, h *engine.Host) *session {
	listed, done := h.Sessions.Add(engine.NewSession(conn, r.user, r.program))
	return &session{order: r.order, version: h.Version, id: listed.ID, cipher: listed.Cipher, done: done}
}
