package mysql

import (
	"encoding/binary"
	"fmt"
	"io"
)

// readPacket reads one packet: length 3, sequence 1, payload of at most limit
// bytes. The sender is not authenticated, hence the limit.
func readPacket(r io.Reader, limit int) (payload []byte, sequence byte, err error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, 0, err
	}
	n := int(head[0]) | int(head[1])<<8 | int(head[2])<<16
	if n > limit {
		return nil, 0, fmt.Errorf("%w: its packet claims %d bytes, more than %d", errNotMySQL, n, limit)
	}
	payload = make([]byte, n)
	if _, err := io.ReadFull(r, payload); err != nil {
		return nil, 0, err
	}
	return payload, head[3], nil
}

// packet puts the header before a payload shorter than 16 MiB.
func packet(sequence byte, payload []byte) []byte {
	n := len(payload)
	return append([]byte{byte(n), byte(n >> 8), byte(n >> 16), sequence}, payload...)
}

// errorPacket is the payload of an error for a client of protocol 4.1. state
// has five characters.
func errorPacket(code uint16, state, text string) []byte {
	p := binary.LittleEndian.AppendUint16([]byte{errorMarker}, code)
	p = append(p, '#')
	p = append(p, state...)
	return append(p, text...)
}
