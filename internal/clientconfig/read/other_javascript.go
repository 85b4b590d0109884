package read

import "github.com/dbtls/dbtls/internal/clientconfig"

func readJavaScript(s Source) []clientconfig.Settings {
	return readLanguage(s, language{
		comments: []string{"//", "*", "/*"},
		imports: []pair{
			{`'pg'`, idNodePG}, {`"pg"`, idNodePG}, {`'pg-pool'`, idNodePG}, {`"pg-pool"`, idNodePG},
			{`'postgres'`, idPostgresJS}, {`"postgres"`, idPostgresJS},
			{`'mysql2`, "mysql2-node"}, {`"mysql2`, "mysql2-node"}, {`'mysql'`, "mysql-node"}, {`"mysql"`, "mysql-node"},
			{`'mariadb'`, "mariadb-node"}, {`"mariadb"`, "mariadb-node"},
			{`'mongodb'`, "mongodb-node"}, {`"mongodb"`, "mongodb-node"}, {`'mongoose'`, "mongodb-node"}, {`"mongoose"`, "mongodb-node"},
		},
		calls: []callReader{
			{"Client(", importedOnly, []string{idNodePG}, nodePG},
			{"Pool(", importedOnly, []string{idNodePG}, nodePG},
			{"postgres(", importedOnly, []string{idPostgresJS}, jsPostgres},
			{"createConnection(", importedOnly, []string{"mysql2-node", "mysql-node", "mariadb-node"}, nodeMySQLCall},
			{"createPool(", importedOnly, []string{"mysql2-node", "mysql-node", "mariadb-node"}, nodeMySQLCall},
			{"MongoClient(", importedOnly, []string{"mongodb-node"}, nodeMongo},
			{"mongoose.connect(", byName, []string{"mongodb-node"}, nodeMongo},
		},
	})
}

// nodeURL is the URI among a call's arguments: in an option of its object, or
// the first argument. Unknown: there is one, and it is no constant.
func nodeURL(args call) (u dbURL, found, unknown bool) {
	for _, name := range []string{"connectionstring", "uri", "url"} {
		if v, ok := args.named[name]; ok {
			u, isURL := parseURL(v.text)
			return u, v.literal && isURL, !v.literal
		}
	}
	if len(args.positional) > 0 && !args.positional[0].object {
		u, isURL := parseURL(args.positional[0].text)
		return u, args.positional[0].literal && isURL, !args.positional[0].literal
	}
	return dbURL{}, false, false
}

// nodeSSL reads an ssl object of a Node driver.
func nodeSSL(c *client, named map[string]value) {
	inner := call{named: named}
	c.options["ssl"] = "object"
	if ca := inner.file("ca"); ca != "" {
		c.options["ssl.ca"] = ca
	}
	for _, name := range []string{"rejectunauthorized", "verifyidentity"} {
		fill(c.options, "ssl."+name, inner.decided(name))
	}
	if _, ok := named[spread]; ok {
		unread(c, "ssl.rejectunauthorized")
	}
	if _, ok := named["checkserveridentity"]; ok {
		c.options["ssl.checkserveridentity"] = untold
		c.notes = append(c.notes, "checkServerIdentity is the program's own: what it makes of the name is not known")
	}
	dropFalse(c.options, "ssl.verifyidentity")
}

// nodeOption reads the option ssl: a switch, a word or an object.
func nodeOption(c *client, args call) {
	ssl, ok := args.named["ssl"]
	_, takes := args.named[spread]
	switch {
	case !ok && takes:
		unread(c, "ssl")
	case !ok:
	case ssl.object:
		nodeSSL(c, under(args.named, "ssl"))
	default:
		c.options["ssl"] = args.decided("ssl")
	}
}

func nodePG(c *client, _ string, args call) bool {
	u, found, unknown := nodeURL(args)
	if found && isPGScheme(u.scheme) {
		*c = u.client()
	}
	nodeOption(c, args)
	fillBasics(c, args)
	if found {
		nodePGURL(c, u)
		if c.options["sslmode"] != "" && args.named["ssl"] != (value{}) {
			c.notes = append(c.notes, "sslmode in the connection string replaces the ssl option beside it")
		}
	}
	if unknown {
		unread(c, "sslmode")
	}
	return len(args.named) > 0 || len(args.positional) > 0
}

func jsPostgres(c *client, _ string, args call) bool {
	u, found, unknown := nodeURL(args)
	if found && isPGScheme(u.scheme) {
		*c = u.client()
		postgresJSURL(c, u)
	}
	nodeOption(c, args)
	fillBasics(c, args)
	if unknown {
		unread(c, "ssl")
	}
	return len(args.named) > 0 || len(args.positional) > 0
}

func nodeMySQLCall(c *client, _ string, args call) bool {
	u, found, unknown := nodeURL(args)
	if found {
		*c = u.client()
		nodeMySQLURL(c, u.get("ssl"))
	}
	if ssl := args.named["ssl"]; ssl.literal {
		c.options["ssl"], c.options["ssl.profile"] = "profile", safeWord(ssl.text)
	} else {
		nodeOption(c, args)
	}
	fillBasics(c, args)
	if unknown {
		unread(c, "ssl")
	}
	return len(args.named) > 0 || len(args.positional) > 0
}

func nodeMongo(c *client, _ string, args call) bool {
	u, found, unknown := nodeURL(args)
	if found {
		*c = u.client()
		mongoURL(c, u, idMongoNode)
	}
	mongoKeywords(c, args.named, idMongoNode)
	if unknown {
		unread(c, "tls")
	}
	return len(args.positional) > 0
}
