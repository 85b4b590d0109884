package read

import (
	"path"
	"strings"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

// readRust reads the URIs and connection strings of a Rust program.
func readRust(s Source) []clientconfig.Settings {
	return readLanguage(s, language{
		comments: []string{"//"},
		dsn:      "tokio-postgres",
		imports: []pair{
			{"sqlx::postgres", "sqlx-postgres"}, {"PgPool", "sqlx-postgres"}, {"PgConnection", "sqlx-postgres"},
			{"sqlx::mysql", "sqlx-mysql"}, {"MySqlPool", "sqlx-mysql"}, {"tokio_postgres", "tokio-postgres"},
		},
	})
}

func isDotnetFile(p string) bool {
	name := base(p)
	switch path.Ext(name) {
	case ".cs", ".vb", ".fs", ".config":
		return true
	}
	return path.Ext(name) == ".json" && strings.HasPrefix(name, "appsettings")
}

// readDotnet reads the connection strings of Npgsql and MySqlConnector that
// stand in quotes in a program or a configuration file.
func readDotnet(s Source) (all []clientconfig.Settings) {
	text := bounded(s.Text)
	where := linesOf(text)
	last := -1
	for _, mark := range []string{"Host=", "host=", "Server=", "server="} {
		for _, at := range occurrences(text, mark) {
			start, end, ok := quotedAround(text, at)
			if !ok || start == last || len(all) >= maxFound {
				continue
			}
			last = start
			c, id, ok := dotnetString(text[start:end])
			if !ok {
				continue
			}
			found := c.settings(id, s.Hints, text[start:end])
			found.Where = where.at(s.Path, start)
			all = append(all, found)
		}
	}
	return all
}
