// Package evidence_test shows that every client of a real database is known: the
// ordinary program beside real servers and clients.
package evidence_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"

	"github.com/dbtls/dbtls/e2e/harness"
)

// client is a row of dbtls sessions --json, as a script reads it.
type client struct {
	Kind        string    `json:"kind"`
	How         string    `json:"how"`
	User        string    `json:"user"`
	Source      string    `json:"source"`
	Application string    `json:"application"`
	TLS         string    `json:"tls"`
	Version     string    `json:"tls_version"`
	Cipher      string    `json:"cipher"`
	Why         string    `json:"why"`
	Own         bool      `json:"own"`
	Internal    bool      `json:"internal"`
	First       time.Time `json:"first_seen"`
	Last        time.Time `json:"last_seen"`
	Count       int64     `json:"count"`
}

// known is the answer of dbtls sessions --json.
type known struct {
	Clients  []client `json:"clients"`
	Coverage []struct {
		How      string
		From, To time.Time
		Ended    string
	} `json:"coverage"`
	NeverPlain struct {
		Known, Holds bool
		Why          string
	} `json:"never_plain"`
	Encrypted, Plain, Unknown, Refused int64
	UnknownReason                      string `json:"unknown_reason"`
	LookFailed                         string `json:"look_failed"`
}

// sessions runs dbtls sessions on a database.
func sessions(t testing.TB, s *harness.Server, args ...string) known {
	t.Helper()
	out := dbtls(t, s, append(append([]string{"sessions"}, args...), "--json")...)
	var k known
	if err := json.Unmarshal([]byte(out), &k); err != nil {
		t.Fatalf("sessions %v: %v in %s", args, err, out)
	}
	return k
}

func dbtls(t testing.TB, s *harness.Server, args ...string) string {
	t.Helper()
	stdout, stderr, code := s.CLI(t, args...)
	if code != 0 {
		t.Fatalf("dbtls %v: exit code %d: %s", args, code, stderr)
	}
	return stdout
}

// count is how many logins of clients with a state there are, and of whom by
// their application ("" for all).
func (k known) count(tls, application string) (n int64) {
	for _, c := range k.Clients {
		if c.Kind == "login" && !c.Own && !c.Internal && c.TLS == tls && (application == "" || c.Application == application) {
			n += c.Count
		}
	}
	return n
}

// dsn is how pgx reaches a PostgreSQL.
func dsn(i harness.Instance, mode, roots, application string) string {
	return fmt.Sprintf("host=%s port=%d user=%s password=%s dbname=postgres sslmode=%s sslrootcert=%s application_name='%s'",
		i.Address, i.Port, i.User, i.Password, mode, roots, application)
}

// visit opens a session, stays for so long, and leaves.
func visit(ctx context.Context, dsn string, stay time.Duration) error {
	c, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	_, err = c.Exec(ctx, fmt.Sprintf("SELECT pg_sleep(%f)", stay.Seconds()))
	c.Close(ctx)
	return err
}

// connector is how the Go driver reaches a MariaDB, verified.
func connector(t testing.TB, i harness.Instance, roots string) driver.Connector {
	t.Helper()
	pem, err := os.ReadFile(roots)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		t.Fatalf("no certificate in %s", roots)
	}
	cfg := mysql.NewConfig()
	cfg.Net, cfg.Addr, cfg.User, cfg.Passwd = "tcp", fmt.Sprintf("%s:%d", i.Address, i.Port), i.User, i.Password
	cfg.TLS = &tls.Config{RootCAs: pool, ServerName: i.Address}
	c, err := mysql.NewConnector(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
