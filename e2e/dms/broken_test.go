package dms_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/e2e/harness"
)

type cert struct {
	*x509.Certificate
	key crypto.Signer
}

// issue makes a certificate by parent, or by itself.
func issue(t *testing.T, parent *cert, cn string, change func(*x509.Certificate), keys ...crypto.Signer) *cert {
	t.Helper()
	c := &cert{Certificate: &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: cn},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0)}}
	change(c.Certificate)
	var err error
	if len(keys) > 0 {
		c.key = keys[0]
	} else if c.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	by := parent
	if by == nil {
		by = c
	}
	der, err := x509.CreateCertificate(rand.Reader, c.Certificate, by.Certificate, c.key.Public(), by.key)
	if err != nil {
		t.Fatal(err)
	}
	if c.Certificate, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return c
}

func asCA(c *x509.Certificate) {
	c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
}

func asServer(c *x509.Certificate) {
	c.IPAddresses, c.ExtKeyUsage = []net.IP{net.IPv4(127, 0, 0, 1)}, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
}

// tlsConfig serves leaf with the rest of its chain.
func tlsConfig(leaf *cert, rest ...*cert) *tls.Config {
	p := tls.Certificate{PrivateKey: leaf.key, Certificate: [][]byte{leaf.Raw}}
	for _, c := range rest {
		p.Certificate = append(p.Certificate, c.Raw)
	}
	return &tls.Config{Certificates: []tls.Certificate{p}}
}

// listen serves connections until the test ends and returns the port.
func listen(t *testing.T, f func(net.Conn)) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				f(c)
			}()
		}
	}()
	return l.Addr().(*net.TCPAddr).Port
}

// answers is a server of PostgreSQL's protocol up to its answer to a request
// for TLS.
func answers(answer string, then func(net.Conn)) func(net.Conn) {
	return func(c net.Conn) {
		_, _ = c.Read(make([]byte, 8))
		_, _ = c.Write([]byte(answer))
		then(c)
	}
}

// speaks makes a handshake, then what refusal says to whoever logs in.
func speaks(config *tls.Config, refusal string) func(net.Conn) {
	return answers("S", func(c net.Conn) {
		s := tls.Server(c, config)
		if s.Handshake() != nil {
			return
		}
		if n, _ := s.Read(make([]byte, 512)); n > 0 && refusal != "" {
			_, _ = s.Write([]byte(refusal))
			_, _ = s.Read(make([]byte, 512))
		}
		_ = s.Close()
	})
}

// noLogin is an ErrorResponse of PostgreSQL: wrong password.
func noLogin() string {
	const fields = "SFATAL\x00C28P01\x00Mpassword authentication failed\x00\x00"
	return string(binary.BigEndian.AppendUint32([]byte{'E'}, uint32(4+len(fields)))) + fields
}

func TestFourteenBrokenServersHaveFourteenCodesWithAStageAndAFix(t *testing.T) {
	s := harness.Start(t, harness.Data(t), "--provider", "simulated")
	rep := worker(t, s)
	root := issue(t, nil, "Root", asCA)
	issuing := issue(t, root, "Issuing", asCA)
	leaf := issue(t, issuing, "db", asServer)
	stranger := issue(t, nil, "Stranger", asCA)
	strange := issue(t, stranger, "db", asServer)
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	with := func(change func(*x509.Certificate), keys ...crypto.Signer) func(net.Conn) {
		return speaks(tlsConfig(issue(t, issuing, "db", func(c *x509.Certificate) { asServer(c); change(c) }, keys...), issuing), "")
	}
	old, mutual := tlsConfig(leaf, issuing), tlsConfig(leaf, issuing)
	old.MinVersion, old.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	mutual.ClientAuth = tls.RequireAnyClientCert
	hold := make(chan struct{})
	defer close(hold)
	sum := sha256.Sum256(stranger.Raw)
	ca := must(t, s, "ImportCertificate", object{"CertificateIdentifier": "ca", "CertificatePem": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Raw}))}, "Certificate", "CertificateArn")
	seen := map[string]bool{}
	var looks []func()
	for _, c := range []struct {
		name, stage, code, strictest, says string
		serve                              func(net.Conn)
	}{
		{"none-listens", "connect", "ConnectionRefused", "", "check the port", nil},
		{"silent", "starttls", "NoAnswer", "", "overloaded", func(net.Conn) { <-hold }},
		{"plain-only", "starttls", "NoTLS", "none", "turn TLS on", answers("N", func(net.Conn) {})},
		{"garbage", "starttls", "WrongProtocol", "", "engine", answers("HTTP/1.1 400", func(net.Conn) {})},
		{"unknown-ca", "chain", "UnknownCA", "require", "CN=Stranger, SHA-256 " + hex.EncodeToString(sum[:]), speaks(tlsConfig(strange, stranger), "")},
		{"missing-intermediate", "chain", "IncompleteChain", "require", "Missing certificate: CN=Issuing", speaks(tlsConfig(leaf), "")},
		{"wrong-name", "name", "WrongName", "verify-ca", "set ServerName", with(func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, []string{"a.example"} })},
		{"expired", "chain", "Expired", "require", "renew", with(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })},
		{"not-yet-valid", "chain", "NotYetValid", "require", "clocks", with(func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Hour) })},
		{"self-signed", "chain", "SelfSigned", "require", "SslMode require", speaks(tlsConfig(issue(t, nil, "alone", asServer)), "")},
		{"weak-key", "chain", "WeakKey", "require", "1024", with(func(*x509.Certificate) {}, weak)},
		{"too-old", "tls", "ProtocolTooOld", "none", "legacyTLS=true", speaks(old, "")},
		{"client-certificate", "tls", "ClientCertificateRequired", "none", "certificate", speaks(mutual, "")},
		{"no-login", "login", "LoginRefused", "verify-full", "TLS verified, listener reached", speaks(tlsConfig(leaf, issuing), noLogin())},
	} {
		port := 1
		if c.serve != nil {
			port = listen(t, c.serve)
		}
		arn := must(t, s, "CreateEndpoint", object{"EndpointIdentifier": c.name, "EndpointType": "source", "EngineName": "postgres", "ServerName": "127.0.0.1", "Port": port,
			"Username": user, "Password": password, "DatabaseName": "shop", "SslMode": "verify-full", "CertificateArn": ca}, "Endpoint", "EndpointArn")
		must(t, s, "TestConnection", object{"ReplicationInstanceArn": rep, "EndpointArn": arn})
		looks = append(looks, func() {
			o := ended(t, s, c.name)
			shown := must(t, s, "DescribeConnections", object{"Filters": []object{{"Name": "endpoint-arn", "Values": []any{arn}}}}, "Connections").([]any)[0].(object)
			message, _ := shown["LastFailureMessage"].(string)
			if o.Status != "failed" || o.Outcome.Code != c.code || o.Outcome.Stage != c.stage || o.Outcome.Strictest != c.strictest || o.Outcome.Fix == "" || seen[o.Outcome.Code] {
				t.Errorf("%s: %+v", c.name, o)
			}
			if shown["Status"] != "failed" || len(message) > 1100 || !strings.Contains(message, c.says) || !strings.Contains(message, "Fix: ") || strings.Contains(message, password) {
				t.Errorf("%s: %q", c.name, message)
			}
			seen[o.Outcome.Code] = true
		})
	}
	for _, look := range looks { // all tests run at once
		look()
	}
}
