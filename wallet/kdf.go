package wallet

import (
	"encoding/binary"
	"hash"
	"math/big"
	"unicode/utf16"
	"unicode/utf8"
)

// Limits of what a reader takes: far above any real wallet, low enough that a
// hostile file costs a second or two and not an hour.
const (
	// MaxSize is the largest wallet file, in bytes, that is read.
	MaxSize = 16 << 20
	// MaxIterations is the most iterations of key derivation that one file
	// may ask for in total.
	MaxIterations = 10_000_000

	maxBags  = 20_000
	maxSafes = 16
	maxSalt  = 1024
	// maxKeyBytes bounds the private keys of a wallet together: 50 of RSA-2048
	// or 6 of RSA-16384.
	maxKeyBytes = 64 << 10
)

// work is what is left of MaxIterations for one file.
type work int

func (w *work) spend(iterations int) error {
	if iterations < 1 {
		return fail(ErrFormat, "read wallet: an iteration count of %d makes no sense", iterations)
	}
	if iterations > int(*w) {
		return fail(ErrFormat, "read wallet: it asks for more than %d iterations of key derivation; that is a hostile or damaged file", MaxIterations)
	}
	*w -= work(iterations)
	return nil
}

// The purposes of the PKCS #12 key derivation, RFC 7292 appendix B.3.
const (
	forKey = 1
	forIV  = 2
	forMAC = 3
)

// deriveKey is the key derivation of RFC 7292 appendix B.2. The password is a
// BMPString with its two closing zeros.
func deriveKey(newHash func() hash.Hash, purpose byte, bmpPassword, salt []byte, iterations, size int) []byte {
	h := newHash()
	v := h.BlockSize()
	d := make([]byte, v)
	for i := range d {
		d[i] = purpose
	}
	block := append(repeat(salt, v), repeat(bmpPassword, v)...)
	mod := new(big.Int).Lsh(big.NewInt(1), uint(v)*8)
	var out []byte
	for len(out) < size {
		h.Reset()
		h.Write(d)
		h.Write(block)
		a := h.Sum(nil)
		for range iterations - 1 {
			h.Reset()
			h.Write(a)
			a = h.Sum(a[:0])
		}
		out = append(out, a...)
		addBlocks(block, a, v, mod)
	}
	return out[:size]
}

// addBlocks adds B+1 to each v-byte block, B being a repeated to v bytes
// (step 6.C of the derivation).
func addBlocks(block, a []byte, v int, mod *big.Int) {
	b := new(big.Int).SetBytes(repeat(a, v)[:v])
	b.Add(b, big.NewInt(1))
	for i := 0; i+v <= len(block); i += v {
		n := new(big.Int).SetBytes(block[i : i+v])
		n.Add(n, b).Mod(n, mod).FillBytes(block[i : i+v])
	}
}

// repeat repeats b up to the next multiple of v; nothing stays nothing.
func repeat(b []byte, v int) []byte {
	if len(b) == 0 {
		return nil
	}
	out := make([]byte, (len(b)+v-1)/v*v)
	for i := range out {
		out[i] = b[i%len(b)]
	}
	return out
}

// bmp encodes text as UTF-16, most significant byte first. Characters above
// U+FFFF become surrogate pairs, as Java and OpenSSL write them.
func bmp(s string) []byte {
	var out []byte
	for _, u := range utf16.Encode([]rune(s)) {
		out = binary.BigEndian.AppendUint16(out, u)
	}
	return out
}

func unBMP(b []byte) string {
	u := make([]uint16, len(b)/2)
	for i := range u {
		u[i] = binary.BigEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(u))
}

// secret is a password in the two forms that PKCS #12 wants.
type secret struct {
	raw []byte // PBES2: UTF-8
	bmp []byte // PKCS #12 derivation: BMPString and two zeros
}

func newSecret(password string) (secret, error) {
	if !utf8.ValidString(password) {
		return secret{}, fail(ErrInvalid, "the wallet password is not valid UTF-8")
	}
	return secret{raw: []byte(password), bmp: append(bmp(password), 0, 0)}, nil
}

// secretOf is the secret of a password that is bytes and not text: each
// becomes one character.
func secretOf(password []byte) secret {
	s := secret{raw: password}
	for _, b := range password {
		s.bmp = append(s.bmp, 0, b)
	}
	s.bmp = append(s.bmp, 0, 0)
	return s
}
