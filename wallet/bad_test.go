package wallet

import (
	"bytes"
	"crypto/rand"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"os"
	"strings"
	"testing"
	"time"
)

// cheap encodes with a single iteration of key derivation, so that a test can
// afford thousands of readings; everything else is as always.
func cheap(t *testing.T, w *Wallet, b Body, s secret) []byte {
	t.Helper()
	return must[[]byte](t)(w.encode(s, b, 1, rand.Reader))
}

func sample(t *testing.T) *Wallet {
	t.Helper()
	w := New()
	if _, err := w.AddTrusted(newCA(t, "Root", nil).cert.Raw, "root"); err != nil {
		t.Fatal(err)
	}
	return w
}

func TestNoFixtureCutShortReads(t *testing.T) {
	t.Parallel()
	for path, data := range fixtures(t) {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			for n := range data {
				if _, _, err := parse(path, data[:n]); err == nil {
					t.Fatalf("the first %d of %d bytes read as a wallet", n, len(data))
				}
			}
			_, _, err := parse(path, append(bytes.Clone(data), 0))
			wantKind(t, err, ErrFormat)
		})
	}
}

func TestNoFlippedBitGoesUnnoticed(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]Body{"AES": AES256, "3DES": TripleDES} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := must[secret](t)(newSecret(fixturePassword))
			data := cheap(t, sample(t), body, s)
			for i := range 8 * len(data) {
				bad := bytes.Clone(data)
				bad[i/8] ^= 1 << (i % 8)
				left := work(100_000) // a flipped count may be large
				if _, _, err := parsePFX(bad, s, &left); err == nil {
					t.Fatalf("bit %d of byte %d may be flipped", i%8, i/8)
				}
			}
		})
	}
}

func TestNoFlippedBitOfAHeaderGoesUnnoticed(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]Format{
		"AES":   {Login: AutoLoginOnly},
		"DES":   {Login: AutoLogin, Header: HeaderDES, Body: TripleDES},
		"local": {Login: AutoLoginLocal},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := must[[]byte](t)(sample(t).SSO(f, here, nil))
			h := must[ssoHeader](t)(parseHeader(data))
			for i := range 8 * h.size {
				bad := bytes.Clone(data)
				bad[i/8] ^= 1 << (i % 8)
				_, got, err := ParseSSO(bad, here)
				switch {
				case i/8 == 3 && got.Login != f.Login && got.Login != 0:
					// '6' and '7' differ in one bit that nothing protects.
				case f.Header == HeaderDES && i/8 >= 13 && strings.EqualFold(string(bad), string(data)):
					// The case of a hexadecimal digit.
				case f.Header == HeaderDES && i/8 >= 13 && i/8 < 29 && sameDESKey(bad[13:29], data[13:29]):
					// DES ignores the lowest bit of each byte of a key.
				case err == nil:
					t.Fatalf("bit %d of byte %d may be flipped", i%8, i/8)
				}
			}
		})
	}
}

func sameDESKey(a, b []byte) bool {
	x, err := hex.DecodeString(string(a))
	if err != nil {
		return false
	}
	y, _ := hex.DecodeString(string(b))
	for i := range x {
		if x[i]|1 != y[i]|1 {
			return false
		}
	}
	return true
}

func TestBadFilesGetAnErrorThatSaysWhatTheyAre(t *testing.T) {
	t.Parallel()
	read := func(path string) []byte { return must[[]byte](t)(os.ReadFile("testdata/" + path)) }
	p12, sso := read("o23_trusted1/ewallet.p12"), read("o23_trusted1/cwallet.sso")
	set := func(b []byte, at int, v ...byte) []byte {
		b = bytes.Clone(b)
		copy(b[at:], v)
		return b
	}
	type row struct {
		data []byte
		kind error
		says string
	}
	for name, r := range map[string]row{
		"an empty file":                       {nil, ErrFormat, "truncated"},
		"a base64 wallet":                     {[]byte(base64.StdEncoding.EncodeToString(sso)), ErrFormat, "base64 -d"},
		"the other file of the wallet":        {p12, ErrFormat, "ewallet.p12"},
		"a text":                              {[]byte("-----BEGIN CERTIFICATE-----\n"), ErrFormat, "no auto-login wallet"},
		"a kind nobody knows":                 {set(sso, 3, 0x39), ErrUnsupported, "unknown kind"},
		"a 10g header":                        {set(sso, 7, 5), ErrUnsupported, "10g"},
		"a local wallet of release 23":        {read("o23_local/cwallet.sso"), ErrLocal, "-auto_login"},
		"a local wallet of another host":      {read("o19_local/cwallet.sso"), ErrLocal, `account "oracle" on host "db1"`},
		"a key section beyond the file":       {set(sso, 8, 0xff, 0xff, 0xff, 0xff), ErrFormat, "key section"},
		"a scheme nobody knows":               {set(sso, 12, 0x07), ErrFormat, "key section"},
		"a body that was altered":             {set(sso, 300, sso[300]^1), ErrPassword, "altered"},
		"a file of more than MaxSize":         {make([]byte, MaxSize+1), ErrFormat, "more than"},
		"a PKCS #12 file with bytes after it": {append(bytes.Clone(sso), "more"...), ErrFormat, "4 bytes follow"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := ParseSSO(r.data, here)
			wantKind(t, err, r.kind, r.says)
		})
	}
	for name, r := range map[string]row{
		"an empty file":       {nil, ErrFormat, "empty"},
		"a base64 file":       {[]byte(base64.StdEncoding.EncodeToString(p12)), ErrFormat, "base64 -d"},
		"an auto-login file":  {sso, ErrFormat, "auto-login"},
		"a PEM file":          {[]byte("-----BEGIN CERTIFICATE-----\n"), ErrFormat, "PEM"},
		"a Java keystore":     {[]byte("\xfe\xed\xfe\xed\x00\x00\x00\x02"), ErrFormat, "JKS"},
		"another DER file":    {newCA(t, "x", nil).cert.Raw, ErrFormat, "PKCS #12"},
		"BER without lengths": {append([]byte{0x30, 0x80}, p12[4:]...), ErrFormat, "DER"},
		"deep nesting":        {nested(100_000), ErrFormat, "DER"},
		// What follows the MAC inside the outer SEQUENCE, no MAC covers.
		"an element too many": {append(set(p12, 2, byte((len(p12)-4+2)>>8), byte(len(p12)-4+2)), 5, 0), ErrFormat, "DER"},
	} {
		t.Run("p12: "+name, func(t *testing.T) {
			t.Parallel()
			_, _, err := ParseP12(r.data, fixturePassword)
			wantKind(t, err, r.kind, r.says)
		})
	}
	t.Run("a wrong password", func(t *testing.T) {
		t.Parallel()
		_, _, err := ParseP12(p12, "Welcome12346")
		wantKind(t, err, ErrPassword, "wrong password")
		if strings.Contains(err.Error(), "Welcome") {
			t.Errorf("the error has the password: %v", err)
		}
	})
}

