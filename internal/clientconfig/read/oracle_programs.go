package read

import (
	"slices"
	"strings"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

// oracleTools are the commands that log in with user/password@address.
func oracleTools() []string {
	return []string{"sqlplus", "sqlldr", "expdp", "impdp", "rman", "sql", "sqlcl", "exp", "imp"}
}

// oracleCommandLine reads SQL*Plus and its kin.
func oracleCommandLine(text string, hints map[string]Hint) []clientconfig.Settings {
	cmd := parseCommand(bounded(text))
	if !slices.Contains(oracleTools(), cmd.name) {
		return nil
	}
	for _, arg := range cmd.args {
		if strings.HasPrefix(arg, "-") || strings.HasPrefix(arg, "@") || !strings.ContainsAny(arg, "@/") {
			continue
		}
		arg = strings.TrimPrefix(arg, "userid=")
		login, address := arg, ""
		if at := strings.LastIndexByte(arg, '@'); at >= 0 {
			login, address = arg[:at], arg[at+1:]
		}
		c := mssClient()
		c.user, _, _ = strings.Cut(login, "/")
		if address == "" {
			continue // this machine's database
		}
		oracleAddress(&c, address)
		return []clientconfig.Settings{c.settings(idOracleClient, hints, text)}
	}
	return nil
}

// readOracleCommands reads the command lines of a script.
func readOracleCommands(s Source) (all []clientconfig.Settings) {
	text := bounded(s.Text)
	if !strings.Contains(text, "sqlplus") && !strings.Contains(text, "sqlldr") && !strings.Contains(text, "expdp") && !strings.Contains(text, "impdp") {
		return nil
	}
	where := linesOf(text)
	for start := 0; start < len(text) && len(all) < maxFound; {
		end := logicalEnd(text, start)
		line := text[start:end]
		for _, segment := range segments(line) {
			at := strings.Index(segment, "sqlplus")
			for _, tool := range []string{"sqlldr", "expdp", "impdp"} {
				if at < 0 {
					at = strings.Index(segment, tool)
				}
			}
			if at < 0 || len(line) > 16<<10 || strings.HasPrefix(strings.TrimSpace(line), "#") {
				continue
			}
			for _, found := range oracleCommandLine(segment[at:], s.Hints) {
				found.Where = where.at(s.Path, start)
				all = append(all, found)
			}
		}
		start = end + 1
	}
	return all
}

// pyOracleCall reads the arguments of python-oracledb's and cx_Oracle's connect.
func pyOracleCall(c *client, id string, args call) bool {
	address := args.constant("dsn", "host")
	if address == "" && len(args.positional) > 0 {
		address = args.positional[len(args.positional)-1].text
	}
	if at := strings.LastIndexByte(address, '@'); at >= 0 {
		address = address[at+1:] // user/password@address
	}
	if address != "" {
		oracleAddress(c, address)
	} else {
		unread(c, "protocol")
	}
	if protocol := args.decided("protocol"); protocol != "" {
		c.options["protocol"] = strings.ToLower(protocol)
	}
	c.user = args.constant("user")
	fill2(&c.port, args.constant("port"))
	for _, name := range []string{"ssl_server_dn_match", "wallet_location"} {
		if v, ok := args.named[name]; ok {
			oracleOption(c, name, decidedOr(v, args, name))
		}
	}
	if _, ok := args.named["ssl_context"]; ok {
		c.options["protocol"] = untold
		c.notes = append(c.notes, "an ssl_context is given: what it verifies is decided there")
	}
	return true
}

func decidedOr(v value, args call, name string) string {
	if v.literal {
		return v.text
	}
	return args.decided(name)
}

// readNodeOracle reads node-oracledb's getConnection and createPool.
func readNodeOracle(s Source) []clientconfig.Settings {
	return readCalls(s, language{
		comments: []string{"//", "*"},
		imports:  []pair{{"'oracledb'", idNodeOracle}, {`"oracledb"`, idNodeOracle}},
		calls: []callReader{
			{"getConnection(", importedOnly, []string{idNodeOracle}, nodeOracleCall},
			{"createPool(", importedOnly, []string{idNodeOracle}, nodeOracleCall},
		},
	})
}

func nodeOracleCall(c *client, _ string, args call) bool {
	address := args.constant("connectstring", "connectionstring")
	if address == "" {
		return false
	}
	oracleAddress(c, address)
	c.user = args.constant("user", "username")
	for _, name := range []string{"sslserverdnmatch", "walletlocation"} {
		if v, ok := args.named[name]; ok {
			oracleOption(c, name, decidedOr(v, args, name))
		}
	}
	return true
}

// readGoOra reads the URLs of go-ora in a program.
func readGoOra(s Source) (all []clientconfig.Settings) {
	text := bounded(s.Text)
	if !strings.Contains(text, "oracle://") {
		return nil
	}
	where := linesOf(text)
	for _, l := range joinedLiterals(text) {
		for _, found := range goOraLine(l.text, s.Hints) {
			found.Where = where.at(s.Path, l.start)
			if all = append(all, found); len(all) >= maxFound {
				return all
			}
		}
	}
	return all
}
