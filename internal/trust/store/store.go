// Package store reads and writes trust stores: the files in which clients keep
// the certificates they trust, as PEM, DER, PKCS #7, PKCS #12, Java's JKS and
// Oracle's cwallet.sso.
// It also decides what a change to one means: what is added, what is there
// already, what a store lacks for a database.
//
// It is pure: bytes in, bytes out, time as a value; storefile below it does the
// files. It is no keystore library: an input that holds a private key is
// refused. Oracle wallets with anything else in them are package wallet's.
package store

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"slices"
	"time"

	"github.com/dbtls/dbtls/internal/fault"
)

// MaxSize is the longest input that is read, in bytes. Java's own cacerts is
// some 200 KB.
const MaxSize = 16 << 20

// Format is how a trust store is written.
type Format string

// The formats. All but DER hold any number of certificates.
const (
	PEM          Format = "pem"           // RFC 7468 CERTIFICATE blocks
	DER          Format = "der"           // exactly one certificate
	PKCS7        Format = "pkcs7"         // certificates-only SignedData, DER (.p7b)
	PKCS7PEM     Format = "pkcs7-pem"     // the same as one PEM block
	PKCS12       Format = "pkcs12"        // AES-256, SHA-256: Java 8u301, OpenSSL 1.1 and newer
	PKCS12Legacy Format = "pkcs12-legacy" // 3DES, SHA-1: any Java 8, OpenSSL 1.0
	PKCS12Plain  Format = "pkcs12-plain"  // neither encrypted nor authenticated: cacerts of Java 18 and newer
	JKS          Format = "jks"           // Java's own before Java 9
	Wallet       Format = "wallet"        // Oracle's cwallet.sso, auto-login-only: no password
)

// Formats lists the formats that Encode writes.
func Formats() []Format {
	return []Format{PEM, DER, PKCS7, PKCS7PEM, PKCS12, PKCS12Legacy, PKCS12Plain, JKS, Wallet}
}

// ParseFormat reads a format's name.
func ParseFormat(name string) (Format, error) {
	f := Format(name)
	if !slices.Contains(Formats(), f) {
		return "", fault.New(fault.InvalidParameter, "unknown trust store format %q; use one of %v", name, Formats())
	}
	return f, nil
}

// HasAliases tells whether entries carry a name in the file. In the others an
// alias is made up when they are read and lost when they are written.
func (f Format) HasAliases() bool { return f.java() || f == Wallet }

// NeedsPassword tells whether a file of this format cannot be written without.
func (f Format) NeedsPassword() bool { return f == JKS || f == PKCS12 || f == PKCS12Legacy }

// java tells whether Java loads the format as a key store. Java takes every
// certificate of one as an anchor.
func (f Format) java() bool {
	return f == JKS || f == PKCS12 || f == PKCS12Legacy || f == PKCS12Plain
}

// Entry is one trusted certificate.
type Entry struct {
	Alias string
	Cert  *x509.Certificate
	// Added is when the entry was made, in whole milliseconds; only JKS keeps
	// it. The zero time is written as the time given to Encode.
	Added time.Time
	// Ignored: the file lacks the mark without which Java passes over the
	// entry (PKCS #12 attribute 2.16.840.1.113894.746875.1.1). Encode adds it.
	Ignored bool
	usage   []asn1.RawValue // of that mark: what the certificate is trusted for
}

// Store is the content of a trust store.
type Store struct {
	Format  Format
	Entries []Entry
	// Unverified: the file was read without a check of its integrity, because
	// it has none, or because it is JKS and no password was given.
	Unverified bool
	// Frozen says why the file must not be written back, "" when it may be.
	Frozen string
}

// Certs lists the certificates in their order.
func (s Store) Certs() []*x509.Certificate {
	certs := make([]*x509.Certificate, len(s.Entries))
	for i, e := range s.Entries {
		certs[i] = e.Cert
	}
	return certs
}

// Decode reads a trust store of any format, found from its content. The
// password is used where the format has one; a JKS file is read with "" too,
// unverified, as Java does. Every error is a fault that names the way out.
func Decode(data []byte, password string) (Store, error) {
	if len(data) == 0 {
		return Store{}, bad("the file is empty; a trust store holds at least its header")
	}
	if len(data) > MaxSize {
		return Store{}, bad("the file is longer than %d bytes, which no trust store is", MaxSize)
	}
	f, err := sniff(data)
	if err != nil {
		return Store{}, err
	}
	var s Store
	switch f {
	case JKS:
		s, err = decodeJKS(data, password)
	case PKCS12:
		s, err = decodePKCS12(data, password)
	case PKCS7, PKCS7PEM:
		s, err = decodePKCS7(data, f)
	case DER:
		s, err = decodeDER(data)
	case Wallet:
		s, err = decodeWallet(data)
	default:
		s, err = decodePEM(data)
	}
	if err != nil {
		return Store{}, err
	}
	return s, s.checkAliases()
}

// Encode writes s in its format. The same store, password and time give the
// same bytes; at is the date of entries that have none.
func Encode(s Store, password string, at time.Time) ([]byte, error) {
	if len(s.Entries) == 0 {
		return nil, bad("a trust store without a certificate trusts nothing, and Java refuses to load it; name at least one certificate")
	}
	if s.Format.NeedsPassword() && password == "" {
		return nil, bad("format %q needs a password; give one", s.Format)
	}
	if s.Frozen != "" {
		return nil, bad("%s", s.Frozen)
	}
	if err := s.checkAliases(); err != nil {
		return nil, err
	}
	switch s.Format {
	case PEM:
		return encodePEM(s), nil
	case DER:
		return encodeDER(s)
	case PKCS7, PKCS7PEM:
		return encodePKCS7(s)
	case PKCS12, PKCS12Legacy, PKCS12Plain:
		return encodePKCS12(s, password)
	case JKS:
		return encodeJKS(s, password, at)
	case Wallet:
		return encodeWallet(s)
	}
	_, err := ParseFormat(string(s.Format))
	return nil, err
}

// sniff finds the format from the first bytes.
func sniff(data []byte) (Format, error) {
	switch {
	case bytes.HasPrefix(data, []byte{0xfe, 0xed, 0xfe, 0xed}):
		return JKS, nil
	case bytes.HasPrefix(data, []byte{0xce, 0xce, 0xce, 0xce}):
		return "", bad("the file is a JCEKS key store; convert it with keytool -importkeystore -deststoretype pkcs12")
	case bytes.HasPrefix(data, []byte{0xa1, 0xf8, 0x4e}):
		return Wallet, nil
	case bytes.Contains(data, []byte("-----BEGIN PKCS7-----")), bytes.Contains(data, []byte("-----BEGIN CMS-----")):
		return PKCS7PEM, nil
	case data[0] == 0x30:
		return sniffDER(data)
	}
	return PEM, nil
}

func bad(format string, args ...any) error {
	return fault.New(fault.InvalidParameter, format, args...)
}
