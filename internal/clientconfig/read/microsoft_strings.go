package read

import (
	"slices"
	"strings"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

// connectionPairs reads "name=value;…", with values in quotes (ADO.NET, OLE DB:
// a doubled quote is one) or in braces (ODBC: a doubled closing brace is one).
// False when it is none.
func connectionPairs(text string) (pairs []pair, ok bool) {
	for n := 0; n < len(text); {
		if strings.IndexByte("; \t\r\n", text[n]) >= 0 {
			n++
			continue
		}
		equal := strings.IndexByte(text[n:], '=')
		if equal <= 0 || equal > 64 {
			return nil, false
		}
		name := strings.ToLower(strings.Join(strings.Fields(text[n:n+equal]), " "))
		if !optionName(name) || len(pairs) > 200 {
			return nil, false
		}
		value, next := connectionValue(text, skipSpaces(text, n+equal+1))
		pairs = append(pairs, pair{name, value})
		n = next
	}
	return pairs, len(pairs) > 0
}

func optionName(name string) bool {
	for n := range len(name) {
		if c := name[n]; !asciiLetter(c) && !asciiDigit(c) && strings.IndexByte(" _-.", c) < 0 {
			return false
		}
	}
	return name != ""
}

// connectionValue is the value at n and where the next name begins.
func connectionValue(text string, n int) (value string, next int) {
	if n < len(text) && strings.IndexByte(`"'{`, text[n]) >= 0 {
		end := text[n]
		if end == '{' {
			end = '}'
		}
		var b strings.Builder
		for at := n + 1; at < len(text); at++ {
			if text[at] != end {
				b.WriteByte(text[at])
				continue
			}
			if at+1 < len(text) && text[at+1] == end {
				b.WriteByte(end)
				at++
				continue
			}
			rest := at + 1
			if semicolon := strings.IndexByte(text[rest:], ';'); semicolon >= 0 {
				return b.String(), rest + semicolon + 1
			}
			return b.String(), len(text)
		}
	}
	if semicolon := strings.IndexByte(text[n:], ';'); semicolon >= 0 {
		return strings.TrimSpace(text[n : n+semicolon]), n + semicolon + 1
	}
	return strings.TrimSpace(text[n:]), len(text)
}

func mssStringLine(text string, hints map[string]Hint) []clientconfig.Settings {
	text = bounded(strings.TrimSpace(text))
	if strings.Contains(text, "\n") || strings.HasPrefix(text, "jdbc:") {
		return nil
	}
	unquotedText := strings.Trim(text, `"'`)
	unquotedText = strings.TrimPrefix(unquotedText, "odbc:")
	return mssString(unquotedText, hints, text)
}

// mssString reads a connection string and says whose it is.
func mssString(text string, hints map[string]Hint, original string) []clientconfig.Settings {
	if !strings.Contains(text, "=") || !strings.Contains(text, ";") && !strings.Contains(strings.ToLower(text), "server=") && !strings.Contains(strings.ToLower(text), "dsn=") {
		return nil
	}
	pairs, ok := connectionPairs(text)
	if !ok {
		return nil
	}
	get := func(names ...string) string {
		for _, p := range pairs {
			if slices.Contains(names, p.name) {
				return p.value
			}
		}
		return ""
	}
	switch {
	case get("driver") != "":
		return odbcString(pairs, get("driver"), hints, original)
	case get("dsn", "filedsn") != "" && get("server") == "":
		return nil // the data source says which driver it is
	case get("provider") != "":
		return oledbString(pairs, get("provider"), hints, original)
	case get("security", "sslservercertificate", "sslclientkeystoredb", "sslclienthostnamevalidation") != "" || strings.EqualFold(get("protocol"), "tcpip"):
		c := mssClient()
		db2Options(&c, pairs)
		return []clientconfig.Settings{c.settings(idDb2CLI, hints, original)}
	}
	return adoString(pairs, hints, original)
}

// adoString is ADO.NET's for SQL Server: it has a server, and something that
// only a database's string has beside it.
func adoString(pairs []pair, hints map[string]Hint, text string) []clientconfig.Settings {
	c, known, oracle := mssClient(), 0, false
	for _, p := range pairs {
		mssOption(&c, p.name, p.value)
		switch p.name {
		case "server", "data source", "addr", "address", "network address":
			known += 2
			oracle = oracle || isDescriptor(p.value)
		case "database", "initial catalog", "user id", "uid", "user", "integrated security", "trusted_connection", "encrypt", "trustservercertificate", "trust server certificate":
			known++
		case "sslmode", "ssl mode", "ssl-mode", "sslrootcert", "sslca", "host":
			return nil // another product's
		}
	}
	if oracle {
		return nil // Oracle's reader comes next
	}
	if known < 3 || c.host == "" {
		return nil
	}
	var all []clientconfig.Settings
	ids := hinted(hints, idMDS, idMDS, idSDS, idGoMSSQL, idNodeMSSQL)
	for _, id := range ids {
		one := c
		if _, ok := hints[id]; !ok {
			one.notes = append(slices.Clone(c.notes), "read as Microsoft.Data.SqlClient's; System.Data.SqlClient does in every version what this one does before 2.0")
		}
		all = append(all, one.settings(id, hints, text))
	}
	return all
}

// oledbString is one that names its provider.
func oledbString(pairs []pair, provider string, hints map[string]Hint, text string) []clientconfig.Settings {
	c := mssClient()
	for _, p := range pairs {
		mssOption(&c, p.name, p.value)
	}
	provider = strings.ToLower(provider)
	switch {
	case strings.HasPrefix(provider, "msoledbsql19"):
		return versioned(c.settings(idMSOLEDB, hints, text), "19", "the provider's name")
	case strings.HasPrefix(provider, "msoledbsql"):
		return versioned(c.settings(idMSOLEDB, hints, text), "18", "the provider's name")
	case strings.HasPrefix(provider, "sqlncli"):
		return []clientconfig.Settings{c.settings(idNativeClient, hints, text)}
	case strings.Contains(provider, "oraoledb"), strings.Contains(provider, "msdaora"):
		oracleAddress(&c, pairValueOf(pairs, "data source"))
		return []clientconfig.Settings{c.settings(idOracleClient, hints, text)}
	}
	return nil
}

func pairValueOf(pairs []pair, name string) string {
	for _, p := range pairs {
		if p.name == name {
			return p.value
		}
	}
	return ""
}
