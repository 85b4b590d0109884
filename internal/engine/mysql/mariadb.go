package mysql

import (
	"context"
	"crypto/sha1" //nolint:gosec // the server's stored form of a password
	"errors"
	"fmt"
	"io/fs"
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
			Versions:      []string{"10.3.39", "10.4.34", "10.5.29", "10.6.22", "10.11.13", "11.4.7", "11.8.3"},
			Parameters:    func(version string) []engine.Parameter { return mariadbTraits(version).catalogue() },
			CAs:           withoutECC("10.3"),
			ReservedUsers: []string{"root", "mysql", "mariadb.sys", "rdsadmin", "public", "event_scheduler", "system user", "dbtls_probe"},
			Force:         func(version string) *engine.Force { return mariadbTraits(version).force(version, accessRefusal()) },
			Reader:        reader,
			Modes:         modes(),
			Migration:     []engine.Migration{{Name: "mariadb", Display: "MariaDB"}},
		},
		Wire:    wire{},
		Login:   signIn,
		Schemas: schemas,
		Looker:  looker,
		Server:  server{product: mariadb()},
		Simulator: simulator(playing{
			announce: mariadbWire,
			traits:   mariadbTraits,
			plugin:   func(string) string { return nativePlugin },
			forced:   refusedAccess,
		}),
	}
}

// mariadbTraits: require_secure_transport came with 10.5.2, tls_version with
// 10.4.6 (https://mariadb.com/kb/en/ssltls-system-variables/). The server reads
// tls_version and ssl_cipher at its start only.
func mariadbTraits(version string) traits {
	t := traits{}
	if discover.AtLeast(version, "10.4") {
		t.tlsVersions, t.tlsSince = []string{tls12, tls13}, "10.4.6"
	}
	if discover.AtLeast(version, "10.5") {
		t.switches, t.switchSince = []string{"0", "1"}, "10.5.2"
	}
	return t
}

// mariadbWire: before 11 the version follows a prefix, see plainVersion.
func mariadbWire(version string) string {
	if discover.AtLeast(version, "11") {
		return version + "-MariaDB-log"
	}
	return "5.5.5-" + version + "-MariaDB-log"
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
		traits:      mariadbTraits,
		dataVersion: upgradeInfo,
		initialise:  installMariaDB,
		initFile:    mariadbInitFile,
		options:     []option{{"character-set-server", "utf8mb4"}, {"collation-server", "utf8mb4_general_ci"}},
		manyListen:  "10.11", // https://mariadb.com/kb/en/server-system-variables/#bind_address
		// RELOAD for the certificate, PROCESS to see sessions, CONNECTION ADMIN
		// to end them and to get in when all slots are taken, CREATE USER to
		// set the master's password (the master has it too, so it adds nothing
		// to what can be taken).
		privileges:  []string{"RELOAD", "PROCESS", "CONNECTION ADMIN", "CREATE USER"},
		reload:      flushSSL,
		apply:       applyMariaDB,
		credential:  nativePassword,
		masterGrant: mariadbMasterGrants,
	}
}

// flushSSL is LOCAL: replicas have certificates of their own.
func flushSSL(ctx context.Context, a *admin) error { return a.exec(ctx, "FLUSH LOCAL SSL") }

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

// upgradeInfo reads the file that says which version last upgraded the system
// tables; the install program writes it too.
func upgradeInfo(data fs.FS) (string, error) {
	for _, name := range []string{"mariadb_upgrade_info", "mysql_upgrade_info"} {
		b, err := fs.ReadFile(data, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("read %s: %w", name, err)
		}
		return leadingVersion.FindString(strings.TrimSpace(string(b))), nil
	}
	return "", nil
}

var leadingVersion = regexp.MustCompile(`^\d+\.\d+`)

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
