package mysql

import (
	"crypto/sha1" //nolint:gosec // the server's stored form of a password
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/engine/discover"
)

// MariaDB returns the engine "mariadb".
func MariaDB() engine.Engine {
	return engine.Engine{
		Spec: engine.Spec{
			Names:       []string{"mariadb"},
			Description: "MariaDB Community Edition",
			DefaultPort: 3306,
			MasterUser:  "admin",
			Major:       major,
			Family:      func(version string) string { return "mariadb" + major(version) },
			// FLUSH SSL came with 10.4 (https://mariadb.com/kb/en/flush/).
			HotReload:     func(version string) bool { return discover.AtLeast(version, "10.4") },
			ReservedUsers: []string{"root", "mysql", "mariadb.sys", "rdsadmin", "public", "event_scheduler", "system user", "dbtls_probe"},
		},
		Wire:   wire{},
		Server: server{product: mariadb()},
	}
}

func mariadb() product {
	return product{
		find: discover.Query{
			Patterns: []string{
				"/usr/sbin/mariadbd", "/usr/sbin/mysqld", "/usr/libexec/mariadbd", "/usr/libexec/mysqld",
				"/usr/local/sbin/mariadbd", "/usr/local/bin/mariadbd",
				"/usr/local/mariadb/bin/mariadbd", "/usr/local/mysql/bin/mariadbd", "/opt/mariadb*/bin/mariadbd",
			},
			Names:   []string{"mariadbd", "mysqld"},
			Needs:   []string{installDB},
			Version: mariadbVersion,
		},
		programs:    []string{"mariadbd", "mysqld"},
		dataFiles:   []string{"mariadb_upgrade_info", "mysql_upgrade_info"},
		initialise:  installMariaDB,
		initFile:    mariadbInitFile,
		options:     mariadbOptions,
		bind:        bindLink,
		effective:   followLink,
		reload:      "FLUSH LOCAL SSL", // LOCAL: replicas have certificates of their own
		credential:  nativePassword,
		masterGrant: mariadbMasterGrants,
	}
}

// installDB is found from the server's folder: /usr/sbin and /usr/libexec
// have it in /usr/bin, the other places beside the server.
const installDB = "../bin/mariadb-install-db"

var mariadbLine = regexp.MustCompile(`\bVer (\d+\.\d+\.\d+)-MariaDB\b`)

func mariadbVersion(line string) string {
	m := mariadbLine.FindStringSubmatch(line)
	if m == nil || !discover.AtLeast(m[1], "10.4") { // no reload, no unix_socket before
		return ""
	}
	return m[1]
}

// installMariaDB makes the management account and no other: the method
// "socket" makes no anonymous users. tmpdir: see optionFile.
func installMariaDB(i engine.Install, s engine.Settings, dataDir string) []engine.Process {
	return []engine.Process{{
		Path: filepath.Join(i.BinDir, installDB),
		Args: []string{
			"--no-defaults", "--datadir=" + dataDir, "--tmpdir=" + dataDir, "--skip-test-db", "--skip-name-resolve",
			"--auth-root-authentication-method=socket", "--auth-root-socket-user=" + s.HostUser,
		},
		Dir: filepath.Dir(dataDir),
	}}
}

// mariadbInitFile repairs the management account at every start. The account
// is not replaced: before the set-up is complete it still has every privilege.
func mariadbInitFile(s engine.Settings) string {
	account := agentAccount(s)
	lines := []string{
		"SET SESSION sql_log_bin = 0;", // the account is this server's, not its replicas'
		"CREATE USER IF NOT EXISTS " + account + " IDENTIFIED VIA unix_socket;",
		"ALTER USER " + account + " IDENTIFIED VIA unix_socket REQUIRE NONE" +
			" WITH MAX_QUERIES_PER_HOUR 0 MAX_UPDATES_PER_HOUR 0 MAX_CONNECTIONS_PER_HOUR 0 MAX_USER_CONNECTIONS 0 MAX_STATEMENT_TIME 0" +
			" PASSWORD EXPIRE NEVER ACCOUNT UNLOCK;",
		"GRANT " + strings.Join(agentPrivileges(), ", ") + " ON *.* TO " + account + ";",
		"CREATE USER IF NOT EXISTS " + greetedAccount + " IDENTIFIED VIA unix_socket ACCOUNT LOCK;",
		"ALTER USER " + greetedAccount + " IDENTIFIED VIA unix_socket REQUIRE NONE ACCOUNT LOCK;",
	}
	if s.HostUser != "root" { // mariadb-install-db makes root as well
		lines = append(lines, "DROP USER IF EXISTS 'root'@'localhost';")
	}
	return strings.Join(lines, "\n") + "\n"
}

