package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"time"

	"github.com/dbtls/dbtls/e2e/harness"
)

// The handshakes are this program's own, so that a mistake in dbtls's probe
// cannot hide from them.

// handshake goes into TLS as the product's clients do, trusting roots and
// nothing else, and verifies chain and address.
func handshake(ctx context.Context, i instance, roots *x509.CertPool) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", i.endpoint())
	if err != nil {
		return err
	}
	defer c.Close()
	if end, ok := ctx.Deadline(); ok {
		if err := c.SetDeadline(end); err != nil {
			return err
		}
	}
	ask := harness.AskPostgres
	if i.Engine == "mysql" {
		ask = harness.AskMySQL
	}
	if err := ask(c); err != nil {
		return err
	}
	return tls.Client(c, &tls.Config{RootCAs: roots, ServerName: i.Address}).HandshakeContext(ctx)
}
