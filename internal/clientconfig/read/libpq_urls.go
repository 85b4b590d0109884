package read

import (
	"strings"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

// sqlAlchemyDriver is the driver that a scheme "dialect+driver" names.
func sqlAlchemyDriver(scheme string) (string, bool) {
	switch scheme {
	case "postgresql+psycopg2", "postgres+psycopg2", "postgresql+psycopg2cffi":
		return "psycopg2", true
	case "postgresql+psycopg", "postgresql+psycopg_async":
		return "psycopg", true
	case "postgresql+asyncpg", "postgres+asyncpg":
		return idAsyncpg, true
	}
	return "", false
}

// nodePGURL reads a URI as node-postgres does (pg-connection-string).
func nodePGURL(c *client, u dbURL) {
	for _, name := range []string{"sslmode", "uselibpqcompat", "ssl"} {
		fill(c.options, name, safeWord(u.get(name)))
	}
	switch c.options["ssl"] {
	case "1":
		c.options["ssl"] = "true"
	case "0":
		c.options["ssl"] = "false"
	}
	if file := u.get("sslrootcert"); file != "" {
		c.options["sslrootcert"] = safePath(file)
	}
	if c.options["sslmode"] == "require" && c.options["uselibpqcompat"] != "true" {
		c.notes = append(c.notes, "node-postgres reads sslmode=require as verify-full, unlike libpq")
	}
}

// postgresJSURL reads a URI as Postgres.js does: sslmode becomes its ssl.
func postgresJSURL(c *client, u dbURL) {
	fill(c.options, "ssl", safeWord(u.get("sslmode")))
	fill(c.options, "ssl", safeWord(u.get("ssl")))
	switch file := u.get("sslrootcert"); {
	case file == "system":
		c.options["ssl"] = "verify-full"
	case file != "":
		c.notes = append(c.notes, "Postgres.js ignores sslrootcert but for \"system\"")
	}
}

// npgsqlLine reads .NET's connection strings of PostgreSQL and MySQL: pairs
// between semicolons. Those of SQL Server are not read here.
func npgsqlLine(text string, hints map[string]Hint) []clientconfig.Settings {
	text = strings.TrimSpace(bounded(text))
	c, id, ok := dotnetString(text)
	if !ok {
		return nil
	}
	return []clientconfig.Settings{c.settings(id, hints, text)}
}

// dotnetString reads a string of pairs and says whose it is: Npgsql's has a
// Host, MySQL's an SslMode with a word of MySQL's.
func dotnetString(text string) (c client, id string, ok bool) {
	c = client{options: map[string]string{}}
	known := 0
	seen := map[string]bool{}
	for part := range strings.SplitSeq(strings.Trim(text, `"`), ";") {
		name, value, found := strings.Cut(part, "=")
		if !found {
			if strings.TrimSpace(part) != "" {
				return client{}, "", false
			}
			continue
		}
		key := strings.ReplaceAll(strings.ToLower(strings.TrimSpace(name)), " ", "")
		if !isVariable(key) {
			return client{}, "", false
		}
		seen[key] = true
		if dotnetPair(&c, key, unquoted(strings.TrimSpace(value))) {
			known++
		}
	}
	mode := strings.ToLower(c.options["sslmode"])
	switch {
	case known < 2 || !strings.Contains(text, ";") || seen["driver"] || seen["provider"] || seen["encrypt"] || seen["datasource"]:
		return client{}, "", false
	case mode == "none" || mode == "preferred" || mode == "required" || seen["cacertificatefile"]:
		return c, "mysql-dotnet", true
	case seen["host"] && !seen["server"], mode == "prefer" || mode == "require" || mode == "verify-ca" || mode == "verify-full", seen["rootcertificate"]:
		return c, "npgsql", true
	}
	return client{}, "", false
}

func dotnetPair(c *client, key, value string) bool {
	switch key {
	case "host", "server":
		c.host, _, _ = strings.Cut(value, ",")
	case "port":
		c.port = value
	case "username", "userid", "user", "uid":
		c.user = value
	case "database", "db":
		c.database = value
	case "sslmode":
		c.options["sslmode"] = safeWord(value)
	case "trustservercertificate":
		c.options[key] = yes(value)
	case "rootcertificate", "cacertificatefile":
		c.options[key] = safePath(value)
	default:
		return false
	}
	return true
}
