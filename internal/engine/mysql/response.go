package mysql

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// response is what dbtls needs of a client's handshake response.
type response struct {
	capabilities uint32
	user         string
	password     bool // the client sent one, or a proof of one
	// What the client says of itself, "" when it does not, or not legibly.
	database, program string
}

// wantsTLS: the packet is an SSLRequest, and a ClientHello follows it.
func (r response) wantsTLS() bool { return r.capabilities&capSSL != 0 }

var errBadHandshake = errors.New("client's handshake response cannot be read")

// parseResponse reads HandshakeResponse41, or the SSLRequest that is its
// first part alone: capabilities 4, largest packet 4, character set 1,
// filler 23; then the user NUL-terminated and the proof of the password, in
// the form that the capabilities say
// (https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_handshake_response.html).
// What follows is for reports alone, and no error when it is malformed. A client
// older than 4.1 is one.
func parseResponse(p []byte) (response, error) {
	if len(p) < sslReqLength {
		return response{}, errBadHandshake
	}
	r := response{capabilities: binary.LittleEndian.Uint32(p)}
	if r.capabilities&capProtocol41 == 0 {
		return response{}, errBadHandshake
	}
	if r.wantsTLS() && len(p) == sslReqLength {
		return r, nil
	}
	user, rest, ok := bytes.Cut(p[sslReqLength:], []byte{0})
	if !ok {
		return response{}, errBadHandshake
	}
	r.user = string(user)
	// Each form begins with a byte that is 0 when there is nothing: a length
	// of one byte, a length-encoded one, or the end of a text. A password
	// that is sent in clear is a NUL alone when it is empty.
	r.password = len(rest) > 0 && rest[0] != 0 && !bytes.HasPrefix(rest, []byte{1, 0})
	r.describe(rest)
	return r, nil
}

// describe reads what follows the user: the proof of the password, a database,
// the plugin, and pairs of names and values, each where the capabilities say so.
func (r *response) describe(b []byte) {
	var ok bool
	switch {
	case r.capabilities&capPluginAuthLenenc != 0:
		_, b, ok = lengthEncoded(b)
	case r.capabilities&capSecureConnection != 0 && len(b) > 0:
		n := 1 + int(b[0])
		if ok = n <= len(b); ok {
			b = b[n:]
		}
	case r.capabilities&capSecureConnection == 0:
		_, b, ok = bytes.Cut(b, []byte{0})
	}
	if ok && r.capabilities&capConnectWithDB != 0 {
		var database []byte
		if database, b, ok = bytes.Cut(b, []byte{0}); ok {
			r.database = string(database)
		}
	}
	if ok && r.capabilities&capPluginAuth != 0 {
		_, b, ok = bytes.Cut(b, []byte{0})
	}
	if ok && r.capabilities&capConnectAttrs != 0 {
		pairs, _, _ := lengthEncoded(b)
		r.program = attribute(pairs, "program_name")
	}
}

// attribute is the value of a name among pairs.
func attribute(pairs []byte, name string) string {
	for len(pairs) > 0 {
		key, rest, ok := lengthEncoded(pairs)
		value, rest, both := lengthEncoded(rest)
		if !ok || !both {
			return ""
		}
		if string(key) == name {
			return string(value)
		}
		pairs = rest
	}
	return ""
}

// lengthEncoded reads a text with its length before: in one byte below 251, or
// in the two, three or eight that follow 252, 253 and 254.
func lengthEncoded(b []byte) (text, rest []byte, ok bool) {
	if len(b) == 0 {
		return nil, nil, false
	}
	n, at := uint64(b[0]), 1
	if b[0] > 250 {
		width := map[byte]int{252: 2, 253: 3, 254: 8}[b[0]]
		if width == 0 || len(b) < 1+width {
			return nil, nil, false
		}
		var wide [8]byte
		copy(wide[:], b[1:1+width])
		n, at = binary.LittleEndian.Uint64(wide[:]), 1+width
	}
	if n > uint64(len(b)-at) {
		return nil, nil, false
	}
	end := at + int(n) //nolint:gosec // within b
	return b[at:end], b[end:], true
}
