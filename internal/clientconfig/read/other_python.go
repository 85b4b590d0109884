package read

import (
	"github.com/dbtls/dbtls/internal/clientconfig"
)

func readPython(s Source) []clientconfig.Settings {
	return append(readLanguage(s, python()), readDjango(s)...)
}

func python() language {
	return language{
		comments: []string{"#"},
		dsn:      idLibpq,
		imports: []pair{
			{"import psycopg2", "psycopg2"}, {"from psycopg2", "psycopg2"}, {"import psycopg\n", "psycopg"}, {"from psycopg ", "psycopg"}, {"from psycopg_pool", "psycopg"},
			{"import asyncpg", idAsyncpg}, {"import pymysql", "pymysql"}, {"from pymysql", "pymysql"}, {"import MySQLdb", "mysqlclient"},
			{"mysql.connector", "mysql-connector-python"}, {"pymongo", "pymongo"},
		},
		calls: append([]callReader{
			{"psycopg2.connect(", byName, []string{"psycopg2"}, pyPostgres},
			{"psycopg.connect(", byName, []string{"psycopg"}, pyPostgres},
			{"AsyncConnection.connect(", byName, []string{"psycopg"}, pyPostgres},
			{"asyncpg.connect(", byName, []string{idAsyncpg}, pyAsyncpg},
			{"asyncpg.create_pool(", byName, []string{idAsyncpg}, pyAsyncpg},
			{"pymysql.connect(", byName, []string{"pymysql"}, pyMySQL},
			{"MySQLdb.connect(", byName, []string{"mysqlclient"}, pyMySQLClient},
			{"mysql.connector.connect(", byName, []string{"mysql-connector-python"}, pyConnector},
			{"mariadb.connect(", byName, []string{"mariadb-python"}, pyConnector},
			{"MongoClient(", byName, []string{"pymongo"}, pyMongo},
			{"AsyncIOMotorClient(", byName, []string{"pymongo"}, pyMongo},
		}, engineCalls()...),
	}
}

// pyTarget reads a URI or DSN that is the first argument.
func pyTarget(c *client, id string, args call, keyword string) {
	target, ok := args.named[keyword]
	if !ok && len(args.positional) > 0 {
		target, ok = args.positional[0], true
	}
	switch {
	case !ok:
	case target.literal:
		if u, isURL := parseURL(target.text); isURL && isPGScheme(u.scheme) {
			notes := c.notes
			*c = u.client()
			c.notes = notes
			pgOptions(c, id, u)
			return
		}
		pgTarget(c, target.text)
	default:
		if args.named["sslmode"] == (value{}) && args.named["ssl"] == (value{}) {
			unread(c, "sslmode")
		}
	}
}

func pyPostgres(c *client, id string, args call) bool {
	pyTarget(c, id, args, "dsn")
	pyTarget(c, id, call{named: args.named}, "conninfo")
	fillBasics(c, args)
	if mode := args.decided("sslmode"); mode != "" {
		c.options["sslmode"] = mode
	}
	if root := args.file("sslrootcert"); root != "" {
		c.options["sslrootcert"] = root
	}
	fill(c.options, "gssencmode", args.decided("gssencmode"))
	pgNotes(c)
	return true
}

// fillBasics takes who connects where, but for what a URI said.
func fillBasics(c *client, args call) {
	var given client
	basics(&given, args)
	if given.host != "" {
		c.host = given.host
	}
	if given.port != "" {
		c.port = given.port
	}
	if given.user != "" {
		c.user = given.user
	}
	if given.database != "" {
		c.database = given.database
	}
}

func pyAsyncpg(c *client, id string, args call) bool {
	pyTarget(c, id, args, "dsn")
	fillBasics(c, args)
	asyncpgSSL(c, args, "ssl")
	return true
}

// asyncpgSSL reads asyncpg's argument ssl: a switch, a mode, or a context.
func asyncpgSSL(c *client, args call, name string) {
	switch ssl := args.decided(name); {
	case ssl == "":
	case ssl == "true" || ssl == "false":
		c.options["ssl"] = ssl
		delete(c.options, "sslmode")
	case ssl == untold:
		c.options["ssl"] = "context"
		delete(c.options, "sslmode")
	default:
		c.options["sslmode"] = ssl
	}
}

func pyMySQL(c *client, _ string, args call) bool {
	basics(c, args)
	pySSL(c, args)
	for _, name := range []string{"ssl_disabled", "ssl_verify_cert", "ssl_verify_identity"} {
		fill(c.options, name, args.decided(name))
	}
	dropFalse(c.options, "ssl_disabled", "ssl_verify_cert", "ssl_verify_identity")
	if ca := args.file("ssl_ca"); ca != "" {
		c.options["ssl_ca"] = ca
	}
	pyUnpacked(c, args, "ssl")
	return true
}

// pyUnpacked notes arguments that are handed on as a whole: **settings.
func pyUnpacked(c *client, args call, option string) {
	for _, v := range args.positional {
		if !v.literal && !v.word {
			unread(c, option)
			return
		}
	}
}

// pySSL reads the argument ssl of PyMySQL and mysqlclient, a dictionary.
func pySSL(c *client, args call) {
	ssl, ok := args.named["ssl"]
	switch {
	case !ok || ssl.word && constantWord(ssl.text) == "false":
		return
	case !ssl.object:
		c.options["ssl"] = "context"
		return
	}
	inner := call{named: under(args.named, "ssl")}
	if len(inner.named) == 0 {
		c.options["ssl"] = "false"
		return
	}
	c.options["ssl"] = "true"
	if _, ok := inner.named[spread]; ok {
		c.options["ssl"] = "context"
	}
	for _, name := range []string{"ca", "capath"} {
		if file := inner.file(name); file != "" {
			c.options["ssl."+name] = file
		}
	}
	fill(c.options, "ssl.check_hostname", inner.decided("check_hostname"))
	fill(c.options, "ssl.verify_mode", inner.decided("verify_mode"))
}

func pyMySQLClient(c *client, _ string, args call) bool {
	basics(c, args)
	pySSL(c, args)
	delete(c.options, "ssl")
	fill(c.options, "ssl_mode", rubyMode(args.decided("ssl_mode")))
	pyUnpacked(c, args, "ssl_mode")
	return true
}

func pyConnector(c *client, _ string, args call) bool {
	basics(c, args)
	if ca := args.file("ssl_ca"); ca != "" {
		c.options["ssl_ca"] = ca
	}
	for _, name := range []string{"ssl_disabled", "ssl_verify_cert", "ssl_verify_identity"} {
		fill(c.options, name, args.decided(name))
	}
	pyUnpacked(c, args, "ssl_verify_cert")
	return true
}
