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
}

// wantsTLS: the packet is an SSLRequest, and a ClientHello follows it.
func (r response) wantsTLS() bool { return r.capabilities&capSSL != 0 }

var errBadHandshake = errors.New("client's handshake response cannot be read")

// parseResponse reads HandshakeResponse41, or the SSLRequest that is its
// first part alone: capabilities 4, largest packet 4, character set 1,
// filler 23; then the user NUL-terminated and the proof of the password, in
// the form that the capabilities say
// (https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase_packets_protocol_handshake_response.html).
// What follows, a database and the client's description of itself, is not
// needed. A client older than 4.1 is an error.
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
	return r, nil
}
