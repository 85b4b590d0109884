package read

import (
	"strings"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

const idPHPMySQL = "php-mysql"

func readPHP(s Source) []clientconfig.Settings {
	return readLanguage(s, language{
		comments: []string{"//", "#", "*", "/*"},
		dsn:      "php-pgsql",
		calls: []callReader{
			{"new PDO(", byName, []string{idPHPMySQL}, phpPDO},
			{"new PDO(", byName, []string{"php-pgsql"}, phpPDO},
			{"mysqli_ssl_set(", byName, []string{idPHPMySQL}, phpSSLSet},
			{"ssl_set(", byName, []string{idPHPMySQL}, phpSSLSet},
			{"mysqli_connect(", byName, []string{idPHPMySQL}, phpMySQLi},
			{"new mysqli(", byName, []string{idPHPMySQL}, phpMySQLi},
		},
	})
}

// phpPDO reads new PDO("mysql:host=…", user, password, [options]).
func phpPDO(c *client, id string, args call) bool {
	if len(args.positional) == 0 || !args.positional[0].literal {
		return false
	}
	kind, dsn, _ := strings.Cut(args.positional[0].text, ":")
	switch {
	case kind == "pgsql" && id == "php-pgsql":
		for part := range strings.SplitSeq(dsn, ";") {
			if name, value, ok := strings.Cut(part, "="); ok {
				pgOption(c, strings.TrimSpace(name), strings.TrimSpace(value))
			}
		}
		pgNotes(c)
		return true
	case kind != "mysql" || id != idPHPMySQL:
		return false
	}
	for part := range strings.SplitSeq(dsn, ";") {
		name, value, _ := strings.Cut(part, "=")
		switch strings.TrimSpace(name) {
		case "host":
			c.host = value
		case "port":
			c.port = value
		case "dbname":
			c.database = value
		}
	}
	phpAttributes(c, args)
	if len(args.positional) > 3 && !args.positional[3].object {
		unread(c, "ssl")
	}
	return true
}

// phpAttributes takes the options of PDO's that are about TLS, by the names of
// either class: PDO::MYSQL_ATTR_SSL_CA, Pdo\\Mysql::ATTR_SSL_CA.
func phpAttributes(c *client, args call) {
	for name, v := range args.named {
		name = name[strings.LastIndexAny(name, ":.")+1:]
		name = strings.TrimPrefix(name, "mysql_")
		option := call{named: map[string]value{"v": v}}
		switch name {
		case "attr_ssl_ca":
			fill(c.options, "ssl-ca", option.file("v"))
		case "attr_ssl_verify_server_cert":
			fill(c.options, "verify", option.decided("v"))
		case "attr_ssl_cert", "attr_ssl_key", "attr_ssl_capath", "attr_ssl_cipher":
			c.options["ssl"] = "true"
		}
	}
}

// phpSSLSet reads mysqli's ssl_set(key, cert, ca, capath, cipher). The flags of
// the connect call, which can turn verification off, stand elsewhere.
func phpSSLSet(c *client, _ string, args call) bool {
	list := args.positional
	if len(list) == 6 {
		list = list[1:] // the function's first argument is the link
	}
	if len(list) != 5 {
		return false
	}
	ca := call{named: map[string]value{"ca": list[2]}}.file("ca")
	fill(c.options, "ssl-ca", ca)
	if ca == "" {
		c.options["ssl"] = "true"
	}
	c.notes = append(c.notes, "MYSQLI_CLIENT_SSL_DONT_VERIFY_SERVER_CERT among the flags of real_connect turns verification off")
	return true
}

// phpMySQLi reads the ways to connect that have no TLS options.
func phpMySQLi(c *client, _ string, args call) bool {
	if len(args.positional) == 0 {
		return false
	}
	if args.positional[0].literal {
		c.host = args.positional[0].text
	}
	return true
}

func readRuby(s Source) []clientconfig.Settings {
	return readLanguage(s, language{
		comments: []string{"#"},
		dsn:      "ruby-pg",
		imports:  []pair{{"PG.connect", "ruby-pg"}, {"Mysql2::Client", "mysql2-ruby"}},
		calls: []callReader{
			{"PG.connect(", byName, []string{"ruby-pg"}, pyPostgres},
			{"PG::Connection.new(", byName, []string{"ruby-pg"}, pyPostgres},
			{"Mysql2::Client.new(", byName, []string{"mysql2-ruby"}, rubyMySQL},
		},
	})
}

func rubyMySQL(c *client, _ string, args call) bool {
	basics(c, args)
	fill(c.options, "ssl_mode", rubyMode(args.decided("ssl_mode")))
	fill(c.options, "ssl.ca", args.file("sslca"))
	if len(args.named) == 0 {
		unread(c, "ssl_mode")
	}
	return len(args.named) > 0 || len(args.positional) > 0
}
