package wallet

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509/pkix"
	"encoding/asn1"
	"hash"
	"io"
)

// Body is how the content of a wallet is encrypted.
type Body uint8

// The bodies this package writes.
const (
	// AES256 is PBES2 with PBKDF2 (HMAC-SHA-256) and AES-256-CBC: what orapki
	// of releases 19 and 23 writes.
	AES256 Body = iota
	// TripleDES is pbeWithSHAAnd3-KeyTripleDES-CBC: what releases up to 18
	// write, and orapki with -compat_v11. For clients of 11g and 12c.
	TripleDES
)

func (b Body) String() string {
	if b == TripleDES {
		return "3DES"
	}
	return "AES-256"
}

func oidPBES2() asn1.ObjectIdentifier  { return asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13} }
func oidPBKDF2() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12} }
func oidPBE3DES() asn1.ObjectIdentifier {
	return asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 1, 3}
}
func oidHMACSHA256() asn1.ObjectIdentifier {
	return asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 9}
}
func oidAES256() asn1.ObjectIdentifier {
	return asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 42}
}

// pbeParams is RFC 7292 pkcs-12PbeParams.
type pbeParams struct {
	Salt       []byte
	Iterations int
}

// pbes2Params and pbkdf2Params are RFC 8018 appendix A.
type pbes2Params struct {
	KDF, Cipher pkix.AlgorithmIdentifier
}

type pbkdf2Params struct {
	Salt       []byte
	Iterations int
	KeyLength  int                      `asn1:"optional"`
	PRF        pkix.AlgorithmIdentifier `asn1:"optional"`
}

// decrypt undoes any encryption that this package reads. It returns the body
// and iterations to use when the wallet is written again.
func decrypt(a pkix.AlgorithmIdentifier, data []byte, s secret, w *work) (plain []byte, b Body, iterations int, err error) {
	var block cipher.Block
	var iv []byte
	switch {
	case a.Algorithm.Equal(oidPBES2()):
		b = AES256
		block, iv, iterations, err = openPBES2(a.Parameters.FullBytes, s, w)
	case a.Algorithm.Equal(oidPBE3DES()):
		b = TripleDES
		block, iv, iterations, err = openPBE3DES(a.Parameters.FullBytes, s, w)
	default:
		err = fail(ErrUnsupported, "read wallet: its content is encrypted with algorithm %v; AES and 3DES are read (a RC2 body is that of a very old wallet: open and save it with a newer orapki)", a.Algorithm)
	}
	if err != nil {
		return nil, 0, 0, err
	}
	plain, err = openCBC(block, iv, data)
	return plain, b, iterations, err
}

func openPBE3DES(der []byte, s secret, w *work) (cipher.Block, []byte, int, error) {
	var p pbeParams
	if err := unmarshal(der, &p); err != nil {
		return nil, nil, 0, because(err, ErrFormat, "read wallet: parameters of the 3DES encryption")
	}
	if len(p.Salt) > maxSalt {
		return nil, nil, 0, fail(ErrFormat, "read wallet: a salt of %d bytes makes no sense", len(p.Salt))
	}
	for range 3 { // the key takes two rounds of derivation, the IV one
		if err := w.spend(p.Iterations); err != nil {
			return nil, nil, 0, err
		}
	}
	block, iv, err := tripleDES(s, p)
	return block, iv, p.Iterations, err
}

func tripleDES(s secret, p pbeParams) (cipher.Block, []byte, error) {
	block, err := des.NewTripleDESCipher(deriveKey(sha1.New, forKey, s.bmp, p.Salt, p.Iterations, 24))
	return block, deriveKey(sha1.New, forIV, s.bmp, p.Salt, p.Iterations, des.BlockSize), err
}

func openPBES2(der []byte, s secret, w *work) (cipher.Block, []byte, int, error) {
	var p pbes2Params
	var k pbkdf2Params
	if err := unmarshal(der, &p); err != nil {
		return nil, nil, 0, because(err, ErrFormat, "read wallet: parameters of PBES2")
	}
	if !p.KDF.Algorithm.Equal(oidPBKDF2()) {
		return nil, nil, 0, fail(ErrUnsupported, "read wallet: key derivation %v; PBKDF2 is read", p.KDF.Algorithm)
	}
	if err := unmarshal(p.KDF.Parameters.FullBytes, &k); err != nil {
		return nil, nil, 0, because(err, ErrFormat, "read wallet: parameters of PBKDF2")
	}
	newHash, err := prf(k.PRF.Algorithm)
	if err != nil {
		return nil, nil, 0, err
	}
	size, newBlock, err := blockCipher(p.Cipher.Algorithm)
	if err != nil {
		return nil, nil, 0, err
	}
	iv, err := octets(p.Cipher.Parameters.FullBytes)
	if err != nil {
		return nil, nil, 0, because(err, ErrFormat, "read wallet: initialization vector")
	}
	if len(k.Salt) > maxSalt || (k.KeyLength != 0 && k.KeyLength != size) {
		return nil, nil, 0, fail(ErrFormat, "read wallet: PBKDF2 with a salt of %d bytes and a key of %d bytes does not fit the cipher", len(k.Salt), k.KeyLength)
	}
	if err := w.spend(k.Iterations); err != nil {
		return nil, nil, 0, err
	}
	key, err := pbkdf2.Key(newHash, string(s.raw), k.Salt, k.Iterations, size)
	if err != nil {
		return nil, nil, 0, because(err, ErrUnsupported, "read wallet: derive key")
	}
	block, err := newBlock(key)
	return block, iv, k.Iterations, err
}

