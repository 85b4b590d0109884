package read

import (
	"strings"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

// readGo reads Go programs: the driver of a connection string is the one whose
// call it is given to.
func readGo(s Source) []clientconfig.Settings {
	l := language{
		comments: []string{"//"},
		dsn:      idPGX,
		imports: []pair{
			{`"github.com/jackc/pgx`, idPGX}, {`"github.com/lib/pq"`, idLibPQ}, {`"github.com/go-sql-driver/mysql"`, idGoMySQL}, {`"go.mongodb.org/mongo-driver`, "mongo-go"},
		},
		calls: []callReader{
			{"mysql.Config{", byName, []string{idGoMySQL}, goMySQLConfig},
		},
	}
	text := bounded(s.Text)
	all, done := goOpens(s, text, l.hints(text, s.Hints))
	masked := s
	masked.Text = blank(text, done)
	return append(all, readLanguage(masked, l)...)
}

// blank is a text without the parts that have been read; offsets stay.
func blank(text string, done []span) string {
	if len(done) == 0 {
		return text
	}
	b := []byte(text)
	for _, d := range done {
		for n := d.start; n < d.end; n++ {
			if b[n] != '\n' {
				b[n] = ' '
			}
		}
	}
	return string(b)
}

// goOpens reads sql.Open("driver", "source"), whose first argument says whose
// the second is.
func goOpens(s Source, text string, hints map[string]Hint) (all []clientconfig.Settings, done []span) {
	where := linesOf(text)
	parse := parser(text)
	for _, name := range []string{"sql.Open(", "sqlx.Open(", "sqlx.Connect(", "sqlx.MustConnect("} {
		for _, start := range occurrences(text, name) {
			begin, _ := lineAround(text, start)
			args := parse(start + len(name) - 1)
			if len(args.positional) < 2 || strings.HasPrefix(strings.TrimSpace(text[begin:start]), "//") {
				continue
			}
			id := map[string]string{"mysql": idGoMySQL, "postgres": idLibPQ, "pgx": idPGX, "pgx/v5": idPGX}[args.positional[0].text]
			if id == "" {
				continue
			}
			found := goSource(id, args.positional[1]).settings(id, hints, text[start:args.end])
			found.Where = where.at(s.Path, start)
			all = append(all, found)
			done = append(done, span{start, args.end})
		}
	}
	return all, done
}

// goSource reads a connection string as one driver of Go's does.
func goSource(id string, source value) client {
	c := client{options: map[string]string{}}
	switch {
	case !source.literal && id == idGoMySQL:
		unread(&c, "tls")
	case !source.literal:
		unread(&c, "sslmode")
	case id == idGoMySQL:
		if dsn, ok := goMySQLDSN(source.text); ok {
			c = dsn
		} else {
			unread(&c, "tls")
		}
	default:
		pyTarget(&c, id, call{positional: []value{source}}, "")
		pgNotes(&c)
	}
	return c
}

// goMySQLConfig reads a literal of the driver's Config.
func goMySQLConfig(c *client, _ string, args call) bool {
	c.user = args.constant("user")
	c.host, c.port = hostPort(args.constant("addr"))
	c.database = args.constant("dbname")
	switch v, ok := args.named["tlsconfig"]; {
	case ok && v.literal:
		c.options["tls"] = goTLS(v.text)
	case ok:
		c.options["tls"] = untold
	}
	if v, ok := args.named["tls"]; ok && !(v.word && v.text == "nil") {
		c.options["tls"] = "registered"
		c.notes = append(c.notes, "TLS is a tls.Config made elsewhere in the program")
	}
	if args.constant("net") == "unix" {
		c.options["transport"] = "unix"
	}
	return len(args.named) > 0
}
