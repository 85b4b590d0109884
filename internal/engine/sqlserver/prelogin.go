package sqlserver

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// The types of messages and packets ([MS-TDS] 2.2.3.1.1).
const (
	typeBatch       = 0x01
	typeRPC         = 0x03
	typeReply       = 0x04
	typeAttention   = 0x06
	typeBulk        = 0x07
	typeTransaction = 0x0e
	typeLogin       = 0x10
	typePrelogin    = 0x12
)

// The options of PRELOGIN that are used here ([MS-TDS] 2.2.6.5).
const (
	optionVersion    = 0x00
	optionEncryption = 0x01
	optionInstance   = 0x02
	optionThread     = 0x03
	optionMARS       = 0x04
	optionEnd        = 0xff
)

// maxPrelogin bounds a PRELOGIN message; real ones have some fifty bytes.
const maxPrelogin = 4096

// encryption is what a side wants of TLS.
type encryption byte

const (
	encryptOff          encryption = 0x00 // for the login only
	encryptOn           encryption = 0x01
	encryptNotSupported encryption = 0x02
	encryptRequired     encryption = 0x03
)

// The bits that a client may add: it has a certificate of its own to offer.
const encryptClientCertificate encryption = 0x80

func (e encryption) String() string {
	switch e {
	case encryptOff:
		return "OFF"
	case encryptOn:
		return "ON"
	case encryptNotSupported:
		return "NOT_SUP"
	case encryptRequired:
		return "REQ"
	}
	return fmt.Sprintf("0x%02x", byte(e))
}

// prelogin is a PRELOGIN message.
type prelogin struct {
	version    release
	encryption encryption
}

// encode writes p with the options that every peer sends. The three others
// say: any instance of the server, no thread to name, no MARS.
func (p prelogin) encode() []byte {
	version := append([]byte{p.version.major, p.version.minor}, 0, 0, 0, 0)
	binary.BigEndian.PutUint16(version[2:], p.version.build)
	binary.LittleEndian.PutUint16(version[4:], p.version.sub)
	options := []struct {
		token byte
		value []byte
	}{
		{optionVersion, version},
		{optionEncryption, []byte{byte(p.encryption)}},
		{optionInstance, []byte{0}},
		{optionThread, []byte{0, 0, 0, 0}},
		{optionMARS, []byte{0}},
	}
	var head, data []byte
	for _, o := range options {
		at := 5*len(options) + 1 + len(data)
		head = append(head, o.token)
		head = binary.BigEndian.AppendUint16(head, uint16(at))           //nolint:gosec // some forty
		head = binary.BigEndian.AppendUint16(head, uint16(len(o.value))) //nolint:gosec // at most six
		data = append(data, o.value...)
	}
	return append(append(head, optionEnd), data...)
}

// parsePrelogin reads a PRELOGIN message. Options that it does not know are
// passed over, but must lie within the message as well.
func parsePrelogin(b []byte) (prelogin, error) {
	values := map[byte][]byte{}
	for i := 0; ; i += 5 {
		if i >= len(b) {
			return prelogin{}, errors.New("malformed PRELOGIN: its list of options has no end")
		}
		token := b[i]
		if token == optionEnd {
			break
		}
		if i == 0 && token != optionVersion {
			return prelogin{}, fmt.Errorf("malformed PRELOGIN: it begins with option 0x%02x, not with VERSION", token)
		}
		if i+5 > len(b) {
			return prelogin{}, fmt.Errorf("malformed PRELOGIN: option 0x%02x is cut off", token)
		}
		at, n := int(binary.BigEndian.Uint16(b[i+1:])), int(binary.BigEndian.Uint16(b[i+3:]))
		if at+n > len(b) {
			return prelogin{}, fmt.Errorf("malformed PRELOGIN: option 0x%02x lies at %d-%d of %d bytes", token, at, at+n, len(b))
		}
		values[token] = b[at : at+n]
	}
	version, wants := values[optionVersion], values[optionEncryption]
	if len(version) < 6 {
		return prelogin{}, fmt.Errorf("malformed PRELOGIN: VERSION has %d bytes, not 6", len(version))
	}
	if len(wants) != 1 {
		return prelogin{}, fmt.Errorf("malformed PRELOGIN: ENCRYPTION has %d bytes, not 1", len(wants))
	}
	return prelogin{
		version: release{
			version[0], version[1],
			binary.BigEndian.Uint16(version[2:]), binary.LittleEndian.Uint16(version[4:]),
		},
		encryption: encryption(wants[0]),
	}, nil
}
