// Package pki holds the rules of dbtls's certificates: keys, named CAs,
// cross-certificates, leaf profiles, chains and how a client judges them.
//
// It is pure: it reads no file, dials nothing and takes the time as a value.
// Where keys are kept, which CA an instance uses and when a certificate is
// replaced is decided elsewhere.
package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"fmt"

	"github.com/dbtls/dbtls/internal/fault"
)

// KeySpec names a private key's algorithm and size.
type KeySpec string

// The keys dbtls makes. ECC256 is for its own HTTPS only; no named CA uses it.
const (
	RSA2048 KeySpec = "RSA2048"
	RSA4096 KeySpec = "RSA4096"
	ECC384  KeySpec = "ECC384"
	ECC256  KeySpec = "ECC256"
)

// RSA sizes a leaf may have, in bits. The upper bound is what Go's TLS and
// some drivers still verify.
const (
	minRSABits = 2048
	maxRSABits = 8192
)

// GenerateKey makes a private key. An RSA4096 key takes a second or two of CPU.
func GenerateKey(spec KeySpec) (crypto.Signer, error) {
	switch spec {
	case RSA2048:
		return generateRSA(2048)
	case RSA4096:
		return generateRSA(4096)
	case ECC384:
		return generateEC(elliptic.P384())
	case ECC256:
		return generateEC(elliptic.P256())
	}
	return nil, fmt.Errorf("generate key: unknown key spec %q", spec)
}

// The two helpers keep a nil pointer of a concrete type out of the interface.
func generateRSA(bits int) (crypto.Signer, error) {
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		return nil, fmt.Errorf("generate RSA key of %d bits: %w", bits, err)
	}
	return key, nil
}

func generateEC(curve elliptic.Curve) (crypto.Signer, error) {
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("generate key on curve %s: %w", curve.Params().Name, err)
	}
	return key, nil
}

// SpecOf returns the spec that pub satisfies, false when dbtls makes no such
// keys.
func SpecOf(pub crypto.PublicKey) (KeySpec, bool) {
	switch k := pub.(type) {
	case *rsa.PublicKey:
		switch k.N.BitLen() {
		case 2048:
			return RSA2048, true
		case 4096:
			return RSA4096, true
		}
	case *ecdsa.PublicKey:
		switch k.Curve {
		case elliptic.P384():
			return ECC384, true
		case elliptic.P256():
			return ECC256, true
		}
	}
	return "", false
}

// MarshalKey encodes key as PKCS #8 DER (RFC 5958), unencrypted.
func MarshalKey(key crypto.Signer) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encode private key of type %T: unsupported", key)
	}
	return der, nil
}

// ParseKey decodes an unencrypted PKCS #8 key that a leaf or CA may have. The
// error never holds any of the input.
func ParseKey(pkcs8 []byte) (crypto.Signer, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(pkcs8)
	if err != nil {
		// The decoder's text may quote what it read.
		return nil, fault.New(fault.InvalidParameter, "the private key is not unencrypted PKCS #8; convert it with openssl pkcs8 -topk8 -nocrypt")
	}
	key, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, fault.New(fault.InvalidParameter, "a private key of type %T cannot sign; use RSA or ECDSA", parsed)
	}
	if err := checkStrength(key.Public()); err != nil {
		return nil, err
	}
	return key, nil
}

// CheckPair tells whether cert holds the public key pub.
func CheckPair(cert *x509.Certificate, pub crypto.PublicKey) error {
	k, ok := cert.PublicKey.(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !k.Equal(pub) {
		return fault.New(fault.InvalidParameter, "certificate %q (serial %s) does not belong to this private key; use the certificate that was issued for it", cert.Subject, SerialHex(cert))
	}
	return nil
}

// checkStrength refuses keys that clients of today refuse or cannot use.
func checkStrength(pub crypto.PublicKey) error {
	switch k := pub.(type) {
	case *rsa.PublicKey:
		if bits := k.N.BitLen(); bits < minRSABits || bits > maxRSABits {
			return fault.New(fault.InvalidParameter, "an RSA key of %d bits is refused; use %d to %d bits", bits, minRSABits, maxRSABits)
		}
		if k.E < 65537 {
			return fault.New(fault.InvalidParameter, "an RSA key with public exponent %d is refused; use 65537", k.E)
		}
		return nil
	case *ecdsa.PublicKey:
		switch k.Curve {
		case elliptic.P256(), elliptic.P384(), elliptic.P521():
			return nil
		}
		return fault.New(fault.InvalidParameter, "an ECDSA key on this curve is refused; use P-256 or P-384")
	}
	return fault.New(fault.InvalidParameter, "a key of type %T is refused; use RSA or ECDSA", pub)
}
