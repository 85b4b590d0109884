package mysql

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/engine/discover"
)

func confFile(s engine.Settings) string   { return filepath.Join(s.Conf, "my.cnf") }
func initFile(s engine.Settings) string   { return filepath.Join(s.Conf, "init.sql") }
func socketPath(s engine.Settings) string { return filepath.Join(s.Run, "mysql.sock") }

// option is one line of the option file.
type option struct{ name, value string }

// Files hold no secret: the option file names paths, the init file accounts
// that the operating system authenticates.
func (v server) Files(i engine.Install, s engine.Settings) []engine.File {
	return []engine.File{
		{Path: confFile(s), Content: []byte(v.optionFile(i.Version, s)), Mode: 0o644},
		{Path: initFile(s), Content: []byte(v.product.initFile(i.Version, s)), Mode: 0o644},
	}
}

func (v server) optionFile(version string, s engine.Settings) string {
	options := []option{
		{"datadir", s.Data},
		{"bind-address", v.listen(version, s)},
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
		{"default-time-zone", "+00:00"},
	}
	options = append(options, pairOptions(s)...)
	options = append(options, v.product.options...)
	options = append(options, parameterOptions(v.product.traits(version).values(version, s.Parameters))...)
	var b strings.Builder
	fmt.Fprintf(&b, "# written by dbtls for instance %q; changes made here are reported as drift\n[mysqld]\n", s.ID)
	for _, o := range options {
		fmt.Fprintf(&b, "%s=%s\n", o.name, optionValue(o.value))
	}
	return b.String()
}

// listen is every address of the instance; a version that takes one gets the
// first.
func (v server) listen(version string, s engine.Settings) string {
	if !discover.AtLeast(version, v.product.manyListen) {
		return s.Address
	}
	return strings.Join(append([]string{s.Address}, s.Also...), ",")
}

// parameterOptions are the values of the catalogue, by name so that the file
// is the same each time.
func parameterOptions(values map[string]string) []option {
	var options []option
	for _, name := range slices.Sorted(maps.Keys(values)) {
		value := values[name]
		if name == paramCipher {
			value = cipherList(value)
		}
		options = append(options, option{strings.ReplaceAll(name, "_", "-"), value})
	}
	return options
}

// cipherList writes the value of ssl_cipher as OpenSSL reads it.
func cipherList(value string) string { return strings.ReplaceAll(value, ",", ":") }

// sqlText writes a string in a statement; backslashes are escapes there unless
// somebody sets NO_BACKSLASH_ESCAPES, which dbtls's own sessions do not have.
func sqlText(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `''`).Replace(s) + "'"
}

// optionValue quotes a value: outside quotes a # begins a comment, and a
// backslash begins an escape anywhere
// (https://mariadb.com/kb/en/configuring-mariadb-with-option-files/).
func optionValue(v string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(v) + `"`
}
