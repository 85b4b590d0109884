package main

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/dbtls/dbtls/internal/api/native"
	"github.com/dbtls/dbtls/internal/clientconfig/host"
	"github.com/dbtls/dbtls/internal/engines"
	"github.com/dbtls/dbtls/internal/evidence"
	"github.com/dbtls/dbtls/internal/fault"
)

// reporting is a command line of dbtls clients report.
type reporting struct {
	server    remote
	app       string
	databases []string
	sources   []string
	dry       bool
	json      bool
}

func clientsReport() *cobra.Command {
	var r reporting
	c := &cobra.Command{
		Use:   "report [PATH...]",
		Short: "Tell the server what this host's clients are configured to do",
		Long: `Find the configurations of database clients on this host, look at the trust stores
they use, and tell the server, which judges planned changes of its CAs by it
(dbtls rotate --plan). Without PATHs it reads the usual places of this host and user
that exist (service files and option files in /etc and at home, $PGSERVICEFILE,
$TNS_ADMIN and the like) and the environment of this process.

What is sent is shown first: for each client where it is configured, its driver, its
user, the databases, what it encrypts and verifies, and the fingerprints of the roots in
its trust store. No password and no text of a file leaves this host. --dry-run sends
nothing.

The server binds it to the clients that come from this host's addresses: those by which
the databases are reached, or those of --source (as behind a NAT). --app says whose
configuration it is, by the name that the application gives itself to the database;
report each application of a host by itself. A database of --database is dialled, and
each trust store tried against what it serves.

It takes a user of the server with role reporter, which may do nothing else, by
AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and the other variables that
dbtls user add prints with --env. What a report says counts for 30 days.`,
		Example: `  dbtls clients report --dry-run
  dbtls clients report /srv/shop/config --app shop --database postgres://db1.example.com:5432
  dbtls clients report /etc/cron.d --app nightly --source 203.0.113.7`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error { return r.run(c, args) },
	}
	r.server.flags(c)
	f := c.Flags()
	f.StringVar(&r.app, "app", "", "application that the configuration is of, as it calls itself at the database")
	f.StringArrayVar(&r.databases, "database", nil, "database to dial, ENGINE://HOST:PORT; may be given several times")
	f.StringArrayVar(&r.sources, "source", nil, "address that databases see this host come from; may be given several times (default: found out)")
	f.BoolVar(&r.dry, "dry-run", false, "show what would be sent and send nothing")
	f.BoolVar(&r.json, "json", false, "print JSON")
	return c
}

// reported is the answer with --json.
type reported struct {
	Report evidence.Report `json:"report"`
	Paths  []string        `json:"paths"`
	Notes  []string        `json:"notes"`
	// Taken is what the server took; absent with --dry-run.
	Taken *native.ReportReply `json:"taken,omitempty"`
}

func (r *reporting) run(c *cobra.Command, paths []string) error {
	q := host.Question{Paths: paths, Application: r.app, Sources: r.sources}
	urls := engines.NewURLs()
	for _, text := range r.databases {
		u, err := urls.Parse(text)
		if err != nil {
			return usageError{err}
		}
		q.Databases = append(q.Databases, u)
	}
	for _, s := range r.sources {
		if err := host.CheckSource(s); err != nil {
			return usageError{fmt.Errorf("%s", fault.Public(err))}
		}
	}
	if !r.dry {
		if _, err := r.server.client(); err != nil { // before anything is read
			return err
		}
	}
	a, err := host.Collect(c.Context(), q)
	if err != nil {
		return err
	}
	out := reported{Report: a.Report, Paths: append([]string{}, a.Paths...), Notes: append([]string{}, a.Notes...)}
	if !r.json {
		printReport(c.OutOrStdout(), out)
	}
	if !r.dry {
		var taken native.ReportReply
		if err := r.server.call(c, http.MethodPost, "/api/v1/clients/reports", a.Report, &taken); err != nil {
			return err
		}
		out.Taken = &taken
	}
	if r.json {
		return printJSON(c.OutOrStdout(), out)
	}
	printTaken(c.OutOrStdout(), out)
	return nil
}

// printReport shows what is sent.
func printReport(w io.Writer, r reported) {
	fmt.Fprintf(w, "host %s, application %s, seen from %s\n", oneLine(r.Report.Host), cmp.Or(oneLine(r.Report.Application), "(any)"), strings.Join(r.Report.Sources, ", "))
	if len(r.Paths) > 0 {
		fmt.Fprintf(w, "read %s\n", oneLine(strings.Join(r.Paths, ", ")))
	}
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "WHERE\tDRIVER\tUSER\tDATABASES\tENCRYPTS\tVERIFIES\tTRUST STORE")
	for _, c := range r.Report.Clients {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", oneLine(c.Where), oneLine(strings.TrimSpace(cmp.Or(c.Driver, "unknown")+" "+c.Version)), orDash(oneLine(c.User)),
			cmp.Or(oneLine(strings.Join(c.Databases, ", ")), "(any)"), c.Encrypts, c.Verifies, storeCell(c))
	}
	t.Flush()
	for _, c := range r.Report.Clients {
		for _, d := range c.Tried {
			if d.Refused == "" {
				fmt.Fprintf(w, "%s accepts %s\n", oneLine(c.Where), d.Database)
			} else {
				fmt.Fprintf(w, "%s refuses %s: %s\n", oneLine(c.Where), d.Database, plain(d.Refused))
			}
		}
	}
	for _, n := range r.Notes {
		fmt.Fprintln(w, "note:", plain(n))
	}
	fmt.Fprintln(w)
}

// storeCell names a trust store and how much of it is told.
func storeCell(c evidence.Configured) string {
	text := "-"
	switch {
	case c.TrustKind == "":
	case c.StoreRead:
		text = fmt.Sprintf("%s (%d roots)", oneLine(cmp.Or(c.TrustPath, c.TrustKind)), len(c.Anchors))
	default:
		text = oneLine(cmp.Or(c.TrustPath, c.TrustKind)) + " (not read)"
	}
	if c.RSAOnly {
		text += ", RSA certificates alone"
	}
	return text
}

func printTaken(w io.Writer, r reported) {
	if r.Taken == nil {
		fmt.Fprintln(w, "nothing was sent (--dry-run)")
		return
	}
	fmt.Fprintf(w, "the server took report %d: %d configurations of clients from %s\n", r.Taken.ID, r.Taken.Clients, strings.Join(r.Taken.Sources, ", "))
}
