package sqlserver

import (
	"encoding/binary"
	"fmt"
)

// The parts of the TLS record layer that are needed to see where a handshake
// ends (RFC 5246 section 6.2.1). Their content is not looked at.
const (
	recordHeader    = 5
	maxRecord       = 1<<14 + 2048 // of a ciphertext
	recordChange    = 20           // ChangeCipherSpec
	recordAlert     = 21
	recordHandshake = 22
	recordData      = 23
)

// records follows the TLS records in one direction of a connection.
type records struct {
	header  [recordHeader]byte
	have    int  // bytes of header
	left    int  // bytes of the record's body still to come
	changed bool // ChangeCipherSpec went by
	// finished: the handshake message after ChangeCipherSpec went by. It is
	// Finished, the direction's last (RFC 5246 section 7.4.9).
	finished bool
}

// missing is how many bytes end what has begun: a header or a record.
func (r *records) missing() int {
	if r.have < recordHeader {
		return recordHeader - r.have
	}
	return r.left
}

// advance follows b to the end of the record that it begins with or continues,
// and returns how many bytes that took and the type of the record that ended
// with them, 0 for none.
func (r *records) advance(b []byte) (n int, ended byte, err error) {
	if r.have < recordHeader {
		n = copy(r.header[r.have:], b)
		if r.have += n; r.have < recordHeader {
			return n, 0, nil
		}
		kind, size := r.header[0], int(binary.BigEndian.Uint16(r.header[3:]))
		if kind < recordChange || kind > recordData || r.header[1] != 3 || size > maxRecord {
			return n, 0, fmt.Errorf("bytes % x do not begin a TLS record", r.header)
		}
		r.left = size
	}
	body := min(r.left, len(b)-n)
	n, r.left = n+body, r.left-body
	if r.left > 0 {
		return n, 0, nil
	}
	r.have, ended = 0, r.header[0]
	switch ended {
	case recordChange:
		r.changed = true
	case recordHandshake:
		r.finished = r.finished || r.changed
	}
	return n, ended, nil
}
