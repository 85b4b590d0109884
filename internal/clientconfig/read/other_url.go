package read

import (
	"net/url"
	"strings"
)

// dbURL is a connection URI taken apart. A password in it is dropped at once.
type dbURL struct {
	scheme, user, host, port, path string
	query                          []pair // in order; names as written
}

type pair struct{ name, value string }

// parseURL takes a URI apart as drivers do, which are more lenient than
// net/url: several hosts, unescaped characters in the password. False when the
// text is no URI.
func parseURL(text string) (dbURL, bool) {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok || scheme == "" || strings.Trim(strings.ToLower(scheme), "abcdefghijklmnopqrstuvwxyz0123456789+.-") != "" {
		return dbURL{}, false
	}
	u := dbURL{scheme: strings.ToLower(scheme)}
	rest = u.credentials(rest)
	rest, query, _ := strings.Cut(rest, "?")
	query, _, _ = strings.Cut(query, "#")
	hosts, path, _ := strings.Cut(rest, "/")
	u.path, _, _ = strings.Cut(unescape(path), "#")
	first, _, _ := strings.Cut(hosts, ",")
	u.host, u.port = hostPort(first)
	for part := range strings.SplitSeq(query, "&") {
		if name, value, _ := strings.Cut(part, "="); name != "" {
			u.query = append(u.query, pair{unescape(name), unescape(strings.ReplaceAll(value, "+", "%20"))})
		}
	}
	return u, true
}

// credentials cuts user and password off, and returns the rest. A password may
// hold "@", "/" and "?" that nobody escaped, so the last "@" before the first
// parameter's value ends it; and the last one of all, when there would be no
// user otherwise.
func (u *dbURL) credentials(rest string) string {
	head := rest
	if query := strings.IndexByte(rest, '?'); query >= 0 {
		if value := strings.IndexByte(rest[query:], '='); value >= 0 {
			head = rest[:query+value]
		}
	}
	end := strings.LastIndexByte(head, '@')
	if authority, _, _ := strings.Cut(head, "/"); end < 0 && strings.Contains(authority, ":") && !digitsAfterColon(authority) {
		end = strings.LastIndexByte(rest, '@')
	}
	if end < 0 {
		return rest
	}
	user, _, _ := strings.Cut(rest[:end], ":")
	u.user = unescape(user)
	return rest[end+1:]
}

// digitsAfterColon reports whether what stands in the port's place is a port.
func digitsAfterColon(authority string) bool {
	first, _, _ := strings.Cut(authority, ",")
	_, port := hostPort(first)
	return digits(port) == port && port != ""
}

// hostPort takes "host:port" apart, with an IPv6 address in brackets.
func hostPort(s string) (host, port string) {
	if strings.HasPrefix(s, "[") {
		if host, rest, ok := strings.Cut(s[1:], "]"); ok {
			return host, strings.TrimPrefix(rest, ":")
		}
	}
	host, port, _ = strings.Cut(s, ":")
	return unescape(host), port
}

func unescape(s string) string {
	if plain, err := url.PathUnescape(s); err == nil {
		return plain
	}
	return s
}

// get returns the last value of a parameter, whatever its case.
func (u dbURL) get(name string) string {
	value := ""
	for _, p := range u.query {
		if strings.EqualFold(p.name, name) {
			value = p.value
		}
	}
	return value
}

// client is who connects where, without options.
func (u dbURL) client() client {
	return client{host: u.host, port: u.port, user: u.user, database: u.path, options: map[string]string{}}
}
