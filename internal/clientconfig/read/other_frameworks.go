package read

import (
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

// readDjango reads DATABASES of a Django settings module: one client for each
// alias.
func readDjango(s Source) (all []clientconfig.Settings) {
	text := bounded(s.Text)
	where := linesOf(text)
	parse := parser(text)
	for _, start := range occurrences(text, "DATABASES = {") {
		args := parse(start + len("DATABASES = {") - 1)
		if len(all) >= maxFound {
			return all
		}
		for _, alias := range slices.Sorted(maps.Keys(args.named)) {
			if v := args.named[alias]; !v.object || strings.Contains(alias, ".") {
				continue
			}
			inner := call{named: under(args.named, alias)}
			c, id, ok := djangoDatabase(inner)
			if !ok {
				continue
			}
			found := c.settings(id, s.Hints, text[start:args.end])
			found.Where = where.at(s.Path, start)
			found.Notes = append(found.Notes, "DATABASES["+safeWord(alias)+"] of Django")
			all = append(all, found)
		}
	}
	return all
}

// djangoDatabase reads one database; its OPTIONS go to the driver as they are.
func djangoDatabase(args call) (c client, id string, ok bool) {
	c = client{options: map[string]string{}}
	options := call{named: under(args.named, "options")}
	engine := args.constant("engine")
	switch engine[strings.LastIndexByte(engine, '.')+1:] {
	case "postgresql", "postgresql_psycopg2", "postgis":
		pyPostgres(&c, "psycopg2", options)
		id = "psycopg2"
	case "mysql":
		pyMySQLClient(&c, "mysqlclient", options)
		id = "mysqlclient"
	default:
		return client{}, "", false
	}
	fillBasics(&c, args)
	if v := args.named["options"]; len(args.named) > 0 && !v.object && v != (value{}) {
		unread(&c, "sslmode")
	}
	if name := args.constant("name"); name != "" {
		c.database = name
	}
	return c, id, true
}

// isRailsFile knows database.yml.
func isRailsFile(p string) bool {
	name := base(p)
	return strings.HasPrefix(name, "database") && (path.Ext(name) == ".yml" || path.Ext(name) == ".yaml")
}

// yamlBlock is one mapping of a file in which nesting is by indentation.
type yamlBlock struct {
	name, anchor string
	merges       []string
	keys         map[string]string
	offset, end  int
}

// readRailsFile reads database.yml: one client for each mapping with an
// adapter, with what it merges from an anchor.
func readRailsFile(s Source) (all []clientconfig.Settings) {
	text := bounded(s.Text)
	where := linesOf(text)
	blocks := yamlBlocks(text)
	anchors := map[string]map[string]string{}
	for _, b := range blocks {
		if b.anchor != "" {
			anchors[b.anchor] = b.keys
		}
	}
	for _, b := range blocks {
		keys := map[string]string{}
		for _, name := range b.merges {
			for k, v := range anchors[name] {
				fill(keys, k, v)
			}
		}
		for k, v := range b.keys {
			keys[k] = v
		}
		c, id, ok := railsDatabase(keys)
		if !ok || b.anchor != "" && b.keys["host"] == "" && b.keys["database"] == "" || len(all) >= maxFound {
			continue
		}
		found := c.settings(id, s.Hints, text[b.offset:b.end])
		found.Where = where.at(s.Path, b.offset)
		found.Notes = append(found.Notes, "Rails' database "+safeWord(b.name))
		all = append(all, found)
	}
	return all
}

// yamlBlocks reads mappings of scalars; other YAML is passed over.
func yamlBlocks(text string) (all []yamlBlock) {
	var open, stack []int // indentations of the enclosing blocks, and which they are
	offset := 0
	for line := range strings.Lines(text) {
		start := offset
		offset += len(line)
		trimmed := strings.TrimSpace(line)
		name, value, ok := strings.Cut(trimmed, ":")
		if !ok || trimmed[0] == '#' || len(line) > 4096 || len(all) >= maxFound {
			continue
		}
		indent := len(line) - len(strings.TrimLeft(line, " "))
		for len(open) > 0 && indent <= open[len(open)-1] {
			open, stack = open[:len(open)-1], stack[:len(stack)-1]
		}
		value = strings.TrimSpace(value)
		if value == "" || strings.HasPrefix(value, "&") {
			all = append(all, yamlBlock{name: name, anchor: strings.TrimPrefix(value, "&"), keys: map[string]string{}, offset: start, end: offset})
			open, stack = append(open, indent), append(stack, len(all)-1)
			continue
		}
		if len(stack) == 0 {
			continue
		}
		b := &all[stack[len(stack)-1]]
		b.end = offset
		if name == "<<" {
			b.merges = append(b.merges, strings.Trim(strings.TrimSpace(value), "*[] "))
			continue
		}
		b.keys[strings.ToLower(name)] = railsScalar(value)
	}
	return all
}

func railsScalar(v string) string {
	if plain := unquoted(v); plain != v {
		return plain
	}
	v, _, _ = strings.Cut(v, " #")
	return strings.TrimSpace(v)
}

func railsDatabase(keys map[string]string) (c client, id string, ok bool) {
	c = client{options: map[string]string{}, host: keys["host"], port: keys["port"], user: keys["username"], database: keys["database"]}
	if strings.Contains(c.user, "<%") || len(c.user) > 128 {
		c.user = ""
	}
	switch keys["adapter"] {
	case "postgresql", "postgis":
		for _, name := range []string{"sslmode", "sslrootcert", "gssencmode"} {
			if keys[name] != "" {
				pgOption(&c, name, keys[name])
			}
		}
		pgNotes(&c)
		return c, "ruby-pg", true
	case "mysql2", "trilogy":
		if keys["adapter"] == "trilogy" {
			c.notes = append(c.notes, "the adapter trilogy has its own options, which are not known here")
			c.options["ssl_mode"] = untold
			return c, "mysql2-ruby", true
		}
		fill(c.options, "ssl_mode", rubyMode(keys["ssl_mode"]))
		if keys["sslca"] != "" {
			c.options["ssl.ca"] = safePath(keys["sslca"])
		}
		return c, "mysql2-ruby", true
	}
	return client{}, "", false
}
