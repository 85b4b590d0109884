package pkitest_test

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/pki/pkitest"
)

func TestABridgedServerIsAcceptedByHoldersOfEitherRoot(t *testing.T) {
	t.Parallel()
	h := pkitest.New(t, "us-east-1", time.Now())
	chain, key := h.Bridge(t, "rds-ca-2019", "rds-ca-ecc384-g1", "127.83.1.2", "db.example.com")
	for _, ca := range []string{"rds-ca-2019", "rds-ca-ecc384-g1", "rds-ca-rsa2048-g1"} {
		pool := x509.NewCertPool()
		for _, c := range h.TrustStore(ca) {
			pool.AddCert(c)
		}
		near, far := net.Pipe()
		server := tls.Server(far, &tls.Config{Certificates: []tls.Certificate{pkitest.TLS(chain, key)}})
		go func() { _ = server.Handshake(); _ = far.Close() }()
		err := tls.Client(near, &tls.Config{RootCAs: pool, ServerName: "db.example.com"}).Handshake()
		_ = near.Close()
		if want := ca != "rds-ca-rsa2048-g1"; (err == nil) != want {
			t.Errorf("with the root of %s: %v", ca, err)
		}
	}
}
