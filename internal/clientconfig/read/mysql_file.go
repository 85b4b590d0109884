package read

import (
	"maps"
	"path"
	"strings"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

// isOptionFile knows MySQL's option files by name and by their folders.
func isOptionFile(p string) bool {
	name := base(p)
	folder := base(path.Dir(p))
	return name == "my.cnf" || name == ".my.cnf" || name == "my.ini" || strings.HasSuffix(name, ".mylogin.cnf") ||
		path.Ext(name) == ".cnf" && (strings.Contains(name, "mysql") || strings.Contains(name, "maria") || strings.Contains(name, "client") ||
			strings.HasPrefix(folder, "my") || strings.HasPrefix(folder, "mariadb") || folder == "conf.d")
}

// section is one group of an option file that clients read.
type section struct {
	name       string
	client     client
	begin, end int
	said       bool
}

// readOptionFile reads the groups that clients read. What [client] says counts
// for the commands' own groups too.
func readOptionFile(s Source) (all []clientconfig.Settings) {
	text := bounded(s.Text)
	if strings.HasSuffix(base(s.Path), ".mylogin.cnf") || strings.ContainsRune(text, 0) {
		return nil // encrypted; it holds no TLS option but the CA of a login path
	}
	sections, included := optionSections(text)
	shared := map[string]string{}
	var host, user, port string
	for _, sec := range sections {
		if sec.name == "client" || sec.name == "client-server" {
			maps.Copy(shared, sec.client.options)
			host, user, port = sec.client.host, sec.client.user, sec.client.port
		}
	}
	where := linesOf(text)
	for _, sec := range sections {
		ids := sectionOwner(sec.name)
		if ids == nil || !sec.said || len(all) >= maxFound {
			continue
		}
		c := sec.client
		options := maps.Clone(shared)
		maps.Copy(options, c.options)
		c.options = options
		if c.host == "" && c.user == "" && c.port == "" {
			c.host, c.user, c.port = host, user, port
		}
		if included {
			c.notes = append(c.notes, "the file includes others, which count too and are not read here")
		}
		c.notes = append(c.notes, "group ["+safeWord(sec.name)+"] of an option file; a command line wins over it")
		for _, found := range mysqlBoth(c, ids, s.Hints, text[sec.begin:sec.end]) {
			found.Where = where.at(s.Path, sec.begin)
			all = append(all, found)
		}
	}
	return all
}

// sectionOwner says whose commands read a group; nil: no client's.
func sectionOwner(name string) []string {
	switch {
	case name == "client-mariadb" || name == "mariadb-client":
		return []string{idMaria}
	case name == "client" || name == "client-server" || strings.HasPrefix(name, "client_"):
		return []string{idMySQL, idMaria}
	case name == "mysqld" || name == "mariadb":
		return nil
	}
	return mysqlTool(name)
}

// optionSections splits an option file. A "[client]" that comes twice is two
// sections here and one to the commands; both are said.
func optionSections(text string) (all []section, included bool) {
	offset := 0
	var current *section
	for line := range strings.Lines(text) {
		start := offset
		offset += len(line)
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#' || line[0] == ';':
		case line[0] == '!':
			included = true
		case line[0] == '[':
			name, _, _ := strings.Cut(line[1:], "]")
			all = append(all, section{name: strings.TrimSpace(name), client: client{options: map[string]string{}}, begin: start, end: offset})
			current = &all[len(all)-1]
		case current != nil:
			optionLine(current, line)
			current.end = offset
		}
	}
	return all, included
}

func optionLine(sec *section, line string) {
	name, value, given := strings.Cut(line, "=")
	if option, ok := mysqlOption(strings.TrimPrefix(strings.TrimSpace(name), "loose-")); ok && option == "password" {
		return
	}
	mysqlSet(&sec.client, strings.TrimSpace(name), optionValue(value), given)
	sec.said = sec.said || sec.client.host != "" || len(sec.client.options) > 0
}

// optionValue is a value of an option file: quotes around it do not count, and
// a comment ends it.
func optionValue(value string) string {
	value = strings.TrimSpace(value)
	if len(value) >= 2 && (value[0] == '"' || value[0] == '\'') {
		if end := strings.IndexByte(value[1:], value[0]); end >= 0 {
			return value[1 : 1+end]
		}
	}
	value, _, _ = strings.Cut(value, " #")
	return strings.TrimSpace(value)
}
