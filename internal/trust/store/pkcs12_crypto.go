package store

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/x509/pkix"
	"encoding/asn1"
	"unicode/utf16"

	_ "crypto/sha1"   // crypto.SHA1
	_ "crypto/sha256" // crypto.SHA256
	_ "crypto/sha512" // crypto.SHA384, SHA512
)

// maxIterations bounds the work that a file can ask for: Java writes 10,000 to
// 100,000, and a million are half a second.
const maxIterations = 1_000_000

var (
	oidPBES2   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}
	oidPBKDF2  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}
	oid3DESPBE = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 1, 3}
	oidRC2128  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 1, 5}
	oidRC240   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 1, 6}
	oidAES128  = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 2}
	oidAES192  = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 22}
	oidAES256  = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 42}
	oid3DESCBC = asn1.ObjectIdentifier{1, 2, 840, 113549, 3, 7}
)

// hashOf knows the plain digests (for a MAC) and the HMACs (for PBKDF2).
func hashOf(oid asn1.ObjectIdentifier) (crypto.Hash, bool) {
	h, ok := map[string]crypto.Hash{
		"1.3.14.3.2.26": crypto.SHA1, "2.16.840.1.101.3.4.2.1": crypto.SHA256,
		"2.16.840.1.101.3.4.2.2": crypto.SHA384, "2.16.840.1.101.3.4.2.3": crypto.SHA512,
		"1.2.840.113549.2.7": crypto.SHA1, "1.2.840.113549.2.9": crypto.SHA256,
		"1.2.840.113549.2.10": crypto.SHA384, "1.2.840.113549.2.11": crypto.SHA512,
	}[oid.String()]
	return h, ok
}

// pbeParams are PKCS #12's own (RFC 7292 appendix C).
type pbeParams struct {
	Salt       []byte
	Iterations int
}

type pbes2Params struct{ KDF, Cipher pkix.AlgorithmIdentifier }

type pbkdf2Params struct {
	Salt       []byte
	Iterations int
	KeyLength  int                      `asn1:"optional"`
	PRF        pkix.AlgorithmIdentifier `asn1:"optional"`
}

func checkIterations(n int) error {
	if n < 1 || n > maxIterations {
		return bad("the PKCS #12 file asks for %d iterations; 1 to %d are accepted, more would only keep this machine busy", n, maxIterations)
	}
	return nil
}

// bmp is a password or name as UTF-16 with the big end first.
func bmp(s string) []byte {
	var out []byte
	for _, u := range utf16.Encode([]rune(s)) {
		out = append(out, byte(u>>8), byte(u))
	}
	return out
}

// The purposes of a derived value (RFC 7292 appendix B.3).
const (
	forKey = 1
	forIV  = 2
	forMAC = 3
)

// deriveP12 is the key derivation of RFC 7292 appendix B.2; password is UTF-16
// with its two zero bytes.
func deriveP12(h crypto.Hash, purpose byte, password, salt []byte, iterations, size int) []byte {
	block := 64
	if h.Size() > 32 {
		block = 128
	}
	d := make([]byte, block)
	for i := range d {
		d[i] = purpose
	}
	i := append(repeat(salt, block), repeat(password, block)...)
	var out []byte
	for {
		hash := h.New()
		hash.Write(d)
		hash.Write(i)
		a := hash.Sum(nil)
		for range iterations - 1 {
			hash.Reset()
			hash.Write(a)
			a = hash.Sum(a[:0])
		}
		if out = append(out, a...); len(out) >= size {
			return out[:size]
		}
		addBlocks(i, repeat(a, block)[:block])
	}
}

// repeat fills whole blocks with copies of b.
func repeat(b []byte, block int) []byte {
	if len(b) == 0 {
		return nil
	}
	out := make([]byte, (len(b)+block-1)/block*block)
	for i := range out {
		out[i] = b[i%len(b)]
	}
	return out
}

