package wallet

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509/pkix"
	"encoding/asn1"
	"hash"
	"io"
)

// macData is RFC 7292 MacData.
type macData struct {
	Digest     digestInfo
	Salt       []byte
	Iterations int `asn1:"optional,default:1"`
}

type digestInfo struct {
	Algorithm pkix.AlgorithmIdentifier
	Digest    []byte
}

func oidSHA1() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26} }

// verify checks the MAC over data in constant time.
func (m macData) verify(data []byte, s secret, w *work) error {
	newHash, err := m.hash()
	if err != nil {
		return err
	}
	if len(m.Salt) > maxSalt {
		return fail(ErrFormat, "read wallet: a salt of %d bytes makes no sense", len(m.Salt))
	}
	if err := w.spend(m.Iterations); err != nil {
		return err
	}
	if !hmac.Equal(m.Digest.Digest, sum(newHash, data, s, m.Salt, m.Iterations)) {
		return fail(ErrPassword, "wrong password, or the wallet was altered after it was written (its MAC does not match)")
	}
	return nil
}

func (m macData) hash() (func() hash.Hash, error) {
	a := m.Digest.Algorithm
	if p := a.Parameters.FullBytes; len(p) != 0 && string(p) != "\x05\x00" {
		return nil, fail(ErrFormat, "read wallet: the MAC's algorithm has parameters where none belong")
	}
	hashes := map[string]func() hash.Hash{
		oidSHA1().String():       sha1.New,
		"2.16.840.1.101.3.4.2.1": sha256.New,
		"2.16.840.1.101.3.4.2.2": sha512.New384,
		"2.16.840.1.101.3.4.2.3": sha512.New,
	}
	if h := hashes[a.Algorithm.String()]; h != nil {
		return h, nil
	}
	return nil, fail(ErrUnsupported, "read wallet: MAC algorithm %v; HMAC with SHA-1, SHA-256, SHA-384 and SHA-512 is read", a.Algorithm)
}

func sum(newHash func() hash.Hash, data []byte, s secret, salt []byte, iterations int) []byte {
	h := hmac.New(newHash, deriveKey(newHash, forMAC, s.bmp, salt, iterations, newHash().Size()))
	h.Write(data)
	return h.Sum(nil)
}

// newMAC is HMAC-SHA-1: the only one Oracle's own tools write, and the one
// every reader knows.
func newMAC(data []byte, s secret, iterations int, random io.Reader) (macData, error) {
	salt := make([]byte, 8)
	if _, err := io.ReadFull(random, salt); err != nil {
		return macData{}, err
	}
	return macData{
		Digest: digestInfo{
			Algorithm: pkix.AlgorithmIdentifier{Algorithm: oidSHA1(), Parameters: asn1.NullRawValue},
			Digest:    sum(sha1.New, data, s, salt, iterations),
		},
		Salt: salt, Iterations: iterations,
	}, nil
}
