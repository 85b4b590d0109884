package mysql

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"

	"github.com/go-sql-driver/mysql"

	"github.com/dbtls/dbtls/internal/engine"
)

// Error numbers of logins that admin.go has no use for
// (https://dev.mysql.com/doc/mysql-errors/8.4/en/server-error-reference.html).
const (
	codeUnknownDatabase = 1049
	codeMustChange      = 1820
	codePasswordExpired = 1862
	codeTransport       = 3159
)

// signIn is that of all products: the greeting, TLS, the proof of the password
// and one query, for the version.
func signIn(ctx context.Context, a engine.Account) (engine.Logged, error) {
	return logIn(ctx, a, func(ctx context.Context, c driver.Conn) (engine.Logged, error) {
		version, err := rows(ctx, c, 1, "SELECT VERSION()")
		if err == nil && len(version) != 1 {
			err = fmt.Errorf("%d rows", len(version))
		}
		if err != nil {
			return engine.Logged{}, fmt.Errorf("ask for the version: %w", err)
		}
		return engine.Logged{Version: version[0][0]}, nil
	})
}

// logIn has ask speak with the server as a user who is logged in.
func logIn(ctx context.Context, a engine.Account, ask func(context.Context, driver.Conn) (engine.Logged, error)) (engine.Logged, error) {
	if a.Start.Direct {
		return engine.Logged{}, fmt.Errorf("log in: %w", engine.ErrNoDirect)
	}
	return a.Try(ctx, 1, func(ctx context.Context, t *engine.Attempt) (engine.Logged, error) {
		connector, err := mysql.NewConnector(loginConfig(a, t))
		if err != nil {
			return engine.Logged{}, fmt.Errorf("prepare login: %w", err)
		}
		// Not database/sql: that tries again when a connection breaks.
		c, err := connector.Connect(ctx)
		if err != nil {
			return engine.Logged{}, refused(err, a)
		}
		defer c.Close()
		logged, err := ask(ctx, c)
		if err != nil {
			return engine.Logged{}, refused(err, a)
		}
		return logged, nil
	})
}

// ownName is how dbtls calls itself in a server's list of sessions.
const ownName = "program_name:dbtls"

// loginConfig leaves every way off by which the driver would show the password
// or do without TLS.
func loginConfig(a engine.Account, t *engine.Attempt) *mysql.Config {
	cfg := mysql.NewConfig()
	cfg.User, cfg.Passwd, cfg.DBName = a.User, a.Password, a.Database
	cfg.Net, cfg.Addr = "tcp", net.JoinHostPort(a.Host, strconv.Itoa(a.Port))
	cfg.DialFunc = func(ctx context.Context, _, _ string) (net.Conn, error) { return t.Dial(ctx) }
	cfg.TLS = t.Config()
	cfg.AllowFallbackToPlaintext, cfg.AllowCleartextPasswords, cfg.AllowOldPasswords, cfg.AllowAllFiles = false, false, false, false
	cfg.CheckConnLiveness = false
	cfg.ConnectionAttributes = ownName
	cfg.MaxAllowedPacket = 1 << 20 // else the driver asks the server
	cfg.Logger = &mysql.NopLogger{}
	return cfg
}

// rows reads a query's rows, which have so many columns, as text; NULL is "".
func rows(ctx context.Context, c driver.Conn, columns int, query string) ([][]string, error) {
	q, ok := c.(driver.QueryerContext)
	if !ok {
		return nil, errors.New("the driver has no queries")
	}
	found, err := q.QueryContext(ctx, query, nil)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	row := make([]driver.Value, len(found.Columns()))
	if len(row) != columns {
		return nil, fmt.Errorf("server answers with %d columns instead of %d", len(row), columns)
	}
	var all [][]string
	for {
		err := found.Next(row)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read a row: %w", err)
		}
		all = append(all, texts(row))
	}
}

func texts(row []driver.Value) []string {
	out := make([]string, len(row))
	for i, v := range row {
		switch v := v.(type) {
		case nil:
		case []byte:
			out[i] = string(v)
		default: // a number
			out[i] = fmt.Sprint(v)
		}
	}
	return out
}

// refused sorts what a server says to a login.
func refused(err error, a engine.Account) error {
	if errors.Is(err, mysql.ErrNoTLS) {
		return fmt.Errorf("log in: %w", engine.ErrNoTLS)
	}
	said, ok := errors.AsType[*mysql.MySQLError](err)
	if !ok {
		return fmt.Errorf("log in: %w", err)
	}
	why := fmt.Sprintf("error %d: %q", said.Number, said.Message)
	switch said.Number {
	case codeAccessDenied, codeAccessDeniedNoHint, codeMustChange, codePasswordExpired, codeAccountLocked, codeAccountIsLocked:
		if a.TLS == nil && said.Number == codeAccessDenied {
			why += "; a server that takes this user over TLS only may answer so too"
		}
		return fmt.Errorf("%w: %s", engine.ErrLoginRefused, why)
	case codeDatabaseAccessDenied, codeUnknownDatabase:
		return fmt.Errorf("%w: %s", engine.ErrNoDatabase, why)
	case codeTransport:
		return fmt.Errorf("%w: %s", engine.ErrTLSRequired, why)
	case codeUnknown:
		if strings.HasPrefix(said.Message, simulated) {
			return fmt.Errorf("%w: %s", engine.ErrSimulated, why)
		}
	}
	return fmt.Errorf("log in: server answers with %s", why)
}
