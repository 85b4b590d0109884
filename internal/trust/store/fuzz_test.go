package store_test

import (
	"bytes"
	"testing"

	"github.com/dbtls/dbtls/internal/trust/store"
)

// fuzz holds what is true of any input: no panic, and what was read can be
// written and is then read as the same.
func fuzz(f *testing.F, formats ...store.Format) {
	cert, other := selfSigned(f, "CA"), selfSigned(f, "Other CA")
	for _, format := range formats {
		certs := makeStore(f, format, cert, other)
		if format == store.DER {
			certs = makeStore(f, format, cert)
		}
		f.Add(encode(f, certs))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := store.Decode(data, "")
		if err != nil || len(s.Entries) == 0 {
			return
		}
		out, err := store.Encode(s, password, at)
		if err != nil {
			t.Fatalf("read %d entries and cannot write them: %v", len(s.Entries), err)
		}
		again, err := store.Decode(out, password)
		if err != nil || !sameCerts(again.Certs(), s.Certs()) {
			t.Fatalf("wrote %d entries and read %d: %v", len(s.Entries), len(again.Entries), err)
		}
		if twice, err := store.Encode(again, password, at); err != nil || !bytes.Equal(twice, out) {
			t.Fatalf("the second writing differs: %v", err)
		}
	})
}

func FuzzJKS(f *testing.F)    { fuzz(f, store.JKS) }
func FuzzPEM(f *testing.F)    { fuzz(f, store.PEM, store.PKCS7PEM) }
func FuzzWallet(f *testing.F) { fuzz(f, store.Wallet) }
func FuzzDER(f *testing.F)    { fuzz(f, store.DER) }
func FuzzPKCS7(f *testing.F)  { fuzz(f, store.PKCS7) }

// The plain kind has no MAC in the way, so that the fuzzer gets to the bags.
func FuzzPKCS12(f *testing.F) { fuzz(f, store.PKCS12Plain) }

// FuzzPKCS12Protected is the way to the MAC and the decryption.
func FuzzPKCS12Protected(f *testing.F) {
	for _, format := range []store.Format{store.PKCS12, store.PKCS12Legacy} {
		f.Add(encode(f, makeStore(f, format, selfSigned(f, "CA"))), password)
	}
	f.Fuzz(func(t *testing.T, data []byte, pass string) {
		if s, err := store.Decode(data, pass); err == nil && s.Format == "" {
			t.Fatal("read without a format")
		}
	})
}
