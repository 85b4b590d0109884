package read

import (
	"strings"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

const (
	idMongoURI  = "mongodb-uri"
	idMongoNode = "mongodb-node"
)

func otherLines() []Line { return []Line{mongoURILine, mongoCommandLine} }

func otherFiles() []File {
	return []File{
		{Name: "URLs of databases in configuration", Is: isURLFile, Read: readURLs},
		{Name: "command lines of database clients", Is: isScript, Read: readCommands},
		{Name: "Rails database configuration", Is: isRailsFile, Read: readRailsFile},
		{Name: "Python program", Is: hasExtension(".py"), Read: readPython},
		{Name: "JavaScript program", Is: hasExtension(".js", ".ts", ".mjs", ".cjs", ".mts", ".cts", ".jsx", ".tsx"), Read: readJavaScript},
		{Name: "Go program", Is: hasExtension(".go"), Read: readGo},
		{Name: "PHP program", Is: hasExtension(".php"), Read: readPHP},
		{Name: "Ruby program", Is: hasExtension(".rb"), Read: readRuby},
		{Name: "Rust program", Is: hasExtension(".rs"), Read: readRust},
		{Name: ".NET program or configuration", Is: isDotnetFile, Read: readDotnet},
	}
}

func hasExtension(extensions ...string) func(string) bool {
	return func(path string) bool {
		name := base(path)
		for _, e := range extensions {
			if strings.HasSuffix(name, e) {
				return true
			}
		}
		return false
	}
}

// mongoURILine reads mongodb://… and mongodb+srv://… .
func mongoURILine(text string, hints map[string]Hint) []clientconfig.Settings {
	text = strings.TrimSpace(bounded(text))
	u, ok := parseURL(text)
	if !ok || strings.ContainsAny(text, "\n\"'") {
		return nil
	}
	return mongoURI(u, hints, text)
}

func mongoURI(u dbURL, hints map[string]Hint, text string) (all []clientconfig.Settings) {
	if u.scheme != "mongodb" && u.scheme != "mongodb+srv" {
		return nil
	}
	for _, id := range hinted(hints, idMongoURI, "mongodb-node", "pymongo", "mongo-go", "mongosh") {
		c := u.client()
		mongoURL(&c, u, id)
		all = append(all, c.settings(id, hints, text))
	}
	return all
}

// mongoURL takes the options of a URI. A host looked up by SRV means TLS unless
// the URI says otherwise; so does naming a CA, but not to Node's driver.
func mongoURL(c *client, u dbURL, id string) {
	for _, p := range u.query {
		mongoOption(c, p.name, p.value)
	}
	if c.options["tlscafile"] != "" && id != idMongoNode {
		fill(c.options, "tls", "true")
	}
	if u.scheme == "mongodb+srv" {
		fill(c.options, "tls", "true")
	}
}

// mongoOption takes one option of a URI, a driver or a command line.
func mongoOption(c *client, name, value string) {
	switch strings.ToLower(name) {
	case "tls", "ssl":
		c.options["tls"] = yes(value)
	case "tlscafile", "sslcertificateauthorityfile", "ssl_ca_certs", "sslca", "sslcafile":
		c.options["tlscafile"] = safePath(value)
	case "tlsinsecure", "sslinsecure":
		c.options["tlsinsecure"] = yes(value)
	case "tlsallowinvalidcertificates", "sslallowinvalidcertificates":
		c.options["tlsallowinvalidcertificates"] = yes(value)
	case "tlsallowinvalidhostnames", "sslallowinvalidhostnames":
		c.options["tlsallowinvalidhostnames"] = yes(value)
	case "tlscertificatekeyfile", "sslclientcertificatekeyfile", "sslpemkeyfile":
		fill(c.options, "tls", "true")
	}
	dropFalse(c.options, "tlsinsecure", "tlsallowinvalidcertificates", "tlsallowinvalidhostnames")
}

// mongoCommandLine reads mongosh, mongo and the tools that come with them.
func mongoCommandLine(text string, hints map[string]Hint) []clientconfig.Settings {
	text = bounded(text)
	cmd := parseCommand(text)
	id := mongoTool(cmd.name)
	if id == "" {
		return nil
	}
	return []clientconfig.Settings{mongoArguments(cmd.args).settings(id, hints, text)}
}

// mongoTool is the driver that a command is, by its name; "" when it is none.
func mongoTool(name string) string {
	switch name {
	case "mongosh":
		return "mongosh"
	case "mongo", "mongodump", "mongorestore", "mongoexport", "mongoimport", "mongostat", "mongotop", "mongofiles":
		return "mongo-shell"
	}
	return ""
}

func mongoArguments(args []string) client {
	c := client{options: map[string]string{}}
	target := func(text string) {
		if u, ok := parseURL(text); ok && (u.scheme == "mongodb" || u.scheme == "mongodb+srv") {
			c.host, c.port, c.user, c.database = u.host, u.port, u.user, u.path
			mongoURL(&c, u, "")
		}
	}
	for n := 0; n < len(args); n++ {
		if !strings.HasPrefix(args[n], "-") {
			target(args[n])
			continue
		}
		name, value, given := strings.Cut(strings.ToLower(strings.TrimLeft(args[n], "-")), "=")
		if given {
			_, value, _ = strings.Cut(args[n], "=") // in its own case
		} else if mongoTakesValue(name) && n+1 < len(args) && !strings.HasPrefix(args[n+1], "-") {
			n++
			value = args[n]
		}
		switch name {
		case "uri":
			target(value)
		case "host", "h":
			c.host, c.port = hostPort(value)
		case "port":
			c.port = value
		case "username", "u":
			c.user = value
		default:
			if value == "" {
				value = "true"
			}
			mongoOption(&c, name, value)
		}
	}
	return c
}

func mongoTakesValue(name string) bool {
	switch name {
	case "host", "h", "port", "username", "u", "p", "password", "tlscafile", "sslcafile", "tlscertificatekeyfile", "sslpemkeyfile", "uri",
		"authenticationdatabase", "db", "d", "c", "collection", "out", "o", "eval", "tlscertificatekeyfilepassword", "sslpemkeypassword", "archive":
		return true
	}
	return false
}
