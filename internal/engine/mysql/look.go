package mysql

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
)

// Look lists the open sessions. dbtls's own come over the socket, which the
// kernel vouches for; the name alone would prove nothing.
func (a *admin) Look(ctx context.Context) (look engine.Look, err error) {
	own := func(user, source string) bool { return user == a.settings.HostUser && source == engine.LocalSource }
	err = a.conn.Raw(func(c any) error {
		conn, ok := c.(driver.Conn)
		if !ok {
			return errors.New("the driver's connection has another type")
		}
		ask := asker(ctx, conn)
		look, err = lookBy(ask, own)
		if errors.Is(err, errNoSchema) {
			look, err = listOnly(ask, own, facts{}, unknown{
				why: "the management account may not read performance_schema yet, which dbtls came to use after this server was started",
				fix: "reboot the instance, which gives the account what it needs",
			})
		}
		return err
	})
	if err != nil {
		return engine.Look{}, fmt.Errorf("look at sessions: %w", err)
	}
	return look, nil
}

// asker asks over a driver's connection.
func asker(ctx context.Context, c driver.Conn) asking {
	return func(columns int, query string) ([][]string, error) { return rows(ctx, c, columns, query) }
}

// looker looks at a server over the network, as an account that may read what
// reader lists. One that has been set up by AWS's manual has another set of
// privileges, for which that manual's query is enough.
func looker(ctx context.Context, a engine.Account) (look engine.Look, err error) {
	nobody := func(string, string) bool { return false } // but the session that looks
	var denied error
	_, err = logIn(ctx, a, func(ctx context.Context, c driver.Conn) (_ engine.Logged, err error) {
		ask := asker(ctx, c)
		if look, err = lookBy(ask, nobody); errors.Is(err, errNoSchema) {
			look, err = lookByManual(ask)
		}
		if errors.Is(err, errNoSchema) {
			denied = fault.New(fault.AccessDenied,
				"user %q may not read which sessions are encrypted; as an administrator run: %s; (dbtls sessions with --print-role prints how to make an account for this)",
				a.User, strings.Join(schemaGrants("THE_ACCOUNT"), "; "))
			return engine.Logged{}, nil
		}
		return engine.Logged{}, err
	})
	if err = errors.Join(err, denied); err != nil {
		return engine.Look{}, err
	}
	return look, nil
}

// reader makes an account that sees who is connected and how, and no statement
// of theirs: the columns that have texts of statements are left out. It needs
// no PROCESS, which would show those.
func reader(user string) string {
	account := quote(user) + "@'%'"
	text := "CREATE USER " + account + " IDENTIFIED BY '<password>';\n"
	for _, g := range schemaGrants(account) {
		text += g + ";\n"
	}
	return text
}

// schemaGrants are what a look reads, column by column.
func schemaGrants(account string) []string {
	var all []string
	for _, t := range []struct{ table, columns string }{
		{"threads", "THREAD_ID, NAME, TYPE, PROCESSLIST_ID, PROCESSLIST_USER, PROCESSLIST_HOST, PROCESSLIST_DB, CONNECTION_TYPE"},
		{"status_by_thread", "THREAD_ID, VARIABLE_NAME, VARIABLE_VALUE"},
		{"session_connect_attrs", "PROCESSLIST_ID, ATTR_NAME, ATTR_VALUE"},
		{"accounts", "USER, HOST, TOTAL_CONNECTIONS"},
	} {
		all = append(all, "GRANT SELECT ("+t.columns+") ON performance_schema."+t.table+" TO "+account)
	}
	return all
}