// prf is the hash of a PBKDF2 pseudo-random function; absent means SHA-1.
func prf(id asn1.ObjectIdentifier) (func() hash.Hash, error) {
	hmacs := map[string]func() hash.Hash{
		"":                       sha1.New,
		"1.2.840.113549.2.7":     sha1.New,
		oidHMACSHA256().String(): sha256.New,
		"1.2.840.113549.2.10":    sha512.New384,
		"1.2.840.113549.2.11":    sha512.New,
	}
	if h := hmacs[id.String()]; h != nil {
		return h, nil
	}
	return nil, fail(ErrUnsupported, "read wallet: PBKDF2 with the function %v; HMAC with SHA-1, SHA-256, SHA-384 and SHA-512 is read", id)
}

func blockCipher(id asn1.ObjectIdentifier) (keySize int, newBlock func([]byte) (cipher.Block, error), err error) {
	switch id.String() {
	case "2.16.840.1.101.3.4.1.2":
		return 16, aes.NewCipher, nil
	case "2.16.840.1.101.3.4.1.22":
		return 24, aes.NewCipher, nil
	case oidAES256().String():
		return 32, aes.NewCipher, nil
	case "1.2.840.113549.3.7":
		return 24, des.NewTripleDESCipher, nil
	}
	return 0, nil, fail(ErrUnsupported, "read wallet: cipher %v; AES-CBC and 3DES-CBC are read", id)
}

// encrypt writes data in the given body, with salt and IV from random.
func encrypt(b Body, iterations int, data []byte, s secret, random io.Reader) (pkix.AlgorithmIdentifier, []byte, error) {
	var a pkix.AlgorithmIdentifier
	salt := make([]byte, 8)
	if _, err := io.ReadFull(random, salt); err != nil {
		return a, nil, err
	}
	if b == TripleDES {
		p := pbeParams{Salt: salt, Iterations: iterations}
		block, iv, err := tripleDES(s, p)
		if err != nil {
			return a, nil, err
		}
		a, err = algorithm(oidPBE3DES(), p)
		return a, sealCBC(block, iv, data), err
	}
	iv := make([]byte, aes.BlockSize)
	if _, err := io.ReadFull(random, iv); err != nil {
		return a, nil, err
	}
	key, err := pbkdf2.Key(sha256.New, string(s.raw), salt, iterations, 32)
	if err != nil {
		return a, nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return a, nil, err
	}
	a, err = pbes2(salt, iv, iterations)
	return a, sealCBC(block, iv, data), err
}

func pbes2(salt, iv []byte, iterations int) (pkix.AlgorithmIdentifier, error) {
	prf := pkix.AlgorithmIdentifier{Algorithm: oidHMACSHA256(), Parameters: asn1.NullRawValue}
	kdf, err := algorithm(oidPBKDF2(), pbkdf2Params{Salt: salt, Iterations: iterations, KeyLength: 32, PRF: prf})
	if err != nil {
		return kdf, err
	}
	enc, err := algorithm(oidAES256(), iv)
	if err != nil {
		return enc, err
	}
	return algorithm(oidPBES2(), pbes2Params{KDF: kdf, Cipher: enc})
}

func algorithm(id asn1.ObjectIdentifier, params any) (pkix.AlgorithmIdentifier, error) {
	der, err := asn1.Marshal(params)
	return pkix.AlgorithmIdentifier{Algorithm: id, Parameters: asn1.RawValue{FullBytes: der}}, err
}

// openCBC decrypts and takes the padding off. It is called after the MAC was
// verified, so what it says of the padding helps no attacker.
func openCBC(block cipher.Block, iv, data []byte) ([]byte, error) {
	size := block.BlockSize()
	if len(iv) != size || len(data) == 0 || len(data)%size != 0 {
		return nil, fail(ErrFormat, "read wallet: %d encrypted bytes do not fit the cipher", len(data))
	}
	out := make([]byte, len(data))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(out, data)
	n := int(out[len(out)-1])
	if n == 0 || n > size || !bytes.Equal(out[len(out)-n:], bytes.Repeat([]byte{byte(n)}, n)) {
		return nil, fail(ErrPassword, "read wallet: the content does not decrypt")
	}
	return out[:len(out)-n], nil
}

func sealCBC(block cipher.Block, iv, data []byte) []byte {
	n := block.BlockSize() - len(data)%block.BlockSize()
	out := append(bytes.Clone(data), bytes.Repeat([]byte{byte(n)}, n)...)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(out, out)
	return out
}
