package probe_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/probe"
)

// wanted is what dbtls probe has to say of a broken server.
type wanted struct {
	port  int
	trust *cert // nil: the CA that issued
	stage string
	code  string
}

// listener answers SSLRequest with answer and then does as serve does.
func listener(t *testing.T, answer string, serve func(net.Conn)) int {
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
				if _, err := io.ReadFull(c, make([]byte, 8)); err == nil {
					_, _ = io.WriteString(c, answer)
					serve(c)
				}
			}()
		}
	}()
	return l.Addr().(*net.TCPAddr).Port
}

func overTLS(t *testing.T, config *tls.Config, chain ...*cert) int {
	t.Helper()
	config.Certificates = []tls.Certificate{*pair(chain)}
	return listener(t, "S", func(c net.Conn) {
		s := tls.Server(c, config)
		if s.Handshake() == nil {
			_, _ = io.Copy(io.Discard, s)
		}
	})
}

// thirteen are the broken servers that show without a login.
func thirteen(t *testing.T) (map[string]wanted, *cert) {
	t.Helper()
	root, other := issue(t, nil, "Root", asCA), issue(t, nil, "Other", asCA)
	mid := issue(t, root, "Issuing", asCA)
	good := issue(t, mid, host, asServer(host))
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	leaf := func(change func(*x509.Certificate)) int {
		return overTLS(t, &tls.Config{}, issue(t, mid, host, both(asServer(host), change)), mid)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := l.Addr().(*net.TCPAddr).Port
	_ = l.Close()
	hold := make(chan struct{})
	t.Cleanup(func() { close(hold) })
	return map[string]wanted{
		"no listener":          {gone, nil, "connect", "ConnectionRefused"},
		"silent":               {listener(t, "", func(net.Conn) { <-hold }), nil, "starttls", "NoAnswer"},
		"plain only":           {serve(t, "postgres", cell{chain: []*cert{good, mid}, plain: true}, noTLSPostgres), nil, "starttls", "NoTLS"},
		"garbage":              {listener(t, "HTTP/1.0 400 Bad Request", func(net.Conn) {}), nil, "starttls", "WrongProtocol"},
		"unknown CA":           {overTLS(t, &tls.Config{}, good, mid), other, "chain", "UnknownCA"},
		"missing intermediate": {overTLS(t, &tls.Config{}, good), nil, "chain", "IncompleteChain"},
		"wrong name":           {overTLS(t, &tls.Config{}, issue(t, mid, "a.example.com", asServer("a.example.com")), mid), nil, "name", "WrongName"},
		"expired":              {leaf(func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }), nil, "chain", "Expired"},
		"not yet valid":        {leaf(func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Hour) }), nil, "chain", "NotYetValid"},
		"self-signed":          {overTLS(t, &tls.Config{}, issue(t, nil, host, asServer(host))), nil, "chain", "SelfSigned"},
		"weak key":             {overTLS(t, &tls.Config{}, issueKey(t, mid, host, weak, asServer(host)), mid), nil, "chain", "WeakKey"},
		"protocol too old":     {overTLS(t, &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, good, mid), nil, "tls", "ProtocolTooOld"},
		"client certificate":   {overTLS(t, &tls.Config{ClientAuth: tls.RequireAnyClientCert}, good, mid), nil, "tls", "ClientCertificateRequired"},
	}, root
}

func TestFourteenBrokenServersHaveFourteenCodes(t *testing.T) {
	t.Parallel()
	servers, root := thirteen(t)
	codes := map[string]string{}
	for name, w := range servers {
		trust := root
		if w.trust != nil {
			trust = w.trust
		}
		r := dbtlsProbe(t, "postgres", w.port, caFile(t, []*cert{trust}), host, "verify-full", "--timeout", "2s")
		if r.OK || r.Code != w.code || r.Stage != w.stage {
			t.Errorf("%s: %s at %s, want %s at %s: %+v", name, r.Code, r.Stage, w.code, w.stage, r.Verdicts)
		}
		codes[r.Code] = name
	}
	// The probe itself never logs in: the fourteenth is of connection tests.
	stage, code := probe.LoginCode(fmt.Errorf("log in: %w", errors.Join(engine.ErrLoginRefused, io.EOF)))
	if stage != probe.StageLogin {
		t.Errorf("login refused: stage %s", stage)
	}
	codes[string(code)] = "login refused"
	if len(codes) != 14 {
		t.Errorf("%d codes: %v", len(codes), codes)
	}
}
