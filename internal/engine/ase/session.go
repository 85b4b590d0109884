package ase

import (
	"strings"

	"github.com/dbtls/dbtls/internal/engine/tds"
)

// session is a client that is logged in.
type session struct {
	order   order
	version string
	id      int
	cipher  string
	done    func()
}

// answer returns the message that answers m, and whether the session goes on.
func (s *session) answer(m tds.Message) (out []byte, again bool) {
	w := &writer{order: s.order}
	switch m.Type {
	case typeCancel:
		w.done(doneCancelled, 0)
		return w.b, true
	case typeNormal:
		again = s.tokens(w, m.Payload)
		return w.b, again
	}
	w.unsupported()
	return w.b, true
}

// tokens answers a message of tokens. Of those that may come, the one that
// matters is the text; the others need no more than an acknowledgement.
func (s *session) tokens(w *writer, b []byte) (again bool) {
	answered := false
	for len(b) > 0 && len(w.b) < maxMessage {
		t, rest, err := next(b, s.order)
		if err != nil {
			break // what it is cannot be told, nor where it ends
		}
		switch t.kind {
		case tokenLogout:
			w.done(0, 0)
			return false
		case tokenOption:
			w.done(0, 0)
			answered = true
		case tokenLanguage:
			s.query(w, string(t.body[min(1, len(t.body)):])) // after a byte of status
			answered = true
		}
		b = rest
	}
	if !answered {
		w.unsupported()
	}
	return true
}

// query answers what tells a client about its session.
func (s *session) query(w *writer, text string) {
	switch q := normal(text); {
	case q == "select @@ssl_ciphersuite":
		w.text(s.cipher)
	case q == "select @@version":
		w.text("Adaptive Server Enterprise/" + s.version + "/" + simulated)
	case q == "select @@spid":
		w.number(s.id)
	case q == "select 1":
		w.number(1)
	case q == "use master", strings.HasPrefix(q, "set "):
		w.done(0, 0)
	default:
		w.unsupported()
	}
}

func (w *writer) unsupported() {
	w.message(notSimulated, classError, simulated+
		". It answers: select @@ssl_ciphersuite, select @@version, select @@spid, select 1")
	w.done(doneError, 0)
}

// normal is a statement in lower case, with one space between words and
// nothing at its ends.
func normal(text string) string {
	words := strings.Join(strings.Fields(strings.ToLower(text)), " ")
	return strings.TrimRight(words, "; \x00")
}
