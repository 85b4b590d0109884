package pki_test

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/pki/pkitest"
)

func TestKeysSurviveTheirEncodings(t *testing.T) {
	t.Parallel()
	for _, spec := range []pki.KeySpec{pki.RSA2048, pki.ECC256, pki.ECC384} {
		t.Run(string(spec), func(t *testing.T) {
			t.Parallel()
			key, err := pki.GenerateKey(spec)
			if err != nil {
				t.Fatal(err)
			}
			if got, ok := pki.SpecOf(key.Public()); !ok || got != spec {
				t.Errorf("spec is %q", got)
			}
			text, err := pki.EncodeKeyPEM(key)
			if err != nil {
				t.Fatal(err)
			}
			back, err := pki.ParseKeyPEM(text)
			if err != nil {
				t.Fatal(err)
			}
			if !key.(interface{ Equal(crypto.PrivateKey) bool }).Equal(back) {
				t.Error("another key came back")
			}
		})
	}
	if _, err := pki.GenerateKey("DSA1024"); err == nil {
		t.Error("an unknown spec makes a key")
	}
}

func TestKeysAreRefusedWithoutShowingThem(t *testing.T) {
	t.Parallel()
	text, err := pki.EncodeKeyPEM(pkitest.Key(t))
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	edDER, err := x509.MarshalPKCS8PrivateKey(ed)
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string, der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}) }
	for rule, input := range map[string][]byte{
		"nothing":            nil,
		"text":               []byte("hunter2"),
		"two keys":           append(bytes.Clone(text), text...),
		"a certificate":      block("CERTIFICATE", edDER),
		"an encrypted key":   block("ENCRYPTED PRIVATE KEY", edDER),
		"a key that is cut":  block("PRIVATE KEY", edDER[:20]),
		"a key of no use":    block("PRIVATE KEY", edDER),
		"a PKCS #1 RSA key":  block("RSA PRIVATE KEY", edDER),
		"a key, then a half": append(bytes.Clone(text), "-----BEGIN PRIVATE"...),
	} {
		key, err := pki.ParseKeyPEM(input)
		if key != nil || fault.CodeOf(err) != fault.InvalidParameter {
			t.Errorf("%s: got %v", rule, err)
			continue
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error shows the input: %v", rule, err)
		}
	}
}

func TestWeakRSAKeysAreRefused(t *testing.T) {
	t.Parallel()
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	der, err := pki.MarshalKey(weak)
	if err != nil {
		t.Fatal(err)
	}
	h := pkitest.New(t, "us-east-1", start)
	_, parse := pki.ParseKey(der)
	_, issue := pki.Issue(h.Issuers[pki.DefaultCA], pkitest.Request(t, weak), pki.LeafRequest{CN: "db", Life: year}, start)
	for rule, err := range map[string]error{"as a key": parse, "in a request": issue} {
		if fault.CodeOf(err) != fault.InvalidParameter || !strings.Contains(err.Error(), "1024 bits") {
			t.Errorf("%s: got %v", rule, err)
		}
	}
}

func TestPairs(t *testing.T) {
	t.Parallel()
	h := pkitest.New(t, "us-east-1", start)
	chain, key := h.Leaf(t, pki.DefaultCA, "db")
	if err := pki.CheckPair(chain[0], key.Public()); err != nil {
		t.Error(err)
	}
	for rule, pub := range map[string]any{"another key": pkitest.Key(t).Public(), "another kind": &rsa.PublicKey{}, "none": nil} {
		if err := pki.CheckPair(chain[0], pub); fault.CodeOf(err) != fault.InvalidParameter || !strings.Contains(err.Error(), pki.SerialHex(chain[0])) {
			t.Errorf("%s: got %v", rule, err)
		}
	}
}

func FuzzParseKey(f *testing.F) {
	key, err := pki.GenerateKey(pki.ECC256)
	if err != nil {
		f.Fatal(err)
	}
	der, err := pki.MarshalKey(key)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(der)
	f.Add(der[:30])
	f.Add([]byte{0x30, 0x80})
	f.Fuzz(func(t *testing.T, data []byte) {
		key, err := pki.ParseKey(data)
		if err != nil {
			return
		}
		again, err := pki.MarshalKey(key)
		if err != nil {
			t.Fatalf("an accepted key cannot be encoded: %v", err)
		}
		if _, err := pki.ParseKey(again); err != nil {
			t.Fatalf("an encoded key cannot be read back: %v", err)
		}
	})
}
