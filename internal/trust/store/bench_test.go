package store_test

import (
	"crypto/x509"
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/trust/store"
)

// bundleSize is that of a global bundle: the CAs of some thirty regions.
const bundleSize = 130

func bundle(b *testing.B) []*x509.Certificate {
	b.Helper()
	certs := make([]*x509.Certificate, bundleSize)
	for i := range certs {
		certs[i] = selfSigned(b, fmt.Sprintf("Region %d Root CA", i))
	}
	return certs
}

// BenchmarkBuild reads a PEM bundle of 130 certificates and encodes it.
func BenchmarkBuild(b *testing.B) {
	in := pki.EncodeCertsPEM(bundle(b)...)
	for _, f := range []store.Format{store.JKS, store.PKCS12, store.PKCS12Legacy, store.Wallet, store.PKCS7, store.PEM} {
		b.Run(string(f), func(b *testing.B) {
			for b.Loop() {
				s, err := store.Decode(in, "")
				if err != nil {
					b.Fatal(err)
				}
				encode(b, makeStore(b, f, s.Certs()...))
			}
		})
	}
}

// BenchmarkKeytool is the yardstick: one keytool call that imports a single
// certificate (the published script makes one for each of the 130), and one
// call that converts a whole store of 130.
func BenchmarkKeytool(b *testing.B) {
	if _, err := exec.LookPath("keytool"); err != nil {
		b.Skip("SKIPPED: keytool is not installed")
	}
	certs := bundle(b)
	one, all := file(b, "one.der", certs[0].Raw), file(b, "all.p12", encode(b, makeStore(b, store.PKCS12, certs...)))
	run := func(b *testing.B, args ...string) {
		n := 0
		dir := b.TempDir()
		for b.Loop() {
			n++
			out, err := exec.Command("keytool", append(args, filepath.Join(dir, fmt.Sprint(n)))...).CombinedOutput()
			if err != nil {
				b.Fatalf("%v: %s", err, out)
			}
		}
	}
	b.Run("one call for each of 130, one of them", func(b *testing.B) {
		run(b, "-importcert", "-noprompt", "-alias", "a", "-storetype", "jks", "-storepass", password, "-file", one, "-keystore")
	})
	b.Run("one call for all 130", func(b *testing.B) {
		run(b, "-importkeystore", "-noprompt", "-srckeystore", all, "-srcstoretype", "pkcs12", "-srcstorepass", password,
			"-deststoretype", "jks", "-deststorepass", password, "-destkeystore")
	})
}
