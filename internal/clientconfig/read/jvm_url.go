package read

import (
	"net/url"
	"strings"
)

// jdbcOption is one option as it was written.
type jdbcOption struct{ name, value string }

// jdbcHost is one server of a URL, with the options that are its own.
type jdbcHost struct {
	name, port string
	options    []jdbcOption
}

// jdbcURL is what a JDBC URL says. Its passwords are in secrets, to be taken
// out of texts, and nowhere else.
type jdbcURL struct {
	product  string // clientconfig.Driver.ID
	hosts    []jdbcHost
	user     string
	database string
	options  []jdbcOption
	secrets  []string
	notes    []string
}

// jdbcParse reads a URL of a driver that is known.
func jdbcParse(text string) (jdbcURL, bool) {
	rest, ok := jdbcCutPrefix(strings.TrimSpace(text), "jdbc:")
	if !ok {
		return jdbcURL{}, false
	}
	for _, wrapper := range []string{"p6spy:", "log4jdbc:", "otel:", "aws-wrapper:"} {
		rest, _ = jdbcCutPrefix(rest, wrapper)
	}
	plain, defaulted := jdbcFillPlaceholders(rest)
	scheme, after, ok := strings.Cut(plain, ":")
	if !ok {
		return jdbcURL{}, false
	}
	u := jdbcURL{}
	switch strings.ToLower(scheme) {
	case "mysql", "mysql+srv":
		u.product = "mysql-connector-j"
		u.mysql(after)
	case "mariadb":
		u.product = "mariadb-connector-j"
		u.mysql(after)
	case "postgresql":
		u.product = "pgjdbc"
		u.postgres(after)
	case "sqlserver":
		u.product = "mssql-jdbc"
		u.sqlServer(after)
	case "oracle":
		u.product = "ojdbc"
		u.oracle(after)
	default:
		return jdbcURL{}, false
	}
	if defaulted {
		u.notes = append(u.notes, "it has placeholders, which were read with their defaults; what is set in their place elsewhere is not known")
	}
	return u, true
}

// jdbcFillPlaceholders replaces Spring's ${NAME:default} and the shell's
// ${NAME:-default} by the default. A placeholder without one stays, and is a
// value that no rule knows.
func jdbcFillPlaceholders(text string) (plain string, defaulted bool) {
	var b strings.Builder
	for {
		begin := strings.Index(text, "${")
		if begin < 0 {
			b.WriteString(text)
			return b.String(), defaulted
		}
		end := strings.IndexByte(text[begin:], '}')
		if end < 0 {
			b.WriteString(text)
			return b.String(), defaulted
		}
		b.WriteString(text[:begin])
		name, value, ok := strings.Cut(text[begin+2:begin+end], ":")
		if ok && name != "" {
			b.WriteString(strings.TrimPrefix(value, "-"))
			defaulted = true
		} else {
			b.WriteString(text[begin : begin+end+1])
		}
		text = text[begin+end+1:]
	}
}

// query reads "a=b&c=d". A name without a value is a switch that is on.
func (u *jdbcURL) query(text string) {
	text, _, _ = strings.Cut(text, "#")
	for part := range strings.SplitSeq(text, "&") {
		if trimmed, ok := strings.CutPrefix(part, "amp;"); ok {
			part = trimmed
			u.note("it is written with &amp;, which is & in XML alone; it was read as &")
		}
		name, value, ok := strings.Cut(part, "=")
		if !ok {
			value = "true"
		}
		u.option(jdbcUnescape(name), value)
	}
}

// option files one option, its value still escaped: a password as a secret, a
// user as the user, the rest as it is.
func (u *jdbcURL) option(name, raw string) {
	name = strings.TrimSpace(name)
	value := strings.TrimSpace(jdbcUnescape(raw))
	switch lower := strings.ToLower(name); {
	case name == "":
	case jdbcSecret(lower):
		u.secret(raw)
	case lower == "user" || lower == "username":
		u.user = jdbcUser(value)
	default:
		u.options = append(u.options, jdbcOption{name, value})
	}
}

