package read

import (
	"strings"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

// pgCommandLine reads command lines of libpq's tools, with the variables set
// before them, and lines that only set variables.
func pgCommandLine(text string, hints map[string]Hint) []clientconfig.Settings {
	text = bounded(text)
	cmd := parseCommand(text)
	if isPGTool(cmd.name) {
		return []clientconfig.Settings{pgCommand(cmd).settings(idLibpq, hints, text)}
	}
	c := client{options: map[string]string{}}
	if !pgVariables(&c, cmd.env) || cmd.name != "" && !strings.HasPrefix(cmd.name, "#") {
		return nil
	}
	pgNotes(&c)
	return []clientconfig.Settings{c.settings(idLibpq, hints, text)}
}

func isPGTool(name string) bool {
	switch name {
	case "psql", "pg_dump", "pg_dumpall", "pg_restore", "pg_isready", "pg_basebackup", "pg_receivewal", "pg_recvlogical",
		"createdb", "dropdb", "createuser", "dropuser", "vacuumdb", "reindexdb", "clusterdb", "pgbench", "pg_amcheck", "pgcli":
		return true
	}
	return false
}

// pgCommand reads the arguments of a tool: options of the connection, a
// connection string in the place of the database.
func pgCommand(cmd command) client {
	c := client{options: map[string]string{}}
	pgVariables(&c, cmd.env)
	positional := 0
	for n := 0; n < len(cmd.args); n++ {
		name, value, ok := toolOption(cmd.args, &n)
		switch name {
		case "h", "host":
			c.host = value
		case "p", "port":
			c.port = value
		case "U", "username":
			c.user = value
		case "d", "dbname", "database":
			pgTarget(&c, value)
		case "":
			if ok && positional == 0 {
				pgTarget(&c, value)
			}
			positional++
		}
	}
	pgNotes(&c)
	return c
}

// toolOption reads one argument, with its value where the option has one:
// "-h db", "-hdb", "--host db", "--host=db". An argument that is no option has
// no name.
func toolOption(args []string, n *int) (name, value string, ok bool) {
	arg := args[*n]
	next := func() string {
		if *n+1 >= len(args) || strings.HasPrefix(args[*n+1], "-") {
			return ""
		}
		*n++
		return args[*n]
	}
	switch {
	case strings.HasPrefix(arg, "--"):
		name, value, given := strings.Cut(arg[2:], "=")
		if !given && strings.Contains(" host port username dbname database file command variable set format output jobs schema table role ", " "+name+" ") {
			value = next()
		}
		return name, value, true
	case len(arg) > 1 && arg[0] == '-':
		name = arg[1:2]
		if !strings.Contains("hpUdcfFjnNStTvoLRP", name) {
			return name, "", true
		}
		if len(arg) > 2 {
			return name, arg[2:], true
		}
		return name, next(), true
	}
	return "", arg, true
}

// pgTarget reads what stands in a database's place: a name, a URI, a DSN.
func pgTarget(c *client, value string) {
	if u, ok := parseURL(value); ok && isPGScheme(u.scheme) {
		from := u.client()
		c.host, c.port, c.user, c.database = from.host, from.port, from.user, from.database
		pgOptions(c, idLibpq, u)
		return
	}
	pairs, ok := parseDSN(value)
	if !ok && strings.Contains(value, "=") {
		pairs, ok = parseDSN("connect_timeout=0 user='' " + value)
	}
	if !ok {
		if !strings.Contains(value, "=") {
			c.database = value
		}
		return
	}
	for _, p := range pairs {
		if p.value != "" {
			pgOption(c, p.name, p.value)
		}
	}
}

// pgVariables takes the variables of libpq's environment. False when there is
// none that says anything of TLS or of where to connect.
func pgVariables(c *client, env []pair) (told bool) {
	for _, p := range env {
		name, ok := pgVariable(p.name)
		if !ok || p.value == "" {
			continue
		}
		told = told || strings.HasPrefix(name, "ssl") || name == "gssencmode" || name == "host"
		pgOption(c, name, p.value)
	}
	return told
}

// pgVariable is the parameter that a variable stands for.
func pgVariable(variable string) (string, bool) {
	switch variable {
	case "PGSSLMODE", "PGSSLROOTCERT", "PGGSSENCMODE", "PGSSLNEGOTIATION", "PGHOST", "PGHOSTADDR", "PGPORT", "PGUSER", "PGSERVICE":
		return strings.ToLower(variable[2:]), true
	case "PGDATABASE":
		return "dbname", true
	case "PGCHANNELBINDING":
		return "channel_binding", true
	case "PGREQUIRESSL":
		return "requiressl", true
	}
	return "", false
}
