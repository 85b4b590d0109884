package fleet_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	mssql "github.com/microsoft/go-mssqldb"
	"github.com/microsoft/go-mssqldb/msdsn"

	"github.com/dbtls/dbtls/e2e/harness"
)

// The tests look at the wire with handshakes of their own, so that a mistake in
// dbtls's probe cannot hide from them.

const dialPatience = 30 * time.Second

func (db *database) endpoint() string { return net.JoinHostPort(db.address, strconv.Itoa(db.port)) }

func (db *database) speaksPostgres() bool {
	return strings.Contains(db.engine, "postgres") || db.engine == "redshift"
}

func (db *database) speaksMySQL() bool {
	return strings.Contains(db.engine, "mysql") || db.engine == "mariadb"
}

func (db *database) speaksTDS() bool { return strings.HasPrefix(db.engine, "sqlserver-") }

// connect goes into TLS as the product's clients do, verifies chain and address
// with nothing but roots trusted, and returns the connection.
func (db *database) connect(ctx context.Context, roots *x509.CertPool) (*tls.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialPatience)
	defer cancel()
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", db.endpoint())
	if err != nil {
		return nil, err
	}
	s, err := db.secure(ctx, c, roots)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s (%s %s): %w", db.name, db.engine, db.version, err), c.Close())
	}
	return s, nil
}

func (db *database) secure(ctx context.Context, c net.Conn, roots *x509.CertPool) (*tls.Conn, error) {
	if end, ok := ctx.Deadline(); ok {
		if err := c.SetDeadline(end); err != nil {
			return nil, err
		}
	}
	var err error
	switch {
	case db.speaksPostgres():
		err = harness.AskPostgres(c)
	case db.speaksMySQL():
		err = harness.AskMySQL(c)
	}
	if err != nil {
		return nil, err
	}
	s := tls.Client(c, &tls.Config{RootCAs: roots, ServerName: db.address})
	return s, s.HandshakeContext(ctx)
}

// leaf is the certificate that is served, when its chain verifies with roots.
func (db *database) leaf(ctx context.Context, roots *x509.CertPool) (*x509.Certificate, error) {
	if db.speaksTDS() {
		return db.leafTDS(ctx, roots)
	}
	c, err := db.connect(ctx, roots)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return c.ConnectionState().PeerCertificates[0], nil
}

// leafTDS has the driver do TLS within TDS, up to a login that succeeds.
func (db *database) leafTDS(ctx context.Context, roots *x509.CertPool) (*x509.Certificate, error) {
	ctx, cancel := context.WithTimeout(ctx, dialPatience)
	defer cancel()
	dsn := url.URL{Scheme: "sqlserver", User: url.UserPassword(user, password), Host: db.endpoint(), RawQuery: "encrypt=true"}
	cfg, err := msdsn.Parse(dsn.String())
	if err != nil {
		return nil, err
	}
	var leaf *x509.Certificate
	cfg.TLSConfig = &tls.Config{RootCAs: roots, ServerName: db.address, VerifyConnection: func(s tls.ConnectionState) error {
		leaf = s.PeerCertificates[0]
		return nil
	}}
	client := sql.OpenDB(mssql.NewConnectorConfig(cfg))
	defer client.Close()
	if err := client.PingContext(ctx); err != nil {
		return nil, fmt.Errorf("%s (%s %s): %w", db.name, db.engine, db.version, err)
	}
	return leaf, nil
}

// plainPostgres begins a session without TLS and reports whether TLS is what it is
// refused for (28000, invalid_authorization_specification) or whether it gets as
// far as one with TLS does, where a simulated instance says that it is one.
func (db *database) plainPostgres(ctx context.Context) (let bool, err error) {
	c, err := (&net.Dialer{Timeout: dialPatience}).DialContext(ctx, "tcp", db.endpoint())
	if err != nil {
		return false, err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(dialPatience)); err != nil {
		return false, err
	}
	body := "\x00\x03\x00\x00user\x00" + user + "\x00database\x00postgres\x00\x00"
	if _, err := c.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(body)+4)), body...)); err != nil {
		return false, err
	}
	answer := make([]byte, 512)
	n, err := c.Read(answer)
	switch {
	case err != nil:
		return false, err
	case answer[0] == 'E' && strings.Contains(string(answer[:n]), "C0A000\x00Mthis instance is simulated"):
		return true, nil
	case answer[0] == 'E' && strings.Contains(string(answer[:n]), "C28000\x00"):
		return false, nil
	}
	return false, fmt.Errorf("%s answers %q", db.name, answer[:n])
}

// plainTDS offers a PRELOGIN without encryption (MS-TDS 2.2.6.5) and returns the
// server's word on it: 0 off, 1 on, 2 not supported, 3 required.
func (db *database) plainTDS(ctx context.Context) (byte, error) {
	c, err := (&net.Dialer{Timeout: dialPatience}).DialContext(ctx, "tcp", db.endpoint())
	if err != nil {
		return 0, err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(dialPatience)); err != nil {
		return 0, err
	}
	options := []byte{0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xff, 16, 0, 0, 0, 0, 0, 0} // VERSION at 11, ENCRYPTION at 17: off
	packet := append([]byte{0x12, 1, 0, byte(8 + len(options)), 0, 0, 1, 0}, options...)
	if _, err := c.Write(packet); err != nil {
		return 0, err
	}
	answer := make([]byte, 4096)
	n, err := c.Read(answer)
	if err != nil {
		return 0, err
	}
	for at := 8; at+5 <= n && answer[at] != 0xff; at += 5 {
		value := 8 + int(binary.BigEndian.Uint16(answer[at+1:]))
		if answer[at] == 1 && value < n {
			return answer[value], nil
		}
	}
	return 0, fmt.Errorf("%s answers a PRELOGIN with %x", db.name, answer[:n])
}
