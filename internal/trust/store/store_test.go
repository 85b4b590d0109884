package store_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/pki/pkitest"
	"github.com/dbtls/dbtls/internal/trust/store"
)

func TestEveryFormatKeepsEveryCertificate(t *testing.T) {
	t.Parallel()
	certs := append(cas(t), selfSigned(t, "Ed25519 CA"))
	for _, f := range many() {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			s := makeStore(t, f, certs...)
			data := encode(t, s)
			got, err := store.Decode(data, password)
			if err != nil {
				t.Fatal(err)
			}
			if got.Format != f || !sameCerts(got.Certs(), certs) || got.Unverified != (f == store.PKCS12Plain) {
				t.Fatalf("read format %q, %d certificates, unverified %v", got.Format, len(got.Entries), got.Unverified)
			}
			for i, e := range got.Entries {
				if e.Alias != s.Entries[i].Alias || e.Ignored {
					t.Errorf("entry %d is %q (ignored %v), want %q", i, e.Alias, e.Ignored, s.Entries[i].Alias)
				}
				if f == store.JKS && !e.Added.Equal(at) {
					t.Errorf("entry %d is of %v, want %v", i, e.Added, at)
				}
			}
			if again := encode(t, got); !bytes.Equal(again, data) {
				t.Error("reading and writing changes the bytes")
			}
		})
	}
}

func TestSameInputAndTimeGiveTheSameBytes(t *testing.T) {
	t.Parallel()
	certs := cas(t)
	for _, f := range many() {
		one, two := encode(t, makeStore(t, f, certs...)), encode(t, makeStore(t, f, certs...))
		if !bytes.Equal(one, two) {
			t.Errorf("%s: two encodings differ", f)
		}
	}
}

func TestTheSaltTellsNothingOfThePassword(t *testing.T) {
	t.Parallel()
	s := makeStore(t, store.PKCS12, cas(t)...)
	one, err := store.Encode(s, "first-password", at)
	if err != nil {
		t.Fatal(err)
	}
	two, err := store.Encode(s, "other-password", at)
	if err != nil {
		t.Fatal(err)
	}
	// The MAC salt is before the iteration count, which ends the file.
	const tail = 20 + 4
	if !bytes.Equal(one[len(one)-tail:], two[len(two)-tail:]) {
		t.Error("the MAC salt depends on the password")
	}
}

func TestDERIsForOneCertificateOnly(t *testing.T) {
	t.Parallel()
	certs := cas(t)
	data := encode(t, makeStore(t, store.DER, certs[0]))
	if got, err := store.Decode(data, ""); err != nil || got.Format != store.DER || !sameCerts(got.Certs(), certs[:1]) {
		t.Errorf("read %+v, %v", got, err)
	}
	if _, err := store.Encode(makeStore(t, store.DER, certs...), "", at); err == nil {
		t.Error("several certificates went into one DER file")
	}
}

func TestAWrongPasswordIsNamed(t *testing.T) {
	t.Parallel()
	for _, f := range []store.Format{store.PKCS12, store.PKCS12Legacy, store.JKS} {
		data := encode(t, makeStore(t, f, cas(t)...))
		if _, err := store.Decode(data, "another"); !errors.Is(err, store.ErrPassword) || !strings.Contains(fault.Public(err), "password is wrong") {
			t.Errorf("%s: %v", f, err)
		}
		_, err := store.Decode(data, "")
		if (err == nil) != (f == store.JKS) {
			t.Errorf("%s without a password: %v", f, err)
		}
		if _, err := store.Encode(makeStore(t, f, cas(t)...), "", at); err == nil {
			t.Errorf("%s was written without a password", f)
		}
	}
}

func TestJKSWithoutAPasswordIsUnverified(t *testing.T) {
	t.Parallel()
	got, err := store.Decode(encode(t, makeStore(t, store.JKS, cas(t)...)), "")
	if err != nil || !got.Unverified || len(got.Entries) != 8 {
		t.Errorf("read %d entries, unverified %v, %v", len(got.Entries), got.Unverified, err)
	}
}

func TestNonASCIIPasswordsAndAliases(t *testing.T) {
	t.Parallel()
	for _, f := range []store.Format{store.PKCS12, store.PKCS12Legacy, store.JKS} {
		s, _, err := store.Store{Format: f}.Add(cas(t)[:1], "wurzel-für-ümläute-𝄞")
		if err != nil {
			t.Fatal(err)
		}
		data, err := store.Encode(s, "pässwörd𝄞", at)
		if err != nil {
			t.Fatal(err)
		}
		got, err := store.Decode(data, "pässwörd𝄞")
		if err != nil || got.Entries[0].Alias != "wurzel-für-ümläute-𝄞" {
			t.Errorf("%s: %+v, %v", f, got.Entries, err)
		}
		if w := store.PasswordWarning(f, "pässwörd𝄞"); (w == "") != (f == store.JKS) {
			t.Errorf("%s: warning %q", f, w)
		}
	}
}

