package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/dbtls/dbtls/internal/engine"
)

// stateCannotConnectNow is the SQLSTATE of a server that is starting up,
// shutting down or recovering
// (https://www.postgresql.org/docs/current/errcodes-appendix.html).
const stateCannotConnectNow = "57P03"

// hardened are session settings that outrank what a user may have set for a
// role (ALTER ROLE … SET): a startup parameter comes after those.
func hardened() map[string]string {
	return map[string]string{
		"application_name":                    "dbtls",
		"search_path":                         "pg_catalog",
		"statement_timeout":                   "60s",
		"lock_timeout":                        "10s",
		"idle_in_transaction_session_timeout": "60s",
		"default_transaction_read_only":       "off",
		"default_transaction_isolation":       "read committed",
		"client_min_messages":                 "error",
		"role":                                "none",
	}
}

// silent are settings only a superuser may make: no statement of a set-up is
// logged, since one of them holds the verifier of a password.
func silent(params map[string]string) map[string]string {
	params["log_statement"] = "none"
	params["log_min_duration_statement"] = "-1"
	params["log_min_error_statement"] = "panic"
	return params
}

// connect opens one session over the UNIX socket. The kernel says who we are;
// there is no password.
func connect(ctx context.Context, s engine.Settings, role string) (*pgx.Conn, error) {
	params := hardened()
	if role == superRole {
		params = silent(params)
	}
	// Host and port are set below: the text form would need quoting.
	cfg, err := pgx.ParseConfig("host=/ port=1 user=dbtls dbname=postgres sslmode=disable passfile=/dev/null connect_timeout=30")
	if err != nil {
		return nil, fmt.Errorf("prepare session: %w", err)
	}
	cfg.Host, cfg.Port, cfg.User = s.Run, uint16(s.Port), role
	cfg.Password, cfg.TLSConfig, cfg.Fallbacks = "", nil, nil
	cfg.RuntimeParams = params
	cfg.DefaultQueryExecMode = pgx.QueryExecModeExec // sessions are short: nothing to cache
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err == nil {
		return conn, nil
	}
	if starting(err) {
		return nil, fmt.Errorf("open session as %q: %w: %w", role, engine.ErrNotReady, err)
	}
	return nil, fmt.Errorf("open session as %q: %w", role, err)
}

// starting reports whether err is what a server gives that has not finished
// starting: no socket file yet, nobody listening on it, or its own refusal.
func starting(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) ||
		sqlState(err) == stateCannotConnectNow
}

func sqlState(err error) string {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code
	}
	return ""
}
