package db2

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// The code points that a login needs (DRDA, volume 3: DDM).
const (
	cpEXCSAT   = 0x1041 // exchange server attributes
	cpEXCSATRD = 0x1443
	cpACCSEC   = 0x106d // access security
	cpACCSECRD = 0x14ac
	cpSECCHK   = 0x106e // security check
	cpSECCHKRM = 0x1219
	cpACCRDB   = 0x2001 // access a database
	cpACCRDBRM = 0x2201
	cpRDBATHRM = 0x2203 // not authorized to the database
	cpRDBNFNRM = 0x2211 // no database of that name

	cpMGRLVLLS = 0x1404 // manager levels: pairs of code point and level
	cpSVRCOD   = 0x1149 // severity
	cpEXTNAM   = 0x115e // name of the program
	cpSRVCLSNM = 0x1147 // server class
	cpSRVNAM   = 0x116d
	cpSRVRLSLV = 0x115a // release
	cpSECMEC   = 0x11a2 // security mechanism
	cpSECCHKCD = 0x11a4 // how the security check ended
	cpUSRID    = 0x11a0
	cpPASSWORD = 0x11a1
	cpRDBNAM   = 0x2110
)

// userAndPassword is the security mechanism USRIDPWD: both as they are, which
// is what TLS is for.
const userAndPassword = 3

// The kinds of a data stream structure (DSS), and its flags.
const (
	dssRequest  = 0x01
	dssReply    = 0x02
	dssObject   = 0x03
	dssKind     = 0x0f
	dssChained  = 0x40 // another one follows
	dssSameCorr = 0x10 // with the same correlation
)

const (
	dssMagic  = 0xd0
	dssHeader = 6
	// maxDSS and maxChain bound what is read, in bytes and in structures. A
	// login has some hundred bytes; larger structures are those of data, with
	// a length of 0xffff, and the other side is not authenticated.
	maxDSS   = 0x7fff
	maxChain = 8
)

var errMalformed = errors.New("not DRDA")

// message is one DSS: an object of one code point, which may be a list of
// further ones.
type message struct {
	kind        byte
	correlation uint16
	code        uint16
	body        []byte
}

// readChain reads structures up to the one that no other follows.
func readChain(r io.Reader) ([]message, error) {
	var chain []message
	for len(chain) < maxChain {
		m, more, err := readMessage(r)
		if err != nil {
			return nil, err
		}
		chain = append(chain, m)
		if !more {
			return chain, nil
		}
	}
	return nil, fmt.Errorf("%w: more than %d structures in a chain", errMalformed, maxChain)
}

func readMessage(r io.Reader) (m message, more bool, err error) {
	var head [dssHeader]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return m, false, err
	}
	n := int(binary.BigEndian.Uint16(head[:]))
	if head[2] != dssMagic || n < dssHeader+4 || n > maxDSS {
		return m, false, fmt.Errorf("%w: structure begins with %x", errMalformed, head)
	}
	b := make([]byte, n-dssHeader)
	if _, err := io.ReadFull(r, b); err != nil {
		return m, false, err
	}
	m = message{kind: head[3] & dssKind, correlation: binary.BigEndian.Uint16(head[4:]), code: binary.BigEndian.Uint16(b[2:])}
	size := int(binary.BigEndian.Uint16(b))
	if size < 4 || size > len(b) {
		return m, false, fmt.Errorf("%w: object 0x%04x claims %d bytes of %d", errMalformed, m.code, size, len(b))
	}
	m.body = b[4:size]
	return m, head[3]&dssChained != 0, nil
}

// fields splits the body of an object into the objects that it consists of.
// What follows one that is malformed is not looked at.
func fields(b []byte) map[uint16][]byte {
	m := map[uint16][]byte{}
	for len(b) >= 4 {
		n := int(binary.BigEndian.Uint16(b))
		if n < 4 || n > len(b) {
			break
		}
		m[binary.BigEndian.Uint16(b[2:])] = b[4:n]
		b = b[n:]
	}
	return m
}

// number is the value of a field of one or two bytes, -1 without one.
func number(b []byte) int {
	switch len(b) {
	case 1:
		return int(b[0])
	case 2:
		return int(binary.BigEndian.Uint16(b))
	}
	return -1
}

// object is one code point with its value.
func object(code uint16, value ...byte) []byte {
	b := binary.BigEndian.AppendUint16(nil, uint16(len(value)+4))
	return append(binary.BigEndian.AppendUint16(b, code), value...)
}

// list is an object that consists of others.
func list(code uint16, parts ...[]byte) []byte {
	var all []byte
	for _, p := range parts {
		all = append(all, p...)
	}
	return object(code, all...)
}

// short is a number as a field holds it.
func short(n uint16) []byte { return binary.BigEndian.AppendUint16(nil, n) }

// dss is an object as it travels.
type dss struct {
	kind        byte
	correlation uint16
	object      []byte
}

// chain joins structures into one transmission.
func chain(all []dss) []byte {
	var out []byte
	for i, d := range all {
		flags := d.kind
		if i+1 < len(all) {
			flags |= dssChained
			if all[i+1].correlation == d.correlation {
				flags |= dssSameCorr
			}
		}
		out = binary.BigEndian.AppendUint16(out, uint16(len(d.object)+dssHeader))
		out = append(out, dssMagic, flags)
		out = binary.BigEndian.AppendUint16(out, d.correlation)
		out = append(out, d.object...)
	}
	return out
}