// greetedAccount is there so that the server greets every address. It refuses
// one that no account matches (error 1130) before TLS could start, and then
// nobody can see which certificate it serves: not before the master user is
// made, and not when its accounts name other addresses. Nobody logs in as it:
// it is locked, has no privilege, and authenticates over the socket only.
const greetedAccount = "'dbtls_probe'@'%'"

// mariadbOptions name the pair through a link: ssl_cert and ssl_key cannot be
// set while the server runs, so the files behind the names change instead.
func mariadbOptions(s engine.Settings) []option {
	return []option{
		{"ssl-cert", filepath.Join(linkPath(s), "server.crt")},
		{"ssl-key", filepath.Join(linkPath(s), "server.key")},
		// Off by default, and without it nobody can tell which session uses TLS.
		{"performance-schema", "ON"},
	}
}

func linkPath(s engine.Settings) string { return filepath.Join(s.TLS, "current") }

// bindLink points s.TLS/current at the generation's folder. The target is
// relative, so that a copy of the whole tree still works.
func bindLink(p engine.PairPaths, s engine.Settings) engine.Binding {
	target := filepath.Dir(p.Cert)
	if rel, err := filepath.Rel(s.TLS, target); err == nil {
		target = rel
	}
	return engine.Binding{Link: &engine.Link{Path: linkPath(s), Target: target}}
}

// followLink turns a path through the link into the one behind it, which is
// what Bind was given; any other path is somebody's own setting and stays.
func followLink(p engine.PairPaths, s engine.Settings) (engine.PairPaths, error) {
	link := linkPath(s)
	follow := func(path string) (string, error) {
		if filepath.Dir(path) != link {
			return path, nil
		}
		target, err := os.Readlink(link)
		if err != nil {
			return "", fmt.Errorf("read certificate link: %w", err)
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(s.TLS, target)
		}
		return filepath.Join(target, filepath.Base(path)), nil
	}
	cert, err := follow(p.Cert)
	if err != nil {
		return engine.PairPaths{}, err
	}
	key, err := follow(p.Key)
	if err != nil {
		return engine.PairPaths{}, err
	}
	return engine.PairPaths{Cert: cert, Key: key}, nil
}

// nativePassword is what the server stores: SHA-1 of SHA-1
// (https://mariadb.com/kb/en/authentication-plugin-mysql_native_password/).
// Sending that keeps the password itself out of the server's logs.
func nativePassword(password string) string {
	first := sha1.Sum([]byte(password)) //nolint:gosec // see above
	second := sha1.Sum(first[:])        //nolint:gosec // see above
	return fmt.Sprintf("VIA mysql_native_password USING '*%X'", second)
}

// mariadbMasterGrants give all databases by pattern, and less on the two
// that are the server's: of several matching grants the most specific holds.
func mariadbMasterGrants(user string) []string {
	return []string{
		"GRANT RELOAD, PROCESS, SHOW DATABASES, CREATE USER, BINLOG MONITOR, REPLICATION SLAVE, SLAVE MONITOR ON *.* TO " + user,
		"GRANT ALL PRIVILEGES ON `%`.* TO " + user + " WITH GRANT OPTION",
		"GRANT SELECT, EXECUTE, SHOW VIEW ON `mysql`.* TO " + user,
		"GRANT SELECT, EXECUTE, SHOW VIEW ON `sys`.* TO " + user,
	}
}
