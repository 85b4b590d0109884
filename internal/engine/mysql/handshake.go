package mysql

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// Capability flags of the protocol
// (https://dev.mysql.com/doc/dev/mysql-server/latest/group__group__cs__capabilities__flags.html).
const (
	capFoundRows        = 1 << 1
	capLongFlag         = 1 << 2
	capConnectWithDB    = 1 << 3
	capProtocol41       = 1 << 9
	capSSL              = 1 << 11
	capTransactions     = 1 << 13
	capSecureConnection = 1 << 15
	capPluginAuth       = 1 << 19
	capConnectAttrs     = 1 << 20
	capPluginAuthLenenc = 1 << 21
	capDeprecateEOF     = 1 << 24
)

const (
	protocolVersion = 10
	errorMarker     = 0xff
	// utf8mb4_general_ci, which every version of either product knows.
	charset      = 45
	maxPacket    = 1 << 24
	sslReqLength = 32
)

// greeting is what dbtls needs of an initial handshake packet.
type greeting struct {
	version string
	tls     bool
}

var errNotMySQL = errors.New("server does not speak the MySQL protocol")

// parseHandshake reads the payload of the first packet a server sends:
// protocol version 1, server version NUL-terminated, connection id 4, salt 8,
// filler 1, lower capabilities 2, and more that does not matter before TLS.
// An error packet is an error with the server's code and text.
func parseHandshake(p []byte) (greeting, error) {
	if len(p) == 0 {
		return greeting{}, fmt.Errorf("%w: its first packet is empty", errNotMySQL)
	}
	if p[0] == errorMarker {
		return greeting{}, parseError(p)
	}
	if p[0] != protocolVersion {
		return greeting{}, fmt.Errorf("%w of version 10: its first packet begins with byte 0x%02x", errNotMySQL, p[0])
	}
	version, rest, ok := bytes.Cut(p[1:], []byte{0})
	if !ok {
		return greeting{}, fmt.Errorf("%w: the version in its first packet has no end", errNotMySQL)
	}
	const before = 4 + 8 + 1 // connection id, salt, filler
	if len(rest) < before+2 {
		return greeting{}, fmt.Errorf("%w: its first packet ends before the capabilities", errNotMySQL)
	}
	capabilities := binary.LittleEndian.Uint16(rest[before:])
	return greeting{version: plainVersion(string(version)), tls: capabilities&capSSL != 0}, nil
}

// plainVersion drops the prefix that MariaDB 10 puts before its own version,
// because old replicas took a two-digit major version for an old one.
func plainVersion(v string) string {
	if rest, ok := strings.CutPrefix(v, "5.5.5-"); ok && strings.Contains(rest, "MariaDB") {
		return rest
	}
	return v
}

// parseError reads an error packet: marker 1, code 2, and, once capabilities
// are settled (before, some servers send it too), "#" and an SQLSTATE of 5.
func parseError(p []byte) error {
	if len(p) < 3 {
		return fmt.Errorf("%w: its error packet ends before the code", errNotMySQL)
	}
	code, text := binary.LittleEndian.Uint16(p[1:]), p[3:]
	if len(text) >= 6 && text[0] == '#' {
		text = text[6:]
	}
	return fmt.Errorf("server answers with error %d: %q", code, text)
}

// sslRequest is the packet that asks for TLS: a handshake response cut off
// after its fixed part.
func sslRequest(sequence byte) []byte {
	p := make([]byte, 4+sslReqLength)
	p[0], p[3] = sslReqLength, sequence
	binary.LittleEndian.PutUint32(p[4:], capSSL|capProtocol41|capSecureConnection|capPluginAuth)
	binary.LittleEndian.PutUint32(p[8:], maxPacket)
	p[12] = charset
	return p
}
