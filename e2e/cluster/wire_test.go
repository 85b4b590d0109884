package cluster_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/dbtls/dbtls/e2e/harness"
)

// The tests look at the wire with a handshake of their own, so that a mistake
// in dbtls's probe cannot hide from them.

const patience = 10 * time.Second

// handshake returns the chain that is served at an endpoint. It judges nothing.
func handshake(ctx context.Context, i harness.Instance, ask func(net.Conn) error) ([]*x509.Certificate, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", hostPort(i))
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
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

func mustServe(t *testing.T, i harness.Instance) []*x509.Certificate {
	t.Helper()
	chain, err := handshake(t.Context(), i, harness.AskPostgres)
	if err != nil {
		t.Fatalf("handshake at %s: %v", i.Name, err)
	}
	return chain
}

// pool reads the roots of one PEM file.
func pool(t *testing.T, file string) *x509.CertPool {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	p := x509.NewCertPool()
	if !p.AppendCertsFromPEM(text) {
		t.Fatalf("no certificate in %q", file)
	}
	return p
}

// verify checks a chain as a client does that trusts roots and nothing else.
func verify(chain []*x509.Certificate, roots *x509.CertPool, host string) error {
	rest := x509.NewCertPool()
	for _, c := range chain[1:] {
		rest.AddCert(c)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: rest, DNSName: host, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	return err
}

// connect opens one session in verify-full with nothing but roots trusted.
func connect(ctx context.Context, i harness.Instance, roots *x509.CertPool) (*pgx.Conn, error) {
	c, err := pgx.ParseConfig(fmt.Sprintf("host=%s port=%d user=%s password=%s dbname=postgres sslmode=verify-full", i.Address, i.Port, i.User, i.Password))
	if err != nil {
		return nil, err
	}
	c.TLSConfig, c.Fallbacks = &tls.Config{RootCAs: roots, ServerName: i.Address}, nil
	return pgx.ConnectConfig(ctx, c)
}

// session is one that the test itself asks over.
func session(t *testing.T, i harness.Instance, roots *x509.CertPool) *pgx.Conn {
	t.Helper()
	c, err := connect(t.Context(), i, roots)
	if err != nil {
		t.Fatalf("connect to %s: %v", i.Name, err)
	}
	t.Cleanup(func() { c.Close(context.Background()) })
	return c
}

// plainRefused reports whether a login without TLS is refused for that. A
// simulated server that does not mind says next that it is simulated.
func plainRefused(ctx context.Context, i harness.Instance) (bool, error) {
	c, err := pgx.ParseConfig(fmt.Sprintf("host=%s port=%d user=%s password=%s dbname=postgres sslmode=disable", i.Address, i.Port, i.User, i.Password))
	if err != nil {
		return false, err
	}
	conn, err := pgx.ConnectConfig(ctx, c)
	var answer *pgconn.PgError
	switch {
	case err == nil:
		return false, conn.Close(ctx)
	case errors.As(err, &answer) && answer.Code == "28000" && strings.Contains(answer.Message, "no encryption"):
		return true, nil
	case errors.As(err, &answer) && answer.Code == "0A000":
		return false, nil
	}
	return false, err
}

// myPlainRefused is plainRefused at a MySQL server
// (https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html).
func myPlainRefused(ctx context.Context, i harness.Instance) (bool, error) {
	c := mysql.NewConfig()
	c.Net, c.Addr, c.User, c.Passwd, c.Logger = "tcp", hostPort(i), i.User, i.Password, &mysql.NopLogger{}
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return false, err
	}
	conn, err := connector.Connect(ctx)
	const secureTransportRequired, unknown = 3159, 1105
	var answer *mysql.MySQLError
	switch {
	case err == nil:
		return false, conn.Close()
	case errors.As(err, &answer) && answer.Number == secureTransportRequired:
		return true, nil
	case errors.As(err, &answer) && answer.Number == unknown && strings.Contains(answer.Message, "simulated instance"):
		return false, nil
	}
	return false, err
}
