package probe_test

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/probe"
)

// unused is a port that nothing listens on.
func unused(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// broken is a server, what a client in verify-full says of it, and the
// strictest mode that is left.
type broken struct {
	address   string
	stage     probe.Stage
	code      probe.Code
	strictest pki.SSLMode
	says      string // in the reason or the fix
	change    func(*probe.Question)
}

func brokenServers(t *testing.T, w world) map[string]broken {
	t.Helper()
	other := issue(t, nil, "Other Root", asCA)
	tls13 := func(c *tls.Config, auth tls.ClientAuthType, version uint16) *tls.Config {
		c.ClientAuth, c.MinVersion, c.MaxVersion = auth, version, version
		return c
	}
	leaf := func(change func(*x509.Certificate)) *tls.Config {
		return served(issue(t, w.issuing, name, func(c *x509.Certificate) { asServer(name)(c); change(c) }), w.issuing)
	}
	serve := func(c *tls.Config) string { return listen(t, "S", handshake(c)) }
	hold := make(chan struct{})
	t.Cleanup(func() { close(hold) })
	none, require, ca := pki.SSLNone, pki.SSLRequire, pki.SSLVerifyCA
	old := served(w.leaf, w.issuing)
	old.MinVersion, old.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	rsaOnly := served(issue(t, w.issuing, name, asServer(name), rsaKey(t, 2048)), w.issuing)
	rsaOnly.MaxVersion, rsaOnly.CipherSuites = tls.VersionTLS12, []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA}
	return map[string]broken{
		"no listener":             {unused(t), probe.StageConnect, probe.ConnectionRefused, "", "refused", nil},
		"no such name":            {"no-such-host.invalid:5432", probe.StageDNS, probe.HostNotFound, "", "no such host", nil},
		"silent":                  {listen(t, "", func(net.Conn) { <-hold }), probe.StageStartTLS, probe.NoAnswer, "", "deadline", nil},
		"silent after the yes":    {listen(t, "S", func(net.Conn) { <-hold }), probe.StageTLS, probe.NoAnswer, "", "deadline", nil},
		"hangs up":                {listen(t, "", func(net.Conn) {}), probe.StageStartTLS, probe.ConnectionClosed, "", "EOF", nil},
		"hangs up in TLS":         {listen(t, "S", func(c net.Conn) { _, _ = c.Read(make([]byte, 9999)) }), probe.StageTLS, probe.ConnectionClosed, none, "", nil},
		"plain only":              {listen(t, "N", func(net.Conn) {}), probe.StageStartTLS, probe.NoTLS, none, "turn TLS on", nil},
		"garbage":                 {listen(t, "HTTP/1.1 400", func(net.Conn) {}), probe.StageStartTLS, probe.WrongProtocol, "", "PostgreSQL", nil},
		"garbage after the yes":   {listen(t, "Shello, world", func(net.Conn) {}), probe.StageTLS, probe.WrongProtocol, none, "", nil},
		"no direct TLS":           {listen(t, "", func(net.Conn) {}), probe.StageStartTLS, probe.NoDirectTLS, "", "--direct", func(q *probe.Question) { q.Target.Start.Direct, q.Target.Engine = true, named(t, "mysql") }},
		"unknown CA":              {serve(served(w.leaf, w.issuing)), probe.StageChain, probe.UnknownCA, require, "CN=Root", func(q *probe.Question) { q.Trust = probe.NewTrust("other", list(other)) }},
		"unknown CA, root sent":   {serve(served(w.leaf, w.issuing, w.root)), probe.StageChain, probe.UnknownCA, require, "ends at root", func(q *probe.Question) { q.Trust = probe.NewTrust("other", list(other)) }},
		"trusts an intermediate":  {serve(served(w.leaf, w.issuing)), probe.StageChain, probe.UnknownCA, require, "CN=Root", func(q *probe.Question) { q.Trust = probe.NewTrust("i", list(w.issuing)) }},
		"no trust at all":         {serve(served(w.leaf, w.issuing)), probe.StageChain, probe.UnknownCA, require, "CN=Root", func(q *probe.Question) { q.Trust = nil }},
		"missing intermediate":    {serve(served(w.leaf)), probe.StageChain, probe.IncompleteChain, require, `issued by "CN=Issuing`, nil},
		"wrong name":              {serve(leaf(func(c *x509.Certificate) { c.DNSNames = []string{"a.example"} })), probe.StageName, probe.WrongName, ca, "a.example", nil},
		"expired":                 {serve(leaf(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })), probe.StageChain, probe.Expired, require, "expired", nil},
		"not yet valid":           {serve(leaf(func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Hour) })), probe.StageChain, probe.NotYetValid, require, "clocks", nil},
		"self-signed":             {serve(served(issue(t, nil, name, asServer(name)))), probe.StageChain, probe.SelfSigned, require, "SHA-256", nil},
		"weak key":                {serve(served(issue(t, w.issuing, name, asServer(name), rsaKey(t, 1024)), w.issuing)), probe.StageChain, probe.WeakKey, require, "1024", nil},
		"SHA-1":                   {serve(served(sha1Leaf(t), w.issuing)), probe.StageChain, probe.WeakKey, require, "SHA1-RSA", nil},
		"protocol too old":        {serve(old), probe.StageTLS, probe.ProtocolTooOld, none, "--legacy-tls, or the endpoint attribute legacyTLS=true", nil},
		"old cipher":              {serve(rsaOnly), probe.StageTLS, probe.NoCommonCipher, none, "--legacy-tls, or the endpoint attribute legacyTLS=true", nil},
		"client certificate, 1.3": {serve(tls13(served(w.leaf, w.issuing), tls.RequireAnyClientCert, tls.VersionTLS13)), probe.StageTLS, probe.ClientCertificateRequired, none, "certificate required", nil},
		"client certificate, 1.2": {serve(tls13(served(w.leaf, w.issuing), tls.RequireAnyClientCert, tls.VersionTLS12)), probe.StageTLS, probe.ClientCertificateRequired, none, "", nil},
		"no server certificate": {serve(leaf(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} })),
			probe.StageChain, probe.NotServerCertificate, require, "server authentication", nil},
		"unknown critical extension": {serve(leaf(func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3, 4}, Critical: true, Value: []byte{5, 0}}}
		})), probe.StageChain, probe.UnknownCriticalExtension, require, "1.2.3.4", nil},
		"no CA in the middle": {serve(served(issue(t, w.leaf, name, asServer(name)), w.leaf, w.issuing)),
			probe.StageChain, probe.InvalidChain, require, "", nil},
		"name refused": {serve(&tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return nil, nil }}), probe.StageTLS, probe.NameRefused, none, "", nil},
	}
}

