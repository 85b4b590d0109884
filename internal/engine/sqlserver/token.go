package sqlserver

import (
	"encoding/binary"
	"time"
)

// The tokens of a reply ([MS-TDS] 2.2.7).
const (
	tokenReturnStatus = 0x79
	tokenColumns      = 0x81
	tokenError        = 0xaa
	tokenInfo         = 0xab
	tokenLoginAck     = 0xad
	tokenFeatures     = 0xae
	tokenRow          = 0xd1
	tokenEnvironment  = 0xe3
	tokenDone         = 0xfd // of a batch's statement
	tokenDoneProc     = 0xfe // of a procedure
	tokenDoneInProc   = 0xff // of a statement in a procedure
)

// The status bits of the DONE tokens.
const (
	doneMore      = 0x01
	doneError     = 0x02
	doneCount     = 0x10
	doneAttention = 0x20
)

// What ENVCHANGE can say has changed.
const (
	changeDatabase   = 1
	changeLanguage   = 2
	changePacketSize = 4
	changeCollation  = 7
	changeReset      = 18
)

// serverName is what the tokens name as the server that speaks.
const serverName = "simulated"

// collation is SQL_Latin1_General_CP1_CI_AS.
func collation() []byte { return []byte{0x09, 0x04, 0xd0, 0x00, 0x34} }

// reply is a reply in the making. The text that it is given is cut where the
// protocol has no room for more.
type reply struct {
	bytes   []byte
	dialect dialect
}

func (r *reply) short(n int)  { r.bytes = binary.LittleEndian.AppendUint16(r.bytes, uint16(n)) } //nolint:gosec // callers cut
func (r *reply) long(n int64) { r.bytes = binary.LittleEndian.AppendUint32(r.bytes, uint32(n)) } //nolint:gosec // callers know

// cut is s in UTF-16, at most n units of it.
func cut(s string, n int) []byte {
	b := toUTF16(s)
	return b[:min(len(b), 2*n)]
}

// text writes a text of at most 255 characters with its length before it.
func (r *reply) text(s string) {
	b := cut(s, 255)
	r.bytes = append(r.bytes, byte(len(b)/2))
	r.bytes = append(r.bytes, b...)
}

// sized writes a token whose length stands before its body.
func (r *reply) sized(token byte, body func()) {
	r.bytes = append(r.bytes, token, 0, 0)
	start := len(r.bytes)
	body()
	binary.LittleEndian.PutUint16(r.bytes[start-2:], uint16(len(r.bytes)-start)) //nolint:gosec // bodies are short
}

// say writes an ERROR (class 11 and up) or an INFO.
func (r *reply) say(number int, class byte, message string) {
	token := byte(tokenInfo)
	if class > 10 {
		token = tokenError
	}
	r.sized(token, func() {
		r.long(int64(number))
		r.bytes = append(r.bytes, 1, class) // state, class
		b := cut(message, 2000)
		r.short(len(b) / 2)
		r.bytes = append(r.bytes, b...)
		r.text(serverName)
		r.text("") // procedure
		if r.dialect.old {
			r.short(1) // line
		} else {
			r.long(1)
		}
	})
}

// changed writes an ENVCHANGE from one text to another.
func (r *reply) changed(what byte, to, from string) {
	r.sized(tokenEnvironment, func() {
		r.bytes = append(r.bytes, what)
		r.text(to)
		r.text(from)
	})
}

// changedTo writes an ENVCHANGE to some bytes, from none.
func (r *reply) changedTo(what byte, to []byte) {
	r.sized(tokenEnvironment, func() {
		r.bytes = append(r.bytes, what, byte(len(to)))
		r.bytes = append(r.bytes, to...)
		r.bytes = append(r.bytes, 0)
	})
}

func (r *reply) loginAck(server release) {
	r.sized(tokenLoginAck, func() {
		r.bytes = append(r.bytes, 1) // Transact-SQL
		r.bytes = binary.BigEndian.AppendUint32(r.bytes, r.dialect.version)
		r.text("Microsoft SQL Server")
		r.bytes = append(r.bytes, server.major, server.minor)
		r.bytes = binary.BigEndian.AppendUint16(r.bytes, server.build)
	})
}

// done writes one of the DONE tokens; count is the number of rows, if the
// status says that there is one.
func (r *reply) done(token byte, status, count int) {
	r.bytes = append(r.bytes, token)
	r.short(status)
	r.short(0) // what the statement was; clients do not ask
	r.long(int64(count))
	if !r.dialect.old {
		r.long(0)
	}
}

// kind is the type of a column.
type kind byte

// The types ([MS-TDS] 2.2.5.4): all of them may be NULL.
const (
	integer kind = 0x26 // INTN of 4 bytes
	moment  kind = 0x6f // DATETIMN of 8 bytes
	text    kind = 0xe7 // NVARCHAR
)

const maxText = 4000 // characters of an NVARCHAR

func (r *reply) columns(columns []column) {
	r.bytes = append(r.bytes, tokenColumns)
	r.short(len(columns))
	for _, c := range columns {
		if r.long(0); r.dialect.old { // user type, flags
			r.bytes = r.bytes[:len(r.bytes)-2]
		}
		r.short(1) // flags: NULL is possible
		switch r.bytes = append(r.bytes, byte(c.kind)); c.kind {
		case integer:
			r.bytes = append(r.bytes, 4)
		case moment:
			r.bytes = append(r.bytes, 8)
		case text:
			r.short(2 * maxText)
			r.bytes = append(r.bytes, collation()...)
		}
		r.text(c.name)
	}
}

// value writes one value of a row, which is an int, a string or a time.
func (r *reply) value(v any) {
	switch v := v.(type) {
	case int:
		r.bytes = append(r.bytes, 4)
		r.long(int64(v))
	case string:
		b := cut(v, maxText)
		r.short(len(b))
		r.bytes = append(r.bytes, b...)
	case time.Time:
		v = v.UTC()
		day := v.Truncate(24 * time.Hour)
		r.bytes = append(r.bytes, 8)
		r.long(int64(day.Sub(time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC)) / (24 * time.Hour)))
		r.long(int64(v.Sub(day) * 300 / time.Second)) // ticks of 1/300 s
	}
}
