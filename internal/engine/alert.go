package engine

import (
	"crypto/tls"
	"net"
)

// alertWatch reads along for an alert that is not encrypted. Clients by OpenSSL
// send the one that refuses a certificate so, also in TLS 1.3, where crypto/tls
// takes it for a record that was tampered with.
type alertWatch struct {
	net.Conn
	off   bool // the handshake is over
	head  [7]byte
	have  int // bytes of head
	skip  int // bytes of the record that are still to come
	alert tls.AlertError
	seen  bool
}

// Read is the connection's. It is called by one goroutine at a time.
func (w *alertWatch) Read(b []byte) (int, error) {
	n, err := w.Conn.Read(b)
	if !w.off {
		w.feed(b[:n])
	}
	return n, err
}

// feed follows the records: type 1, version 2, length 2, content. An alert that
// is not encrypted has a content of two bytes, level and description.
func (w *alertWatch) feed(b []byte) {
	const headerSize, typeAlert, alertSize = 5, 21, 2
	for len(b) > 0 && !w.seen {
		if w.skip > 0 {
			n := min(w.skip, len(b))
			w.skip, b = w.skip-n, b[n:]
			continue
		}
		w.head[w.have], b = b[0], b[1:]
		w.have++
		length := int(w.head[3])<<8 | int(w.head[4])
		switch isAlert := w.head[0] == typeAlert && length == alertSize; {
		case w.have == headerSize && !isAlert:
			w.have, w.skip = 0, length
		case w.have == headerSize+alertSize:
			w.alert, w.seen = tls.AlertError(w.head[6]), true
		}
	}
}
