package wallet

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
)

const (
	magic     = "\xa1\xf8\x4e"
	base64SSO = "ofhO" // magic and kind in base64

	schemeAES = 0x06
	schemeDES = 0x35

	headerVersion = 6
)

// Login is what a cwallet.sso is; the value is its fourth byte.
type Login byte

// The kinds of auto-login wallet.
const (
	// AutoLogin has an ewallet.p12 beside it (orapki -auto_login).
	AutoLogin Login = '6'
	// AutoLoginOnly stands alone (-auto_login_only); no password opens it
	// and none is needed.
	AutoLoginOnly Login = '7'
	// AutoLoginLocal has a twin and opens only on the machine and for the
	// account that made it (-auto_login_local).
	AutoLoginLocal Login = '8'
)

func (l Login) String() string {
	switch l {
	case AutoLogin:
		return "auto-login"
	case AutoLoginOnly:
		return "auto-login-only"
	case AutoLoginLocal:
		return "auto-login-local"
	}
	return "none"
}

// Header is how a cwallet.sso carries its own password.
type Header uint8

// The headers of version 6.
const (
	HeaderAES Header = iota // release 12 and later
	HeaderDES               // release 11g
)

// Format is how a wallet is, or is to be, encoded. The zero value is what
// orapki writes today.
type Format struct {
	Body       Body
	Iterations int // of key derivation; less than 10000 is taken as 10000

	// Login and Header are those of a cwallet.sso; ewallet.p12 has none.
	Login  Login
	Header Header
}

// Machine is what a local wallet is tied to. Host is the short host name, up
// to the first dot; User the name of the operating-system account.
type Machine struct{ Host, User string }

// ssoHeader is a decoded header.
type ssoHeader struct {
	login   Login
	version uint32
	scheme  Header
	key     []byte // as stored
	sealed  []byte // the password, or a local wallet's seed, encrypted
	size    int    // of the whole header
}

// The sizes of the two key sections, scheme byte included.
const (
	sectionAES = 1 + 16 + 16
	sectionDES = 1 + 16 + 48
)

// fixedIV is the same in every release of Oracle.
func fixedIV() []byte {
	return []byte{0xc0, 0x34, 0xd8, 0x31, 0x1c, 0x02, 0xce, 0xf8, 0x51, 0xf0, 0x14, 0x4b, 0x81, 0xed, 0x4b, 0xf2}
}

// ParseSSO reads a cwallet.sso. The machine matters for local wallets only. A
// local wallet that does not open is an ErrLocal.
func ParseSSO(data []byte, m Machine) (*Wallet, Format, error) {
	h, err := parseHeader(data)
	if err != nil {
		return nil, Format{}, err
	}
	stored, err := h.open()
	if err != nil {
		return nil, Format{}, err
	}
	passwords := [][]byte{stored}
	if h.login == AutoLoginLocal {
		passwords = localPasswords(m, stored)
	}
	left := work(MaxIterations)
	for _, p := range passwords {
		var w *Wallet
		var f Format
		w, f, err = parsePFX(data[h.size:], secretOf(p), &left)
		if err == nil {
			f.Login, f.Header = h.login, h.scheme
			return w, f, nil
		}
		if !errors.Is(err, ErrPassword) {
			return nil, Format{}, err
		}
	}
	if h.login == AutoLoginLocal {
		return nil, Format{}, fail(ErrLocal, "cwallet.sso is a local wallet and does not open for account %q on host %q: it opens only on the machine and for the account that made it. Use ewallet.p12 and its password, or make it again with -auto_login", m.User, m.Host)
	}
	return nil, Format{}, fail(ErrPassword, "cwallet.sso was altered after it was written: its MAC does not match")
}

// parseHeader decodes everything before the PKCS #12 structure.
func parseHeader(data []byte) (ssoHeader, error) {
	var h ssoHeader
	if err := looksLikeSSO(data); err != nil {
		return h, err
	}
	h.login, h.version = Login(data[3]), binary.BigEndian.Uint32(data[4:])
	switch {
	case h.login != AutoLogin && h.login != AutoLoginOnly && h.login != AutoLoginLocal:
		return h, fail(ErrUnsupported, "read cwallet.sso: unknown kind %#02x; 0x36 to 0x38 are known", data[3])
	case h.version == 7 && h.login == AutoLoginLocal:
		return h, fail(ErrLocal, "cwallet.sso is a local wallet of Oracle release 23 (header version 7), which opens only with Oracle's own tools on the machine and for the account that made it. Use ewallet.p12 and its password, or make it again with -auto_login")
	case h.version != headerVersion:
		return h, fail(ErrUnsupported, "read cwallet.sso: header version %d; 6 is read (5 is that of release 10g: open ewallet.p12 with its password instead)", h.version)
	}
	n := binary.BigEndian.Uint32(data[8:])
	h.size = 12 + int(n)
	switch {
	case data[12] == schemeAES && n == sectionAES:
		h.scheme = HeaderAES
	case data[12] == schemeDES && n == sectionDES:
		h.scheme = HeaderDES
	default:
		return h, fail(ErrFormat, "read cwallet.sso: a key section of scheme %#02x and %d bytes is damaged or unknown", data[12], n)
	}
	if len(data) < h.size {
		return h, fail(ErrFormat, "read cwallet.sso: truncated in its header")
	}
	h.key, h.sealed = data[13:29], data[29:h.size]
	return h, nil
}

