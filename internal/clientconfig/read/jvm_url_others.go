package read

import "strings"

// postgres reads what follows "jdbc:postgresql:": "//h:1,h2/db?a=b", "/db" or
// "db", with options in either.
func (u *jdbcURL) postgres(rest string) {
	rest, query, _ := strings.Cut(rest, "?")
	u.query(query)
	authority, database := "", strings.TrimPrefix(rest, "/")
	if after, ok := strings.CutPrefix(rest, "//"); ok {
		authority, database, _ = strings.Cut(after, "/")
	}
	u.database = jdbcName(jdbcUnescape(database))
	if strings.Contains(authority, "@") {
		authority = u.login(authority)
		u.note("pgjdbc takes no user and password before the host; write them as options")
	}
	for h := range strings.SplitSeq(authority, ",") {
		if len(u.hosts) < jdbcMaxServers {
			u.host(h)
		}
	}
	u.postgresService()
}

// postgresService sees that a service file, which is not at hand, may say what
// the URL does not.
func (u *jdbcURL) postgresService() {
	service, mode := false, false
	for _, o := range u.options {
		service = service || o.name == "service"
		mode = mode || o.name == "sslmode"
	}
	if service && !mode {
		u.options = append(u.options, jdbcOption{"sslmode", "(of the service)"})
		u.note("the service's file may set sslmode; which, is not known here")
	}
}

