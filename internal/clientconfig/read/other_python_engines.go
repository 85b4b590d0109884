package read

import "strings"

// engineCalls are SQLAlchemy's, whose URL says which driver.
func engineCalls() (all []callReader) {
	for _, name := range []string{"create_engine(", "create_async_engine("} {
		for _, id := range []string{"psycopg2", "psycopg", idAsyncpg, "pymysql", "mysqlclient", "mysql-connector-python"} {
			all = append(all, callReader{name, byName, []string{id}, pyEngine})
		}
	}
	return all
}

// pyEngine reads create_engine(URL, connect_args={…}).
func pyEngine(c *client, id string, args call) bool {
	if len(args.positional) == 0 || !args.positional[0].literal {
		return false
	}
	u, ok := parseURL(args.positional[0].text)
	if !ok || engineDriver(u.scheme) != id {
		return false
	}
	*c = u.client()
	inner := call{named: under(args.named, "connect_args")}
	if isPGScheme(u.scheme) {
		pgOptions(c, id, u)
		if id == idAsyncpg {
			asyncpgSSL(c, inner, "ssl")
			return true
		}
		return pyPostgres(c, id, inner)
	}
	mysqlURLOptions(c, id, u)
	own := client{options: map[string]string{}}
	switch id {
	case "pymysql":
		pyMySQL(&own, id, inner)
	case "mysqlclient":
		pyMySQLClient(&own, id, inner)
	default:
		pyConnector(&own, id, inner)
	}
	for name, v := range own.options {
		c.options[name] = v
	}
	return true
}

// engineDriver is the driver of a URL of SQLAlchemy's.
func engineDriver(scheme string) string {
	switch scheme {
	case "postgresql", "postgres":
		return "psycopg2"
	case "mysql", "mysql+mysqldb", "mariadb+mysqldb":
		return "mysqlclient"
	case "mysql+pymysql", "mariadb+pymysql":
		return "pymysql"
	case "mysql+mysqlconnector":
		return "mysql-connector-python"
	}
	id, _ := sqlAlchemyDriver(scheme)
	return id
}

func pyMongo(c *client, _ string, args call) bool {
	switch target, ok := args.named["host"]; {
	case ok && target.literal:
		mongoTarget(c, target.text)
	case len(args.positional) > 0 && args.positional[0].literal:
		mongoTarget(c, args.positional[0].text)
	case ok || len(args.positional) > 0:
		if _, told := args.named["tls"]; !told {
			unread(c, "tls")
		}
	}
	mongoKeywords(c, args.named, "pymongo")
	return true
}

func mongoTarget(c *client, text string) {
	u, ok := parseURL(text)
	if !ok {
		c.host, c.port = hostPort(text)
		return
	}
	*c = u.client()
	mongoURL(c, u, "pymongo")
}

// mongoKeywords takes options that are given beside the URI.
func mongoKeywords(c *client, named map[string]value, id string) {
	args := call{named: named}
	for name := range named {
		switch {
		case args.file(name) == "" && args.decided(name) == "":
		case strings.HasSuffix(name, "file") || name == "ssl_ca_certs" || name == "sslca":
			mongoOption(c, name, args.file(name))
		case strings.HasPrefix(name, "tls") || strings.HasPrefix(name, "ssl"):
			mongoOption(c, name, args.decided(name))
		}
	}
	if c.options["tlscafile"] != "" && id != idMongoNode {
		fill(c.options, "tls", "true")
	}
}
