package mysql

import (
	"crypto/rand"
	"crypto/sha256"
	"strings"
)

const (
	cachingRounds = 5000 // the server's own default (caching_sha2_password_digest_rounds)
	cachingSalt   = 20   // bytes
	// cryptAlphabet is the base 64 of crypt(3).
	cryptAlphabet = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// cachingPassword is what the server stores, so that the password itself
// never reaches the server, its log or its statistics: "$A$", the rounds in
// thousands, salt and hash
// (https://dev.mysql.com/doc/refman/8.4/en/caching-sha2-pluggable-authentication.html).
func cachingPassword(password string) string {
	salt := make([]byte, cachingSalt)
	rand.Read(salt) // never fails (crypto/rand)
	for i, b := range salt {
		salt[i] = cryptAlphabet[b%64]
	}
	return "WITH caching_sha2_password AS '$A$005$" + string(salt) + sha256Crypt([]byte(password), salt, cachingRounds) + "'"
}

// sha256Crypt is the hash of "Unix crypt using SHA-256"
// (https://www.akkadia.org/drepper/SHA-crypt.txt), whose numbered steps the
// comments name; the salt may be longer than the 16 bytes there.
func sha256Crypt(key, salt []byte, rounds int) string {
	alternate := sha256.Sum256(join(key, salt, key)) // 4-8
	message := join(key, salt, fill(alternate[:], len(key)))
	for n := len(key); n > 0; n >>= 1 { // 11
		if n&1 != 0 {
			message = append(message, alternate[:]...)
		} else {
			message = append(message, key...)
		}
	}
	digest := sha256.Sum256(message)                                       // 12
	keyDigest := sha256.Sum256(fill(key, len(key)*len(key)))               // 13-15
	saltDigest := sha256.Sum256(fill(salt, len(salt)*(16+int(digest[0])))) // 17-19
	p, s := fill(keyDigest[:], len(key)), fill(saltDigest[:], len(salt))
	for round := range rounds { // 21
		first, last := digest[:], p
		if round%2 != 0 {
			first, last = p, digest[:]
		}
		message = append(message[:0], first...)
		if round%3 != 0 {
			message = append(message, s...)
		}
		if round%7 != 0 {
			message = append(message, p...)
		}
		digest = sha256.Sum256(append(message, last...))
	}
	return cryptEncode(digest)
}

// cryptEncode writes a digest in the order of step 22e.
func cryptEncode(d [sha256.Size]byte) string {
	var b strings.Builder
	put := func(high, middle, low byte, characters int) {
		v := uint(high)<<16 | uint(middle)<<8 | uint(low)
		for range characters {
			b.WriteByte(cryptAlphabet[v&0x3f])
			v >>= 6
		}
	}
	for i, at := 0, [3]int{0, 10, 20}; i < 10; i++ {
		put(d[at[0]], d[at[1]], d[at[2]], 4)
		at = [3]int{(at[2] + 1) % 30, (at[0] + 1) % 30, (at[1] + 1) % 30}
	}
	put(0, d[31], d[30], 3)
	return b.String()
}

// fill repeats b until it has n bytes.
func fill(b []byte, n int) []byte {
	out := make([]byte, 0, n+len(b))
	for len(out) < n {
		out = append(out, b...)
	}
	return out[:n]
}

func join(parts ...[]byte) []byte {
	var out []byte
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}
