package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/dbtls/dbtls/internal/engine"
)

// The SQLSTATEs by which a login ends
// (https://www.postgresql.org/docs/current/errcodes-appendix.html).
const (
	stateWrongPassword = "28P01"
	stateNoDatabase    = "3D000"
	stateNoPrivilege   = "42501" // the user may not connect to the database
)

// maxLoginMessage bounds a server's message in a login, in bytes.
const maxLoginMessage = 1 << 20

// Login is the login to a product of this protocol in which TLS starts by w.
// Being logged in is all: no query is sent.
func Login(w engine.Wire) engine.Login {
	return func(ctx context.Context, a engine.Account) (engine.Logged, error) {
		return a.Try(ctx, 1, func(ctx context.Context, t *engine.Attempt) (engine.Logged, error) {
			conn, err := logIn(ctx, a, t, w)
			if err != nil {
				return engine.Logged{}, err
			}
			logged := engine.Logged{Version: conn.ParameterStatus("server_version")}
			_ = conn.Close(ctx) // the login is over, however it is said
			return logged, nil
		})
	}
}

// logIn opens a session over the one connection of an attempt.
func logIn(ctx context.Context, a engine.Account, t *engine.Attempt, w engine.Wire) (*pgconn.PgConn, error) {
	cfg, err := neutral()
	if err != nil {
		return nil, err
	}
	cfg.User, cfg.Password, cfg.Database = a.User, a.Password, a.Database
	// For the driver's messages alone: neither is looked up or dialled.
	cfg.Host, cfg.Port = a.Host, uint16(a.Port)
	cfg.LookupFunc = func(_ context.Context, host string) ([]string, error) { return []string{host}, nil }
	// TLS is up when the driver gets the connection, so it has no choice.
	cfg.DialFunc = func(ctx context.Context, _, _ string) (net.Conn, error) { return t.Secure(ctx, w) }
	conn, err := pgconn.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, refused(err, a)
	}
	return conn, nil
}

// neutral is a configuration in which nothing comes from the environment, from
// a password file or from a service file. Those settings that the driver would
// take from there, and that it checks, are given; the fields are set again.
func neutral() (*pgconn.Config, error) {
	cfg, err := pgconn.ParseConfig("host=/ port=1 user=dbtls dbname=postgres passfile=/dev/null sslmode=disable sslnegotiation=postgres " +
		"sslcertmode=disable connect_timeout=0 target_session_attrs=any min_protocol_version=3.0 max_protocol_version=3.0 " +
		"channel_binding=prefer require_auth=''")
	if err != nil { // its text may hold values of the environment
		return nil, errors.New("prepare login: the driver cannot read its environment: unset PGSERVICE and the other variables PG… of dbtls")
	}
	cfg.Password, cfg.TLSConfig, cfg.Fallbacks, cfg.ConnectTimeout = "", nil, nil, 0
	cfg.ValidateConnect, cfg.AfterConnect, cfg.OAuthTokenProvider = nil, nil, nil
	cfg.KerberosSrvName, cfg.KerberosSpn = "", ""
	cfg.RuntimeParams = map[string]string{"application_name": "dbtls"}
	cfg.MaxProtocolMessageBodyLen = maxLoginMessage
	return cfg, nil
}

// refused sorts what a server says to a login.
func refused(err error, a engine.Account) error {
	said, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return fmt.Errorf("log in: %w", err)
	}
	why := fmt.Sprintf("%q (SQLSTATE %q)", said.Message, said.Code)
	switch said.Code {
	case stateWrongPassword:
		return fmt.Errorf("%w: %s", engine.ErrLoginRefused, why)
	case stateNotAuthorized:
		// The two refusals of sessions without TLS have no code of their own.
		if a.TLS == nil && (strings.Contains(said.Message, "no encryption") || strings.Contains(said.Message, "SSL off")) {
			return fmt.Errorf("%w: %s", engine.ErrTLSRequired, why)
		}
		return fmt.Errorf("%w: %s", engine.ErrLoginRefused, why)
	case stateNoDatabase, stateNoPrivilege:
		return fmt.Errorf("%w: %s", engine.ErrNoDatabase, why)
	case stateNotSupported:
		if strings.HasPrefix(said.Message, simulated) {
			return fmt.Errorf("%w: %s", engine.ErrSimulated, why)
		}
	}
	return fmt.Errorf("log in: server answers %s", why)
}
