package mysql

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/engine/discover"
)

func mysqld() product {
	return product{
		find: discover.Query{
			Patterns: []string{
				"/usr/sbin/mysqld", "/usr/libexec/mysqld", "/usr/local/mysql/bin/mysqld", "/opt/mysql*/bin/mysqld",
				"/opt/mysql/*/bin/mysqld",
			},
			Names:   []string{"mysqld"},
			Version: mysqlVersion,
		},
		programs:    []string{"mysqld"},
		traits:      mysqlTraits,
		dataVersion: dictionaryVersion,
		initialise:  initialiseMySQL,
		initFile:    mysqlInitFile,
		options:     mysqlOptions(),
		manyListen:  "8.0.13", // https://dev.mysql.com/doc/refman/8.0/en/server-system-variables.html#sysvar_bind_address
		lockFiles:   func(s engine.Settings) []string { return []string{socketPath(s) + ".lock"} },
		// PROCESS to see sessions, CONNECTION_ADMIN to end them, to reload the
		// certificate and to get in when all slots are taken,
		// SYSTEM_VARIABLES_ADMIN for the dynamic parameters, CREATE USER to set
		// the master's password. SYSTEM_USER keeps accounts that lack it from
		// changing this one.
		privileges:  []string{"PROCESS", "CREATE USER", "CONNECTION_ADMIN", "SYSTEM_VARIABLES_ADMIN", "SYSTEM_USER"},
		reload:      reloadTLS,
		apply:       applyMySQL,
		credential:  cachingPassword,
		masterGrant: mysqlMasterGrants,
	}
}

var mysqlLine = regexp.MustCompile(`\bVer (\d+\.\d+\.\d+)\S* for `)

func mysqlVersion(line string) string {
	m := mysqlLine.FindStringSubmatch(line)
	if m == nil || strings.Contains(line, "MariaDB") || !discover.AtLeast(m[1], reloadSince) {
		return ""
	}
	return m[1]
}

// initialiseMySQL makes one account, root, without a password: the first
// start settles who it is before it lets anybody in. It writes no
// certificates of its own into the data directory.
func initialiseMySQL(i engine.Install, _ engine.Settings, dataDir string) []engine.Process {
	return []engine.Process{{
		Path: i.Program,
		Args: []string{
			"--no-defaults", "--initialize-insecure", "--datadir=" + dataDir, "--tmpdir=" + dataDir,
			"--secure-file-priv=NULL", "--auto-generate-certs=OFF", "--mysqlx=OFF",
		},
		Dir: filepath.Dir(dataDir),
	}}
}

// mysqlOptions leave what the program finds from its own place (messages,
// character sets, plugins) to it.
func mysqlOptions() []option {
	return []option{
		{"plugin-load-add", "auth_socket.so"}, // for the management account
		{"mysqlx", "OFF"},                     // would listen on another port, of every address
		{"partial-revokes", "ON"},             // for the master user's grants
		// What SET PERSIST leaves behind would outrank this file.
		{"persisted-globals-load", "OFF"},
		{"auto-generate-certs", "OFF"},
	}
}

// dictionaryVersion reads the version of the server that last upgraded the
// data dictionary from the head of its tablespace, where InnoDB keeps it as a
// number: 80407 is 8.4.7 (FIL_PAGE_SRV_VERSION at byte 8 of the first page).
func dictionaryVersion(data fs.FS) (string, error) {
	f, err := data.Open("mysql.ibd")
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("open data dictionary: %w", err)
	}
	defer f.Close()
	var head [12]byte
	if _, err := io.ReadFull(f, head[:]); err != nil {
		return "", fmt.Errorf("read data dictionary: %w", err)
	}
	n := binary.BigEndian.Uint32(head[8:])
	return fmt.Sprintf("%d.%d", n/10000, n/100%100), nil
}

// mysqlMasterGrants give every database and take the two that are the
// server's, but for reading. Such restrictions go with what the master passes
// on (https://dev.mysql.com/doc/refman/8.4/en/partial-revokes.html). ROLE_ADMIN,
// without which nobody can use a role, reaches no account with SYSTEM_USER.
func mysqlMasterGrants(user string) []string {
	const write = "INSERT, UPDATE, DELETE, CREATE, DROP, REFERENCES, INDEX, ALTER, CREATE TEMPORARY TABLES, LOCK TABLES," +
		" CREATE VIEW, CREATE ROUTINE, ALTER ROUTINE, EVENT, TRIGGER"
	return []string{
		"GRANT SELECT, EXECUTE, SHOW VIEW, SHOW DATABASES, RELOAD, PROCESS, REPLICATION SLAVE, REPLICATION CLIENT," +
			" CREATE USER, CREATE ROLE, DROP ROLE, ROLE_ADMIN, " + write + " ON *.* TO " + user + " WITH GRANT OPTION",
		"REVOKE " + write + " ON `mysql`.* FROM " + user,
		"REVOKE " + write + " ON `sys`.* FROM " + user,
	}
}
