package mysql

import (
	"context"
	"fmt"
	"strings"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/engine/discover"
	"github.com/dbtls/dbtls/internal/fault"
)

// mariadbInitFile repairs the management account at every start. The account
// is not replaced: before the set-up is complete it still has every privilege.
func mariadbInitFile(version string, s engine.Settings) string {
	account := agentAccount(s)
	lines := []string{
		"SET SESSION sql_log_bin = 0;", // the account is this server's, not its replicas'
		"CREATE USER IF NOT EXISTS " + account + " IDENTIFIED VIA unix_socket;",
		"ALTER USER " + account + " IDENTIFIED VIA unix_socket REQUIRE NONE" +
			" WITH MAX_QUERIES_PER_HOUR 0 MAX_UPDATES_PER_HOUR 0 MAX_CONNECTIONS_PER_HOUR 0 MAX_USER_CONNECTIONS 0 MAX_STATEMENT_TIME 0" +
			" PASSWORD EXPIRE NEVER ACCOUNT UNLOCK;",
		"GRANT " + strings.Join(mariadb().privileges, ", ") + " ON *.* TO " + account + ";",
		"CREATE USER IF NOT EXISTS " + greetedAccount + " IDENTIFIED VIA unix_socket ACCOUNT LOCK;",
		"ALTER USER " + greetedAccount + " IDENTIFIED VIA unix_socket REQUIRE NONE ACCOUNT LOCK;",
	}
	if discover.AtLeast(version, "10.5") { // which brought the columns
		for _, g := range schemaGrants(account) {
			lines = append(lines, g+";")
		}
	}
	if s.HostUser != "root" { // mariadb-install-db makes root as well
		lines = append(lines, "DROP USER IF EXISTS 'root'@'localhost';")
	}
	if _, forced := mariadbTraits(version).values(version, nil)[paramForced]; forced {
		lines = append(lines, forcingLines(s)...)
	}
	return strings.Join(lines, "\n") + "\n"
}

// greetedAccount is there so that the server greets every address. It refuses
// one that no account matches (error 1130) before TLS could start, and then
// nobody can see which certificate it serves: not before the master user is
// made, and not when its accounts name other addresses. Nobody logs in as it:
// it is locked, has no privilege, and authenticates over the socket only.
const greetedAccount = "'dbtls_probe'@'%'"

// forcingProcedure sets require_secure_transport while the server runs.
const forcingProcedure = "mysql.dbtls_require_secure_transport"

// forcingLines make the one way by which the management account changes a
// setting of the server, which needs SUPER: a procedure that runs with the
// rights of its definer and does nothing else. The definer is a role. An
// account could be renamed by the master user, who has CREATE USER, and given
// a password; a role cannot, and nobody is granted it or may grant it.
//
// The master user may drop the role and make another of the same name, and
// with that a procedure of which the role is the definer; at the next start
// such a procedure would get SUPER. Therefore each start drops the last role
// and makes one with a name that nobody can know before.
func forcingLines(s engine.Settings) []string {
	const roles = `'dbtls\_super\_%'`
	body := "IF USER() = BINARY " + sqlText(s.HostUser+"@localhost") + " THEN SET GLOBAL " + paramForced + " = on_or_off;" +
		" ELSE SIGNAL SQLSTATE '42000' SET MESSAGE_TEXT = 'for the management account of dbtls alone'; END IF"
	return []string{
		"DELETE FROM mysql.global_priv WHERE Host = '' AND User LIKE " + roles + ";",
		"DELETE FROM mysql.roles_mapping WHERE Role LIKE " + roles + ";",
		"DELETE FROM mysql.procs_priv WHERE Host = '' AND User LIKE " + roles + ";",
		"FLUSH PRIVILEGES;",
		"SET @dbtls = CONCAT('dbtls_super_', SHA1(CONCAT(UUID(), RAND(), RAND())));",
		"EXECUTE IMMEDIATE CONCAT('CREATE ROLE ', @dbtls);",
		"EXECUTE IMMEDIATE CONCAT('GRANT SUPER ON *.* TO ', @dbtls);",
		// Who makes a role may grant it; here that is nobody, which would stay
		// on record as an account without a name.
		"DELETE FROM mysql.roles_mapping WHERE Role = @dbtls;",
		"FLUSH PRIVILEGES;",
		"EXECUTE IMMEDIATE CONCAT('CREATE OR REPLACE DEFINER = ', @dbtls, ' PROCEDURE " + forcingProcedure +
			"(IN on_or_off BOOLEAN) SQL SECURITY DEFINER ', " + sqlText(body) + ");",
		"EXECUTE IMMEDIATE CONCAT('GRANT EXECUTE ON PROCEDURE " + forcingProcedure + " TO ', @dbtls);",
		"GRANT EXECUTE ON PROCEDURE " + forcingProcedure + " TO " + agentAccount(s) + ";",
	}
}

// applyMariaDB: require_secure_transport is all that changes while the server
// runs.
func applyMariaDB(ctx context.Context, a *admin, values map[string]string) error {
	want, known := values[paramForced]
	if !known {
		return nil
	}
	have, err := a.forced(ctx)
	if err != nil || have == want {
		return err
	}
	if _, err := a.conn.ExecContext(ctx, "CALL "+forcingProcedure+"("+want+")"); err != nil {
		return fault.Wrap(err, fault.InvalidInstanceState,
			"the running server of instance %q could not be given %s = %s: a user with CREATE USER has changed what dbtls sets it by; reboot the instance, which makes that again and takes the value",
			a.settings.ID, paramForced, want)
	}
	return a.mustBeForced(ctx, want)
}

// forced is require_secure_transport as the catalogue writes it.
func (a *admin) forced(ctx context.Context) (string, error) {
	var value string
	if err := a.conn.QueryRowContext(ctx, "SELECT @@global."+paramForced).Scan(&value); err != nil {
		return "", fmt.Errorf("read %s: %w", paramForced, err)
	}
	return value, nil
}

func (a *admin) mustBeForced(ctx context.Context, want string) error {
	have, err := a.forced(ctx)
	if err == nil && have != want {
		err = fmt.Errorf("set %s: the server goes on with %q instead of %q", paramForced, have, want)
	}
	return err
}
