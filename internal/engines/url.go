package engines

import (
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/dbtls/dbtls/internal/engine"
)

// maxURL bounds what is looked at as a server's URL, in bytes. A host name has
// 253 at most (RFC 1035).
const maxURL = 512

// URL is a server as people write it: ENGINE://HOST:PORT.
type URL struct {
	Engine engine.Engine
	Host   string // without the brackets of an IPv6 literal
	Port   int
}

// Address is host:port as net.Dial takes it.
func (u URL) Address() string { return net.JoinHostPort(u.Host, strconv.Itoa(u.Port)) }

// URLs reads servers' URLs. The list of products is made once for all of them.
type URLs struct{ products map[string]engine.Engine }

// NewURLs makes a reader for every product there is.
func NewURLs() URLs {
	all := URLs{products: map[string]engine.Engine{}}
	for _, e := range All() {
		for _, name := range e.Spec.Names {
			all.products[name] = e
		}
	}
	for family, name := range families() {
		if e, ok := all.products[name]; ok {
			all.products[family] = e
		}
	}
	return all
}

// Schemes lists what Parse takes before ://, sorted.
func (all URLs) Schemes() []string { return slices.Sorted(maps.Keys(all.products)) }

// Parse reads ENGINE://HOST:PORT. ENGINE is an API name or the name of a
// product that has several ("sqlserver", "oracle"); the port may be left out,
// an IPv6 address stands in brackets. It refuses what a listener's address has
// no use for: user names, passwords, paths and parameters. An error is fit for
// whoever wrote the text, and never repeats a password.
func (all URLs) Parse(text string) (URL, error) {
	scheme, rest, ok := strings.Cut(text, "://")
	switch {
	case len(text) > maxURL:
		return URL{}, fmt.Errorf("a server's URL of %d bytes is refused; ENGINE://HOST:PORT has at most %d", len(text), maxURL)
	case strings.ContainsRune(text, '@'):
		return URL{}, fmt.Errorf("a server's URL has no user and no password; write ENGINE://HOST:PORT, such as postgres://127.83.1.2:5432")
	case !ok || scheme == "" || rest == "":
		return URL{}, malformed(text)
	}
	e, known := all.products[strings.ToLower(scheme)]
	if !known {
		return URL{}, fmt.Errorf("unknown engine %q; use one of %s", scheme, strings.Join(all.Schemes(), ", "))
	}
	u, err := url.Parse(text)
	if err != nil || strings.TrimSuffix(u.Path, "/") != "" || u.RawQuery != "" || u.ForceQuery || strings.Contains(text, "#") {
		return URL{}, malformed(text)
	}
	host := u.Hostname()
	if !validHost(host) || strings.HasSuffix(u.Host, ":") || strings.Contains(host, ":") != strings.HasPrefix(u.Host, "[") {
		return URL{}, malformed(text)
	}
	port := e.Spec.DefaultPort
	if u.Port() != "" {
		if port, err = strconv.Atoi(u.Port()); err != nil || port < 1 || port > 65535 {
			return URL{}, fmt.Errorf("the port of %q is not in 1-65535", text)
		}
	}
	return URL{Engine: e, Host: host, Port: port}, nil
}

func malformed(text string) error {
	return fmt.Errorf("%q is no server; write ENGINE://HOST:PORT, such as postgres://127.83.1.2:5432 or mysql://[::1]:3306", text)
}

// validHost takes an address, or a name of the characters that names have in
// use (underscores are no host name's, and people have them).
func validHost(host string) bool {
	address, zone, zoned := strings.Cut(host, "%")
	if strings.Contains(address, ":") {
		return net.ParseIP(address) != nil && (!zoned || zone != "" && !strings.ContainsFunc(zone, notName))
	}
	return host != "" && len(host) <= 253 && !strings.ContainsFunc(host, notName)
}

func notName(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '.' && r != '_'
}

// families are the names people have for products of which the API knows
// editions only, or under another name. On the wire editions do not differ.
func families() map[string]string {
	return map[string]string{
		"ase": "sybase", "aurora": "aurora-mysql", "db2": "db2-se", "mssql": "sqlserver-ee", "oracle": "oracle-ee",
		"postgresql": "postgres", "sqlserver": "sqlserver-ee",
	}
}

// String is the URL in full.
func (u URL) String() string { return fmt.Sprintf("%s://%s", u.Engine.Name(), u.Address()) }
