package rotation_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/e2e/harness"
)

// The tests look at the wire with a handshake of their own, so that a mistake
// in dbtls's probe cannot hide from them.

const dialPatience = 10 * time.Second

// served makes a handshake at an instance and returns the chain it sends. It
// judges nothing.
func served(ctx context.Context, i harness.Instance) ([]*x509.Certificate, error) {
	ctx, cancel := context.WithTimeout(ctx, dialPatience)
	defer cancel()
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", endpoint(i))
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if end, ok := ctx.Deadline(); ok {
		if err := c.SetDeadline(end); err != nil {
			return nil, err
		}
	}
	ask := harness.AskPostgres
	if i.Engine == "mariadb" {
		ask = harness.AskMySQL
	}
	if err := ask(c); err != nil {
		return nil, err
	}
	s := tls.Client(c, &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // the chain is judged by the caller
	if err := s.HandshakeContext(ctx); err != nil {
		return nil, err
	}
	return s.ConnectionState().PeerCertificates, nil
}

func endpoint(i harness.Instance) string { return net.JoinHostPort(i.Address, strconv.Itoa(i.Port)) }

// mustServe is served for a test that cannot go on without.
func mustServe(t *testing.T, i harness.Instance) []*x509.Certificate {
	t.Helper()
	chain, err := served(t.Context(), i)
	if err != nil {
		t.Fatalf("handshake at %s: %v", i.Name, err)
	}
	return chain
}

// verifies checks a served chain as a client does that trusts the roots in one
// PEM file and nothing else.
func verifies(chain []*x509.Certificate, roots, host string) error {
	text, err := os.ReadFile(roots)
	if err != nil {
		return err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return fmt.Errorf("no certificate in %q", roots)
	}
	if len(chain) == 0 {
		return errors.New("the chain is empty")
	}
	rest := x509.NewCertPool()
	for _, c := range chain[1:] {
		rest.AddCert(c)
	}
	_, err = chain[0].Verify(x509.VerifyOptions{Roots: pool, Intermediates: rest, DNSName: host, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	return err
}

// cli connects with the engine's own client, verify-full, trusting one file.
func cli(t *testing.T, i harness.Instance, roots string) error {
	t.Helper()
	ask := harness.Psql
	if i.Engine == "mariadb" {
		ask = harness.MariaDB
	}
	out, err := ask(t, i, roots, "SELECT 40+2")
	if err == nil && !strings.Contains(out, "42") {
		err = fmt.Errorf("the client printed %q", out)
	}
	return err
}

// sameSerial compares a certificate with a serial in any usual hex form.
func sameSerial(c *x509.Certificate, hex string) bool {
	n, ok := new(big.Int).SetString(strings.ReplaceAll(hex, ":", ""), 16)
	return ok && n.Cmp(c.SerialNumber) == 0
}

// readCert reads the first certificate of a PEM file.
func readCert(t *testing.T, file string) *x509.Certificate {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		t.Fatalf("no PEM in %q", file)
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
