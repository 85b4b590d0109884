package read

import (
	"strings"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

const (
	idMySQL    = "mysql-cli"
	idMaria    = "mariadb-cli"
	idMySQLURL = "mysql-url"
	idGoMySQL  = "go-sql-driver-mysql"
)

func mysqlLines() []Line { return []Line{mysqlCommandLine, mysqlURLLine, goMySQLLine} }

func mysqlFiles() []File {
	return []File{{Name: "MySQL option file", Is: isOptionFile, Read: readOptionFile}}
}

// mysqlCommandLine reads command lines of MySQL's and MariaDB's tools. A plain
// "mysql" may be either's: then there is an answer for each, unless it has an
// option that one of them refuses.
func mysqlCommandLine(text string, hints map[string]Hint) []clientconfig.Settings {
	text = bounded(text)
	cmd := parseCommand(text)
	ids := mysqlTool(cmd.name)
	if ids == nil {
		return nil
	}
	c := client{options: map[string]string{}}
	mysqlArguments(&c, cmd.args)
	return mysqlBoth(c, ids, hints, text)
}

// mysqlTool says whose a command is, by its name.
func mysqlTool(name string) []string {
	switch {
	case name == "mariadb" || strings.HasPrefix(name, "mariadb-") && name != "mariadb-install-db":
		return []string{idMaria}
	case name == "mysqlsh" || name == "mysqlpump" || name == "mysql_upgrade":
		return []string{idMySQL}
	}
	switch name {
	case "mysql", "mysqldump", "mysqladmin", "mysqlimport", "mysqlshow", "mysqlcheck", "mysqlslap", "mysqlbinlog":
		return []string{idMySQL, idMaria}
	}
	return nil
}

// mysqlBoth makes settings for each product that reads the text.
func mysqlBoth(c client, ids []string, hints map[string]Hint, text string) (all []clientconfig.Settings) {
	if len(ids) == 2 {
		ids = narrowed(c, ids, hints)
	}
	for _, id := range ids {
		own := c
		own.notes = append([]string(nil), c.notes...)
		if len(ids) == 2 {
			own.notes = append(own.notes, "the mysql command is MySQL's or MariaDB's, which differ, and nothing here says which: one answer for each")
		}
		if id == idMySQL && c.options["ssl-verify-server-cert"] != "" && c.options["ssl-mode"] == "" {
			own.notes = append(own.notes, "MySQL 8.0 has no --ssl-verify-server-cert and its client refuses to start: write --ssl-mode=VERIFY_IDENTITY")
		}
		all = append(all, own.settings(id, hints, text))
	}
	return all
}

func narrowed(c client, ids []string, hints map[string]Hint) []string {
	_, my := hints[idMySQL]
	_, maria := hints[idMaria]
	switch {
	case c.options["ssl-mode"] != "" || my && !maria:
		return []string{idMySQL}
	case maria && !my:
		return []string{idMaria}
	}
	return ids
}

// mysqlArguments reads the arguments of a tool.
func mysqlArguments(c *client, args []string) {
	for n := 0; n < len(args); n++ {
		arg := args[n]
		next := func() string {
			if n+1 >= len(args) || strings.HasPrefix(args[n+1], "-") {
				return "" // an option that lost its value; the next may be -pPASSWORD
			}
			n++
			return args[n]
		}
		switch {
		case arg == "--":
			return
		case strings.HasPrefix(arg, "--"):
			name, value, given := strings.Cut(arg[2:], "=")
			full, known := mysqlOption(name)
			if known && !given && takesValue(full) {
				value, given = next(), true
			}
			mysqlSet(c, name, value, given)
		case len(arg) > 1 && arg[0] == '-':
			mysqlShort(c, arg, next)
		case c.database == "" && (n == 0 || args[n-1] != "-p" && args[n-1] != "--password"):
			// After a lone -p stands a database to mysql, and often a password
			// to whoever wrote it: it is not taken.
			c.database = arg
		}
	}
}

// mysqlShort reads "-h db" and "-hdb". After -p stands a password only when
// nothing separates them, and it is not looked at.
func mysqlShort(c *client, arg string, next func() string) {
	value := arg[2:]
	if !strings.Contains("hPuSDeBFGw", arg[1:2]) {
		return
	}
	switch arg[1] {
	case 'B', 'F', 'G', 'w':
		return
	}
	if value == "" {
		value = next()
	}
	switch arg[1] {
	case 'h':
		c.host = value
	case 'P':
		c.port = value
	case 'u':
		c.user = value
	case 'D':
		c.database = value
	}
}
