package read

import (
	"encoding/xml"
	"strings"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

// iniSection is one of a file of "[name]" and "option = value" lines.
type iniSection struct {
	name   string
	offset int
	pairs  []pair
}

// iniSections reads the format of freetds.conf and odbc.ini: names in lower
// case, comments after "#" or ";" at the start of a line.
func iniSections(text string) (all []iniSection) {
	at := 0
	for line := range strings.SplitSeq(text, "\n") {
		start := at
		at += len(line) + 1
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#' || line[0] == ';':
		case line[0] == '[':
			name, _, _ := strings.Cut(line[1:], "]")
			if len(all) < maxFound {
				all = append(all, iniSection{name: strings.TrimSpace(name), offset: start})
			}
		case len(all) > 0:
			if name, value, ok := strings.Cut(line, "="); ok {
				last := &all[len(all)-1]
				last.pairs = append(last.pairs, pair{strings.ToLower(strings.Join(strings.Fields(name), " ")), strings.TrimSpace(value)})
			}
		}
	}
	return all
}

func isFreeTDSFile(p string) bool {
	return base(p) == "freetds.conf" || base(p) == ".freetds.conf"
}

// readFreeTDSFile reads freetds.conf: each server with what [global] says for
// all.
func readFreeTDSFile(s Source) (all []clientconfig.Settings) {
	text := bounded(s.Text)
	where := linesOf(text)
	global := map[string]string{}
	sections := iniSections(text)
	for _, sec := range sections {
		if strings.EqualFold(sec.name, "global") {
			c := mssClient()
			freeTDSOptions(&c, sec.pairs)
			global = c.options
		}
	}
	for _, sec := range sections {
		c := mssClient()
		freeTDSOptions(&c, sec.pairs)
		if c.host == "" {
			continue
		}
		for name, value := range global {
			fill(c.options, name, value)
		}
		found := c.settings(idFreeTDS, s.Hints, textFrom(text, sec.offset))
		found.Where = where.at(s.Path, sec.offset)
		all = append(all, found)
	}
	return all
}

func freeTDSOptions(c *client, pairs []pair) {
	for _, p := range pairs {
		switch p.name {
		case "host":
			c.host = p.value
		case "port":
			c.port = p.value
		case "encryption", "check certificate hostname":
			c.options[p.name] = strings.ToLower(safeWord(p.value))
		case "ca file":
			c.options[p.name] = safePath(p.value)
		}
	}
}

// textFrom is a section as it is shown: from its name to the next one.
func textFrom(text string, offset int) string {
	end := len(text)
	if next := strings.Index(text[min(offset+1, len(text)):], "\n["); next >= 0 {
		end = offset + 1 + next
	}
	return text[offset:min(end, offset+1024)]
}

func isODBCFile(p string) bool {
	name := base(p)
	return name == "odbc.ini" || name == ".odbc.ini" || hasExtension(".dsn")(p)
}

// readODBCFile reads data sources of odbc.ini and of .dsn files.
func readODBCFile(s Source) (all []clientconfig.Settings) {
	text := bounded(s.Text)
	where := linesOf(text)
	for _, sec := range iniSections(text) {
		id, version := odbcDriver(pairValueOf(sec.pairs, "driver"))
		if id == "" {
			continue
		}
		c := mssClient()
		odbcOptions(&c, id, sec.pairs)
		for _, found := range versioned(c.settings(id, s.Hints, textFrom(text, sec.offset)), version, "the driver's name") {
			found.Where = where.at(s.Path, sec.offset)
			all = append(all, found)
		}
	}
	return all
}

// db2Options takes what a Db2 connection string or data source says.
func db2Options(c *client, pairs []pair) {
	for _, p := range pairs {
		mssOption(c, p.name, p.value)
		switch p.name {
		case "security", "securitytransportmode":
			c.options["security"] = safeWord(p.value)
		case "sslservercertificate", "sslclientkeystoredb":
			c.options[p.name] = safePath(p.value)
		case "sslclienthostnamevalidation", "tlsclienthostnamevalidation":
			c.options["sslclienthostnamevalidation"] = safeWord(p.value)
		}
	}
	delete(c.options, "encrypt")
	if host, port, ok := strings.Cut(c.host, ":"); ok {
		c.host = host
		fill2(&c.port, port)
	}
}