func TestEveryTruncationAndEveryFlippedBitIsRefused(t *testing.T) {
	t.Parallel()
	for _, f := range []store.Format{store.PKCS12, store.PKCS12Legacy, store.JKS, store.PKCS7, store.DER, store.PEM, store.PKCS7PEM, store.Wallet} {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			cert := selfSigned(t, "CA")
			data := encode(t, makeStore(t, f, cert))
			for n := range data {
				got, err := store.Decode(data[:n], password)
				// A final line break and the dashes before it carry nothing.
				if err == nil && !bytes.Equal(bytes.TrimSpace(data), data[:n]) {
					t.Fatalf("the first %d of %d bytes were read as %d entries", n, len(data), len(got.Entries))
				}
				if err != nil && fault.CodeOf(err) != fault.InvalidParameter && fault.CodeOf(err) != fault.NotBuilt {
					t.Fatalf("truncated to %d: %v is no fault for people", n, err)
				}
			}
			// Only these two formats authenticate what they hold. Each bit of
			// the others' certificates is their signatures' business.
			if f != store.PKCS12 && f != store.JKS {
				return
			}
			step := 1
			if f == store.PKCS12 { // each try costs ten thousand iterations
				step = 37
			}
			for bit := 0; bit < len(data)*8; bit += step {
				damaged := bytes.Clone(data)
				damaged[bit/8] ^= 1 << (bit % 8)
				if got, err := store.Decode(damaged, password); err == nil && !sameCerts(got.Certs(), makeStore(t, f, cert).Certs()) {
					t.Fatalf("bit %d flipped: read other certificates", bit)
				}
			}
		})
	}
}

func TestWhatIsNoTrustStoreIsRefusedByName(t *testing.T) {
	t.Parallel()
	h := pkitest.New(t, "us-east-1", at)
	key, err := pki.EncodeKeyPEM(h.Roots["rds-ca-2019"].Key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := pki.MarshalKey(h.Roots["rds-ca-2019"].Key)
	if err != nil {
		t.Fatal(err)
	}
	root := pki.EncodeCertsPEM(h.Roots["rds-ca-2019"].Cert)
	der := h.Roots["rds-ca-2019"].Cert.Raw
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"nothing":                       {nil, "empty"},
		"a web page":                    {[]byte("<html><body>403</body></html>"), "no PEM certificate"},
		"a private key":                 {key, "private key"},
		"a certificate and its key":     {append(bytes.Clone(root), key...), "private key"},
		"a private key in DER":          {keyDER, "private key"},
		"two DER files joined":          {append(bytes.Clone(der), der...), "follow the end"},
		"half a DER file":               {der[:len(der)/2], "cut off"},
		"the head of an Oracle wallet":  {[]byte{0xa1, 0xf8, 0x4e, 0x36, 0, 0, 0, 6}, "cwallet.sso"},
		"a JCEKS store":                 {[]byte{0xce, 0xce, 0xce, 0xce, 0, 0, 0, 2}, "JCEKS"},
		"BER of indefinite length":      {[]byte{0x30, 0x80, 0x06, 0x03}, "BER"},
		"a JKS header":                  {[]byte{0xfe, 0xed, 0xfe, 0xed}, "cut off"},
		"a very deep DER structure":     {deep(1 << 20), "DER"},
		"more bytes than any store has": {make([]byte, store.MaxSize+1), "longer than"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := store.Decode(c.data, password)
			if err == nil || !strings.Contains(fault.Public(err), c.want) {
				t.Errorf("got %v, want a fault with %q", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "BEGIN PRIVATE") {
				t.Errorf("the error shows the input: %v", err)
			}
		})
	}
}

// deep is as many sequences inside each other as fit.
func deep(size int) []byte {
	b := make([]byte, 0, size)
	grow := func(n int) []byte { // from the inside out, lengths in four bytes
		for i := 0; i < n; i++ {
			l := len(b)
			b = append(b, byte(l), byte(l>>8), byte(l>>16), byte(l>>24), 0x84, 0x30)
		}
		return b
	}
	grow(size / 6)
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return b
}

func TestAnEmptyStoreIsNotWritten(t *testing.T) {
	t.Parallel()
	for _, f := range store.Formats() {
		if _, err := store.Encode(store.Store{Format: f}, password, at); fault.CodeOf(err) != fault.InvalidParameter {
			t.Errorf("%s: %v", f, err)
		}
	}
}

func TestWarningsSayWhatIsOdd(t *testing.T) {
	t.Parallel()
	h := pkitest.New(t, "us-east-1", at)
	leaf, _ := h.Leaf(t, "rds-ca-2019", "db.example")
	s := makeStore(t, store.JKS, h.Roots["rds-ca-2019"].Cert, leaf[0])
	if got := s.Warnings(at); len(got) != 1 || !strings.Contains(got[0], "is no CA") {
		t.Errorf("now: %q", got)
	}
	if got := s.Warnings(at.AddDate(6, 0, 0)); len(got) != 2 || !strings.Contains(got[0], "expired") {
		t.Errorf("in six years: %q", got)
	}
	if got := (store.Store{}).Warnings(time.Now()); len(got) != 1 {
		t.Errorf("empty: %q", got)
	}
}
