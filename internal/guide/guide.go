// Package guide tells how each kind of database client is made to verify the
// server fully with a given trust store, and how to see that it does: the
// settings, a snippet that compiles or runs, and the query that proves it.
//
// It is text with the user's endpoint filled in, one file for each client; it
// connects to nothing and knows no store's content.
package guide

import (
	"cmp"
	"embed"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"github.com/dbtls/dbtls/internal/fault"
)

//go:embed clients/*.txt
var files embed.FS

// Params are the user's own values; what is empty gets an example value.
type Params struct {
	Host     string // name or IP address that the client connects to
	Port     int    // 0: the product's own
	User     string
	Database string
	Store    string // path of the trust store
}

// URLHost is Host as it stands before a colon and a port: an IPv6 address has
// brackets there (RFC 3986 section 3.2.2).
func (p Params) URLHost() string {
	if strings.Contains(p.Host, ":") {
		return "[" + p.Host + "]"
	}
	return p.Host
}

// Guide is one client's, filled in.
type Guide struct {
	Client   string
	Title    string
	Port     int    // of the product, when nothing else is said
	Store    string // how to make the trust store
	Settings string // the minimal settings for full verification
	Snippet  string // a whole file that compiles or runs
	File     string // the name to give that file
	Proof    string // the query that proves the session is encrypted, and its answer
	Notes    string // what goes wrong, "" for nothing
}

// Clients lists the names of the clients that have a guide.
func Clients() ([]string, error) {
	list, err := fs.Glob(files, "clients/*.txt")
	if err != nil {
		return nil, fmt.Errorf("list guides: %w", err)
	}
	for i, p := range list {
		list[i] = strings.TrimSuffix(strings.TrimPrefix(p, "clients/"), ".txt")
	}
	return list, nil
}

// For fills in the guide of a client.
func For(client string, p Params) (Guide, error) {
	names, err := Clients()
	if err != nil {
		return Guide{}, err
	}
	if !slices.Contains(names, client) {
		return Guide{}, fault.New(fault.InvalidParameter, "there is no guide for client %q; there are: %s", client, strings.Join(names, ", "))
	}
	if err := p.check(); err != nil {
		return Guide{}, err
	}
	t, err := template.ParseFS(files, "clients/"+client+".txt")
	if err != nil {
		return Guide{}, fmt.Errorf("read guide %q: %w", client, err)
	}
	fill := filler{t: t, p: p}
	fill.defaults()
	g := Guide{Client: client, Title: fill.part("title"), Store: fill.part("store"), Settings: fill.part("settings"),
		Snippet: fill.part("snippet"), File: fill.part("file"), Proof: fill.part("proof"), Notes: fill.part("notes")}
	g.Port, err = strconv.Atoi(fill.part("port"))
	return g, cmp.Or(fill.err, err)
}

// filler renders the parts of one file.
type filler struct {
	t   *template.Template
	p   Params
	err error
}

// part renders one definition; a file without it has nothing to say there.
func (f *filler) part(name string) string {
	t := f.t.Lookup(name)
	if t == nil || f.err != nil {
		return ""
	}
	var b strings.Builder
	f.err = t.Execute(&b, f.p)
	return strings.TrimSpace(b.String())
}

// defaults are examples that show what goes where.
func (f *filler) defaults() {
	set := func(v *string, text string) {
		if *v == "" {
			*v = text
		}
	}
	set(&f.p.Host, "db.example.com")
	set(&f.p.User, "admin1")
	set(&f.p.Database, f.part("database"))
	set(&f.p.Store, f.part("path"))
	if f.p.Port == 0 && f.err == nil {
		f.p.Port, f.err = strconv.Atoi(f.part("port"))
	}
}

// What may go into shell commands, connection strings and programs unquoted.
const (
	hostPattern = `^[A-Za-z0-9._:-]*$`
	namePattern = `^[A-Za-z0-9_.-]*$`
	pathPattern = `^[A-Za-z0-9_.:/+ -]*$`
)

// check refuses values that would change the meaning of a snippet.
func (p Params) check() error {
	for _, v := range []struct{ what, value, pattern string }{
		{"host", p.Host, hostPattern}, {"user", p.User, namePattern},
		{"database", p.Database, namePattern}, {"trust store path", p.Store, pathPattern},
	} {
		if ok, err := regexp.MatchString(v.pattern, v.value); err != nil || !ok || strings.HasPrefix(v.value, "-") {
			return fault.New(fault.InvalidParameter, "the %s %q cannot be put into a snippet as it is; use letters, digits and . _ - (paths with /), and quote it yourself", v.what, v.value)
		}
	}
	if p.Port < 0 || p.Port > 65535 {
		return fault.New(fault.InvalidParameter, "%d is no port; use 1 to 65535", p.Port)
	}
	return nil
}

// String is the guide as text for a terminal.
func (g Guide) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n", g.Title, strings.Repeat("=", len([]rune(g.Title))))
	for _, part := range []struct{ head, text string }{
		{"Trust store", g.Store}, {"Settings", g.Settings}, {"Example: " + g.File, g.Snippet}, {"Proof", g.Proof}, {"Mind", g.Notes},
	} {
		if part.text != "" {
			fmt.Fprintf(&b, "\n%s\n\n%s\n", part.head, indent(part.text))
		}
	}
	return b.String()
}

func indent(text string) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		if l != "" {
			lines[i] = "    " + l
		}
	}
	return strings.Join(lines, "\n")
}
