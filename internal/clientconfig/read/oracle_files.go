package read

import (
	"slices"
	"strings"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

// netEntry is "name = value" of a file of Oracle Net, its value over any number
// of lines.
type netEntry struct {
	name   string
	value  string
	offset int
}

// netEntries reads sqlnet.ora and tnsnames.ora: a name begins in the first
// column, what is indented or in brackets goes on.
func netEntries(text string) (all []netEntry) {
	for n := 0; n < len(text) && len(all) < maxFound; {
		start := skipBlanks(text, n)
		if start >= len(text) {
			break
		}
		if text[start] == '#' {
			n = endOfLine(text, start)
			continue
		}
		equal := strings.IndexAny(text[start:], "=\n(")
		if equal < 0 || text[start+equal] != '=' {
			n = endOfLine(text, start) + 1
			continue
		}
		end := entryEnd(text, start+equal+1)
		all = append(all, netEntry{strings.TrimSpace(text[start : start+equal]), strings.TrimSpace(text[start+equal+1 : end]), start})
		n = end
	}
	return all
}

// entryEnd is where a value ends: with its outer bracket, else with its line.
func entryEnd(text string, n int) int {
	at := skipBlanks(text, n)
	if at >= len(text) || text[at] != '(' {
		return endOfLine(text, n)
	}
	depth := 0
	for ; at < len(text); at++ {
		switch text[at] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return at + 1
			}
		case '#':
			if at > 0 && text[at-1] == '\n' {
				at = max(at, endOfLine(text, at)-1)
			}
		}
	}
	return len(text)
}

// readTNSNames reads the entries of tnsnames.ora. What they leave open, the
// sqlnet.ora beside it may say.
func readTNSNames(s Source) (all []clientconfig.Settings) {
	text := bounded(s.Text)
	where := linesOf(text)
	profile := mssClient()
	if s.Beside != nil {
		sqlnetOptions(&profile, bounded(s.Beside("sqlnet.ora")))
	}
	for _, e := range netEntries(text) {
		if !strings.HasPrefix(e.value, "(") || strings.EqualFold(e.name, "ifile") {
			continue
		}
		c := mssClient()
		oracleAddress(&c, withoutComments(e.value))
		for name, value := range profile.options {
			if c.options[name] == "" && value != "" && c.options["protocol"] != "tcp" {
				c.options[name] = value
				c.notes = append(c.notes, name+" is from the sqlnet.ora beside it")
			}
		}
		slices.Sort(c.notes)
		found := c.settings(idOracleClient, s.Hints, e.name+" = "+e.value)
		found.Where = where.at(s.Path, e.offset)
		all = append(all, found)
	}
	return all
}

func withoutComments(value string) string {
	if !strings.Contains(value, "#") {
		return value
	}
	var b strings.Builder
	for line := range strings.SplitSeq(value, "\n") {
		if !strings.HasPrefix(strings.TrimSpace(line), "#") {
			b.WriteString(line)
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// sqlnetOptions takes what sqlnet.ora says about TLS for all connections.
func sqlnetOptions(c *client, text string) {
	for _, e := range netEntries(text) {
		name := strings.ToLower(e.name)
		if name == "wallet_location" {
			if node, ok := parseNet("(wallet_location=" + e.value + ")"); ok {
				node.walk(func(n netNode) {
					if n.name == "directory" {
						oracleOption(c, "wallet_location", n.value)
					}
				})
			}
			if !strings.HasPrefix(e.value, "(") {
				oracleOption(c, name, e.value)
			}
			continue
		}
		oracleOption(c, name, e.value)
	}
}

// readSQLNet reads sqlnet.ora alone: what it decides for those connections that
// use TLS; whether they do, the connect strings say.
func readSQLNet(s Source) []clientconfig.Settings {
	text := bounded(s.Text)
	c := mssClient()
	sqlnetOptions(&c, text)
	if len(c.options) == 0 {
		return nil
	}
	c.options["protocol"] = untold
	c.notes = append(c.notes, "sqlnet.ora holds for every connection of this client; the connect strings say which of them use TLS")
	found := c.settings(idOracleClient, s.Hints, text)
	found.Where = clientconfig.Position{File: s.Path, Line: 1, Column: 1}
	return []clientconfig.Settings{found}
}

// sqlnetLine reads lines of sqlnet.ora that somebody pasted.
func sqlnetLine(text string, hints map[string]Hint) []clientconfig.Settings {
	lower := asciiLower(text[:min(len(text), 64<<10)])
	if !strings.Contains(lower, "ssl_server_dn_match") && !strings.Contains(lower, "wallet_location") || strings.Contains(lower, "://") {
		return nil
	}
	found := readSQLNet(Source{Text: text, Hints: hints})
	for n := range found {
		found[n].Where = clientconfig.Position{}
	}
	return found
}