// sha1Leaf says in a signed certificate that it is signed with SHA-1; the
// standard library makes none any more.
func sha1Leaf(t testing.TB) *cert {
	t.Helper()
	c := issue(t, nil, name, asServer(name), rsaKey(t, 2048))
	var outer struct {
		TBS       asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}
	if _, err := asn1.Unmarshal(c.Raw, &outer); err != nil {
		t.Fatal(err)
	}
	sha256, sha1 := []byte{0x0b, 0x05, 0x00}, []byte{0x05, 0x05, 0x00} // the ends of 1.2.840.113549.1.1.{11,5} and NULL
	tbs := strings.Replace(string(outer.TBS.FullBytes), string(sha256), string(sha1), 1)
	// Another issuer: a self-signed one's own signature protects nothing.
	tbs = strings.Replace(tbs, name, "is.example", 1)
	outer.TBS = asn1.RawValue{FullBytes: []byte(tbs)}
	outer.Algorithm = pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 5}, Parameters: asn1.NullRawValue}
	der, err := asn1.Marshal(outer)
	if err != nil {
		t.Fatal(err)
	}
	if c.Certificate, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return c
}

// Each broken server has its code, at its stage, in every mode that it is
// broken for, and weaker modes than the strictest that is left connect.
func TestBrokenServersHaveTheirCodes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for rule, b := range brokenServers(t, w) {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			q := question(t, b.address, w.trust())
			if b.change != nil {
				b.change(&q)
			}
			limit := 10 * time.Second
			if b.code == probe.NoAnswer {
				limit = 200 * time.Millisecond
			}
			r := ask(t, q, limit)
			if r.OK || r.Stage != b.stage || r.Code != b.code || r.Strictest != b.strictest {
				t.Errorf("%s at %s, strictest %q; want %s at %s, strictest %q: %+v", r.Code, r.Stage, r.Strictest, b.code, b.stage, b.strictest, r.Verdicts)
			}
			v := r.Verdict(pki.SSLVerifyFull)
			if v.Reason == "" || v.Fix == "" || !strings.Contains(v.Reason+v.Fix, b.says) {
				t.Errorf("reason %q, fix %q; want %q in them", v.Reason, v.Fix, b.says)
			}
		})
	}
}
