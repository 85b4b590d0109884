package sqlserver

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
)

const (
	newVersion = "16.00.4245.2.v1" // old protocols and ciphers are off by default
	oldVersion = "15.00.4365.2.v1" // the last of its major version where they are on
)

// Each case is a client that can only come in if the parameters let it.
func TestEveryParameterHasItsEffectOnTheWire(t *testing.T) {
	t.Parallel()
	type params = map[string]string
	pair, trusted := rsaPair(t) // the quick hierarchy has no RSA keys, which some suites need
	clients := map[string]*tls.Config{
		"TLS 1.0":                      {MaxVersion: tls.VersionTLS10},
		"TLS 1.1":                      {MaxVersion: tls.VersionTLS11},
		"TLS 1.2":                      {MaxVersion: tls.VersionTLS12},
		"3DES":                         {MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA}},
		"3DES without elliptic curves": {MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA}},
		"RC4":                          {MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_RSA_WITH_RC4_128_SHA}},
		"RC4 without elliptic curves":  {MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_RC4_128_SHA}},
		"AES without elliptic curves":  {MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA}},
		"X25519":                       {MaxVersion: tls.VersionTLS12, CurvePreferences: []tls.CurveID{tls.X25519}, CipherSuites: []uint16{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}},
	}
	for _, c := range []struct {
		client, version string
		set             params
		in              bool
	}{
		{"TLS 1.0", newVersion, nil, false},
		{"TLS 1.0", newVersion, params{tls10: enabled}, true},
		{"TLS 1.0", oldVersion, nil, true},
		{"TLS 1.0", oldVersion, params{tls10: byDefault}, true},
		{"TLS 1.0", oldVersion, params{tls10: disabled}, false},
		{"TLS 1.0", newVersion, params{tls11: enabled}, false},
		{"TLS 1.1", newVersion, nil, false},
		{"TLS 1.1", newVersion, params{tls11: enabled}, true},
		{"TLS 1.1", oldVersion, nil, true},
		{"TLS 1.1", oldVersion, params{tls11: disabled, tls10: disabled}, false},
		{"TLS 1.2", newVersion, params{tls12: "disabled"}, true}, // locked
		{"TLS 1.2", oldVersion, nil, true},
		{"RC4", newVersion, nil, false},
		{"RC4", newVersion, params{rc4: enabled}, true},
		{"RC4", newVersion, params{rc4: enabled, fips: "1"}, false},
		{"RC4", oldVersion, nil, true},
		{"RC4", oldVersion, params{rc4: disabled}, false},
		{"RC4 without elliptic curves", newVersion, nil, false},
		{"RC4 without elliptic curves", newVersion, params{rc4: enabled}, true},
		{"3DES", newVersion, nil, false},
		{"3DES", newVersion, params{tripleDES: enabled}, true},
		{"3DES", newVersion, params{tripleDES: enabled, fips: "1"}, true}, // FIPS 140-2 approves it
		{"3DES", oldVersion, nil, true},
		{"3DES", oldVersion, params{tripleDES: disabled}, false},
		{"3DES without elliptic curves", newVersion, nil, false},
		{"3DES without elliptic curves", newVersion, params{tripleDES: enabled}, true},
		{"AES without elliptic curves", newVersion, nil, true},
		{"X25519", newVersion, nil, false},
		{"X25519", newVersion, params{curve25519: enabled}, true},
		{"X25519", newVersion, params{curve25519: enabled, fips: "1"}, false},
		{"X25519", oldVersion, params{curve25519: disabled}, false},
	} {
		t.Run(fmt.Sprint(c.client, " at ", c.version, " with ", c.set), func(t *testing.T) {
			t.Parallel()
			h, _ := instance(t, c.version, c.set)
			h.Certificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &pair, nil }
			config := clients[c.client].Clone()
			config.RootCAs, config.MinVersion = trusted, tls.VersionTLS10
			conn, _, err := handshake(t, h, engine.Start{}, config)
			if (err == nil) != c.in {
				t.Fatalf("handshake = %v, want success %v", err, c.in)
			}
			if err == nil && conn.ConnectionState().Version != config.MaxVersion {
				t.Errorf("version %x, want %x", conn.ConnectionState().Version, config.MaxVersion)
			}
		})
	}
}

// rsaPair is a server certificate with an RSA key, and what to trust for it.
func rsaPair(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"db.example"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}, &x509.Certificate{Subject: pkix.Name{CommonName: "CA"}}, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: cert}, pool
}

// Schannel gives a client the best that both have; so 1.1 may be missing
// between 1.0 and 1.2.
func TestAGapInTheVersionsIsKept(t *testing.T) {
	t.Parallel()
	h, world := instance(t, newVersion, map[string]string{tls10: enabled})
	c, _, err := handshake(t, h, engine.Start{}, &tls.Config{RootCAs: roots(world), MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11})
	if err != nil || c.ConnectionState().Version != tls.VersionTLS10 {
		t.Errorf("a client of 1.0 and 1.1: %v, want TLS 1.0", err)
	}
}

func TestFIPSLeavesNoTLS13WithChaCha20(t *testing.T) {
	t.Parallel()
	h, world := instance(t, newVersion, map[string]string{fips: "1"})
	c, _, err := handshake(t, h, engine.Start{Direct: true}, &tls.Config{RootCAs: roots(world)})
	if err != nil || c.ConnectionState().Version != tls.VersionTLS12 {
		t.Errorf("TLS first with %s: %v", fips, err)
	}
}

func TestCatalogueIsSound(t *testing.T) {
	t.Parallel()
	for _, e := range Editions() {
		for fam, v := range e.Spec.Families() {
			for _, p := range e.Spec.Parameters(v) {
				if got, err := p.Canonical(p.Default); err != nil || got != p.Default {
					t.Errorf("%s %s: default %q is %q, %v", fam, p.Name, p.Default, got, err)
				}
				if p.ApplyType != engine.Static || p.Description == "" {
					t.Errorf("%s %s: %+v", fam, p.Name, p)
				}
			}
		}
	}
	if got := len(parameters()); got != 10 {
		t.Errorf("%d parameters: test the effect of a new one", got)
	}
}

func TestVersionsAndFamilies(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, e := range Editions() {
		names[e.Name()] = true
		s := e.Spec
		if got := s.Families(); len(got) != 4 || got[e.Name()+"-15.0"] != "15.00.4460.4.v1" {
			t.Errorf("%s: families %v", e.Name(), got)
		}
		if s.Major("15.00.4335.1.v1") != "15.00" || s.HotReload(newVersion) || s.DefaultPort != 1433 {
			t.Errorf("%s: %+v", e.Name(), s)
		}
		for i := 1; i < len(s.Versions); i++ {
			if engine.CompareVersions(s.Versions[i-1], s.Versions[i]) >= 0 {
				t.Errorf("%s is not older than %s", s.Versions[i-1], s.Versions[i])
			}
		}
	}
	for _, name := range []string{"sqlserver-ee", "sqlserver-se", "sqlserver-ex", "sqlserver-web"} {
		if !names[name] {
			t.Errorf("no %s", name)
		}
	}
	for v, want := range map[string]bool{
		"16.00.4120.1.v1": true, "16.00.4125.3.v1": false, "15.00.4365.2.v1": true, "15.00.4375.4.v1": false,
		"14.00.3465.1.v1": true, "14.00.3471.2.v1": false, "13.00.6435.1.v1": true, "13.00.6441.1.v1": false,
		"17.00.1000.1.v1": false,
	} {
		if oldCiphers(v) != want {
			t.Errorf("oldCiphers(%s) = %v", v, !want)
		}
	}
}