// sqlServer reads what follows "jdbc:sqlserver:": "//host\instance:port" and
// options parted by semicolons, whose values may stand in braces.
func (u *jdbcURL) sqlServer(rest string) {
	server, rest, _ := strings.Cut(strings.TrimPrefix(rest, "//"), ";")
	server, port, _ := strings.Cut(server, ":")
	server, instance, _ := strings.Cut(server, `\`)
	h := jdbcHost{name: jdbcName(server), port: jdbcPort(port)}
	if instance != "" {
		u.note("it names an instance; the SQL Server Browser says its port")
	}
	for rest != "" {
		var name, value string
		name, value, rest = jdbcSQLServerOption(rest)
		switch strings.ToLower(name) {
		case "server", "servername":
			h.name = jdbcName(value)
		case "port", "portnumber":
			h.port = jdbcPort(value)
		case "database", "databasename":
			u.database = jdbcName(value)
		default:
			u.sqlServerOption(name, value)
		}
	}
	u.hosts = append(u.hosts, h)
}

// sqlServerOption files an option; nothing in it is escaped.
func (u *jdbcURL) sqlServerOption(name, value string) {
	switch lower := strings.ToLower(name); {
	case name == "":
	case jdbcSecret(lower):
		u.secret(value, strings.ReplaceAll(value, "}", "}}")) // as in the text
	case lower == "user" || lower == "username":
		u.user = jdbcUser(value)
	default:
		u.options = append(u.options, jdbcOption{name, value})
	}
}

// jdbcSQLServerOption takes one "name=value;" or "name={value};" off a text.
func jdbcSQLServerOption(text string) (name, value, rest string) {
	end := strings.IndexAny(text, "=;")
	if end < 0 {
		return strings.TrimSpace(text), "", ""
	}
	name, rest = strings.TrimSpace(text[:end]), text[end+1:]
	if text[end] == ';' {
		return name, "", rest
	}
	if trimmed := strings.TrimLeft(rest, " \t"); strings.HasPrefix(trimmed, "{") {
		value, rest = jdbcBraced(trimmed[1:])
		_, rest, _ = strings.Cut(rest, ";")
		return name, value, rest
	}
	value, rest, _ = strings.Cut(rest, ";")
	return name, strings.TrimSpace(value), rest
}

// jdbcBraced reads up to the closing brace, of which two stand for one.
func jdbcBraced(text string) (value, rest string) {
	var b strings.Builder
	for {
		end := strings.IndexByte(text, '}')
		if end < 0 {
			return b.String() + text, ""
		}
		b.WriteString(text[:end])
		text = text[end+1:]
		if !strings.HasPrefix(text, "}") {
			return b.String(), text
		}
		b.WriteByte('}')
		text = text[1:]
	}
}

// oracle reads what follows "jdbc:oracle:": the kind of driver, a login, and
// "@" with an address in one of its forms.
func (u *jdbcURL) oracle(rest string) {
	kind, rest, _ := strings.Cut(rest, ":")
	if !strings.EqualFold(kind, "thin") {
		u.note("this is not the thin driver: sqlnet.ora of the Oracle client on that machine decides")
	}
	login, address, ok := strings.Cut(rest, "@")
	if !ok {
		login, address = rest, ""
	}
	user, password, _ := strings.Cut(login, "/")
	u.user = jdbcUser(user)
	u.secret(password)
	if n := strings.LastIndexByte(address, '@'); n >= 0 && !strings.Contains(address, "(") && !strings.Contains(address, "?") {
		// The password has an @ of its own.
		u.secret(password + "@" + address[:n])
		address = address[n+1:]
	}
	address, query, _ := strings.Cut(strings.TrimSpace(address), "?")
	if strings.EqualFold(kind, "thin") {
		u.oracleAddress(address)
	}
	u.oracleQuery(query)
}

// oracleAddress tells the forms apart: a description in parentheses, EZConnect
// ("//h:1/service", "tcps://h:1/service"), "h:1:sid", and a name of a
// tnsnames.ora, of which the protocol is not known.
func (u *jdbcURL) oracleAddress(address string) {
	if strings.HasPrefix(address, "(") {
		u.oracleDescription(address)
		return
	}
	protocol, rest, named := strings.Cut(address, "://")
	switch {
	case named && (strings.EqualFold(protocol, "tcps") || strings.EqualFold(protocol, "tcp")):
		address, protocol = rest, strings.ToLower(protocol)
	case named: // ldap and others name a directory that knows
		u.note("the address is looked up elsewhere, so its protocol is not known")
		return
	case strings.HasPrefix(address, "//") || strings.ContainsAny(address, ":/"):
		address, protocol = strings.TrimPrefix(address, "//"), "tcp"
	default:
		u.database = jdbcName(address)
		u.note("the address is a name of tnsnames.ora, which says the protocol")
		return
	}
	u.options = append(u.options, jdbcOption{"protocol", protocol})
	hosts, service, _ := strings.Cut(address, "/")
	for h := range strings.SplitSeq(hosts, ",") {
		if len(u.hosts) == jdbcMaxServers {
			break
		}
		name, port, _ := strings.Cut(h, ":")
		port, _, _ = strings.Cut(port, ":") // host:port:sid
		u.hosts = append(u.hosts, jdbcHost{name: jdbcName(name), port: jdbcPort(port)})
	}
	u.database = jdbcName(service)
}

// oracleDescription reads the parts of a description that matter here, at
// whatever depth they are.
func (u *jdbcURL) oracleDescription(text string) {
	var h jdbcHost
	protocols := map[string]bool{}
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return r == '(' || r == ')' }) {
		name, value, _ := strings.Cut(part, "=")
		value = strings.Trim(strings.TrimSpace(value), `"`)
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "protocol":
			protocols[strings.ToLower(value)] = true
		case "host":
			h.name = jdbcFirstName(h.name, value)
		case "port":
			if h.port == "" {
				h.port = jdbcPort(value)
			}
		case "service_name", "sid":
			u.database = jdbcName(value)
		default:
			u.oracleParameter(name, value)
		}
	}
	if len(protocols) == 1 {
		for p := range protocols {
			u.options = append(u.options, jdbcOption{"protocol", p})
		}
	} else if len(protocols) > 1 {
		u.options = append(u.options, jdbcOption{"protocol", "(several)"})
		u.note("its addresses differ in their protocol")
	}
	u.hosts = append(u.hosts, h)
}

func jdbcFirstName(old, text string) string {
	if old != "" {
		return old
	}
	return jdbcName(text)
}

// oracleQuery reads the parameters after an EZConnect address.
func (u *jdbcURL) oracleQuery(query string) {
	for part := range strings.SplitSeq(query, "&") {
		if name, value, ok := strings.Cut(part, "="); ok {
			u.oracleParameter(name, jdbcUnescape(value))
		}
	}
}

// oracleParameter files a parameter of an address under the name of the
// connection property that means the same.
func (u *jdbcURL) oracleParameter(name, value string) {
	switch name := strings.ToLower(strings.TrimSpace(name)); name {
	case "ssl_server_dn_match", "tls_server_dn_match":
		u.options = append(u.options, jdbcOption{"oracle.net.ssl_server_dn_match", value})
	case "my_wallet_directory", "wallet_location":
		u.options = append(u.options, jdbcOption{"oracle.net.wallet_location", value})
	case "javax.net.ssl.truststore":
		u.options = append(u.options, jdbcOption{"javax.net.ssl.trustStore", value})
	}
}
