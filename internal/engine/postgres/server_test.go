package postgres_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/dbtls/dbtls/internal/engine/enginetest"
	"github.com/dbtls/dbtls/internal/engine/postgres"
)

func TestServer(t *testing.T) {
	t.Parallel()
	enginetest.Run(t, enginetest.Suite{
		Engine:    postgres.New(),
		Open:      open,
		SessionID: "SELECT pg_backend_pid()::text",
		Attacks: []enginetest.Attack{
			enginetest.Allowed("the master bars the agent from login",
				"ALTER ROLE dbtls_agent NOLOGIN"),
			{Name: "the master cannot drop the agent", Do: dropAgent},
			enginetest.Allowed("the master renames the agent",
				"ALTER ROLE dbtls_agent RENAME TO mine"),
			enginetest.Allowed("the master takes the agent's privileges",
				"REVOKE pg_monitor FROM dbtls_agent"),
			enginetest.Allowed("the master limits the agent's connections",
				"ALTER ROLE dbtls_agent CONNECTION LIMIT 0"),
			enginetest.Allowed("the master sets what breaks the agent's sessions",
				"ALTER ROLE dbtls_agent SET local_preload_libraries = 'nothing'"),
			enginetest.Allowed("the master slows down the agent's sessions",
				"ALTER ROLE dbtls_agent SET statement_timeout = 1",
				"ALTER ROLE dbtls_agent SET default_transaction_read_only = on",
				"ALTER ROLE dbtls_agent SET search_path = evil"),
			enginetest.Allowed("the master becomes a member of the agent",
				"GRANT dbtls_agent TO CURRENT_USER"),
			enginetest.Refused("the master cannot touch the superuser", noPrivilege,
				"ALTER ROLE dbtls_superuser NOLOGIN", "DROP ROLE dbtls_superuser", "GRANT dbtls_superuser TO CURRENT_USER",
				"ALTER SYSTEM SET ssl = off", "ALTER DATABASE postgres ALLOW_CONNECTIONS false", "DROP DATABASE postgres"),
			enginetest.Refused("the master cannot reach the file system", noPrivilege,
				"GRANT pg_execute_server_program TO CURRENT_USER", "GRANT pg_read_server_files TO CURRENT_USER",
				"GRANT pg_write_server_files TO CURRENT_USER", "COPY (SELECT 1) TO PROGRAM 'true'",
				"SELECT pg_read_file('PG_VERSION')"),
			enginetest.Allowed("the master works as one",
				"CREATE TABLE t (a int)", "CREATE DATABASE another", "CREATE ROLE app LOGIN PASSWORD 'x'",
				"GRANT pg_monitor TO app", "GRANT ALL ON DATABASE another TO app", "SELECT count(*) FROM pg_stat_activity"),
			{Name: "plain sessions are refused", Do: plainRefused},
			{Name: "dbtls's roles are refused on the network", Do: rolesRefused},
			enginetest.Fill("the master takes every connection", func(err error) bool { return state(err) == "53300" }),
		},
	})
}

// session is one of pgx's.
type session struct{ *pgx.Conn }

func (s session) Exec(ctx context.Context, statement string) error {
	_, err := s.Conn.Exec(ctx, statement)
	return err
}

func (s session) Text(ctx context.Context, query string) (text string, err error) {
	err = s.QueryRow(ctx, query).Scan(&text)
	return text, err
}

func (s session) Close() error { return s.Conn.Close(context.Background()) }

// open keeps the driver from trying again without TLS.
func open(ctx context.Context, c enginetest.Client) (enginetest.Session, error) {
	cfg, err := pgx.ParseConfig("host=/ user=x dbname=x sslmode=disable")
	if err != nil {
		return nil, err
	}
	host, port, err := net.SplitHostPort(c.Address)
	if err != nil {
		return nil, err
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, err
	}
	cfg.Host, cfg.Port, cfg.User, cfg.Password, cfg.Database = host, uint16(n), c.User, c.Password, c.Database
	cfg.TLSConfig, cfg.Fallbacks = c.TLS, nil
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return session{conn}, nil
}

func state(err error) string {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code
	}
	return ""
}

// noPrivilege: insufficient_privilege.
func noPrivilege(err error) bool { return state(err) == "42501" }

// dropAgent tries to take the agent's privileges first, in the database where
// they were given; the superuser's grants stay, and keep the role from being
// dropped.
func dropAgent(t *testing.T, v *enginetest.Server, _ func() (enginetest.Session, error)) {
	t.Helper()
	m := enginetest.Master()
	c, err := open(t.Context(), enginetest.Client{
		Address: v.HostPort(), User: m.User, Password: m.Password, Database: "postgres",
		TLS: &tls.Config{InsecureSkipVerify: true}, // what is served is tested elsewhere
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, s := range []string{"GRANT dbtls_agent TO CURRENT_USER", "DROP OWNED BY dbtls_agent"} {
		if err := c.Exec(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	if err := c.Exec(t.Context(), "DROP ROLE dbtls_agent"); state(err) != "2BP01" {
		t.Fatalf("DROP ROLE: %v, want it refused because privileges depend on it", err)
	}
}

func plainRefused(t *testing.T, v *enginetest.Server, _ func() (enginetest.Session, error)) {
	t.Helper()
	m := enginetest.Master()
	wantRefusal(t, v, enginetest.Client{User: m.User, Password: m.Password, Database: m.Database}, "no encryption")
}

func rolesRefused(t *testing.T, v *enginetest.Server, _ func() (enginetest.Session, error)) {
	t.Helper()
	for _, role := range []string{"dbtls_agent", "dbtls_superuser"} {
		wantRefusal(t, v, enginetest.Client{User: role, Password: "x", Database: "postgres"}, "pg_hba.conf rejects connection")
	}
}

func wantRefusal(t *testing.T, v *enginetest.Server, c enginetest.Client, want string) {
	t.Helper()
	c.Address = v.HostPort()
	if s, err := open(t.Context(), c); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("login of %q: %v %v, want %q", c.User, s, err, want)
	}
}
