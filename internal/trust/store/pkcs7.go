package store

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"

	"github.com/smallstep/pkcs7"
)

const pemPKCS7 = "PKCS7"

var (
	oidData       = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidSignedData = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
)

// signedData is RFC 2315 section 9.1 as far as it matters: who signed what is
// no business of a trust store.
type signedData struct {
	Version      int
	Digests      asn1.RawValue
	ContentInfo  asn1.RawValue
	Certificates asn1.RawValue `asn1:"optional,tag:0"`
	CRLs         asn1.RawValue `asn1:"optional,tag:1"`
	SignerInfos  asn1.RawValue
}

// decodePKCS7 reads DER only: the library that writes reads BER too, by
// recursion as deep as the input asks for.
func decodePKCS7(data []byte, f Format) (Store, error) {
	if f == PKCS7PEM {
		block, rest := pem.Decode(data)
		if block == nil || block.Type != pemPKCS7 && block.Type != "CMS" || len(block.Headers) > 0 {
			return Store{}, bad("the PKCS7 block is damaged: its lines are incomplete or not base64; copy it again from its source")
		}
		if bytes.Contains(rest, []byte("-----BEGIN")) || bytes.Count(data, []byte("-----BEGIN")) != 1 {
			return Store{}, bad("the file has more than one PEM block beside its PKCS7 one; give one file for each")
		}
		data = block.Bytes
	}
	var info contentInfo
	rest, err := asn1.Unmarshal(data, &info)
	if err != nil || len(rest) > 0 {
		return Store{}, damagedPKCS7()
	}
	if !info.Type.Equal(oidSignedData) {
		return Store{}, bad("the PKCS #7 content is of type %s; only signed data (%s) holds certificates", info.Type, oidSignedData)
	}
	var sd signedData
	if rest, err := asn1.Unmarshal(info.Content.Bytes, &sd); err != nil || len(rest) > 0 {
		return Store{}, damagedPKCS7()
	}
	certs, err := x509.ParseCertificates(sd.Certificates.Bytes)
	if err != nil {
		return Store{}, bad("a certificate in the PKCS #7 file cannot be read (%v); copy the file again from its source", err)
	}
	if len(certs) == 0 {
		return Store{}, bad("the PKCS #7 file holds no certificate")
	}
	return named(f, certs), nil
}

func damagedPKCS7() error {
	return bad("the PKCS #7 file is cut off or damaged; copy it again from its source")
}

func encodePKCS7(s Store) ([]byte, error) {
	var all []byte
	for _, e := range s.Entries {
		all = append(all, e.Cert.Raw...)
	}
	der, err := pkcs7.DegenerateCertificate(all)
	if err != nil || s.Format == PKCS7 {
		return der, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: pemPKCS7, Bytes: der}), nil
}
