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

// ErrLoginRefused says that the server was reached and does not take this user
// with this password.
var ErrLoginRefused = errors.New("server refuses the login")

// ErrNoDatabase says that the login is right and the server does not let it
// use that database.
var ErrNoDatabase = errors.New("server refuses the database")

// Login logs in with user and password over c, on which TLS is up, and makes
// database the session's unless it is "". The password is sent as it is: c must
// be trusted. The session stays open; the caller closes c. A refusal is
// ErrLoginRefused or ErrNoDatabase with the server's reason; ctx bounds all.
func Login(ctx context.Context, c net.Conn, user, password, database string) (err error) {
	first, err := newRecord(user, password)
	if err != nil {
		return err
	}
	if !identifier(database) {
		return fmt.Errorf("log in: database %q is no identifier: letters, digits and _ are, at most %d", database, maxText)
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
		return fmt.Errorf("log in: %w", err)
	}
	switch got.login {
	case loginGood:
	case loginBad:
		return fmt.Errorf("%w: %q", ErrLoginRefused, got.text)
	case loginNegotiate:
		return errors.New("log in: server asks for a password encrypted by other means than TLS, which dbtls does not speak")
	default:
		return fmt.Errorf("log in: server answers %q and does not say how the login ended", got.text)
	}
	if database == "" {
		return nil
	}
	return use(c, database)
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
		return fmt.Errorf("%w %q: %q", ErrNoDatabase, database, got.text)
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
	login  int // LOGINACK's status, 0 without one
	failed bool
	text   string // of the error messages
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
			if len(t.body) > 0 {
				got.login = int(t.body[0])
			}
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
