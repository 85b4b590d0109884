package mongodb

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// The operations of the wire protocol
// (https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/).
// OP_QUERY and its OP_REPLY are what clients greet a server of unknown age with.
const (
	opReply = 1
	opQuery = 2004
	opMsg   = 2013
)

const (
	headerSize = 16
	// maxMessage bounds a request, in bytes. The commands that are answered
	// have a few hundred; the sender is not authenticated.
	maxMessage = 64 << 10
	// flagMoreToCome in an OP_MSG says that the sender wants no answer,
	// flagChecksum that four bytes of checksum end it.
	flagChecksum   = 1 << 0
	flagMoreToCome = 1 << 1
	// flagsRequired are those a receiver must know: the others may be ignored.
	flagsRequired = 0xffff
)

var errMalformed = errors.New("not a message of the MongoDB wire protocol")

// request is a command that a client sent.
type request struct {
	id       int32
	legacy   bool   // sent as OP_QUERY, to be answered with OP_REPLY
	name     string // of the command
	command  bson.Raw
	noAnswer bool
}

// readRequest reads one message, of at most maxMessage bytes.
func readRequest(r io.Reader) (request, error) {
	var head [headerSize]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return request{}, err
	}
	n := int32(binary.LittleEndian.Uint32(head[0:]))
	if n < headerSize || n > maxMessage {
		return request{}, fmt.Errorf("%w: it claims %d bytes, the limit is %d", errMalformed, n, maxMessage)
	}
	body := make([]byte, n-headerSize)
	if _, err := io.ReadFull(r, body); err != nil {
		return request{}, err
	}
	q := request{id: int32(binary.LittleEndian.Uint32(head[4:]))}
	var err error
	switch op := int32(binary.LittleEndian.Uint32(head[12:])); op {
	case opMsg:
		err = q.parseMsg(body)
	case opQuery:
		err = q.parseQuery(body)
	default:
		err = fmt.Errorf("%w: operation %d", errMalformed, op)
	}
	return q, err
}

// parseMsg reads the body of an OP_MSG: flags, then sections. The command is in
// the one section of kind 0; sections of kind 1 hold documents for it.
func (q *request) parseMsg(b []byte) error {
	if len(b) < 4 {
		return fmt.Errorf("%w: OP_MSG of %d bytes", errMalformed, len(b))
	}
	flags := binary.LittleEndian.Uint32(b)
	if unknown := flags & flagsRequired &^ (flagChecksum | flagMoreToCome); unknown != 0 {
		return fmt.Errorf("%w: unknown required flags 0x%x", errMalformed, unknown)
	}
	q.noAnswer = flags&flagMoreToCome != 0
	b = b[4:]
	if flags&flagChecksum != 0 {
		b = b[:max(0, len(b)-4)] // TLS protects better
	}
	for len(b) > 0 {
		kind, rest := b[0], b[1:]
		n := sized(rest)
		if n == 0 || kind > 1 {
			return fmt.Errorf("%w: bad section of OP_MSG", errMalformed)
		}
		if kind == 0 {
			return q.setCommand(bson.Raw(rest[:n]))
		}
		b = rest[n:]
	}
	return fmt.Errorf("%w: OP_MSG without a command", errMalformed)
}

// parseQuery reads the body of an OP_QUERY: flags, collection name, two counts,
// the document.
func (q *request) parseQuery(b []byte) error {
	q.legacy = true
	end := bytes.IndexByte(b[min(4, len(b)):], 0)
	if end < 0 || len(b) < 4+end+1+8 {
		return fmt.Errorf("%w: OP_QUERY of %d bytes", errMalformed, len(b))
	}
	if collection := b[4 : 4+end]; !bytes.HasSuffix(collection, []byte(".$cmd")) {
		return fmt.Errorf("%w: OP_QUERY that is no command", errMalformed)
	}
	doc := b[4+end+1+8:]
	n := sized(doc)
	if n == 0 {
		return fmt.Errorf("%w: OP_QUERY without a document", errMalformed)
	}
	return q.setCommand(bson.Raw(doc[:n]))
}

// setCommand takes the name of the document's first key, which is the
// command's. Old clients wrap the command to send a read preference with it.
func (q *request) setCommand(doc bson.Raw) error {
	first, err := doc.IndexErr(0)
	if err != nil {
		return fmt.Errorf("%w: command document: %v", errMalformed, err)
	}
	if q.name, err = first.KeyErr(); err != nil {
		return fmt.Errorf("%w: command document: %v", errMalformed, err)
	}
	q.command = doc
	inner, wrapped := first.Value().DocumentOK()
	if !q.legacy || !wrapped || q.name != "$query" && q.name != "query" {
		return nil
	}
	if first, err = inner.IndexErr(0); err != nil {
		return fmt.Errorf("%w: command document: %v", errMalformed, err)
	}
	q.name, err = first.KeyErr()
	q.command = inner
	return err
}

// sized is the length that b begins with, itself included; 0 when b does not
// hold that much or it cannot be.
func sized(b []byte) int {
	if len(b) < 4 {
		return 0
	}
	n := int32(binary.LittleEndian.Uint32(b))
	if n < 5 || int(n) > len(b) {
		return 0
	}
	return int(n)
}

// answer is the message that replies to q with doc.
func (q request) answer(doc bson.D) ([]byte, error) {
	body, err := bson.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("encode answer to %q: %w", q.name, err)
	}
	op, head := int32(opMsg), make([]byte, 5) // flags and section kind, all 0
	if q.legacy {
		op, head = opReply, make([]byte, 20) // flags, cursor, first, count
		const awaitCapable = 8
		head[0], head[16] = awaitCapable, 1
	}
	var out []byte
	for _, field := range []int32{int32(headerSize + len(head) + len(body)), 0, q.id, op} {
		out = binary.LittleEndian.AppendUint32(out, uint32(field))
	}
	return append(append(out, head...), body...), nil
}
