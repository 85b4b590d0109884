package read

import (
	"slices"
	"strings"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

// readNodeMSSQL reads the objects that tedious and mssql are configured with:
// wherever one has a server and options of TLS.
func readNodeMSSQL(s Source) (all []clientconfig.Settings) {
	text := bounded(s.Text)
	hints := map[string]Hint{}
	for _, i := range []pair{{"tedious", idTedious}, {"mssql", idNodeMSSQL}} {
		for _, quote := range []string{`'`, `"`, "`"} {
			if strings.Contains(text, quote+i.name+quote) || strings.Contains(text, quote+i.name+"/") {
				hints[i.value] = s.Hints[i.value]
			}
		}
	}
	if len(hints) == 0 {
		for _, id := range []string{idTedious, idNodeMSSQL} {
			if hint, ok := s.Hints[id]; ok {
				hints[id] = hint
			}
		}
	}
	where := linesOf(text)
	for _, at := range occurrences(text, "server") {
		open := objectAround(text, at)
		if open < 0 || len(all) >= maxFound {
			continue
		}
		args := arguments(text, open)
		_, encrypt := args.named["options.encrypt"]
		_, trust := args.named["options.trustservercertificate"]
		if _, ok := args.named["server"]; !ok || len(hints) == 0 && !encrypt && !trust {
			continue
		}
		for _, id := range hinted(hints, idNodeMSSQL, idTedious, idNodeMSSQL) {
			if id == idTedious && len(hints) > 1 && strings.Contains(text[open:args.end], "user:") && !strings.Contains(text[open:args.end], "authentication") {
				continue // mssql's form
			}
			found := nodeMSSQLOptions(args).settings(id, hints, text[open:args.end])
			found.Where = where.at(s.Path, open)
			all = append(all, found)
		}
	}
	return slices.CompactFunc(all, func(a, b clientconfig.Settings) bool { return a.Where == b.Where && a.Driver == b.Driver })
}

func nodeMSSQLOptions(args call) client {
	c := mssClient()
	basics(&c, args)
	for _, name := range []string{"encrypt", "trustservercertificate"} {
		fill(c.options, name, args.decided("options."+name))
		fill(c.options, name, args.decided(name))
	}
	if v := args.named["options.encrypt"]; v.literal && v.text == "strict" {
		c.options["encrypt"] = "strict"
	}
	fill(c.options, "ca", args.file("options.cryptocredentialsdetails.ca"))
	fill2(&c.user, args.constant("authentication.options.username"))
	fill2(&c.database, args.constant("options.database"))
	fill2(&c.port, args.constant("options.port"))
	return c
}

// objectAround is the opening bracket of the object that an offset is in, -1
// for none within reach.
func objectAround(text string, at int) int {
	depth := 0
	for n := at - 1; n >= max(0, at-2048); n-- {
		switch text[n] {
		case '}', ')', ']':
			depth++
		case '{':
			if depth == 0 {
				return n
			}
			depth--
		case '(', '[':
			if depth == 0 {
				return -1
			}
			depth--
		}
	}
	return -1
}

// readPyMSSQL reads pymssql's calls, pyodbc's with keywords, and oracledb's.
func readPyMSSQL(s Source) []clientconfig.Settings {
	return readCalls(s, language{
		comments: []string{"#"},
		imports:  []pair{{"pymssql", idFreeTDS}, {"pyodbc", idMSODBC}, {"oracledb", idPythonOracle}, {"cx_Oracle", idOracleClient}},
		calls: []callReader{
			{"pymssql.connect(", byName, []string{idFreeTDS}, pyMSSQLCall},
			{"oracledb.connect(", byName, []string{idPythonOracle}, pyOracleCall},
			{"oracledb.create_pool(", byName, []string{idPythonOracle}, pyOracleCall},
			{"oracledb.connect_async(", byName, []string{idPythonOracle}, pyOracleCall},
			{"cx_Oracle.connect(", byName, []string{idOracleClient}, pyOracleCall},
			{"cx_Oracle.SessionPool(", byName, []string{idOracleClient}, pyOracleCall},
		},
	})
}

func pyMSSQLCall(c *client, _ string, args call) bool {
	basics(c, args)
	if c.host == "" && len(args.positional) > 0 {
		c.host = args.positional[0].text
	}
	c.options["config"] = "elsewhere"
	fill(c.options, "encryption", args.decided("encryption"))
	return true
}
