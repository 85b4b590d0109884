package sqlserver

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf16"
)

// Bounds of LOGIN7 ([MS-TDS] 2.2.6.4).
const (
	maxLogin      = 128<<10 - 1 // bytes
	maxLoginField = 128         // characters of a name or password
	loginFixed    = 94          // bytes before the text
)

// Where LOGIN7 has what is read of it: flags, and pairs of offset and length.
const (
	atFlags2    = 25
	atFlags3    = 27
	atUser      = 40
	atPassword  = 44
	atProgram   = 48
	atDatabase  = 68
	integrated  = 0x80 // flags 2: Windows authentication
	newPassword = 0x01 // flags 3: the password is to be changed
	extension   = 0x10 // flags 3: features are asked for
)

// login is a LOGIN7 message. It is never printed: it has the password.
type login struct {
	version           uint32 // of TDS, as the client knows it
	packetSize        int    // that the client would like, 0 for the server's choice
	user, password    string
	program, database string
	integrated        bool
	changesPassword   bool
	extension         bool
}

// parseLogin reads a LOGIN7 message.
func parseLogin(b []byte) (login, error) {
	if len(b) < loginFixed {
		return login{}, fmt.Errorf("malformed LOGIN7: %d bytes, at least %d are needed", len(b), loginFixed)
	}
	length := binary.LittleEndian.Uint32(b)
	if length < loginFixed || uint64(length) > uint64(len(b)) {
		return login{}, fmt.Errorf("malformed LOGIN7: it says %d bytes and has %d", length, len(b))
	}
	b = b[:length]
	l := login{
		version:         binary.LittleEndian.Uint32(b[4:]),
		packetSize:      int(binary.LittleEndian.Uint32(b[8:])),
		integrated:      b[atFlags2]&integrated != 0,
		changesPassword: b[atFlags3]&newPassword != 0,
		extension:       b[atFlags3]&extension != 0,
	}
	for _, f := range []struct {
		at   int
		name string
		to   *string
	}{{atUser, "user", &l.user}, {atProgram, "program", &l.program}, {atDatabase, "database", &l.database}} {
		raw, err := loginField(b, f.at)
		if err != nil {
			return login{}, fmt.Errorf("malformed LOGIN7: %s: %w", f.name, err)
		}
		*f.to = fromUTF16(raw)
	}
	raw, err := loginField(b, atPassword)
	if err != nil {
		return login{}, fmt.Errorf("malformed LOGIN7: password: %w", err)
	}
	l.password = fromUTF16(reveal(raw))
	return l, nil
}

// loginField is the text that the pair of offset and length at a place names.
func loginField(b []byte, place int) ([]byte, error) {
	at, n := int(binary.LittleEndian.Uint16(b[place:])), int(binary.LittleEndian.Uint16(b[place+2:]))
	switch {
	case n == 0:
		return nil, nil
	case n > maxLoginField:
		return nil, fmt.Errorf("%d characters, at most %d are allowed", n, maxLoginField)
	case at < loginFixed && at < int(binary.LittleEndian.Uint16(b[36:])) || at+2*n > len(b):
		return nil, errors.New("it lies outside the message")
	}
	return b[at : at+2*n], nil
}

// reveal undoes how a password travels: halves of bytes swapped after XOR.
// That hides nothing, which is why the login is encrypted.
func reveal(b []byte) []byte {
	out := make([]byte, len(b))
	for i, x := range b {
		x ^= 0xa5
		out[i] = x<<4 | x>>4
	}
	return out
}

// fromUTF16 reads UTF-16, little endian; half a character at the end is lost.
func fromUTF16(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}

func toUTF16(s string) []byte {
	var b []byte
	for _, unit := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, unit)
	}
	return b
}
