package store

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"

	"github.com/dbtls/dbtls/internal/pki"
)

func decodePEM(data []byte) (Store, error) {
	// Windows editors put a byte order mark in front, which hides the first line.
	certs, err := pki.ParseCertsPEM(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")))
	if err != nil {
		return Store{}, err
	}
	return named(PEM, certs), nil
}

func encodePEM(s Store) []byte { return pki.EncodeCertsPEM(s.Certs()...) }

func decodeDER(data []byte) (Store, error) {
	cert, err := x509.ParseCertificate(data)
	if err != nil {
		return Store{}, bad("the file is no X.509 certificate in DER (%v); copy it again from its source", err)
	}
	return named(DER, []*x509.Certificate{cert}), nil
}

func encodeDER(s Store) ([]byte, error) {
	if n := len(s.Entries); n != 1 {
		return nil, bad("a DER file holds one certificate, these are %d and none may be lost; use pkcs7 or pem, or write each to a file of its own", n)
	}
	return bytes.Clone(s.Entries[0].Cert.Raw), nil
}

// sniffDER tells the DER formats apart by the first thing in the sequence.
func sniffDER(data []byte) (Format, error) {
	if len(data) > 1 && data[1] == 0x80 {
		return "", bad("the file is BER of indefinite length, which is not read; rewrite it with openssl pkcs7 -inform DER -outform DER")
	}
	var outer, first asn1.RawValue
	rest, err := asn1.Unmarshal(data, &outer)
	if err != nil {
		return "", bad("the file is cut off or damaged: it is neither text nor whole DER; copy it again from its source")
	}
	if len(rest) > 0 {
		return "", bad("%d bytes follow the end of the structure; the file is damaged or two files were joined", len(rest))
	}
	if _, err := asn1.Unmarshal(outer.Bytes, &first); err != nil {
		return "", bad("the file is damaged: its DER ends early; copy it again from its source")
	}
	if first.Class != asn1.ClassUniversal {
		return "", errNoStore()
	}
	switch first.Tag {
	case asn1.TagSequence:
		return DER, nil
	case asn1.TagOID:
		return PKCS7, nil
	case asn1.TagInteger:
		if bytes.Equal(first.Bytes, []byte{3}) {
			return PKCS12, nil
		}
		return "", bad("the file is a private key; give certificates only, and treat that key as disclosed if it was sent to you")
	}
	return "", errNoStore()
}

func errNoStore() error {
	return bad("the file is DER but no certificate, PKCS #7 or PKCS #12; give one of those, PEM or JKS")
}

// named gives entries of a format without aliases the ones they would get.
func named(f Format, certs []*x509.Certificate) Store {
	s := Store{Format: f}
	for _, c := range certs {
		if !s.Holds(c) {
			s.Entries = append(s.Entries, Entry{Alias: s.freeAlias(c), Cert: c})
		}
	}
	return s
}