// nested is a DER value of that many SEQUENCEs inside each other.
func nested(depth int) []byte {
	total := 0
	var heads [][]byte
	for range depth {
		head := []byte{0x30, 0x84, 0, 0, 0, 0}
		if total < 0x80 {
			head = []byte{0x30, byte(total)}
		} else {
			binary.BigEndian.PutUint32(head[2:], uint32(total))
		}
		heads = append(heads, head)
		total += len(head)
	}
	var out []byte
	for i := range heads {
		out = append(out, heads[len(heads)-1-i]...)
	}
	return out
}

func TestHostileFilesWithAMatchingMACCostLittle(t *testing.T) {
	t.Parallel()
	s := must[secret](t)(newSecret(fixturePassword))
	seal := func(authSafe []byte, iterations int) []byte {
		mac := must[macData](t)(newMAC(authSafe, s, 1, rand.Reader))
		mac.Iterations = iterations
		content := must[[]byte](t)(asn1.Marshal(authSafe))
		return must[[]byte](t)(asn1.Marshal(pfx{Version: 3, AuthSafe: contentInfo{Type: oidData(), Content: explicit0(content)}, MAC: mac}))
	}
	safe := func(bags []byte) []byte {
		content := must[[]byte](t)(asn1.Marshal(bags))
		return must[[]byte](t)(asn1.Marshal([]contentInfo{{Type: oidData(), Content: explicit0(content)}}))
	}
	encrypted := func(iterations int) []byte {
		var e encryptedData
		e.Info.Type, e.Info.Content = oidData(), make([]byte, 32)
		e.Info.Algorithm = must[pkix.AlgorithmIdentifier](t)(pbes2(make([]byte, 8), make([]byte, 16), iterations))
		inner := must[[]byte](t)(asn1.Marshal(e))
		return must[[]byte](t)(asn1.Marshal([]contentInfo{{Type: oidEncrypted(), Content: explicit0(inner)}}))
	}
	for name, data := range map[string][]byte{
		"a thousand million iterations of the MAC":  seal(safe([]byte{0x30, 0}), 1_000_000_000),
		"no iteration of the MAC":                   seal(safe([]byte{0x30, 0}), 0),
		"a negative number of them":                 seal(safe([]byte{0x30, 0}), -5),
		"a thousand million iterations of the body": seal(encrypted(1_000_000_000), 1),
		"a body that asks for none":                 seal(encrypted(0), 1),
		"deep nesting inside":                       seal(safe(nested(100_000)), 1),
		"deep nesting in a bag":                     seal(safe(must[[]byte](t)(sequence(nested(100_000)))), 1),
		"more bags than any wallet has":             seal(safe(must[[]byte](t)(sequence(bytes.Repeat([]byte{0x30, 0}, maxBags+1)))), 1),
		"more safes than any wallet has":            seal(must[[]byte](t)(sequence(bytes.Repeat([]byte{0x30, 0}, maxSafes+1))), 1),
		"bytes after the safe":                      seal(append(safe([]byte{0x30, 0}), 0), 1),
		"bytes after the bags":                      seal(safe([]byte{0x30, 0, 0}), 1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begin := time.Now()
			_, _, err := ParseP12(data, fixturePassword)
			wantKind(t, err, ErrFormat)
			if d := time.Since(begin); d > 5*time.Second {
				t.Errorf("took %v", d)
			}
		})
	}
}

func TestAFileWithoutMACIsRefused(t *testing.T) {
	t.Parallel()
	content := must[[]byte](t)(asn1.Marshal([]byte{0x30, 0}))
	data := must[[]byte](t)(asn1.Marshal(pfx{Version: 3, AuthSafe: contentInfo{Type: oidData(), Content: explicit0(content)}}))
	_, _, err := ParseP12(data, fixturePassword)
	wantKind(t, err, ErrFormat, "no MAC")
}
