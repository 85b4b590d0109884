package ase

import (
	"errors"
	"fmt"
)

// The types of messages, which are those of their packets.
const (
	typeLogin    = 0x02
	typeResponse = 0x04
	typeCancel   = 0x06
	typeNormal   = 0x0f
)

// The tokens that messages consist of, as far as they are used here.
const (
	tokenLanguage   = 0x21
	tokenLogout     = 0x71
	tokenOption     = 0xa6
	tokenLoginAck   = 0xad
	tokenRow        = 0xd1
	tokenCapability = 0xe2
	tokenEnvChange  = 0xe3
	tokenEED        = 0xe5
	tokenRowFormat  = 0xee
	tokenDone       = 0xfd
)

// How a login ends (LOGINACK).
const (
	loginGood      = 5
	loginBad       = 6
	loginNegotiate = 7
)

// The bits of DONE's status.
const (
	doneError     = 0x02
	doneCount     = 0x10
	doneCancelled = 0x20
)

const (
	// packetSize holds on every connection: none agrees on another.
	packetSize = 512
	// maxMessage bounds a message, in bytes of payload. Logins and the texts
	// that are answered have some hundred.
	maxMessage = 64 << 10
)

// writer makes a message of tokens in its reader's byte order.
type writer struct {
	order order
	b     []byte
}

func (w *writer) byte(v ...byte)  { w.b = append(w.b, v...) }
func (w *writer) short(v int)     { w.b = w.order.AppendUint16(w.b, uint16(v)) }
func (w *writer) long(v int)      { w.b = w.order.AppendUint32(w.b, uint32(v)) }
func (w *writer) text8(s string)  { w.byte(byte(len(s))); w.b = append(w.b, s...) }
func (w *writer) text16(s string) { w.short(len(s)); w.b = append(w.b, s...) }

// sized is a token with a length of two bytes before its content.
func (w *writer) sized(token byte, content func(*writer)) {
	inner := &writer{order: w.order}
	content(inner)
	w.byte(token)
	w.short(len(inner.b))
	w.byte(inner.b...)
}

func (w *writer) loginAck(status byte, server string) {
	w.sized(tokenLoginAck, func(w *writer) {
		w.byte(status, 5, 0, 0, 0)
		w.text8(server)
		w.byte(16, 0, 0, 0)
	})
}

// capabilities says what a client may send: text in the server's language and
// nothing else. The second list is of answers not to send; the server's is empty.
func (w *writer) capabilities() {
	const requests, responses, size, language = 1, 2, 14, 1
	mask := make([]byte, size)
	mask[size-1] = 1 << language
	w.sized(tokenCapability, func(w *writer) {
		w.byte(requests, size)
		w.byte(mask...)
		w.byte(responses, size)
		w.byte(make([]byte, size)...)
	})
}

// message is an EED: a text with a number and a class, an error from 11 on.
func (w *writer) message(number int, class byte, text string) {
	w.sized(tokenEED, func(w *writer) {
		w.long(number)
		w.byte(1, class)
		w.text8("ZZZZZ")
		w.byte(0)  // no parameters follow
		w.short(0) // transaction state
		w.text16(text)
		w.text8(program)
		w.text8("") // procedure
		w.short(1)  // line
	})
}

func (w *writer) environment(kind byte, now, before string) {
	w.sized(tokenEnvChange, func(w *writer) {
		w.byte(kind)
		w.text8(now)
		w.text8(before)
	})
}

func (w *writer) done(status, rows int) {
	w.byte(tokenDone)
	w.short(status)
	w.short(0)
	w.long(rows)
}

// text is a result of one row with one column of text, of at most 255 bytes.
func (w *writer) text(value string) {
	const varchar, most = 0x27, 255
	w.rowFormat(varchar, most)
	w.byte(tokenRow)
	w.text8(value[:min(len(value), most)])
	w.done(doneCount, 1)
}

// number is a result of one row with one column of a number.
func (w *writer) number(value int) {
	const int4 = 0x38
	w.rowFormat(int4)
	w.byte(tokenRow)
	w.long(value)
	w.done(doneCount, 1)
}

func (w *writer) rowFormat(dataType ...byte) {
	w.sized(tokenRowFormat, func(w *writer) {
		w.short(1)
		w.text8("")
		w.byte(0)
		w.long(0) // user type
		w.byte(dataType...)
		w.byte(0) // no locale
	})
}

// token is one token of a message, without its length.
type token struct {
	kind byte
	body []byte
}

var errUnknownToken = errors.New("unknown token")

// next takes the first token off b.
func next(b []byte, o order) (t token, rest []byte, err error) {
	t.kind, b = b[0], b[1:]
	n := 0
	switch t.kind {
	case tokenDone:
		n = 8
	case tokenLogout:
		n = 1
	case tokenLanguage:
		if len(b) >= 4 {
			n, b = int(o.Uint32(b)), b[4:]
		} else {
			n = len(b) + 1
		}
	case tokenOption, tokenLoginAck, tokenCapability, tokenEnvChange, tokenEED:
		if len(b) >= 2 {
			n, b = int(o.Uint16(b)), b[2:]
		} else {
			n = len(b) + 1
		}
	default:
		return t, nil, fmt.Errorf("%w 0x%02x", errUnknownToken, t.kind)
	}
	if n < 0 || n > len(b) {
		return t, nil, fmt.Errorf("token 0x%02x claims %d bytes of %d", t.kind, n, len(b))
	}
	t.body = b[:n]
	return t, b[n:], nil
}
