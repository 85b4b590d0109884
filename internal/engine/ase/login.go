package ase

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/engine/tds"
)

// signIn is the way in on a listener with the filter "ssl", or on a plain one.
func signIn(ctx context.Context, a engine.Account) (logged engine.Logged, err error) {
	return a.Try(ctx, 1, func(ctx context.Context, t *engine.Attempt) (engine.Logged, error) {
		c, err := t.Secure(ctx, wire{})
		if err != nil {
			return engine.Logged{}, err
		}
		return logIn(ctx, c, a.User, a.Password, a.Database)
	})
}

// logIn logs in with user and password over c and makes database the session's
// unless it is "". The password is sent as it is: TLS is what protects it. The
// session stays open; the caller closes c. A refusal is engine.ErrLoginRefused
// or engine.ErrNoDatabase with the server's reason; ctx bounds all.
func logIn(ctx context.Context, c net.Conn, user, password, database string) (logged engine.Logged, err error) {
	first, err := newRecord(user, password)
	if err != nil {
		return logged, err
	}
	if !identifier(database) {
		return logged, fmt.Errorf("log in: database %q is no identifier: letters, digits and _ are, at most %d", database, maxText)
	}
	release := engine.Bound(ctx, c)
	defer func() {
		if late := release(); late != nil {
			err = errors.Join(late, err)
		}
	}()
	w := &writer{order: binary.LittleEndian, b: first}
	w.capabilities()
	got, err := ask(c, typeLogin, w.b)
	if err != nil {
		return logged, fmt.Errorf("log in: %w", err)
	}
	switch got.login {
	case loginGood:
		logged.Version = got.version
	case loginBad:
		return logged, fmt.Errorf("%w: %q", engine.ErrLoginRefused, got.text)
	case loginNegotiate:
		return logged, errors.New("log in: server asks for a password encrypted by other means than TLS, which dbtls does not speak")
	default:
		return logged, fmt.Errorf("log in: server answers %q and does not say how the login ended", got.text)
	}
	if database == "" {
		return logged, nil
	}
	return logged, use(c, database)
}

func use(c net.Conn, database string) error {
	w := &writer{order: binary.LittleEndian}
	text := "use " + database
	w.byte(tokenLanguage)
	w.long(len(text) + 1)
	w.byte(0)
	w.byte([]byte(text)...)
	got, err := ask(c, typeNormal, w.b)
	if err != nil {
		return fmt.Errorf("use database %q: %w", database, err)
	}
	if got.failed {
		return fmt.Errorf("%w: %q: %q", engine.ErrNoDatabase, database, got.text)
	}
	return nil
}

// identifier reports whether name needs no quotes in a statement; "" does not.
func identifier(name string) bool {
	for i, r := range name {
		letter := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return len(name) <= maxText
}

// response is what an answer comes down to.
type response struct {
	login   int    // LOGINACK's status, 0 without one
	version string // of the server, from the same
	failed  bool
	text    string // of the error messages
}

func ask(c net.Conn, messageType byte, payload []byte) (response, error) {
	if err := tds.WriteMessage(c, messageType, payload, packetSize); err != nil {
		return response{}, err
	}
	m, err := tds.ReadMessage(c, maxMessage)
	if err != nil {
		return response{}, err
	}
	if m.Type != typeResponse {
		return response{}, fmt.Errorf("server answers with a message of type %d", m.Type)
	}
	return parseResponse(m.Payload)
}

// parseResponse reads the tokens of an answer, in little endian.
func parseResponse(b []byte) (got response, err error) {
	var texts []string
	for len(b) > 0 {
		t, rest, err := next(b, binary.LittleEndian)
		if err != nil && got.login == loginNegotiate {
			break // what follows is the offer of another way to send the password
		}
		if err != nil {
			return got, err
		}
		switch t.kind {
		case tokenLoginAck:
			got.login, got.version = loginAck(t.body)
		case tokenDone:
			got.failed = got.failed || t.body[0]&doneError != 0
		case tokenEED:
			if text, bad := errorText(t.body); bad {
				got.failed, texts = true, append(texts, text)
			}
		}
		b = rest
	}
	got.text = strings.Join(texts, "; ")
	return got, nil
}

// loginAck reads LOGINACK: status 1, version of TDS 4, name with its length
// before, and the version of the server in four bytes.
func loginAck(b []byte) (status int, version string) {
	const atName = 5
	if len(b) == 0 {
		return 0, ""
	}
	if len(b) > atName {
		if v := b[min(len(b), atName+1+int(b[atName])):]; len(v) >= 2 {
			version = fmt.Sprintf("%d.%d", v[0], v[1])
		}
	}
	return int(b[0]), version
}

// errorText is the text of an EED that tells of an error, class 11 and above.
func errorText(b []byte) (text string, bad bool) {
	const atClass, atState, firstError = 5, 6, 11
	if len(b) <= atState || b[atClass] < firstError {
		return "", false
	}
	at := atState + 1 + int(b[atState]) + 3 // the SQL state, a status, the transaction's state
	if len(b) < at+2 {
		return "", true
	}
	text = string(b[at+2:])
	return printable(text[:min(len(text), int(binary.LittleEndian.Uint16(b[at:])))]), true
}
