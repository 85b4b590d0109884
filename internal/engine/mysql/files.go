package mysql

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/dbtls/dbtls/internal/engine"
)

func confFile(s engine.Settings) string   { return filepath.Join(s.Conf, "my.cnf") }
func initFile(s engine.Settings) string   { return filepath.Join(s.Conf, "init.sql") }
func socketPath(s engine.Settings) string { return filepath.Join(s.Run, "mysql.sock") }

// option is one line of the option file.
type option struct{ name, value string }

// Files hold no secret: the option file names paths, the init file accounts
// that the operating system authenticates.
func (v server) Files(_ engine.Install, s engine.Settings) []engine.File {
	return []engine.File{
		{Path: confFile(s), Content: []byte(v.optionFile(s)), Mode: 0o644},
		{Path: initFile(s), Content: []byte(v.product.initFile(s)), Mode: 0o644},
	}
}

func (v server) optionFile(s engine.Settings) string {
	options := []option{
		{"datadir", s.Data},
		{"bind-address", s.Address},
		{"port", strconv.Itoa(s.Port)},
		{"socket", socketPath(s)},
		{"pid-file", filepath.Join(s.Run, "mysql.pid")},
		{"init-file", initFile(s)},
		// Of its own: a server that starts deletes every temporary table it
		// finds in this folder, those of another running server too.
		{"tmpdir", s.Run},
		// Accounts name addresses; "localhost" means the UNIX socket alone.
		{"skip-name-resolve", "ON"},
		// Readable, and not writable by the server: INTO OUTFILE finds no
		// place, LOAD_FILE nothing worth reading.
		{"secure-file-priv", s.Conf},
		{"tls-version", "TLSv1.2,TLSv1.3"},
		{"character-set-server", "utf8mb4"},
		{"collation-server", "utf8mb4_general_ci"},
		{"default-time-zone", "+00:00"},
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# written by dbtls for instance %q; changes made here are reported as drift\n[mysqld]\n", s.ID)
	for _, o := range append(options, v.product.options(s)...) {
		fmt.Fprintf(&b, "%s=%s\n", o.name, optionValue(o.value))
	}
	return b.String()
}

// optionValue quotes a value: outside quotes a # begins a comment, and a
// backslash begins an escape anywhere
// (https://mariadb.com/kb/en/configuring-mariadb-with-option-files/).
func optionValue(v string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(v) + `"`
}
