package store

import (
	"bytes"
	"crypto/sha1"
	"crypto/subtle"
	"crypto/x509"
	"encoding/binary"
	"time"
	"unicode/utf16"

	"github.com/dbtls/dbtls/internal/fault"
)

// The layout of sun.security.provider.JavaKeyStore, which OpenJDK documents in
// its source: all integers big-endian, strings in Java's modified UTF-8.
const (
	jksMagic   = 0xfeedfeed
	jksKey     = 1 // entry tags
	jksTrusted = 2
	jksCert    = "X.509"
)

// jksDigest is the keyed digest at a file's end. It is Java's, and weak: it
// tells a damaged file from a whole one, and little about a hostile one.
func jksDigest(body []byte, password string) []byte {
	h := sha1.New()
	for _, u := range utf16.Encode([]rune(password)) {
		h.Write([]byte{byte(u >> 8), byte(u)})
	}
	h.Write([]byte("Mighty Aphrodite"))
	h.Write(body)
	return h.Sum(nil)
}

func decodeJKS(data []byte, password string) (Store, error) {
	if len(data) < 12+sha1.Size {
		return Store{}, damagedJKS()
	}
	body, digest := data[:len(data)-sha1.Size], data[len(data)-sha1.Size:]
	s := Store{Format: JKS}
	if subtle.ConstantTimeCompare(jksDigest(body, password), digest) != 1 {
		if password != "" {
			return Store{}, fault.Wrap(ErrPassword, fault.InvalidParameter, "the password is wrong, or the JKS file was altered or cut off: its digest does not match")
		}
		s.Unverified = true
	}
	r := jksReader{rest: body[4:]}
	version, count := r.uint32(), r.uint32()
	if version != 1 && version != 2 {
		return Store{}, bad("the JKS file says it is of version %d; 1 and 2 are known", version)
	}
	for range count {
		e, err := r.entry(version)
		if err != nil {
			return Store{}, err
		}
		s.Entries = append(s.Entries, e)
	}
	if r.short || len(r.rest) > 0 {
		return Store{}, damagedJKS()
	}
	return s, nil
}

func damagedJKS() error {
	return bad("the JKS file is cut off or damaged; copy it again from its source")
}

// jksReader takes fields off the front; short says that one was not all there.
type jksReader struct {
	rest  []byte
	short bool
}

func (r *jksReader) take(n uint64) []byte {
	if uint64(len(r.rest)) < n {
		r.short, r.rest = true, nil
		return make([]byte, min(n, 8))
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *jksReader) uint32() uint32 { return binary.BigEndian.Uint32(r.take(4)) }

func (r *jksReader) text() string {
	return decodeModified(r.take(uint64(binary.BigEndian.Uint16(r.take(2)))))
}

func (r *jksReader) entry(version uint32) (Entry, error) {
	tag, alias := r.uint32(), r.text()
	added := int64(binary.BigEndian.Uint64(r.take(8)))
	if r.short {
		return Entry{}, damagedJKS()
	}
	switch tag {
	case jksTrusted:
	case jksKey:
		return Entry{}, hasKey(alias)
	default:
		return Entry{}, damagedJKS()
	}
	if version == 2 {
		if kind := r.text(); kind != jksCert && kind != "X509" && !r.short {
			return Entry{}, bad("the certificate of alias %q is of type %q; only X.509 is known", alias, kind)
		}
	}
	raw := r.take(uint64(r.uint32()))
	if r.short {
		return Entry{}, damagedJKS()
	}
	cert, err := x509.ParseCertificate(raw)
	if err != nil {
		return Entry{}, bad("the certificate of alias %q cannot be read (%v); remove it with keytool -delete", alias, err)
	}
	return Entry{Alias: alias, Cert: cert, Added: time.UnixMilli(added).UTC()}, nil
}

func hasKey(alias string) error {
	return bad("the entry %q is a private key, so this is a key store and no trust store; keep keys apart: build a trust store from certificates and leave this file to keytool", alias)
}

func encodeJKS(s Store, password string, at time.Time) ([]byte, error) {
	var b bytes.Buffer
	put := func(v uint32) { b.Write(binary.BigEndian.AppendUint32(nil, v)) }
	text := func(s string) {
		m := encodeModified(s)
		b.Write(binary.BigEndian.AppendUint16(nil, uint16(len(m))))
		b.Write(m)
	}
	put(jksMagic)
	put(2)
	put(uint32(len(s.Entries)))
	for _, e := range s.Entries {
		if len(encodeModified(e.Alias)) > 0xffff {
			return nil, bad("an alias is longer than the 65,535 bytes that JKS can hold; choose a shorter one")
		}
		added := e.Added
		if added.IsZero() {
			added = at
		}
		put(jksTrusted)
		text(e.Alias)
		b.Write(binary.BigEndian.AppendUint64(nil, uint64(added.UnixMilli())))
		text(jksCert)
		put(uint32(len(e.Cert.Raw)))
		b.Write(e.Cert.Raw)
	}
	return append(b.Bytes(), jksDigest(b.Bytes(), password)...), nil
}