// readDb2File reads db2dsdriver.cfg: data sources and databases with their
// parameters, and those that hold for all.
func readDb2File(s Source) (all []clientconfig.Settings) {
	text := bounded(s.Text)
	d := xml.NewDecoder(strings.NewReader(text))
	d.Strict = false
	where := linesOf(text)
	var current *client
	var offset int
	global := mssClient()
	var found []client
	var offsets []int
	for {
		token, err := d.Token()
		if err != nil {
			break
		}
		switch t := token.(type) {
		case xml.StartElement:
			attrs := xmlAttributes(t)
			switch strings.ToLower(t.Name.Local) {
			case "dsn", "database":
				c := mssClient()
				c.host, c.port, c.database = attrs["host"], attrs["port"], attrs["name"]
				current, offset = &c, int(d.InputOffset())
			case "parameter":
				target := current
				if target == nil {
					target = &global
				}
				db2Options(target, []pair{{strings.ToLower(attrs["name"]), attrs["value"]}})
			}
		case xml.EndElement:
			if name := strings.ToLower(t.Name.Local); (name == "dsn" || name == "database") && current != nil && len(found) < maxFound {
				found, offsets, current = append(found, *current), append(offsets, offset), nil
			}
		}
	}
	for n, c := range found {
		for name, value := range global.options {
			fill(c.options, name, value)
		}
		if c.host == "" && len(c.options) == 0 {
			continue
		}
		one := c.settings(idDb2CLI, s.Hints, lineOfText(text, offsets[n]))
		one.Where = where.at(s.Path, offsets[n]-1)
		all = append(all, one)
	}
	return all
}

func lineOfText(text string, offset int) string {
	start, end := lineAround(text, min(max(offset-1, 0), len(text)))
	return text[start:end]
}

func xmlAttributes(t xml.StartElement) map[string]string {
	all := map[string]string{}
	for _, a := range t.Attr {
		all[strings.ToLower(a.Name.Local)] = a.Value
	}
	return all
}

// db2JDBCLine reads jdbc:db2://host:port/database:name=value; and
// jdbc:sybase:Tds:host:port?NAME=value.
func db2JDBCLine(text string, hints map[string]Hint) []clientconfig.Settings {
	text = strings.Trim(strings.TrimSpace(bounded(text)), `"'`)
	lower := asciiLower(text)
	c := mssClient()
	switch {
	case strings.HasPrefix(lower, "jdbc:db2://"):
		rest := text[len("jdbc:db2://"):]
		address, properties, _ := strings.Cut(rest, "/")
		c.host, c.port, _ = strings.Cut(address, ":")
		c.database, properties, _ = strings.Cut(properties, ":")
		for part := range strings.SplitSeq(properties, ";") {
			name, value, _ := strings.Cut(part, "=")
			switch name = strings.ToLower(strings.TrimSpace(name)); name {
			case "user":
				c.user = value
			case "sslconnection":
				c.options[name] = yes(value)
			case "sslclienthostnamevalidation":
				c.options[name] = safeWord(value)
			case "ssltruststorelocation", "sslcertlocation":
				c.options[name] = safePath(value)
			}
		}
		return []clientconfig.Settings{c.settings(idDb2JDBC, hints, text)}
	case strings.HasPrefix(lower, "jdbc:sybase:tds:"):
		rest, query, _ := strings.Cut(text[len("jdbc:sybase:tds:"):], "?")
		rest, c.database, _ = strings.Cut(rest, "/")
		c.host, c.port, _ = strings.Cut(rest, ":")
		for part := range strings.SplitSeq(query, "&") {
			if name, value, ok := strings.Cut(part, "="); ok && strings.EqualFold(name, "SYBSOCKET_FACTORY") {
				c.options["sybsocket_factory"] = safeWord(value)
			}
		}
		return []clientconfig.Settings{c.settings(idJConnect, hints, text)}
	}
	return nil
}
