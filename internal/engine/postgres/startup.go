package postgres

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

// The codes that stand where a startup packet has the protocol's version
// (PostgreSQL manual 55.7, "Message Formats").
const (
	codeCancel = 80877102
	codeTLS    = 80877103
	codeGSS    = 80877104
	majorThree = 3 // the high half of the version
)

// maxStartup is the server's bound of a startup packet without its length, in
// bytes (MAX_STARTUP_PACKET_LENGTH).
const maxStartup = 10000

// readPacket reads one packet of the time before authentication, which has no
// type byte, and not a byte more. body is what follows the code.
func readPacket(r io.Reader) (code uint32, body []byte, err error) {
	var size [4]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return 0, nil, fmt.Errorf("read startup packet: %w", err)
	}
	n := binary.BigEndian.Uint32(size[:])
	if n < 8 || n > maxStartup+4 {
		return 0, nil, fmt.Errorf("startup packet says it has %d bytes", n)
	}
	packet := make([]byte, n-4)
	if _, err := io.ReadFull(r, packet); err != nil {
		return 0, nil, fmt.Errorf("read startup packet: %w", err)
	}
	return binary.BigEndian.Uint32(packet), packet[4:], nil
}

// Startup is what a client says of itself before it logs in.
type Startup struct {
	User, Database string
	Application    string // as the client calls itself
	Replication    bool   // a walsender of no database, as a read replica asks for
	Client         string // IP address
}

// parseStartup reads the pairs of names and values, each ended by a zero, and
// the zero that ends them all.
func parseStartup(body []byte) (Startup, error) {
	var s Startup
	for {
		name, rest, ok := bytes.Cut(body, []byte{0})
		if ok && len(name) == 0 && len(rest) == 0 {
			break
		}
		value, rest, both := bytes.Cut(rest, []byte{0})
		if !ok || !both || len(name) == 0 {
			return Startup{}, errors.New("invalid startup packet layout: expected terminator as last byte")
		}
		switch string(name) {
		case "user":
			s.User = string(value)
		case "database":
			s.Database = string(value)
		case "application_name":
			s.Application = string(value)
		case "replication":
			s.Replication = isTrue(string(value))
		}
		body = rest
	}
	if s.Database == "" {
		s.Database = s.User
	}
	return s, nil
}

// isTrue: "database" is a walsender too, but one of a database.
func isTrue(value string) bool {
	switch strings.ToLower(value) {
	case "true", "on", "yes", "1":
		return true
	}
	return false
}

// fatal is an ErrorResponse that ends a session before it began.
type fatal struct {
	state        string // SQLSTATE
	text         string
	detail, hint string // "" for none
}

// bytes renders the message; a zero would end its field.
func (f fatal) bytes() []byte {
	body := []byte{}
	for _, field := range []struct {
		code byte
		text string
	}{{'S', "FATAL"}, {'V', "FATAL"}, {'C', f.state}, {'M', f.text}, {'D', f.detail}, {'H', f.hint}} {
		if field.text == "" {
			continue
		}
		body = append(body, field.code)
		body = append(body, strings.ReplaceAll(field.text, "\x00", "")...)
		body = append(body, 0)
	}
	body = append(body, 0)
	return append(binary.BigEndian.AppendUint32([]byte{'E'}, uint32(len(body)+4)), body...)
}
