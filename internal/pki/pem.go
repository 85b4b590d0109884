package pki

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"strings"

	"github.com/dbtls/dbtls/internal/fault"
)

const (
	pemCert = "CERTIFICATE"
	pemKey  = "PRIVATE KEY"
)

// EncodeKeyPEM encodes key as one PKCS #8 "PRIVATE KEY" block (RFC 7468).
func EncodeKeyPEM(key crypto.Signer) ([]byte, error) {
	der, err := MarshalKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: pemKey, Bytes: der}), nil
}

// ParseKeyPEM decodes exactly one "PRIVATE KEY" block. The error never holds
// any of the input.
func ParseKeyPEM(data []byte) (crypto.Signer, error) {
	block, rest := pem.Decode(data)
	if block == nil || block.Type != pemKey || bytes.Contains(rest, []byte("-----BEGIN")) {
		return nil, fault.New(fault.InvalidParameter, "the private key is not one PEM block of type PRIVATE KEY; convert it with openssl pkcs8 -topk8 -nocrypt")
	}
	return ParseKey(block.Bytes)
}

// EncodeCertsPEM encodes certs in their order as CERTIFICATE blocks (RFC 7468)
// with nothing between them.
func EncodeCertsPEM(certs ...*x509.Certificate) []byte {
	var out bytes.Buffer
	for _, c := range certs {
		out.Write(pem.EncodeToMemory(&pem.Block{Type: pemCert, Bytes: c.Raw}))
	}
	return out.Bytes()
}

// ParseCertsPEM decodes one or more CERTIFICATE blocks. Text between blocks is
// skipped (RFC 7468 section 5.2); a private key, a block of another type and a
// block that cannot be read are refused, never passed over.
func ParseCertsPEM(data []byte) ([]*x509.Certificate, error) {
	var certs []*x509.Certificate
	for n := 1; ; n++ {
		block, rest := pem.Decode(data)
		if block == nil {
			break
		}
		// The decoder steps over a damaged block without a word: then more
		// than one block starts in what it consumed.
		if consumed := data[:len(data)-len(rest)]; bytes.Count(consumed, []byte("-----BEGIN")) != 1 {
			return nil, damaged(n)
		}
		cert, err := parseCertBlock(block, n)
		if err != nil {
			return nil, err
		}
		certs = append(certs, cert)
		data = rest
	}
	if bytes.Contains(data, []byte("-----BEGIN")) || bytes.Contains(data, []byte("-----END")) {
		return nil, damaged(len(certs) + 1)
	}
	if len(certs) == 0 {
		return nil, fault.New(fault.InvalidParameter, "the input holds no PEM certificate; send text that starts with -----BEGIN CERTIFICATE-----")
	}
	return certs, nil
}

func parseCertBlock(block *pem.Block, n int) (*x509.Certificate, error) {
	switch {
	case strings.Contains(block.Type, "PRIVATE KEY"):
		return nil, fault.New(fault.InvalidParameter, "PEM block %d is a private key; send certificates only, and treat that key as disclosed", n)
	case block.Type != pemCert:
		return nil, fault.New(fault.InvalidParameter, "PEM block %d is of type %q; send blocks of type CERTIFICATE only", n, block.Type)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fault.Wrap(err, fault.InvalidParameter, "PEM block %d is not an X.509 certificate; copy it again from its source", n)
	}
	return cert, nil
}

func damaged(n int) error {
	return fault.New(fault.InvalidParameter, "PEM block %d is damaged: its lines are incomplete or not base64; copy it again from its source", n)
}