// looksLikeSSO says what was given instead.
func looksLikeSSO(data []byte) error {
	switch {
	case len(data) > MaxSize:
		return fail(ErrFormat, "read cwallet.sso: the file has %d bytes, more than %d", len(data), MaxSize)
	case bytes.HasPrefix(data, []byte(base64SSO)):
		return fail(ErrFormat, "read cwallet.sso: this is base64 text; decode it first: base64 -d FILE > cwallet.sso")
	case bytes.HasPrefix(data, []byte{0x30}):
		return fail(ErrFormat, "read cwallet.sso: this looks like a PKCS #12 file (ewallet.p12), which needs its password")
	case len(data) < 13:
		return fail(ErrFormat, "read cwallet.sso: truncated: %d bytes are no wallet", len(data))
	case !bytes.HasPrefix(data, []byte(magic)):
		return fail(ErrFormat, "read cwallet.sso: this is no auto-login wallet (it does not start with A1 F8 4E)")
	}
	return nil
}

// open decrypts what the header carries: 16 bytes.
func (h ssoHeader) open() ([]byte, error) {
	if h.scheme == HeaderAES {
		block, err := aes.NewCipher(h.key)
		if err != nil {
			return nil, because(err, ErrFormat, "read cwallet.sso: key of the header")
		}
		out := make([]byte, aes.BlockSize)
		cipher.NewCBCDecrypter(block, fixedIV()).CryptBlocks(out, h.sealed)
		return out, h.check(out)
	}
	key, err := hex.DecodeString(string(h.key))
	if err != nil {
		return nil, fail(ErrFormat, "read cwallet.sso: the DES key of the header is no hexadecimal number")
	}
	sealed, err := hex.DecodeString(string(h.sealed))
	if err != nil {
		return nil, fail(ErrFormat, "read cwallet.sso: the DES secret of the header is no hexadecimal number")
	}
	block, err := des.NewCipher(key)
	if err != nil {
		return nil, because(err, ErrFormat, "read cwallet.sso: key of the header")
	}
	out, err := openCBC(block, make([]byte, des.BlockSize), sealed)
	if err != nil || len(out) != 16 {
		return nil, fail(ErrFormat, "read cwallet.sso: the header was altered: its secret does not decrypt")
	}
	return out, h.check(out)
}

// check refuses a password that Oracle cannot have drawn. A local wallet's
// seed may be anything.
func (h ssoHeader) check(password []byte) error {
	if h.login == AutoLoginLocal {
		return nil
	}
	for _, c := range password {
		if c == 0 || c > 0x7f {
			return fail(ErrFormat, "read cwallet.sso: the header was altered: the password it carries is impossible")
		}
	}
	return nil
}

// SSO encodes the wallet as a cwallet.sso of the kind f.Login. The machine is
// what a local wallet gets tied to; other kinds do not look at it. Key,
// password, salts and IV come from random, crypto/rand when nil.
func (w *Wallet) SSO(f Format, m Machine, random io.Reader) ([]byte, error) {
	if f.Login != AutoLogin && f.Login != AutoLoginOnly && f.Login != AutoLoginLocal || f.Header > HeaderDES {
		return nil, fail(ErrInvalid, "write cwallet.sso: give the kind: auto-login, auto-login-only or auto-login-local")
	}
	if f.Login == AutoLoginLocal && (m.Host == "" || m.User == "") {
		return nil, fail(ErrInvalid, "write cwallet.sso: a local wallet needs the host name and the account it is for")
	}
	if random == nil {
		random = rand.Reader
	}
	key, stored, err := drawSecret(f, random)
	if err != nil {
		return nil, because(err, ErrInvalid, "write cwallet.sso: read random bytes")
	}
	head, err := encodeHeader(f, key, stored)
	if err != nil {
		return nil, because(err, ErrInvalid, "write cwallet.sso")
	}
	password := stored
	if f.Login == AutoLoginLocal {
		password = localPasswords(m, stored)[0]
	}
	body, err := w.pfx(secretOf(password), f, random)
	if err != nil {
		return nil, err
	}
	return append(head, body...), nil
}

// drawSecret draws the header's key and the 16 bytes it carries: each 1 to
// 127, or a local wallet's seed.
func drawSecret(f Format, random io.Reader) (key, stored []byte, err error) {
	size := 16
	if f.Header == HeaderDES {
		size = des.BlockSize
	}
	key = make([]byte, size)
	if _, err := io.ReadFull(random, key); err != nil {
		return nil, nil, err
	}
	for one := make([]byte, 1); len(stored) < 16; {
		if _, err := io.ReadFull(random, one); err != nil {
			return nil, nil, err
		}
		// Zero is impossible, and dropping the top bit keeps the rest even.
		if c := one[0] & 0x7f; c != 0 {
			stored = append(stored, c)
		}
	}
	return key, stored, nil
}

func encodeHeader(f Format, key, stored []byte) ([]byte, error) {
	head := append([]byte(magic), byte(f.Login))
	head = binary.BigEndian.AppendUint32(head, headerVersion)
	if f.Header == HeaderDES {
		block, err := des.NewCipher(key)
		if err != nil {
			return nil, err
		}
		head = append(binary.BigEndian.AppendUint32(head, sectionDES), schemeDES)
		head = hex.AppendEncode(head, key)
		return hex.AppendEncode(head, sealCBC(block, make([]byte, des.BlockSize), stored)), nil
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	sealed := make([]byte, aes.BlockSize)
	cipher.NewCBCEncrypter(block, fixedIV()).CryptBlocks(sealed, stored)
	head = append(binary.BigEndian.AppendUint32(head, sectionAES), schemeAES)
	return append(append(head, key...), sealed...), nil
}
