package read

import (
	"strings"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

const (
	idOracleClient = "oracle-client"
	idPythonOracle = "python-oracledb"
	idNodeOracle   = "node-oracledb"
	idODPNET       = "odp-net"
	idGoOra        = "go-ora"
)

func oracleLines() []Line {
	return []Line{oracleCommandLine, goOraLine, odpLine, ezConnectLine, descriptorLine, sqlnetLine}
}

func oracleFiles() []File {
	return []File{
		{Name: "Oracle net service names", Is: func(p string) bool { return base(p) == "tnsnames.ora" }, Read: readTNSNames},
		{Name: "Oracle Net profile", Is: func(p string) bool { return base(p) == "sqlnet.ora" }, Read: readSQLNet},
		{Name: "command lines of Oracle's clients", Is: isMSSScript, Read: readOracleCommands},
		{Name: "JavaScript program that uses Oracle", Is: hasExtension(".js", ".ts", ".mjs", ".cjs"), Read: readNodeOracle},
		{Name: "URLs of go-ora", Is: hasExtension(".go"), Read: readGoOra},
	}
}

// isDescriptor reports whether a data source is Oracle's: a connect descriptor
// or an address of Easy Connect with a protocol.
func isDescriptor(value string) bool {
	lower := strings.ToLower(strings.TrimSpace(value))
	return strings.HasPrefix(lower, "(description") || strings.HasPrefix(lower, "tcps://") || strings.HasPrefix(lower, "tcp://")
}

// oracleAddress reads where a connect string leads, in any of its forms. A name
// of tnsnames.ora leads to another place: then the protocol is not known.
func oracleAddress(c *client, address string) {
	address = strings.Trim(strings.TrimSpace(address), `"'`)
	switch {
	case strings.HasPrefix(address, "("):
		node, ok := parseNet(address)
		if !ok {
			c.options["protocol"] = untold
			return
		}
		descriptorOptions(c, node)
	case strings.ContainsAny(address, ":/"):
		easyConnect(c, address)
	default:
		c.options["protocol"] = untold
		c.notes = append(c.notes, "it names an entry of tnsnames.ora, which says whether TLS is used")
	}
}

// easyConnect reads [protocol://]host[:port][/service][?name=value&…].
func easyConnect(c *client, address string) {
	protocol := "tcp"
	if scheme, rest, ok := strings.Cut(address, "://"); ok {
		protocol, address = strings.ToLower(scheme), rest
	}
	address = strings.TrimPrefix(address, "//")
	c.options["protocol"] = safeWord(protocol)
	address, query, _ := strings.Cut(address, "?")
	place, service, _ := strings.Cut(address, "/")
	if comma := strings.IndexByte(place, ','); comma >= 0 {
		place = place[:comma] // the first of several hosts
	}
	c.host, c.port = hostPort(place)
	c.database, _, _ = strings.Cut(service, ":")
	for part := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(part, "=")
		oracleOption(c, strings.ToLower(name), unescape(strings.Trim(value, `"`)))
	}
}

// oracleOption takes what decides about TLS, by its name in a connect string,
// in sqlnet.ora or in a program.
func oracleOption(c *client, name, value string) {
	switch name {
	case "ssl_server_dn_match", "tls_server_dn_match", "sslserverdnmatch":
		c.options["ssl_server_dn_match"] = yes(value)
	case "wallet_location", "my_wallet_directory", "walletlocation", "wallet":
		if value != "" && !strings.EqualFold(value, "system") {
			c.options["wallet_location"] = safePath(value)
		}
	case "ssl_server_cert_dn", "tls_server_cert_dn", "sslservercertdn":
		c.notes = append(c.notes, "it expects a certificate with a subject of its own (SSL_SERVER_CERT_DN): a new one must have the same")
	}
}

// ezConnectLine reads tcps://host:2484/service alone, as it is pasted.
func ezConnectLine(text string, hints map[string]Hint) []clientconfig.Settings {
	text = strings.Trim(strings.TrimSpace(bounded(text)), `"'`)
	lower := strings.ToLower(text)
	if !strings.HasPrefix(lower, "tcps://") && !strings.HasPrefix(lower, "tcp://") || strings.ContainsAny(text, " \n") {
		return nil
	}
	return oracleEach(text, text, hints)
}

// descriptorLine reads (DESCRIPTION=…) alone, and alias = (DESCRIPTION=…).
func descriptorLine(text string, hints map[string]Hint) []clientconfig.Settings {
	text = strings.TrimSpace(bounded(text))
	at := strings.Index(asciiLower(text), "(description")
	if at < 0 || at > 200 || strings.ContainsAny(text[:at], "\"';(") {
		return nil
	}
	return oracleEach(text[at:], text, hints)
}

// oracleEach reads an address for the drivers that the project uses, else for
// Oracle's client.
func oracleEach(address, text string, hints map[string]Hint) (all []clientconfig.Settings) {
	for _, id := range hinted(hints, idOracleClient, idOracleClient, idPythonOracle, idNodeOracle, idODPNET, idGoOra) {
		c := mssClient()
		oracleAddress(&c, address)
		all = append(all, c.settings(id, hints, text))
	}
	return all
}

// odpLine reads ODP.NET's "Data Source=(DESCRIPTION=…);User Id=…".
func odpLine(text string, hints map[string]Hint) []clientconfig.Settings {
	text = strings.TrimSpace(bounded(text))
	pairs, ok := connectionPairs(strings.Trim(text, `"`))
	if !ok || len(pairs) < 2 {
		return nil
	}
	source := pairValueOf(pairs, "data source")
	_, asked := hints[idODPNET]
	if !isDescriptor(source) && !(asked && source != "") {
		return nil
	}
	c := mssClient()
	for _, p := range pairs {
		switch p.name {
		case "user id", "uid":
			c.user = p.value
		default:
			oracleOption(&c, strings.ReplaceAll(p.name, " ", "_"), p.value)
		}
	}
	oracleAddress(&c, source)
	return []clientconfig.Settings{c.settings(idODPNET, hints, text)}
}

// goOraLine reads oracle://user:password@host:port/service?SSL=true, which is
// go-ora's own form.
func goOraLine(text string, hints map[string]Hint) []clientconfig.Settings {
	text = strings.Trim(strings.TrimSpace(bounded(text)), `"'`)
	u, ok := parseURL(text)
	if !ok || u.scheme != "oracle" && !strings.HasPrefix(u.scheme, "oracle+") || strings.ContainsAny(text, "\n\"") {
		return nil
	}
	id := idGoOra
	if driver, ok := strings.CutPrefix(u.scheme, "oracle+"); ok { // SQLAlchemy
		id = idOracleClient
		if strings.HasPrefix(driver, "oracledb") {
			id = idPythonOracle
		}
	}
	c := u.client()
	c.options["protocol"] = "tcp"
	for _, p := range u.query {
		switch strings.ToLower(strings.ReplaceAll(p.name, "+", " ")) {
		case "ssl":
			if on := strings.ToLower(p.value); on == "true" || on == "enable" || on == "enabled" {
				c.options["protocol"] = "tcps"
			}
		case "ssl verify":
			c.options["ssl verify"] = safeWord(p.value)
		case "protocol":
			c.options["protocol"] = strings.ToLower(safeWord(p.value))
		case "connstr":
			oracleAddress(&c, p.value)
		default:
			oracleOption(&c, strings.ToLower(p.name), p.value)
		}
	}
	return []clientconfig.Settings{c.settings(id, hints, text)}
}