func (u *jdbcURL) secret(values ...string) {
	for _, v := range values {
		if v != "" {
			u.secrets = append(u.secrets, v)
		}
	}
}

func (u *jdbcURL) note(text string) {
	for _, n := range u.notes {
		if n == text {
			return
		}
	}
	u.notes = append(u.notes, text)
}

// host adds a server from "name:port" or "[ipv6]:port".
func (u *jdbcURL) host(text string, options ...jdbcOption) {
	name, port := text, ""
	if end := strings.LastIndexByte(text, ']'); strings.HasPrefix(text, "[") && end > 0 {
		name, port = text[1:end], strings.TrimPrefix(text[end+1:], ":")
	} else if n := strings.LastIndexByte(text, ':'); n >= 0 {
		name, port = text[:n], text[n+1:]
	}
	u.hosts = append(u.hosts, jdbcHost{jdbcName(name), jdbcPort(port), options})
}

// login takes "user:password@" off the front of an authority. An @ within
// brackets is part of a value there.
func (u *jdbcURL) login(authority string) (rest string) {
	at := -1
	for from := 0; ; {
		_, after := jdbcCutOutside(authority[from:], "@")
		if after == "" {
			break
		}
		at = len(authority) - len(after)
		from = at + 1
	}
	if at < 0 {
		return authority
	}
	user, password, _ := strings.Cut(authority[:at], ":")
	u.user = jdbcUser(jdbcUnescape(user))
	u.secret(password)
	if u.user == "" {
		u.secret(authority[:at]) // not a login at all; what it is, is not known
	}
	return authority[at+1:]
}

// jdbcUser is a user as it may be shown: what looks like more is dropped.
func jdbcUser(text string) string {
	if len(text) > 255 || strings.ContainsAny(text, "=()[];&?\n") {
		return ""
	}
	return text
}

// jdbcSecret reports whether an option (lower case) holds a password.
func jdbcSecret(name string) bool {
	return strings.Contains(name, "passw") || strings.Contains(name, "pwd") || strings.Contains(name, "secret") ||
		strings.Contains(name, "token") || name == "pass"
}

// jdbcName is a host or a database as it may be shown: what has a character
// that no name has is dropped, for it is a piece of something else.
func jdbcName(text string) string {
	text = strings.TrimSpace(text)
	if len(text) > 255 || strings.ContainsFunc(text, func(r rune) bool {
		return r <= ' ' || strings.ContainsRune("@/?#=;\"'\\()&,", r)
	}) {
		return ""
	}
	return text
}

// jdbcPort is a port, or a placeholder for one.
func jdbcPort(text string) string {
	text = strings.TrimSpace(text)
	digits := text != "" && len(text) <= 5 && strings.Trim(text, "0123456789") == ""
	if digits || (strings.HasPrefix(text, "${") && strings.HasSuffix(text, "}") && len(text) < 64) {
		return text
	}
	return ""
}

// jdbcPath is a file that an option names, without the URL around it.
func jdbcPath(value string) string {
	if strings.HasPrefix(value, "-----") {
		return "(inline)"
	}
	if rest, ok := jdbcCutPrefix(value, "file:"); ok {
		if rest = strings.TrimPrefix(rest, "//"); strings.HasPrefix(rest, "//") {
			rest = rest[1:]
		}
		if strings.HasPrefix(rest, "localhost/") {
			rest = rest[len("localhost"):]
		}
		return rest
	}
	return value
}

func jdbcUnescape(text string) string {
	if plain, err := url.QueryUnescape(text); err == nil {
		return plain
	}
	return text
}

func jdbcCutPrefix(text, prefix string) (string, bool) {
	if len(text) >= len(prefix) && strings.EqualFold(text[:len(prefix)], prefix) {
		return text[len(prefix):], true
	}
	return text, false
}
