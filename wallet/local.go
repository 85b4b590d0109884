package wallet

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"os"
	"os/user"
	"strings"
)

// localPasswords derives the password of a local wallet from the seed in its
// header. Public readers differ in what a byte of 127 becomes, so there may be
// two; the first is written.
func localPasswords(m Machine, seed []byte) [][]byte {
	h := hmac.New(sha1.New, []byte(m.Host+m.User))
	h.Write(seed)
	digest := h.Sum(nil)[:16]
	first, second := make([]byte, 16), make([]byte, 16)
	for i, b := range digest {
		first[i] = (b&0x7f)%127 + 1
		second[i] = b&0x7f + 1
	}
	if bytes.Equal(first, second) {
		return [][]byte{first}
	}
	return [][]byte{first, second}
}

// ThisMachine is what a local wallet made here is tied to: the host's name up
// to the first dot, and the account's login name.
func ThisMachine() (Machine, error) {
	host, err := os.Hostname()
	if err != nil {
		return Machine{}, because(err, ErrInvalid, "find the name of this host")
	}
	host, _, _ = strings.Cut(host, ".")
	u, err := user.Current()
	if err != nil {
		return Machine{}, because(err, ErrInvalid, "find the name of this account")
	}
	name := u.Username
	if i := strings.LastIndexByte(name, '\\'); i >= 0 { // Windows: DOMAIN\name
		name = name[i+1:]
	}
	return Machine{Host: host, User: name}, nil
}
