package oracle

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// The packets of TNS that a listener and its clients exchange.
const (
	typeConnect = 1
	typeRefuse  = 4
	typeData    = 6
)

const (
	headerSize = 8
	// A CONNECT's fields for the descriptor: its length and where it begins.
	atLength, atOffset = 24, 26
	minConnect         = 28
	dataFlags          = 2 // bytes of a DATA packet before its content
	// maxDescriptor bounds a connect descriptor, in bytes. A tnsnames.ora entry
	// with every setting has some hundred; the sender is not authenticated.
	maxDescriptor = 8 << 10
	maxPacket     = maxDescriptor + 256
)

var errMalformed = errors.New("not a TNS connect request")

// readConnect reads a CONNECT and returns its connect descriptor, which is in
// the packet or, when it is long, in the DATA packets that follow.
func readConnect(r io.Reader) (string, error) {
	kind, b, err := readPacket(r)
	if err != nil {
		return "", err
	}
	if kind != typeConnect || len(b) < minConnect {
		return "", fmt.Errorf("%w: a packet of type %d and %d bytes", errMalformed, kind, len(b))
	}
	size, offset := int(binary.BigEndian.Uint16(b[atLength:])), int(binary.BigEndian.Uint16(b[atOffset:]))
	if size > maxDescriptor || offset > len(b) || offset < minConnect {
		return "", fmt.Errorf("%w: a descriptor of %d bytes from %d on", errMalformed, size, offset)
	}
	descriptor := b[offset:]
	for len(descriptor) < size {
		kind, b, err := readPacket(r)
		if err != nil {
			return "", err
		}
		if kind != typeData || len(b) <= headerSize+dataFlags {
			return "", fmt.Errorf("%w: a packet of type %d and %d bytes within the descriptor", errMalformed, kind, len(b))
		}
		descriptor = append(descriptor, b[headerSize+dataFlags:]...)
	}
	return string(descriptor[:size]), nil
}

// readPacket returns a whole packet, its header included.
func readPacket(r io.Reader) (kind byte, b []byte, err error) {
	var head [headerSize]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	n := int(binary.BigEndian.Uint16(head[:]))
	if n < headerSize || n > maxPacket {
		return 0, nil, fmt.Errorf("%w: a packet of %d bytes", errMalformed, n)
	}
	b = make([]byte, n)
	copy(b, head[:])
	_, err = io.ReadFull(r, b[headerSize:])
	return head[4], b, err
}

const simulated = "this is a simulated instance of dbtls: its TLS is real, it has no database"

// refusal is the REFUSE of a listener of that version that no database has
// registered with. Its text is what the listener's tools show; a ping is
// answered by a refusal that names no error.
func refusal(descriptor, version string) []byte {
	text := "(DESCRIPTION=(TMP=)(VSNNUM=" + versionNumber(version) + ")"
	if isPing(descriptor) {
		text += "(ERR=0)(ALIAS=LISTENER))"
	} else {
		text += "(ERR=12514)(ERROR_STACK=(ERROR=(CODE=12514)(EMFI=4))(ERROR=(BUF='" + simulated + "'))))"
	}
	const fields, byNetwork = 4, 34 // reasons of user and system, length
	b := binary.BigEndian.AppendUint16(nil, uint16(headerSize+fields+len(text)))
	b = append(b, 0, 0, typeRefuse, 0, 0, 0, byNetwork, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(len(text)))
	return append(b, text...)
}

// versionNumber is a version as listeners send it: 19 is 0x13000000.
func versionNumber(version string) string {
	n, err := strconv.ParseUint(major(version), 10, 8)
	if err != nil {
		n = 0
	}
	return strconv.FormatUint(n<<24, 10)
}

// isPing reports whether the descriptor is tnsping's.
func isPing(descriptor string) bool {
	plain := strings.ToLower(strings.Join(strings.Fields(descriptor), ""))
	return strings.Contains(plain, "(command=ping)")
}

// part is the value of a name in a descriptor, "" when it has none.
func part(descriptor, name string) string {
	for {
		_, after, found := strings.Cut(descriptor, "(")
		if !found {
			return ""
		}
		key, value, found := strings.Cut(after, "=")
		if found && strings.EqualFold(strings.TrimSpace(key), name) {
			value, _, _ = strings.Cut(value, ")")
			return strings.TrimSpace(value)
		}
		descriptor = after
	}
}
