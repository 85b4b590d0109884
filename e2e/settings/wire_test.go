package settings_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	mssql "github.com/microsoft/go-mssqldb"
	"github.com/microsoft/go-mssqldb/msdsn"

	"github.com/dbtls/dbtls/e2e/harness"
)

// The tests look at the wire with handshakes of their own, so that a mistake in
// dbtls's probe cannot hide from them.

const patience = 15 * time.Second

func (d *database) endpoint() string { return net.JoinHostPort(d.Address, strconv.Itoa(d.Port)) }

func (d *database) dial() (net.Conn, error) {
	c, err := net.DialTimeout("tcp", d.endpoint(), patience)
	if err != nil {
		return nil, err
	}
	return c, c.SetDeadline(time.Now().Add(patience))
}

// handshake goes through the product's way into TLS with what is offered, and
// returns what was agreed on. It judges no certificate.
func (d *database) handshake(t *testing.T, offer *tls.Config) (tls.ConnectionState, error) {
	offer = offer.Clone()
	offer.InsecureSkipVerify = true //nolint:gosec // the certificate is not what is asked about
	if strings.HasPrefix(d.Engine, "sqlserver-") {
		return d.tdsHandshake(t, offer)
	}
	c, err := d.dial()
	if err != nil {
		return tls.ConnectionState{}, err
	}
	defer c.Close()
	switch {
	case d.speaksPostgres():
		err = harness.AskPostgres(c)
	case d.speaksMySQL():
		err = harness.AskMySQL(c)
	}
	if err != nil {
		return tls.ConnectionState{}, err
	}
	s := tls.Client(c, offer)
	if err := s.Handshake(); err != nil {
		return tls.ConnectionState{}, err
	}
	return s.ConnectionState(), nil
}

func (d *database) speaksPostgres() bool {
	return strings.Contains(d.Engine, "postgres") || d.Engine == "redshift"
}

func (d *database) speaksMySQL() bool {
	return strings.Contains(d.Engine, "mysql") || d.Engine == "mariadb"
}

// sqlServer opens go-mssqldb with one of its words for encryption; offer, when
// it is not nil, replaces what the driver would offer.
func (d *database) sqlServer(t *testing.T, encrypt string, offer *tls.Config) *sql.DB {
	t.Helper()
	dsn := url.URL{Scheme: "sqlserver", User: url.UserPassword(d.User, d.Password), Host: d.endpoint(), RawQuery: "encrypt=" + encrypt + "&TrustServerCertificate=true&dial+timeout=15"}
	cfg, err := msdsn.Parse(dsn.String())
	if err != nil {
		t.Fatal(err)
	}
	if offer != nil {
		cfg.TLSConfig = offer
	}
	db := sql.OpenDB(mssql.NewConnectorConfig(cfg))
	t.Cleanup(func() { db.Close() })
	return db
}

// tdsHandshake has the driver do TLS within TDS, up to a login that succeeds.
func (d *database) tdsHandshake(t *testing.T, offer *tls.Config) (tls.ConnectionState, error) {
	var seen tls.ConnectionState
	offer.VerifyConnection = func(s tls.ConnectionState) error { seen = s; return nil }
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	db := d.sqlServer(t, "true", offer)
	defer db.Close()
	err := db.PingContext(ctx)
	return seen, err
}

// The outcomes of an attempt without TLS.
const (
	accepted = "accepted"
	refused  = "refused"
)

// plain says what becomes of a client that does not ask for TLS.
func plain(t *testing.T, d *database) (string, error) {
	switch {
	case d.speaksPostgres():
		return d.plainPostgres(t)
	case d.speaksMySQL():
		return d.plainMySQL(t)
	}
	return d.plainMongo(t)
}

// plainPostgres sends a startup packet: a real server asks for the password or
// refuses, a simulated one introduces itself or refuses.
func (d *database) plainPostgres(t *testing.T) (string, error) {
	c, err := d.dial()
	if err != nil {
		return "", err
	}
	defer c.Close()
	body := "\x00\x03\x00\x00user\x00" + d.User + "\x00database\x00postgres\x00\x00"
	if _, err := c.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(body)+4)), body...)); err != nil {
		return "", err
	}
	answer := make([]byte, 4096)
	n, err := c.Read(answer)
	if err != nil {
		return "", err
	}
	switch text := string(answer[:n]); {
	case text[0] == 'R' || strings.Contains(text, "this instance is simulated"):
		return accepted, nil
	case strings.Contains(text, "no pg_hba.conf entry"):
		return refused, nil
	default:
		return "", fmt.Errorf("the server answers %q", text)
	}
}

// plainMySQL logs in with the Go driver. A simulated server has no logins and
// says so to those whom it does not refuse.
func (d *database) plainMySQL(t *testing.T) (string, error) {
	cfg := mysql.NewConfig()
	cfg.User, cfg.Passwd, cfg.Net, cfg.Addr, cfg.Timeout = d.User, d.Password, "tcp", d.endpoint(), patience
	cfg.Logger = &mysql.NopLogger{}
	conn, err := mysql.NewConnector(cfg)
	if err != nil {
		return "", err
	}
	db := sql.OpenDB(conn)
	defer db.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err = db.PingContext(ctx)
	var said *mysql.MySQLError
	switch {
	case err == nil:
		return accepted, nil
	case !errors.As(err, &said):
		return "", err
	case strings.Contains(said.Message, "this is a simulated instance") && strings.Contains(said.Message, "you came without TLS"):
		return accepted, nil
	case said.Number == 3159 || said.Number == 1045: // MySQL's words, and MariaDB's
		return refused, nil
	}
	return "", err
}

// plainMongo sends a hello in an OP_MSG: it is answered, or the server closes.
func (d *database) plainMongo(t *testing.T) (string, error) {
	c, err := d.dial()
	if err != nil {
		return "", err
	}
	defer c.Close()
	doc := "\x10hello\x00\x01\x00\x00\x00\x02$db\x00\x06\x00\x00\x00admin\x00\x00"
	body := "\x00\x00\x00\x00\x00" + string(binary.LittleEndian.AppendUint32(nil, uint32(len(doc)+4))) + doc // flags, section 0
	head := binary.LittleEndian.AppendUint32(nil, uint32(len(body)+16))
	head = append(head, "\x01\x00\x00\x00\x00\x00\x00\x00\xdd\x07\x00\x00"...) // request 1, OP_MSG
	if _, err := c.Write(append(head, body...)); err != nil {
		return "", err
	}
	answer := make([]byte, 4096)
	switch n, err := c.Read(answer); {
	case errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET):
		return refused, nil
	case err != nil:
		return "", err
	case strings.Contains(string(answer[:n]), "isWritablePrimary"):
		return accepted, nil
	default:
		return "", fmt.Errorf("the server answers %q", answer[:n])
	}
}

// leaf is the certificate that is served.
func (d *database) leaf(t *testing.T) *x509.Certificate {
	t.Helper()
	s, err := d.handshake(t, &tls.Config{})
	if err != nil {
		t.Fatalf("handshake at %s: %v", d.Name, err)
	}
	return s.PeerCertificates[0]
}
