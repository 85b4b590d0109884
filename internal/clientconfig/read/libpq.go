package read

import (
	"slices"
	"strings"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

const (
	idLibpq      = "libpq"
	idNodePG     = "node-postgres"
	idPostgresJS = "postgres-js"
	idAsyncpg    = "asyncpg"
	idPGX        = "pgx"
	idLibPQ      = "lib-pq"
)

// pgDrivers are the drivers that read libpq's URIs, in no order.
func pgDrivers() []string {
	return []string{"psycopg2", "psycopg", "ruby-pg", "php-pgsql", idPGX, idLibPQ, idAsyncpg, "sqlx-postgres", "tokio-postgres", idNodePG, idPostgresJS}
}

func libpqLines() []Line {
	return []Line{pgURILine, pgCommandLine, npgsqlLine, pgDSNLine}
}

func libpqFiles() []File {
	return []File{
		{Name: "libpq service file", Is: isServiceFile, Read: readServiceFile},
		{Name: "environment variables of libpq", Is: isEnvFile, Read: readPGVariables},
	}
}

// pgURILine reads postgres://… .
func pgURILine(text string, hints map[string]Hint) []clientconfig.Settings {
	text = strings.TrimSpace(bounded(text))
	u, ok := parseURL(text)
	if !ok || !isPGScheme(u.scheme) || strings.ContainsAny(text, "\n\"'") {
		return nil
	}
	return pgURI(u, hints, text)
}

func isPGScheme(scheme string) bool {
	base, _, _ := strings.Cut(scheme, "+")
	return base == "postgres" || base == "postgresql"
}

// pgURI gives a URI to the drivers it can be for: the one that its scheme
// names, those of the project, or else libpq, which owns the format.
func pgURI(u dbURL, hints map[string]Hint, text string) (all []clientconfig.Settings) {
	ids := hinted(hints, idLibpq, pgDrivers()...)
	note := ""
	switch {
	case strings.Contains(u.scheme, "+"):
		id, ok := sqlAlchemyDriver(u.scheme)
		if !ok {
			return nil
		}
		ids = []string{id}
	case ids[0] == idLibpq:
		note = "read as libpq's, which owns the format; drivers of other languages read the same words differently"
	case len(ids) > 1:
		note = "the project depends on several drivers that read this: one answer for each"
	}
	for _, id := range ids {
		c := u.client()
		pgOptions(&c, id, u)
		if note != "" {
			c.notes = append(c.notes, note)
		}
		all = append(all, c.settings(id, hints, text))
	}
	return all
}

// pgOptions reads the options of a URI as one driver does.
func pgOptions(c *client, id string, u dbURL) {
	switch id {
	case idNodePG:
		nodePGURL(c, u)
		return
	case idPostgresJS:
		postgresJSURL(c, u)
		return
	}
	for _, p := range u.query {
		pgOption(c, p.name, p.value)
	}
	if strings.EqualFold(u.get("ssl"), "true") && c.options["sslmode"] == "" && id != idAsyncpg {
		c.options["sslmode"] = "require"
		c.notes = append(c.notes, "ssl=true is read as sslmode=require")
	}
	if id == idAsyncpg {
		// SQLAlchemy hands ?ssl=require on as asyncpg's argument ssl.
		fill(c.options, "sslmode", safeWord(u.get("ssl")))
	}
	pgNotes(c)
}

// pgOption takes one parameter of libpq's.
func pgOption(c *client, name, value string) {
	switch strings.ToLower(name) {
	case "sslmode", "gssencmode":
		c.options[strings.ToLower(name)] = safeWord(value)
	case "sslnegotiation":
		if strings.EqualFold(value, "direct") {
			c.notes = append(c.notes, "sslnegotiation=direct needs libpq 17 and sslmode=require or stronger; anything weaker is refused")
		}
	case "channel_binding":
		if strings.EqualFold(value, "require") {
			c.notes = append(c.notes, "channel_binding=require ties the login to the server's certificate: nobody in the middle can relay it, whatever sslmode says")
		}
	case "sslrootcert":
		c.options["sslrootcert"] = safePath(value)
	case "requiressl": // of old; libpq reads it as an sslmode in its place
		c.options["sslmode"] = "prefer"
		if strings.HasPrefix(value, "1") {
			c.options["sslmode"] = "require"
		}
	case "host", "hostaddr":
		c.host, _, _ = strings.Cut(value, ",")
	case "port":
		c.port, _, _ = strings.Cut(value, ",")
	case "user":
		c.user = value
	case "dbname":
		if strings.Contains(value, "=") || strings.Contains(value, "://") {
			c.notes = append(c.notes, "dbname holds another connection string; what that says is not read here")
			return
		}
		c.database = value
	case "service":
		c.notes = append(c.notes, "what the service file says for this service counts too, where this text says nothing")
	}
}

// pgNotes derives what follows of the options as a whole.
func pgNotes(c *client) {
	if strings.HasPrefix(c.host, "/") || strings.HasPrefix(c.host, "@") {
		c.options["transport"] = "unix"
	}
	if strings.EqualFold(c.options["sslmode"], "require") && c.options["sslrootcert"] == "" {
		c.notes = append(c.notes, "sslmode=require verifies the chain when ~/.postgresql/root.crt is there, on the host and for the user that runs this")
	}
}

// pgDSNLine reads "host=… sslmode=…".
func pgDSNLine(text string, hints map[string]Hint) []clientconfig.Settings {
	text = strings.TrimSpace(bounded(text))
	pairs, ok := parseDSN(text)
	if !ok {
		return nil
	}
	var all []clientconfig.Settings
	ids := hinted(hints, idLibpq, slices.DeleteFunc(pgDrivers(), func(id string) bool { return id == idNodePG || id == idPostgresJS || id == idAsyncpg })...)
	for _, id := range ids {
		c := client{options: map[string]string{}}
		for _, p := range pairs {
			pgOption(&c, p.name, p.value)
		}
		pgNotes(&c)
		all = append(all, c.settings(id, hints, text))
	}
	return all
}

// parseDSN reads libpq's keyword=value string. False when it is none: two
// keywords of libpq's, or sslmode, must be there, and nothing that is no pair.
func parseDSN(text string) (pairs []pair, ok bool) {
	known := 0
	for rest := strings.TrimSpace(text); rest != ""; {
		name, after, found := strings.Cut(rest, "=")
		name = strings.TrimSpace(name)
		if !found || !isVariable(name) {
			return nil, false
		}
		value, tail := dsnValue(strings.TrimLeft(after, " \t\r\n"))
		rest = strings.TrimLeft(tail, " \t\r\n")
		pairs = append(pairs, pair{strings.ToLower(name), value})
		switch strings.ToLower(name) {
		case "sslmode", "sslrootcert":
			known += 2
		case "host", "hostaddr", "port", "user", "dbname", "password", "service", "connect_timeout", "channel_binding", "gssencmode", "sslnegotiation":
			known++
		}
	}
	return pairs, known >= 2
}

// dsnValue reads one value: to the next space, or in single quotes.
func dsnValue(s string) (value, rest string) {
	var b strings.Builder
	inQuotes := strings.HasPrefix(s, "'")
	if inQuotes {
		s = s[1:]
	}
	for n := 0; n < len(s); n++ {
		switch c := s[n]; {
		case c == '\\' && n+1 < len(s):
			n++
			b.WriteByte(s[n])
		case inQuotes && c == '\'':
			return b.String(), s[n+1:]
		case !inQuotes && (c == ' ' || c == '\t' || c == '\n' || c == '\r'):
			return b.String(), s[n:]
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), ""
}