// addBlocks adds b and 1 to each block of i, which are big numbers.
func addBlocks(i, b []byte) {
	for at := 0; at < len(i); at += len(b) {
		carry := 1
		for k := len(b) - 1; k >= 0; k-- {
			carry += int(i[at+k]) + int(b[k])
			i[at+k] = byte(carry)
			carry >>= 8
		}
	}
}

func macOf(h crypto.Hash, password, salt []byte, iterations int, content []byte) []byte {
	m := hmac.New(h.New, deriveP12(h, forMAC, password, salt, iterations, h.Size()))
	m.Write(content)
	return m.Sum(nil)
}

// blockCipher makes the cipher and the IV of an algorithm. PKCS #12's own
// schemes take the password as UTF-16, PBES2 takes it as UTF-8.
func blockCipher(alg pkix.AlgorithmIdentifier, password string) (cipher.Block, []byte, error) {
	if alg.Algorithm.Equal(oidPBES2) {
		return pbes2Cipher(alg.Parameters.FullBytes, password)
	}
	size := map[string]int{oid3DESPBE.String(): 24, oidRC2128.String(): 16, oidRC240.String(): 5}[alg.Algorithm.String()]
	if size == 0 {
		return nil, nil, bad("the PKCS #12 file is encrypted with algorithm %s, which is not known here; convert it with openssl pkcs12", alg.Algorithm)
	}
	var p pbeParams
	if err := whole(alg.Parameters.FullBytes, &p, "encryption parameters"); err != nil {
		return nil, nil, err
	}
	if err := checkIterations(p.Iterations); err != nil {
		return nil, nil, err
	}
	secret := append(bmp(password), 0, 0)
	key := deriveP12(crypto.SHA1, forKey, secret, p.Salt, p.Iterations, size)
	iv := deriveP12(crypto.SHA1, forIV, secret, p.Salt, p.Iterations, 8)
	if size == 24 {
		b, err := des.NewTripleDESCipher(key)
		return b, iv, err
	}
	return newRC2(key), iv, nil
}

func pbes2Cipher(params []byte, password string) (cipher.Block, []byte, error) {
	var p pbes2Params
	if err := whole(params, &p, "encryption parameters"); err != nil {
		return nil, nil, err
	}
	var k pbkdf2Params
	if !p.KDF.Algorithm.Equal(oidPBKDF2) {
		return nil, nil, bad("the PKCS #12 file derives its key with %s; only PBKDF2 is known", p.KDF.Algorithm)
	}
	if err := whole(p.KDF.Parameters.FullBytes, &k, "key derivation parameters"); err != nil {
		return nil, nil, err
	}
	prf := crypto.SHA1
	if len(k.PRF.Algorithm) > 0 {
		var ok bool
		if prf, ok = hashOf(k.PRF.Algorithm); !ok {
			return nil, nil, bad("the PKCS #12 file derives its key with the hash %s, which is not known here", k.PRF.Algorithm)
		}
	}
	if err := checkIterations(k.Iterations); err != nil {
		return nil, nil, err
	}
	size := map[string]int{oidAES128.String(): 16, oidAES192.String(): 24, oidAES256.String(): 32, oid3DESCBC.String(): 24}[p.Cipher.Algorithm.String()]
	if size == 0 {
		return nil, nil, bad("the PKCS #12 file is encrypted with cipher %s, which is not known here", p.Cipher.Algorithm)
	}
	var iv []byte
	if err := whole(p.Cipher.Parameters.FullBytes, &iv, "initialization vector"); err != nil {
		return nil, nil, err
	}
	key, err := pbkdf2.Key(prf.New, password, k.Salt, k.Iterations, size)
	if err != nil {
		return nil, nil, bad("the PKCS #12 file's key cannot be derived: %v", err)
	}
	if p.Cipher.Algorithm.Equal(oid3DESCBC) {
		b, err := des.NewTripleDESCipher(key)
		return b, iv, err
	}
	b, err := aes.NewCipher(key)
	return b, iv, err
}
