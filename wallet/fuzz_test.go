package wallet

import (
	"bytes"
	"encoding/asn1"
	"os"
	"testing"
)

// affordable keeps inputs that ask for much key derivation away: that they
// are bounded is tested elsewhere, and here they would only cost time.
func affordable(pfxDER []byte) bool {
	p, _, err := outerPFX(pfxDER)
	return err != nil || p.MAC.Iterations <= iterations
}

func seedFixtures(f *testing.F) {
	f.Add([]byte{})
	for _, data := range fixtures(f) {
		f.Add(data)
	}
	for _, path := range []string{"testdata/o23_local/cwallet.sso", "testdata/o19_local/cwallet.sso"} {
		if b, err := os.ReadFile(path); err == nil {
			f.Add(b)
		}
	}
}

func FuzzParseP12(f *testing.F) {
	seedFixtures(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		if !affordable(data) {
			return
		}
		w, format, err := ParseP12(data, fixturePassword)
		if err != nil {
			return
		}
		exercise(t, w)
		if _, err := w.P12(fixturePassword, format, nil); err != nil {
			t.Errorf("what was read cannot be written: %v", err)
		}
	})
}

func FuzzParseSSO(f *testing.F) {
	seedFixtures(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		if h, err := parseHeader(data); err == nil && !affordable(data[h.size:]) {
			return
		}
		w, format, err := ParseSSO(data, here)
		if err != nil {
			return
		}
		exercise(t, w)
		if _, err := w.SSO(format, here, nil); err != nil {
			t.Errorf("what was read cannot be written: %v", err)
		}
	})
}

// FuzzSafe is what a hostile file can do that has a right MAC.
func FuzzSafe(f *testing.F) {
	f.Add([]byte{0x30, 0})
	for path, data := range fixtures(f) {
		if w, _, err := parse(path, data); err == nil {
			var raw [][]byte
			for _, b := range w.bags {
				raw = append(raw, b.raw)
			}
			if safe, err := sequence(raw...); err == nil {
				f.Add(safe)
			}
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		left := work(2 * iterations)
		w := New()
		if err := w.readSafe(data, secretOf([]byte(fixturePassword)), &left); err != nil {
			return
		}
		exercise(t, w)
		der, err := w.encode(secretOf([]byte("x")), AES256, 1, bytes.NewReader(make([]byte, 64)))
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		again, _, err := parsePFX(der, secretOf([]byte("x")), &left)
		if err != nil || !again.SameContent(w) {
			t.Errorf("what was written reads as something else: %v", err)
		}
	})
}

// FuzzEncryptedSafe is the parameters of encryption.
func FuzzEncryptedSafe(f *testing.F) {
	for _, body := range []Body{AES256, TripleDES} {
		var e encryptedData
		var err error
		e.Info.Type = oidData()
		if e.Info.Algorithm, e.Info.Content, err = encrypt(body, 1, []byte{0x30, 0}, secretOf([]byte("x")), bytes.NewReader(make([]byte, 64))); err != nil {
			f.Fatal(err)
		}
		inner, err := asn1.Marshal(e)
		if err != nil {
			f.Fatal(err)
		}
		der, err := asn1.Marshal(contentInfo{Type: oidEncrypted(), Content: explicit0(inner)})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(der)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		left := work(1000)
		var format Format
		if _, err := openSafe(data, secretOf([]byte("x")), &left, &format); err == nil && format.Iterations > 1000 {
			t.Errorf("it cost %d iterations", format.Iterations)
		}
	})
}

func FuzzParseDN(f *testing.F) {
	for _, s := range []string{"CN=dms", `CN=x,O="Acme, Inc.",C=US`, `CN=\c3\b6+OU=b`, "2.5.4.3=x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		dn, err := ParseDN(s)
		if err != nil {
			return
		}
		der, err := asn1.Marshal(dn)
		if err != nil {
			return // an object identifier that cannot be encoded
		}
		if !SameDN(der, s) {
			t.Errorf("%q is not itself, but %q", s, FormatDN(der))
		}
	})
}

// exercise asks a wallet everything there is to ask.
func exercise(t *testing.T, w *Wallet) {
	t.Helper()
	_, _, _ = w.Trusted(), w.Secrets(), w.Others()
	for _, id := range w.Identities() {
		if id.Key != nil {
			_, _ = id.Signer()
		}
		if id.Certificate != nil && id.Certificate.X509 != nil {
			_ = w.chain(id.Certificate.X509)
		}
	}
	if !w.SameContent(w) {
		t.Error("a wallet is not itself")
	}
}
