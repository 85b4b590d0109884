package wallet

import (
	"bytes"
	"encoding/asn1"
	"os"
	"testing"
)

func TestEveryWalletThatOrapkiMadeReads(t *testing.T) {
	t.Parallel()
	type want struct {
		format            Format
		trusted, pending  int
		user              string
		firstTrusted, key string
	}
	labRoot, self := "CN=Lab Root A,O=Lab,C=US", "CN=localhost"
	for path, w := range map[string]want{
		"o19_local/ewallet.p12":    {Format{AES256, 10000, 0, 0}, 1, 0, "", labRoot, ""},
		"o19_v11/ewallet.p12":      {Format{TripleDES, 10000, 0, 0}, 1, 0, "", labRoot, ""},
		"o19_v11/cwallet.sso":      {Format{TripleDES, 10000, AutoLogin, HeaderAES}, 1, 0, "", labRoot, ""},
		"o23_csr/ewallet.p12":      {Format{AES256, 10000, 0, 0}, 0, 1, "", "", "orakey"},
		"o23_csr/cwallet.sso":      {Format{AES256, 10000, AutoLogin, HeaderAES}, 0, 1, "", "", "orakey"},
		"o23_local/ewallet.p12":    {Format{AES256, 10000, 0, 0}, 1, 0, "", labRoot, ""},
		"o23_only/cwallet.sso":     {Format{AES256, 10000, AutoLoginOnly, HeaderAES}, 1, 0, "", labRoot, ""},
		"o23_self/ewallet.p12":     {Format{AES256, 10000, 0, 0}, 1, 0, self, self, "orakey"},
		"o23_self/cwallet.sso":     {Format{AES256, 10000, AutoLogin, HeaderAES}, 1, 0, self, self, "orakey"},
		"o23_trusted1/ewallet.p12": {Format{AES256, 10000, 0, 0}, 1, 0, "", labRoot, ""},
		"o23_trusted1/cwallet.sso": {Format{AES256, 10000, AutoLogin, HeaderAES}, 1, 0, "", labRoot, ""},
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			got, f, err := parse(path, must[[]byte](t)(os.ReadFile("testdata/"+path)))
			if err != nil {
				t.Fatal(err)
			}
			if f != w.format {
				t.Errorf("format %+v, want %+v", f, w.format)
			}
			trusted := got.Trusted()
			if len(trusted) != w.trusted || (w.trusted > 0 && FormatDN(trusted[0].X509.RawSubject) != w.firstTrusted) {
				t.Errorf("trusted certificates %v, want %d, the first %q", trusted, w.trusted, w.firstTrusted)
			}
			pending := 0
			for _, id := range got.Identities() {
				if id.Name != w.key {
					t.Errorf("key is called %q, want %q", id.Name, w.key)
				}
				signer, err := id.Signer()
				if err != nil {
					t.Fatal(err)
				}
				switch {
				case id.Certificate == nil && id.Request != nil:
					pending++
				case FormatDN(id.Certificate.X509.RawSubject) != w.user || !equalKeys(signer.Public(), id.Certificate.X509.PublicKey):
					t.Errorf("user certificate %q, want %q with its key", FormatDN(id.Certificate.X509.RawSubject), w.user)
				}
			}
			if pending != w.pending || (w.user != "") != (len(got.Identities()) > pending) {
				t.Errorf("%d requests of %d identities; want %d and the user %q", pending, len(got.Identities()), w.pending, w.user)
			}
			if got.Others() != 0 || got.Secrets() != nil {
				t.Errorf("others %d, secrets %v; want none", got.Others(), got.Secrets())
			}
		})
	}
}

// The strongest proof that the encoder writes what Oracle writes: with the
// random bytes that orapki drew, the result is orapki's file.
func TestEveryWalletEncodesToTheVeryBytesOrapkiWrote(t *testing.T) {
	t.Parallel()
	for path, data := range fixtures(t) {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			w, f, err := parse(path, data)
			if err != nil {
				t.Fatal(err)
			}
			var random []byte
			body := data
			if f.Login != 0 {
				h := must[ssoHeader](t)(parseHeader(data))
				random = append(append(random, h.key...), must[[]byte](t)(h.open())...)
				body = data[h.size:]
			}
			source := bytes.NewReader(append(random, drawn(t, body)...))
			var again []byte
			if f.Login != 0 {
				again, err = w.SSO(f, here, source)
			} else {
				again, err = w.P12(fixturePassword, f, source)
			}
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(again, data) {
				t.Errorf("encodes to %d other bytes, want the same %d", len(again), len(data))
			}
			if source.Len() != 0 {
				t.Errorf("%d random bytes were not used", source.Len())
			}
		})
	}
}

