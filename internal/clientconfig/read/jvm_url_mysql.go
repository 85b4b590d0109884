package read

import "strings"

// mysql reads what follows "jdbc:mysql:" and "jdbc:mariadb:": an optional
// manner of using several servers, the servers, the database, the options.
func (u *jdbcURL) mysql(rest string) {
	if n := strings.Index(rest, "//"); n >= 0 {
		if n > 0 && strings.Trim(rest[:n], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ:-+") != "" {
			return
		}
		rest = rest[n+2:]
	}
	authority, rest := jdbcCutOutside(rest, "/?")
	if strings.HasPrefix(rest, "/") {
		database, query, ok := strings.Cut(rest[1:], "?")
		u.database = jdbcName(jdbcUnescape(database))
		if rest = ""; ok {
			rest = "?" + query
		}
	}
	u.query(strings.TrimPrefix(rest, "?"))
	u.mysqlHosts(authority, false)
	u.mysqlScheme()
}

// mysqlScheme settles whose "jdbc:mysql:" it is: permitMysqlScheme is an option
// of MariaDB Connector/J 3.x, which takes the prefix with it alone.
func (u *jdbcURL) mysqlScheme() {
	for _, o := range u.options {
		if strings.EqualFold(o.name, "permitMysqlScheme") && u.product == "mysql-connector-j" {
			u.product = "mariadb-connector-j"
			u.note("permitMysqlScheme makes it a URL of MariaDB Connector/J")
		}
	}
}

// jdbcMaxServers bounds the servers of one URL that are looked at.
const jdbcMaxServers = 64

// mysqlHosts reads the servers: "h", "h:1", "u:p@h", "address=(host=h)(port=1)",
// "(host=h,port=1)", "[h1,h2]", parted by commas.
func (u *jdbcURL) mysqlHosts(authority string, inList bool) {
	for authority != "" && len(u.hosts) < jdbcMaxServers {
		var one string
		one, authority = jdbcCutOutside(authority, ",")
		authority = strings.TrimPrefix(authority, ",")
		one = u.login(strings.TrimSpace(one))
		switch rest, keyed := jdbcCutPrefix(one, "address="); {
		case keyed || strings.HasPrefix(rest, "("):
			u.mysqlAddress(rest)
		case strings.HasPrefix(one, "[") && strings.HasSuffix(one, "]") && strings.Contains(one, ",") && !inList:
			u.mysqlHosts(one[1:len(one)-1], true)
		default:
			u.host(one)
		}
	}
}

// mysqlAddress reads "(key=value)(key=value)" and "(key=value,key=value)".
func (u *jdbcURL) mysqlAddress(text string) {
	var h jdbcHost
	for _, pair := range strings.FieldsFunc(text, func(r rune) bool { return r == '(' || r == ')' || r == ',' }) {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			continue
		}
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "host":
			h.name = jdbcName(jdbcUnescape(value))
		case "port":
			h.port = jdbcPort(value)
		case "user":
			u.user = jdbcUser(jdbcUnescape(value))
		case "protocol", "type", "priority":
		default:
			if jdbcSecret(strings.ToLower(name)) {
				u.secret(value)
				continue
			}
			h.options = append(h.options, jdbcOption{strings.TrimSpace(name), jdbcUnescape(value)})
		}
	}
	u.hosts = append(u.hosts, h)
}

// jdbcCutOutside cuts before the first of the bytes that stands outside brackets.
func jdbcCutOutside(text, bytes string) (before, after string) {
	depth := 0
	for n := range len(text) {
		switch c := text[n]; {
		case c == '(' || c == '[':
			depth++
		case c == ')' || c == ']':
			depth = max(depth-1, 0)
		case depth == 0 && strings.IndexByte(bytes, c) >= 0:
			return text[:n], text[n:]
		}
	}
	return text, ""
}
