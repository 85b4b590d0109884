package jsonrpc

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Kind says which of the protocol's codes an Error stands for.
type Kind int

// The kinds, with the wire code that AWS uses for each.
const (
	Malformed        Kind = iota // SerializationException
	Missing                      // InvalidParameterValueException
	InvalidValue                 // InvalidParameterValueException
	UnknownOperation             // UnknownOperationException
)

// Error is a request that cannot be read. Message is meant for the caller and
// never holds the value of a text, which may be a password.
type Error struct {
	Kind    Kind
	Message string
}

func (e *Error) Error() string { return e.Message }

func malformed(message string) *Error { return &Error{Kind: Malformed, Message: message} }

func invalid(message string) *Error { return &Error{Kind: InvalidValue, Message: message} }

const maxQuoted = 100

// quote makes what a caller sent fit for a message.
func quote(s string) string {
	if len(s) > maxQuoted {
		s = s[:maxQuoted] + "…"
	}
	return strconv.Quote(s)
}

// printable is a name without what could move a terminal's cursor.
func printable(s string) string {
	if len(s) > maxQuoted {
		s = s[:maxQuoted] + "…"
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, s)
}

// Time is a timestamp in a reply: seconds since 1970, to the millisecond. The
// zero time is null; give such a field omitzero.
type Time struct{ time.Time }

// MarshalJSON is json.Marshaler's.
func (t Time) MarshalJSON() ([]byte, error) {
	if t.IsZero() {
		return []byte("null"), nil
	}
	return strconv.AppendFloat(nil, float64(t.UnixMilli())/1000, 'f', -1, 64), nil
}

// WriteReply sends the output of an action; nil is an empty one.
func WriteReply(w http.ResponseWriter, out any) error {
	if out == nil {
		out = struct{}{}
	}
	body, err := json.Marshal(out)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", ContentType)
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(body) // a client that has gone needs no answer
	return nil
}

// WriteError sends a refusal. more are members beside the message that the
// code's shape has.
func WriteError(w http.ResponseWriter, status int, code, message string, more map[string]string) {
	out := map[string]string{"__type": code, "message": message}
	for name, value := range more {
		out[name] = value
	}
	body, err := json.Marshal(out)
	if err != nil { // of strings alone: cannot be
		body = []byte(`{}`)
	}
	w.Header().Set("Content-Type", ContentType)
	w.Header().Set("X-Amzn-Errortype", code)
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
