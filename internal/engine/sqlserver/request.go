package sqlserver

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// maxRequest bounds a request of a session that is logged in, in bytes.
const maxRequest = 256 << 10

// The numbers in an RPC request ([MS-TDS] 2.2.6.6).
const (
	procedureByNumber = 0xffff
	executeSQL        = 10 // sp_executesql
)

// The types that the statement of sp_executesql comes in.
const (
	typeNText    = 0x63
	typeNVarChar = 0xe7
	unbounded    = 0xffff // the size of NVARCHAR(MAX), which comes in chunks
)

// requestBody takes off the headers that newer clients put before a request
// ([MS-TDS] 2.2.5.3).
func requestBody(b []byte, d dialect) ([]byte, error) {
	if d.old {
		return b, nil
	}
	if len(b) < 4 {
		return nil, errors.New("malformed request: no headers")
	}
	n := binary.LittleEndian.Uint32(b)
	if n < 4 || uint64(n) > uint64(len(b)) {
		return nil, fmt.Errorf("malformed request: headers of %d bytes in %d", n, len(b))
	}
	return b[n:], nil
}

// errNotExecuteSQL is the answer to every other procedure.
var errNotExecuteSQL = errors.New("a procedure other than sp_executesql")

// executeText reads the statement that an RPC request wants sp_executesql to
// run. What follows it, the declaration and values of parameters, is left
// unread: no statement with parameters in it is answered.
func executeText(b []byte) (string, error) {
	r := reader{rest: b}
	if n := r.short(); n == procedureByNumber {
		if r.short() != executeSQL {
			return "", errNotExecuteSQL
		}
	} else if name := fromUTF16(r.take(2 * n)); !r.bad && name != "sp_executesql" && name != "sys.sp_executesql" {
		return "", errNotExecuteSQL
	}
	r.short()                    // options
	r.take(2 * int(r.take1()))   // the parameter's name
	r.take1()                    // its status
	statement := r.textualData() // type and value
	if r.bad {
		return "", errors.New("a malformed call of sp_executesql")
	}
	return fromUTF16(statement), nil
}

// reader takes values off the front of bytes. Once it wanted more than there
// is, it is bad and everything is empty.
type reader struct {
	rest []byte
	bad  bool
}

func (r *reader) take(n int) []byte {
	if n < 0 || n > len(r.rest) {
		r.rest, r.bad = nil, true
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) take1() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) short() int {
	if b := r.take(2); b != nil {
		return int(binary.LittleEndian.Uint16(b))
	}
	return 0
}

func (r *reader) long() int {
	if b := r.take(4); b != nil {
		return int(binary.LittleEndian.Uint32(b))
	}
	return 0
}

// textualData takes a type and a value of it that is a text in UTF-16.
func (r *reader) textualData() []byte {
	switch r.take1() {
	case typeNVarChar:
		size := r.short()
		r.take(len(collation()))
		if size == unbounded {
			return r.chunks()
		}
		return r.take(r.short())
	case typeNText:
		r.long() // its largest size
		r.take(len(collation()))
		return r.take(r.long())
	}
	r.bad = true
	return nil
}

// chunks takes a value that comes in pieces ([MS-TDS] 2.2.5.2.3), the last
// empty, after its length as a whole.
func (r *reader) chunks() []byte {
	r.take(8)
	var all []byte
	for {
		n := r.long()
		if n == 0 || r.bad {
			return all
		}
		all = append(all, r.take(n)...)
	}
}
