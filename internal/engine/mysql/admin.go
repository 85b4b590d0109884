package mysql

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"time"

	driver "github.com/go-sql-driver/mysql"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
)

// Error numbers dbtls acts on (https://mariadb.com/kb/en/mariadb-error-codes/).
const (
	codeTooManyConnections   = 1040
	codeBadHandshake         = 1043
	codeAccessDenied         = 1045
	codeAccessDeniedNoHint   = 1698
	codeUnknownThread        = 1094
	codeUnknown              = 1105
	codePrivilegeNeeded      = 1227
	codeAccountLocked        = 4151 // MariaDB
	codeAccountIsLocked      = 3118 // MySQL
	codeDatabaseAccessDenied = 1044
)

func agentAccount(s engine.Settings) string { return quote(s.HostUser) + "@'localhost'" }

type admin struct {
	product  product
	settings engine.Settings
	db       *sql.DB
	conn     *sql.Conn
}

// Admin logs in as the operating-system user dbtls runs as.
func (v server) Admin(ctx context.Context, s engine.Settings) (engine.Admin, error) {
	cfg := driver.NewConfig()
	cfg.Net, cfg.Addr, cfg.User = "unix", socketPath(s), s.HostUser
	cfg.Logger = &driver.NopLogger{} // errors are returned; the driver's own log adds nothing
	cfg.InterpolateParams = true     // no statement is used twice
	cfg.ParseTime = true
	cfg.ConnectionAttributes = ownName
	// A session's settings come before init_connect and the server's own.
	cfg.Params = map[string]string{"sql_mode": "''", "autocommit": "1"}
	connector, err := driver.NewConnector(cfg)
	if err != nil {
		return nil, fmt.Errorf("prepare session: %w", err)
	}
	db := sql.OpenDB(connector)
	conn, err := connect(ctx, db)
	if err != nil {
		return nil, errors.Join(loginError(err, s), db.Close())
	}
	return &admin{product: v.product, settings: s, db: db, conn: conn}, nil
}

// slotWait bounds the wait for the one slot above max_connections: a client
// that is being refused has it for a moment, one that says nothing for the
// server's connect_timeout of ten seconds.
const slotWait = 12 * time.Second

func connect(ctx context.Context, db *sql.DB) (*sql.Conn, error) {
	waitCtx, cancel := context.WithTimeout(ctx, slotWait)
	defer cancel()
	for {
		conn, err := db.Conn(ctx)
		if !isCode(err, codeTooManyConnections) || sleep(waitCtx, pause) != nil {
			return conn, err
		}
	}
}

// loginError says what a person can do about a login that failed.
func loginError(err error, s engine.Settings) error {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("open session: %w: %w", engine.ErrNotReady, err)
	case isCode(err, codeAccessDenied, codeAccessDeniedNoHint, codeAccountLocked, codeAccountIsLocked):
		return fault.Wrap(err, fault.InvalidInstanceState,
			"the management account %s of instance %q is gone or was changed by a user with CREATE USER, so dbtls cannot manage the server; sessions and TLS go on; reboot the instance, which makes the account again",
			agentAccount(s), s.ID)
	}
	return fmt.Errorf("open session: %w", err)
}

func (a *admin) Close() error { return errors.Join(a.conn.Close(), a.db.Close()) }

// Reload makes the server read its pair again. A pair it cannot load is an
// error, and the server goes on with the old one.
func (a *admin) Reload(ctx context.Context) error {
	if err := a.product.reload(ctx, a); err != nil {
		return fmt.Errorf("reload certificate: %w", err)
	}
	return nil
}

// Apply puts the dynamic parameters of the running version in force; the
// option file has them for the next start.
func (a *admin) Apply(ctx context.Context, s engine.Settings) error {
	var said string
	if err := a.conn.QueryRowContext(ctx, "SELECT VERSION()").Scan(&said); err != nil {
		return fmt.Errorf("read version: %w", err)
	}
	version, _, _ := strings.Cut(said, "-") // "10.11.19-MariaDB-log", "8.0.40-debug"
	return a.product.apply(ctx, a, a.product.traits(version).values(version, s.Parameters))
}

// Effective asks the running server for the names it was started with, and
// follows the link that stands for a generation.
func (a *admin) Effective(ctx context.Context) (engine.PairPaths, error) {
	var p engine.PairPaths
	err := a.conn.QueryRowContext(ctx, "SELECT @@global.ssl_cert, @@global.ssl_key").Scan(&p.Cert, &p.Key)
	if err != nil {
		return engine.PairPaths{}, fmt.Errorf("read effective certificate paths: %w", err)
	}
	return followLink(p, a.settings)
}

// exec runs one statement. Errors never hold the statement: it may hold the
// stored form of a password.
func (a *admin) exec(ctx context.Context, statement string) error {
	_, err := a.conn.ExecContext(ctx, statement)
	if isCode(err, codeAccessDenied, codePrivilegeNeeded, codeDatabaseAccessDenied) {
		return fault.Wrap(err, fault.InvalidInstanceState,
			"the management account %s of instance %q lacks a privilege dbtls gave it; reboot the instance, which gives it again",
			agentAccount(a.settings), a.settings.ID)
	}
	return err
}

func isCode(err error, codes ...uint16) bool {
	my, ok := errors.AsType[*driver.MySQLError](err)
	if !ok {
		return false
	}
	for _, c := range codes {
		if my.Number == c {
			return true
		}
	}
	return false
}
