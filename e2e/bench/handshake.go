package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
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
	ask := askPostgres
	if i.Engine == "mysql" {
		ask = askMySQL
	}
	if err := ask(c); err != nil {
		return err
	}
	return tls.Client(c, &tls.Config{RootCAs: roots, ServerName: i.Address}).HandshakeContext(ctx)
}

// askPostgres sends an SSLRequest (PostgreSQL manual, 55.2.10).
func askPostgres(c net.Conn) error {
	if _, err := c.Write([]byte{0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f}); err != nil {
		return err
	}
	answer := make([]byte, 1)
	if _, err := io.ReadFull(c, answer); err != nil {
		return err
	}
	if answer[0] != 'S' {
		return fmt.Errorf("the server answers %q to an SSLRequest", answer)
	}
	return nil
}

// askMySQL reads the greeting and asks for TLS in a packet of 32 bytes (MySQL
// internals manual, Protocol::SSLRequest).
func askMySQL(c net.Conn) error {
	head := make([]byte, 4)
	if _, err := io.ReadFull(c, head); err != nil {
		return err
	}
	greeting := make([]byte, int(head[0])|int(head[1])<<8|int(head[2])<<16)
	if _, err := io.ReadFull(c, greeting); err != nil {
		return err
	}
	if len(greeting) == 0 || greeting[0] != 10 {
		return errors.New("the server does not greet as MySQL does")
	}
	p := make([]byte, 36)
	p[0], p[3] = 32, head[3]+1
	binary.LittleEndian.PutUint32(p[4:], 1<<9|1<<11|1<<15) // PROTOCOL_41, SSL, SECURE_CONNECTION
	binary.LittleEndian.PutUint32(p[8:], 1<<24)            // longest packet
	p[12] = 45                                             // utf8mb4
	_, err := c.Write(p)
	return err
}
