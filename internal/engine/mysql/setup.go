package mysql

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
)

// SetUp makes the master user and the first database and then takes from the
// management account all that only this needed. Until that last step a crash
// leaves everything in place to run it again; after it, SetUp sets the master's
// password and nothing else.
func (a *admin) SetUp(ctx context.Context, m engine.Master) error {
	held, err := a.privileges(ctx)
	if err != nil {
		return err
	}
	master := quote(m.User) + "@'%'"
	if !slices.Contains(held, "SUPER") {
		if err := a.exec(ctx, "ALTER USER "+master+" IDENTIFIED "+a.product.credential(m.Password)); err != nil {
			return fmt.Errorf("set password of user %q: %w", m.User, err)
		}
		return nil
	}
	if m.User == a.settings.HostUser {
		return fault.New(fault.InvalidParameter, "the master user name %q is the management account's; choose another", m.User)
	}
	for _, statement := range a.setUpStatements(m, master, held) {
		if err := a.exec(ctx, statement); err != nil {
			return fmt.Errorf("make user %q: %w", m.User, err)
		}
	}
	return nil
}

func (a *admin) setUpStatements(m engine.Master, master string, held []string) []string {
	credential := a.product.credential(m.Password)
	statements := []string{
		// With its password from the first moment on: an account without one
		// lets everybody in.
		"CREATE USER IF NOT EXISTS " + master + " IDENTIFIED " + credential,
		"ALTER USER " + master + " IDENTIFIED " + credential,
	}
	statements = append(statements, a.product.masterGrant(master)...)
	if m.Database != "" {
		statements = append(statements, "CREATE DATABASE IF NOT EXISTS "+quote(m.Database))
	}
	keep := a.product.privileges
	taken := slices.DeleteFunc(slices.Clone(held), func(p string) bool { return slices.Contains(keep, p) })
	return append(statements,
		// What the install program left: the right to act as any account.
		"DELETE FROM mysql.proxies_priv", "FLUSH PRIVILEGES",
		// One statement, so that no crash leaves half of it; SUPER, by which
		// the work left to do is known, goes with the rest.
		"REVOKE "+strings.Join(append(taken, "GRANT OPTION"), ", ")+" ON *.* FROM "+agentAccount(a.settings))
}

// privileges are the global ones the management account holds.
func (a *admin) privileges(ctx context.Context) ([]string, error) {
	rows, err := a.conn.QueryContext(ctx,
		"SELECT privilege_type FROM information_schema.user_privileges WHERE grantee = CONCAT('''', ?, '''@''localhost''')", a.settings.HostUser)
	if err != nil {
		return nil, fmt.Errorf("list own privileges: %w", err)
	}
	defer rows.Close()
	var held []string
	for rows.Next() {
		var p string
		if err := rows.Scan(&p); err != nil {
			return nil, fmt.Errorf("list own privileges: %w", err)
		}
		held = append(held, p)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list own privileges: %w", err)
	}
	return held, nil
}

// quote writes an identifier, or a name of an account.
func quote(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }
