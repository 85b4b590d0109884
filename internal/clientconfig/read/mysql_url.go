package read

import (
	"strings"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

// mysqlURLDrivers are the drivers that take mysql:// URLs.
func mysqlURLDrivers() []string {
	return []string{"mysql2-node", "mysql-node", "mariadb-node", "sqlx-mysql", "mysqlclient", "mysql2-ruby", "pymysql"}
}

// mysqlURLLine reads mysql://… , and SQLAlchemy's and Rails' variations of it.
func mysqlURLLine(text string, hints map[string]Hint) []clientconfig.Settings {
	text = strings.TrimSpace(bounded(text))
	u, ok := parseURL(text)
	if !ok || strings.ContainsAny(text, "\n\"'") && !strings.Contains(text, "{") {
		return nil
	}
	return mysqlURL(u, hints, text)
}

// mysqlURL gives a URL to the drivers it can be for. Their options have nothing
// in common, so one whose driver is not known stays unknown.
func mysqlURL(u dbURL, hints map[string]Hint, text string) (all []clientconfig.Settings) {
	var ids []string
	switch u.scheme {
	case "mysql", "mariadb":
		ids = hinted(hints, idMySQLURL, mysqlURLDrivers()...)
	case "mysql2":
		ids = []string{"mysql2-ruby"}
	case "mysql+pymysql", "mariadb+pymysql":
		ids = []string{"pymysql"}
	case "mysql+mysqldb", "mariadb+mysqldb":
		ids = []string{"mysqlclient"}
	case "mysql+mysqlconnector":
		ids = []string{"mysql-connector-python"}
	default:
		return nil
	}
	for _, id := range ids {
		c := u.client()
		mysqlURLOptions(&c, id, u)
		all = append(all, c.settings(id, hints, text))
	}
	return all
}

func mysqlURLOptions(c *client, id string, u dbURL) {
	path := func(option, parameter string) {
		if value := u.get(parameter); value != "" {
			c.options[option] = safePath(value)
		}
	}
	switch id {
	case idMySQLURL:
		c.notes = append(c.notes, "which driver reads this URL is not known, and each has its own options")
	case "sqlx-mysql":
		for _, name := range []string{"ssl-mode", "sslmode"} {
			if value := u.get(name); value != "" {
				c.options["ssl-mode"] = mysqlModeWord(value)
			}
		}
		path("ssl-ca", "ssl-ca")
	case "mysql2-node", "mysql-node", "mariadb-node":
		nodeMySQLURL(c, u.get("ssl"))
		if u.get("ssl-mode") != "" || u.get("sslmode") != "" {
			c.notes = append(c.notes, "this driver ignores ssl-mode and sslmode")
		}
	case "pymysql":
		// SQLAlchemy makes ssl={"ca": …} of ssl_ca, which verifies; PyMySQL's
		// own argument ssl_ca does not.
		path("ssl.ca", "ssl_ca")
		fill(c.options, "ssl.check_hostname", yes(u.get("ssl_check_hostname")))
		for _, name := range []string{"ssl_verify_cert", "ssl_verify_identity", "ssl_disabled"} {
			fill(c.options, name, yes(u.get(name)))
		}
		dropFalse(c.options, "ssl_disabled", "ssl_verify_cert", "ssl_verify_identity")
	case "mysqlclient", "mysql2-ruby":
		fill(c.options, "ssl_mode", rubyMode(u.get("ssl_mode")))
		path("ssl.ca", "ssl_ca")
		path("ssl.ca", "sslca")
	case "mysql-connector-python":
		path("ssl_ca", "ssl_ca")
		for _, name := range []string{"ssl_verify_cert", "ssl_verify_identity", "ssl_disabled"} {
			fill(c.options, name, yes(u.get(name)))
		}
	}
}

// dropFalse removes switches that are off, which is where they are when nobody
// writes them.
func dropFalse(options map[string]string, names ...string) {
	for _, name := range names {
		if options[name] == "false" {
			delete(options, name)
		}
	}
}

// rubyMode folds :verify_ca, VERIFY_CA and verify-ca.
func rubyMode(value string) string {
	return strings.ToLower(strings.ReplaceAll(safeWord(strings.TrimPrefix(value, ":")), "-", "_"))
}

// nodeMySQLURL reads ?ssl=… as mysql2 and mysql do: JSON, else the name of a
// profile.
func nodeMySQLURL(c *client, ssl string) {
	switch {
	case ssl == "":
	case strings.HasPrefix(strings.TrimSpace(ssl), "{"):
		nodeSSL(c, arguments(ssl, 0).named)
	case ssl == "true" || ssl == "false":
		c.options["ssl"] = ssl
	default:
		c.options["ssl"], c.options["ssl.profile"] = "profile", safeWord(ssl)
	}
}

// goMySQLLine reads the DSN of Go's driver: user:password@protocol(address)/db.
func goMySQLLine(text string, hints map[string]Hint) []clientconfig.Settings {
	text = strings.TrimSpace(bounded(text))
	c, ok := goMySQLDSN(text)
	if !ok {
		return nil
	}
	return []clientconfig.Settings{c.settings(idGoMySQL, hints, text)}
}

func goMySQLDSN(text string) (client, bool) {
	slash := strings.LastIndexByte(beforeParameters(text), '/')
	if slash < 0 || strings.ContainsAny(text, "\n") {
		return client{}, false
	}
	head := text[:slash]
	at := strings.LastIndexByte(head, '@')
	network, address, ok := strings.Cut(head[at+1:], "(")
	if !ok || !strings.HasSuffix(address, ")") || !isVariable(network) {
		return client{}, false
	}
	c := client{options: map[string]string{}}
	c.user, _, _ = strings.Cut(head[:max(at, 0)], ":")
	c.host, c.port = hostPort(strings.TrimSuffix(address, ")"))
	if network == "unix" {
		c.options["transport"] = "unix"
		c.host, c.port = strings.TrimSuffix(address, ")"), ""
	}
	database, query, _ := strings.Cut(text[slash+1:], "?")
	c.database = database
	for part := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(part, "=")
		if name == "allowFallbackToPlaintext" {
			c.options["allowfallbacktoplaintext"] = yes(unescape(value))
		}
		if name == "tls" {
			c.options["tls"] = goTLS(unescape(value))
		}
	}
	return c, true
}

// beforeParameters is what stands before the "?" of the parameters, which is
// the first after the address.
func beforeParameters(text string) string {
	from := max(strings.LastIndex(text, ")/"), 0)
	if n := strings.IndexByte(text[from:], '?'); n >= 0 {
		return text[:from+n]
	}
	return text
}

// goTLS folds the ways to write the switch; any other word is the name of a
// configuration.
func goTLS(value string) string {
	switch strings.ToLower(value) {
	case "1", "true":
		return "true"
	case "0", "false":
		return "false"
	case "skip-verify", "preferred":
		return strings.ToLower(value)
	}
	return safeWord(value)
}
