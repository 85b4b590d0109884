package mysql_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"testing"

	driver "github.com/go-sql-driver/mysql"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/engine/enginetest"
	"github.com/dbtls/dbtls/internal/engine/mysql"
)

func TestMariaDBServer(t *testing.T) {
	t.Parallel()
	enginetest.Run(t, enginetest.Suite{
		Engine:    mysql.MariaDB(),
		Open:      open,
		SessionID: "SELECT CONNECTION_ID()",
		Attacks: []enginetest.Attack{
			enginetest.Allowed("the master works as one",
				"CREATE DATABASE another", "CREATE TABLE another.t (a int)", "CREATE USER app@'%' IDENTIFIED BY 'x'",
				"GRANT ALL ON another.* TO app@'%'", "CREATE ROLE r", "GRANT r TO app@'%'",
				"CREATE VIEW another.v AS SELECT 1", "SELECT * FROM mysql.global_priv", "FLUSH STATUS"),
			enginetest.Refused("the master cannot change the server", noPrivilege,
				"INSERT INTO mysql.global_priv VALUES ('h', 'u', '{}')", "UPDATE mysql.global_priv SET priv = '{}'",
				"DELETE FROM mysql.db", "DROP TABLE mysql.db", "CREATE TABLE mysql.x (a int)", "DROP DATABASE sys",
				"GRANT INSERT ON mysql.* TO CURRENT_USER", "GRANT SUPER ON *.* TO CURRENT_USER", "SHUTDOWN",
				"SET GLOBAL init_connect = 'SELECT 1'", "SET GLOBAL max_connections = 10", "SELECT 1 INTO OUTFILE '/tmp/x'",
				"INSTALL SONAME 'ha_blackhole'",
				"SET PASSWORD FOR root@localhost = PASSWORD('x')"),
			enginetest.Fill("the master takes every connection", func(err error) bool { return is(err, 1040) }),
		},
	})
}

func TestMySQLServer(t *testing.T) {
	t.Parallel()
	needMySQL(t)
	agent := me(t) + "@localhost"
	enginetest.Run(t, enginetest.Suite{
		Engine:    mysql.MySQL(),
		Open:      open,
		SessionID: "SELECT CONNECTION_ID()",
		Attacks: []enginetest.Attack{
			enginetest.Allowed("the master works as one",
				"CREATE DATABASE another", "CREATE TABLE another.t (a int)", "CREATE USER app@'%' IDENTIFIED BY 'x'",
				"GRANT ALL ON another.* TO app@'%'", "CREATE ROLE r", "GRANT r TO app@'%'",
				"CREATE VIEW another.v AS SELECT 1", "SELECT * FROM mysql.user", "FLUSH STATUS"),
			enginetest.Refused("the master cannot change the server", noPrivilege,
				"INSERT INTO mysql.db (Host) VALUES ('h')", "UPDATE mysql.user SET user = ''",
				"DELETE FROM mysql.db", "DROP TABLE mysql.db", "CREATE TABLE mysql.x (a int)", "DROP DATABASE sys",
				"GRANT INSERT ON mysql.* TO CURRENT_USER", "GRANT SUPER ON *.* TO CURRENT_USER", "SHUTDOWN",
				"SET GLOBAL init_connect = 'SELECT 1'", "SET GLOBAL max_connections = 10", "SELECT 1 INTO OUTFILE '/tmp/x'",
				"SET GLOBAL require_secure_transport = 1", "SET PERSIST ssl_cert = 'x'", "ALTER INSTANCE RELOAD TLS",
				"INSTALL PLUGIN blackhole SONAME 'ha_blackhole.so'"),
			enginetest.Refused("the master cannot touch the management account", noPrivilege,
				"DROP USER "+agent, "RENAME USER "+agent+" TO x@'%'", "ALTER USER "+agent+" IDENTIFIED BY 'x'",
				"ALTER USER "+agent+" ACCOUNT LOCK", "REVOKE PROCESS ON *.* FROM "+agent, "GRANT SYSTEM_USER ON *.* TO CURRENT_USER",
				"GRANT "+agent+" TO CURRENT_USER", "GRANT `mysql.session`@localhost TO CURRENT_USER",
				"CREATE DEFINER = "+agent+" VIEW another.w AS SELECT 1"),
			enginetest.Fill("the master takes every connection", func(err error) bool { return is(err, 1040) }),
		},
	})
}

// needMySQL skips a test without a MySQL server, which not every machine can
// have; DBTLS_REQUIRE_MYSQL makes that a failure.
func needMySQL(t *testing.T) {
	t.Helper()
	found, err := mysql.MySQL().Server.Find(t.Context())
	switch {
	case err != nil:
		t.Fatal(err)
	case len(found) > 0:
	case os.Getenv("DBTLS_REQUIRE_MYSQL") != "":
		t.Fatal("no MySQL server on this machine, and DBTLS_REQUIRE_MYSQL is set")
	default:
		t.Skip("SKIPPED: no MySQL server on this machine (scripts/install-deps.sh gets one); set DBTLS_REQUIRE_MYSQL=1 to make this a failure")
	}
}

func me(t *testing.T) string {
	t.Helper()
	u, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	return "`" + u.Username + "`"
}

// session is one connection of the driver's.
type session struct {
	db   *sql.DB
	conn *sql.Conn
}

func (s session) Exec(ctx context.Context, statement string) error {
	_, err := s.conn.ExecContext(ctx, statement)
	return err
}

func (s session) Text(ctx context.Context, query string) (text string, err error) {
	err = s.conn.QueryRowContext(ctx, query).Scan(&text)
	return text, err
}

func (s session) Close() error { return errors.Join(s.conn.Close(), s.db.Close()) }

func open(ctx context.Context, c enginetest.Client) (enginetest.Session, error) {
	cfg := driver.NewConfig()
	cfg.Net, cfg.Addr, cfg.User, cfg.Passwd, cfg.DBName, cfg.TLS = "tcp", c.Address, c.User, c.Password, c.Database, c.TLS
	return connect(ctx, cfg)
}

// openSocket logs in as the management account does.
func openSocket(ctx context.Context, s engine.Settings) (enginetest.Session, error) {
	cfg := driver.NewConfig()
	cfg.Net, cfg.Addr, cfg.User = "unix", filepath.Join(s.Run, "mysql.sock"), s.HostUser
	return connect(ctx, cfg)
}

func connect(ctx context.Context, cfg *driver.Config) (enginetest.Session, error) {
	cfg.Logger = &driver.NopLogger{}
	connector, err := driver.NewConnector(cfg)
	if err != nil {
		return nil, fmt.Errorf("prepare: %w", err)
	}
	db := sql.OpenDB(connector)
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return session{db, conn}, nil
}

func is(err error, codes ...uint16) bool {
	my, ok := errors.AsType[*driver.MySQLError](err)
	return ok && slices.Contains(codes, my.Number)
}

// noPrivilege: refused for a database, a table, an account or a global right.
func noPrivilege(err error) bool { return is(err, 1044, 1142, 1045, 1227) }
