package mysql

import (
	"strings"

	"github.com/dbtls/dbtls/internal/engine"
)

// mysqlInitFile repairs the management account at every start. The account is
// not replaced: before the set-up is complete it still has every privilege.
// The server stops reading at the first statement that fails.
func mysqlInitFile(_ string, s engine.Settings) string {
	account := agentAccount(s)
	lines := []string{"SET SESSION sql_log_bin = 0;"} // the account is this server's, not its replicas'
	if s.HostUser != "root" {
		lines = append(lines,
			// The account that was made with the data directory; one that the
			// master user made since has no SUPER.
			"SET @dbtls = IF(EXISTS(SELECT * FROM mysql.user WHERE User = 'root' AND Host = 'localhost' AND Super_priv = 'Y'),"+
				" "+sqlText("RENAME USER 'root'@'localhost' TO "+account)+", 'DO 0');",
			"PREPARE dbtls FROM @dbtls;", "EXECUTE dbtls;", "DEALLOCATE PREPARE dbtls;")
	}
	lines = append(lines,
		"CREATE USER IF NOT EXISTS "+account+" IDENTIFIED WITH auth_socket;",
		"ALTER USER "+account+" IDENTIFIED WITH auth_socket REQUIRE NONE"+
			" WITH MAX_QUERIES_PER_HOUR 0 MAX_UPDATES_PER_HOUR 0 MAX_CONNECTIONS_PER_HOUR 0 MAX_USER_CONNECTIONS 0"+
			" PASSWORD EXPIRE NEVER ACCOUNT UNLOCK;",
		"GRANT "+strings.Join(mysqld().privileges, ", ")+" ON *.* TO "+account+";",
		strings.Join(schemaGrants(account), ";\n")+";",
		"CREATE USER IF NOT EXISTS "+greetedAccount+" IDENTIFIED WITH auth_socket ACCOUNT LOCK;",
		"ALTER USER "+greetedAccount+" IDENTIFIED WITH auth_socket REQUIRE NONE ACCOUNT LOCK;",
	)
	return strings.Join(append(lines, withoutTLSShutDown()...), "\n") + "\n"
}

// withoutTLSShutDown ends a start without TLS before anybody can connect. A
// server that cannot load its pair would otherwise go on and take every
// session unencrypted, which clients that prefer TLS do not notice. The status
// has an end of the certificate's validity as soon as TLS is up.
func withoutTLSShutDown() []string {
	const procedure = "mysql.dbtls_without_tls_shut_down"
	return []string{
		"DROP PROCEDURE IF EXISTS " + procedure + ";",
		"delimiter $$",
		"CREATE PROCEDURE " + procedure + "() IF (SELECT VARIABLE_VALUE FROM performance_schema.global_status" +
			" WHERE VARIABLE_NAME = 'Ssl_server_not_after') = '' THEN SHUTDOWN; END IF$$",
		"delimiter ;",
		"CALL " + procedure + "();",
		"DROP PROCEDURE " + procedure + ";",
	}
}