// drawn digs out the random bytes of a PFX: salt and IV of the body, salt of
// the MAC.
func drawn(t *testing.T, der []byte) []byte {
	t.Helper()
	p, authSafe, err := outerPFX(der)
	if err != nil {
		t.Fatal(err)
	}
	var infos []contentInfo
	var e encryptedData
	if err := unmarshal(authSafe, &infos); err != nil {
		t.Fatal(err)
	}
	if err := unmarshal(infos[0].Content.Bytes, &e); err != nil {
		t.Fatal(err)
	}
	var out []byte
	var old pbeParams
	if e.Info.Algorithm.Algorithm.Equal(oidPBE3DES()) {
		if err := unmarshal(e.Info.Algorithm.Parameters.FullBytes, &old); err != nil {
			t.Fatal(err)
		}
		out = old.Salt
	} else {
		var two pbes2Params
		var kdf pbkdf2Params
		if _, err := asn1.Unmarshal(e.Info.Algorithm.Parameters.FullBytes, &two); err != nil {
			t.Fatal(err)
		}
		if _, err := asn1.Unmarshal(two.KDF.Parameters.FullBytes, &kdf); err != nil {
			t.Fatal(err)
		}
		out = append(kdf.Salt, must[[]byte](t)(octets(two.Cipher.Parameters.FullBytes))...)
	}
	return append(out, p.MAC.Salt...)
}

func TestWhatAnEditDoesNotTouchStaysAsItWas(t *testing.T) {
	t.Parallel()
	for path, data := range fixtures(t) {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			w, f, err := parse(path, data)
			if err != nil {
				t.Fatal(err)
			}
			before := make([][]byte, len(w.bags))
			for i, b := range w.bags {
				before[i] = b.raw
			}
			added := newCA(t, "Added", nil).cert.Raw
			if _, err := w.AddTrusted(added, "added"); err != nil {
				t.Fatal(err)
			}
			again, _, err := ParseP12(must[[]byte](t)(w.P12("Other-password1", f, nil)), "Other-password1")
			if err != nil {
				t.Fatal(err)
			}
			if len(again.bags) != len(before)+1 {
				t.Fatalf("%d entries, want %d", len(again.bags), len(before)+1)
			}
			for i, raw := range before {
				if !bytes.Equal(again.bags[i].raw, raw) {
					t.Errorf("entry %d changed", i)
				}
			}
			if err := again.RemoveTrusted(added); err != nil {
				t.Fatal(err)
			}
			if old, _, _ := parse(path, data); !again.SameContent(old) {
				t.Error("adding and removing a certificate left something else than before")
			}
		})
	}
}

func TestSecretsAndMarkersAreListedAndKept(t *testing.T) {
	t.Parallel()
	pair := must[[]byte](t)(asn1.Marshal(struct {
		Key, Value string `asn1:"utf8"`
	}{"oracle.security.client.password1", "tiger"}))
	value := must[[]byte](t)(asn1.Marshal(typedBag{Type: oidCredential(), Value: explicit0(pair)}))
	credential := must[*bag](t)(newBag(bagSecret, value, keyAttribute(localKeyID{class: 6, index: 3})))
	marker := must[*bag](t)(newTyped(bagSecret, oidMarker(), []byte{1, 0, 0, 0}, nameAttribute("secret17"), keyAttribute(localKeyID{class: 0x0b})))
	unknown := must[*bag](t)(newBag(6, []byte{0x05, 0x00}))
	w := &Wallet{bags: []*bag{credential, marker, unknown}}
	if _, err := w.AddTrusted(newCA(t, "Root", nil).cert.Raw, ""); err != nil {
		t.Fatal(err)
	}
	again, _, err := ParseSSO(must[[]byte](t)(w.SSO(Format{Login: AutoLoginOnly}, Machine{}, nil)), Machine{})
	if err != nil {
		t.Fatal(err)
	}
	for i, b := range w.bags {
		if !bytes.Equal(again.bags[i].raw, b.raw) {
			t.Errorf("entry %d changed", i)
		}
	}
	if s := again.Secrets(); len(s) != 1 || s[0] != "oracle.security.client.password1" {
		t.Errorf("secrets %q; want the key alone", s)
	}
	if again.Others() != 2 || len(again.Trusted()) != 1 {
		t.Errorf("others %d, trusted %d; want 2 and 1", again.Others(), len(again.Trusted()))
	}
}
