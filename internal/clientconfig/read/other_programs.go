package read

import (
	"slices"
	"strings"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

// callReader reads the arguments of a call as one driver does. False when they
// say nothing of a database's client.
type callReader struct {
	name string // as it is written, up to and with the opening bracket
	when belief
	ids  []string // the drivers it may be for
	read func(c *client, id string, args call) bool
}

// belief says what makes a call one of a driver's.
type belief bool

const (
	byName       belief = false // nothing else has such a name
	importedOnly belief = true  // the driver must be imported, or be of the project
)

// language is what differs between programs of languages.
type language struct {
	imports  []pair // text of an import, the driver it brings
	calls    []callReader
	comments []string
	dsn      string // the driver of strings "host=… sslmode=…", "" for none
}

// readLanguage reads the calls that connect, then the URIs and connection
// strings that stand elsewhere. Each text is asked for those once, by the
// reader of its language: who adds calls of another family uses readCalls.
func readLanguage(s Source, l language) []clientconfig.Settings {
	text := bounded(s.Text)
	hints := l.hints(text, s.Hints)
	all, done := callsOf(s, text, hints, l)
	all = append(all, urlsOf(s, text, hints, done, l.comments...)...)
	return append(all, l.strings(s, text, hints, done, linesOf(text))...)
}

// readCalls reads the calls that connect, and nothing else.
func readCalls(s Source, l language) []clientconfig.Settings {
	text := bounded(s.Text)
	all, _ := callsOf(s, text, l.hints(text, s.Hints), l)
	return all
}

// callsOf reads the calls of a program, and says which parts of it they are.
func callsOf(s Source, text string, hints map[string]Hint, l language) (all []clientconfig.Settings, done []span) {
	where, parse := linesOf(text), parser(text)
	for _, r := range l.calls {
		for _, start := range occurrences(text, r.name) {
			begin, _ := lineAround(text, start)
			before := strings.TrimSpace(text[begin:start])
			if slices.ContainsFunc(l.comments, func(mark string) bool { return strings.HasPrefix(before, mark) }) {
				continue
			}
			args := parse(start + len(r.name) - 1)
			found := r.settings(args, hints, text[start:args.end])
			for n := range found {
				found[n].Where = where.at(s.Path, start)
			}
			if len(found) > 0 {
				done = append(done, span{start, args.end})
			}
			all = append(all, found...)
			if len(all) >= maxFound {
				return all, done
			}
		}
	}
	return all, done
}

// parser reads the arguments at an offset, once for all who ask, and no more of
// a text than a few times its length.
func parser(text string) func(open int) call {
	known := map[int]call{}
	budget := 4 * maxText
	return func(open int) call {
		c, ok := known[open]
		if !ok && budget > 0 {
			c = arguments(text, open)
			budget -= c.end - open
			known[open] = c
		}
		c.end = max(c.end, open+1)
		return c
	}
}

// hints are the drivers that a program imports; without any, those of its
// project.
func (l language) hints(text string, project map[string]Hint) map[string]Hint {
	imported := map[string]Hint{}
	for _, i := range l.imports {
		if strings.Contains(text, i.name) {
			imported[i.value] = project[i.value]
		}
	}
	if len(imported) == 0 {
		return project
	}
	return imported
}

func (r callReader) settings(args call, hints map[string]Hint, text string) (all []clientconfig.Settings) {
	ids := r.ids
	if r.when == importedOnly {
		ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { _, ok := hints[id]; return !ok })
	}
	for _, id := range ids {
		c := client{options: map[string]string{}}
		if r.read(&c, id, args) {
			all = append(all, c.settings(id, hints, text))
		}
	}
	return all
}

// occurrences are the places of a call in a text, by its whole name.
func occurrences(text, name string) (all []int) {
	for from := 0; len(all) < maxFound; {
		n := strings.Index(text[from:], name)
		if n < 0 {
			return all
		}
		at := from + n
		from = at + len(name)
		if at > 0 {
			if c := text[at-1]; c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' {
				continue
			}
		}
		all = append(all, at)
	}
	return all
}

// strings reads quoted connection strings of keywords: "host=… sslmode=…".
func (l language) strings(s Source, text string, hints map[string]Hint, done []span, where lines) (all []clientconfig.Settings) {
	if l.dsn == "" {
		return nil
	}
	seen := 0
	for _, mark := range []string{"sslmode=", "host="} {
		for _, at := range occurrences(text, mark) {
			start, end, ok := quotedAround(text, at)
			if !ok || slices.ContainsFunc(done, func(d span) bool { return d.start <= at && at < d.end }) {
				continue
			}
			done = append(done, span{start, end})
			if seen++; seen > maxFound/10 {
				return all
			}
			pairs, ok := parseDSN(text[start:end])
			if !ok {
				continue
			}
			for _, id := range hinted(hints, l.dsn, pgDrivers()...) {
				c := client{options: map[string]string{}}
				for _, p := range pairs {
					pgOption(&c, p.name, p.value)
				}
				pgNotes(&c)
				found := c.settings(id, hints, text[start:end])
				found.Where = where.at(s.Path, start)
				all = append(all, found)
			}
		}
	}
	return all
}

// quotedAround is the string of one line that an offset is in.
func quotedAround(text string, at int) (start, end int, ok bool) {
	begin, stop := lineAround(text, at)
	start = strings.LastIndexAny(text[begin:at], "\"'`")
	if start < 0 {
		return 0, 0, false
	}
	start += begin
	length := strings.IndexByte(text[at:stop], text[start])
	if length < 0 {
		return 0, 0, false
	}
	return start + 1, at + length, true
}

// basics takes who connects where from a call's arguments.
func basics(c *client, args call) {
	c.host = args.constant("host", "hostname", "server", "default.host")
	c.port = args.constant("port")
	c.user = args.constant("user", "username")
	c.database = args.constant("database", "dbname", "db")
}

// unread says that an argument is no constant, so what it says is not known.
func unread(c *client, option string) {
	fill(c.options, option, untold)
	c.notes = append(c.notes, "the connection is described by something that is no constant of this text")
}
