package read

import (
	"slices"
	"strings"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

// mssTools are the commands that are read here.
func mssTools() []string {
	return []string{"sqlcmd", "bcp", "invoke-sqlcmd", "tsql", "bsqldb", "freebcp", "sqsh", "fisql"}
}

// mssCommandLine reads sqlcmd, bcp, Invoke-Sqlcmd and FreeTDS's commands.
func mssCommandLine(text string, hints map[string]Hint) []clientconfig.Settings {
	text = bounded(text)
	lower := asciiLower(text)
	if !slices.ContainsFunc(mssTools(), func(tool string) bool { return strings.Contains(lower, tool) }) {
		return nil
	}
	joined := strings.NewReplacer("`\r\n", " ", "`\n", " ", "^\r\n", " ", "^\n", " ").Replace(text)
	cmd := parseCommand(joined)
	for cmd.name != "" && !slices.Contains(mssTools(), cmd.name) && runsOthers(cmd.name) { // docker exec db sqlcmd …
		at := slices.IndexFunc(cmd.args, func(word string) bool { return slices.Contains(mssTools(), commandName(word)) })
		if at < 0 {
			return nil
		}
		cmd.name, cmd.args = commandName(cmd.args[at]), cmd.args[at+1:]
	}
	return mssCommand(cmd, hints, text)
}

func mssCommand(cmd command, hints map[string]Hint, text string) []clientconfig.Settings {
	switch cmd.name {
	case "sqlcmd":
		return sqlcmdSettings(cmd, hints, text)
	case "bcp":
		c := mssClient()
		for flag, value := range shortOptions(cmd.args, "abcdDefFGhiKlLmoPqrRStTUVxYz", "Yu") {
			switch flag {
			case 'S':
				c.host, c.port = mssServer(value)
			case 'U':
				c.user = value
			case 'd':
				c.database = value
			case 'Y':
				c.options["encrypt"] = encryptLetter(value)
			case 'u':
				c.options["trustservercertificate"] = "true"
			}
		}
		return versioned(c.settings(idBCP, hints, text), toolsVersion(text), "the command's path")
	case "invoke-sqlcmd":
		return invokeSettings(cmd, hints, text)
	case "tsql", "bsqldb", "freebcp", "sqsh", "fisql":
		c := mssClient()
		c.options["config"] = "elsewhere"
		for flag, value := range shortOptions(cmd.args, "SHpUPDIJtoLCcrhd", "") {
			switch flag {
			case 'S', 'H':
				fill2(&c.host, value)
			case 'p':
				c.port = value
			case 'U':
				c.user = value
			}
		}
		return []clientconfig.Settings{c.settings(idFreeTDS, hints, text)}
	}
	return nil
}

// sqlcmdSettings reads sqlcmd of both kinds. -N takes its letter glued to it
// (ODBC) or a word (Go), -C nothing.
func sqlcmdSettings(cmd command, hints map[string]Hint, text string) []clientconfig.Settings {
	c := mssClient()
	id := idSQLCmd
	if _, ok := hints[idGoSQLCmd]; ok {
		id = idGoSQLCmd
	}
	for flag, value := range shortOptions(cmd.args, "acdDEFfhHiKklLmMoPqQrsStUuvVwyYzZg", "NC") {
		switch flag {
		case 'S':
			c.host, c.port = mssServer(value)
		case 'U':
			c.user = value
		case 'd':
			c.database = value
		case 'N':
			c.options["encrypt"] = encryptLetter(value)
		case 'C':
			c.options["trustservercertificate"] = "true"
		case 'F':
			c.options["hostnameincertificate"] = safePath(value)
		}
	}
	for _, p := range cmd.env {
		switch strings.ToUpper(p.name) {
		case "SQLCMDSERVER":
			if c.host == "" {
				c.host, c.port = mssServer(p.value)
			}
		case "SQLCMDUSER":
			fill2(&c.user, p.value)
		case "SQLCMDDBNAME":
			fill2(&c.database, p.value)
		}
	}
	return versioned(c.settings(id, hints, text), toolsVersion(text), "the command's path")
}

// encryptLetter is what follows -N or -Y.
func encryptLetter(value string) string {
	switch strings.ToLower(value) {
	case "", "m":
		return "mandatory"
	case "s":
		return "strict"
	case "o":
		return "optional"
	}
	return mssMode(value)
}

// toolsVersion is the version that the directory of Microsoft's package tells.
func toolsVersion(text string) string {
	switch {
	case strings.Contains(text, "mssql-tools18/"):
		return "18"
	case strings.Contains(text, "mssql-tools/"):
		return "17"
	}
	return ""
}

// shortOptions are the options of one letter: those of valued take what is glued
// to them, or the next word; those of optional what is glued to them alone.
func shortOptions(args []string, valued, optional string) func(yield func(byte, string) bool) {
	return func(yield func(byte, string) bool) {
		for n := 0; n < len(args); n++ {
			arg := args[n]
			if len(arg) < 2 || arg[0] != '-' && arg[0] != '/' || arg[1] == '-' {
				continue
			}
			flag, value := arg[1], arg[2:]
			switch {
			case strings.IndexByte(optional, flag) >= 0:
			case strings.IndexByte(valued, flag) >= 0 && value == "" && n+1 < len(args) && takesNext(flag, args[n+1]):
				n++
				value = args[n]
			}
			if !yield(flag, value) {
				return
			}
		}
	}
}

// takesNext reports whether an option's value is the next word. Some of them
// need none (-E, -L): what begins with a hyphen is the next option.
func takesNext(flag byte, next string) bool {
	return strings.IndexByte("EgFkLDMru", flag) < 0 && !strings.HasPrefix(next, "-") || flag == 'P'
}

// invokeSettings reads PowerShell's Invoke-Sqlcmd.
func invokeSettings(cmd command, hints map[string]Hint, text string) []clientconfig.Settings {
	c := mssClient()
	for n := 0; n < len(cmd.args); n++ {
		name, value, given := strings.Cut(strings.ToLower(strings.TrimPrefix(cmd.args[n], "-")), ":")
		if !strings.HasPrefix(cmd.args[n], "-") {
			continue
		}
		if !given && n+1 < len(cmd.args) && !strings.HasPrefix(cmd.args[n+1], "-") {
			value = cmd.args[n+1]
		}
		switch name {
		case "serverinstance":
			c.host, c.port = mssServer(value)
		case "database":
			c.database = value
		case "username":
			c.user = value
		case "encrypt":
			c.options["encrypt"] = mssMode(value)
		case "encryptconnection":
			c.options["encrypt"] = "true"
		case "trustservercertificate":
			c.options["trustservercertificate"] = "true"
			if given {
				c.options["trustservercertificate"] = yes(strings.TrimPrefix(value, "$"))
			}
		case "hostnameincertificate":
			c.options["hostnameincertificate"] = safePath(value)
		case "connectionstring":
			if found := mssString(strings.Trim(value, `"'`), hints, text); len(found) > 0 {
				return found
			}
		}
	}
	return []clientconfig.Settings{c.settings(idInvokeSQLCmd, hints, text)}
}
