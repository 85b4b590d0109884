package read

import (
	"path"
	"slices"
	"strings"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

// urlSpan is a database's URI in a text.
type urlSpan struct {
	text       string
	start, end int
	url        dbURL
}

// findURLs finds the URIs of databases in a text. Those of JDBC are not its
// business.
func findURLs(text string) (all []urlSpan) {
	for from := 0; len(all) < maxFound; {
		n := strings.Index(text[from:], "://")
		if n < 0 {
			return all
		}
		colon := from + n
		from = colon + 3
		start := schemeStart(text, colon)
		if !isDatabaseScheme(strings.ToLower(text[start:colon])) || start > 0 && text[start-1] == ':' {
			continue
		}
		end := urlEnd(text, start, from)
		if u, ok := parseURL(text[start:end]); ok && (u.host != "" || u.path != "" || len(u.query) > 0) {
			all = append(all, urlSpan{text[start:end], start, end, u})
		}
		from = max(from, end)
	}
	return all
}

func schemeStart(text string, colon int) int {
	start := colon
	for start > 0 && colon-start < 40 {
		if c := text[start-1]; c != '+' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '_' {
			break
		}
		start--
	}
	return start
}

func isDatabaseScheme(scheme string) bool {
	family, _, _ := strings.Cut(scheme, "+")
	switch family {
	case "postgres", "postgresql", "mysql", "mysql2", "mariadb", "mongodb":
		return true
	}
	return false
}

// urlEnd is where a URI ends: at the quote that began it, else at what cannot
// be in one. A bracket that it opened itself, as ${NAME} does, is of the URI.
func urlEnd(text string, start, from int) int {
	quote := byte(0)
	if start > 0 && strings.IndexByte("\"'`", text[start-1]) >= 0 {
		quote = text[start-1]
	}
	open := 0
	for n := from; n < len(text); n++ {
		switch c := text[n]; {
		case c == '\n' || c == '\r' || c == quote && quote != 0:
			return n
		case quote != 0:
		case c == '{':
			open++
		case c == '}' && open > 0:
			open--
		case strings.IndexByte(" \t\"'`<>)]},;\\", c) >= 0:
			return n
		}
	}
	return len(text)
}

// uriSettings gives a URI to the drivers of its family.
func uriSettings(u dbURL, hints map[string]Hint, text string) []clientconfig.Settings {
	switch family, _, _ := strings.Cut(u.scheme, "+"); family {
	case "postgres", "postgresql":
		return pgURI(u, hints, text)
	case "mongodb":
		return mongoURI(u, hints, text)
	}
	return mysqlURL(u, hints, text)
}

// isURLFile knows the files in which connection URIs are configured.
func isURLFile(p string) bool {
	switch path.Ext(base(p)) {
	case ".toml", ".json", ".ini", ".cfg", ".conf", ".tf", ".tfvars", ".properties", ".xml":
		return !strings.Contains(base(p), "lock")
	}
	return isEnvFile(p)
}

// readURLs reads the URIs of a configuration file.
func readURLs(s Source) []clientconfig.Settings {
	text := bounded(s.Text)
	return urlsOf(s, text, s.Hints, nil, "#", ";")
}

// span is a part of a text that has been read.
type span struct{ start, end int }

// urlsOf reads the URIs of a text that stand in no comment and in no part that
// has been read.
func urlsOf(s Source, text string, hints map[string]Hint, done []span, comments ...string) (all []clientconfig.Settings) {
	where := linesOf(text)
	for _, f := range findURLs(text) {
		begin, _ := lineAround(text, f.start)
		before := strings.TrimSpace(text[begin:f.start])
		if slices.ContainsFunc(comments, func(mark string) bool { return strings.HasPrefix(before, mark) }) ||
			slices.ContainsFunc(done, func(d span) bool { return d.start <= f.start && f.start < d.end }) {
			continue
		}
		for _, found := range uriSettings(f.url, hints, f.text) {
			found.Where = where.at(s.Path, f.start)
			all = append(all, found)
		}
	}
	return all
}
