package ase

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// Where the fields of a login record are (TDS 5.0 Functional Specification,
// "Login Record"). A text has thirty bytes and then its length.
const (
	atHost       = 0
	atUser       = 31
	atPassword   = 62
	atProcess    = 93
	atInt2       = 124 // the byte order of the client, for numbers of two bytes; five more representations follow
	atProgram    = 140
	atVersion    = 458 // of the protocol; what is before is for other servers
	atLibrary    = 462
	atLanguage   = 480
	atSecurity   = 514 // how the password is sent
	atCharset    = 525
	atPacketSize = 557
	recordSize   = 568

	maxText      = 30
	maxLibrary   = 10
	maxSizeText  = 6
	littleEndian = 3 // of atInt2
)

// logEncrypt are the bits of atSecurity that say the password is not in the
// record but comes encrypted later.
const logEncrypt = 0x01 | 0x20 | 0x80

var errMalformed = errors.New("not a TDS 5.0 login")

// order writes the numbers of a client's byte order.
type order interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

// record is what a server has to know of a login.
type record struct {
	user, password, program string
	order                   order
	encrypted               bool // the password is to come in another message
}

// parseRecord reads a login record and what follows it.
func parseRecord(b []byte) (r record, err error) {
	if len(b) < recordSize {
		return r, fmt.Errorf("%w: %d bytes, a login record has %d", errMalformed, len(b), recordSize)
	}
	if b[atVersion] != 5 {
		return r, fmt.Errorf("%w: the client speaks TDS %d", errMalformed, b[atVersion])
	}
	for _, f := range []struct {
		at int
		to *string
	}{{atUser, &r.user}, {atPassword, &r.password}, {atProgram, &r.program}} {
		n := int(b[f.at+maxText])
		if n > maxText {
			return r, fmt.Errorf("%w: a text claims %d bytes of %d", errMalformed, n, maxText)
		}
		*f.to = string(b[f.at : f.at+n])
	}
	r.user, r.program = printable(r.user), printable(r.program)
	r.order, r.encrypted = binary.BigEndian, b[atSecurity]&logEncrypt != 0
	if b[atInt2] == littleEndian {
		r.order = binary.LittleEndian
	}
	return r, nil
}

// printable is s without what a terminal acts on, and valid UTF-8.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsGraphic(r) && r != unicode.ReplacementChar {
			return r
		}
		return -1
	}, s)
}

// newRecord is the login record of dbtls, in little endian.
func newRecord(user, password string) ([]byte, error) {
	if user == "" {
		return nil, errors.New("log in: user must be given")
	}
	b := make([]byte, recordSize)
	put := func(at, room int, text string) {
		b[at+room] = byte(copy(b[at:at+room], text))
	}
	for _, f := range []struct {
		name, text string
		at         int
	}{{"user", user, atUser}, {"password", password, atPassword}, {"program", program, atProgram}} {
		if len(f.text) > maxText {
			return nil, fmt.Errorf("log in: the %s has %d bytes, TDS 5.0 has room for %d", f.name, len(f.text), maxText)
		}
		put(f.at, maxText, f.text)
	}
	put(atHost, maxText, program)
	put(atProcess, maxText, "1")
	copy(b[atInt2:], []byte{littleEndian, 1, 6, 10, 9, 1}) // int2, int4, ASCII, IEEE, date; tell of "use"
	b[atVersion] = 5
	put(atLibrary, maxLibrary, program)
	put(atLanguage, maxText, "us_english")
	put(atCharset, maxText, "utf8")
	put(atPacketSize, maxSizeText, fmt.Sprint(packetSize))
	return b, nil
}
