package host

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/dbtls/dbtls/internal/clientconfig/scan"
)

// places lists the files and directories in which a host's clients are
// configured by default, those that exist.
func places(home string, env func(string) string, exists func(string) bool) (all []string) {
	candidates := []string{"/etc/mysql", "/etc/my.cnf", "/etc/my.cnf.d", "/etc/odbc.ini", "/etc/freetds",
		env("PGSERVICEFILE"), env("ODBCINI"), env("TNS_ADMIN"), env("FREETDS")}
	if dir := env("PGSYSCONFDIR"); dir != "" {
		candidates = append(candidates, filepath.Join(dir, "pg_service.conf"))
	}
	if home != "" {
		for _, name := range []string{".pg_service.conf", ".postgresql", ".my.cnf", ".odbc.ini", ".freetds.conf"} {
			candidates = append(candidates, filepath.Join(home, name))
		}
	}
	for _, path := range candidates {
		if path != "" && exists(path) && !slices.Contains(all, path) {
			all = append(all, path)
		}
	}
	return all
}

// environment finds the clients that variables configure: those of libpq
// together, and any variable that is a connection string. Variables with a
// password are not looked at.
func environment(env []string, opts scan.Options) (all []scan.Finding) {
	take := func(where, line string) {
		if !scan.Recognised(line, opts) {
			return
		}
		found, err := scan.Text(line, opts)
		if err != nil {
			return // it is longer than any connection string
		}
		for _, f := range found {
			f.File, f.Line = where, 0
			all = append(all, f)
		}
	}
	var libpq []string
	for _, pair := range slices.Sorted(slices.Values(env)) {
		name, value, _ := strings.Cut(pair, "=")
		switch {
		case strings.HasPrefix(name, "PG") && !strings.Contains(name, "PASS"):
			libpq = append(libpq, name+"='"+strings.ReplaceAll(value, "'", `'\''`)+"'")
		case strings.Contains(value, "://") || strings.HasPrefix(value, "jdbc:"):
			take("environment variable "+name, value)
		}
	}
	take("environment variables PG…", strings.Join(libpq, " "))
	return all
}
