package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/dbtls/dbtls/internal/api/native"
	"github.com/dbtls/dbtls/internal/evidence"
	"github.com/dbtls/dbtls/internal/fault"
)

// sessionOptions are the flags of dbtls sessions for what a server has on record.
type sessionOptions struct {
	remote
	endpoint       string
	follow         string
	since          string
	limit          int
	plain, refused bool
}

func sessionsCommand() *cobra.Command {
	var o sessionOptions
	var at lookOptions
	var lookOnly []string // flags that say how to log in at a URL
	c := &cobra.Command{
		Use:   "sessions INSTANCE | --endpoint NAME | ENGINE://HOST[:PORT]",
		Short: "Show who connects to a database, and who of them without TLS",
		Long: `Show who connects: user, source address, application, encrypted or plain, TLS
version, cipher, first and last seen, how often, and where that is known from.

INSTANCE is an instance of the server: dbtls watches each all the time and shows 30
days, or --since. --endpoint looks at the database of a DMS endpoint with the login
that is stored there, now; --follow on makes the server look every minute. With a
URL dbtls logs in and looks once, or for as long as --watch says; no server is
needed.

Under the table it says when was watched, and whether it is known that nobody was in
without TLS: a gap in watching makes that unknown. See docs/sessions.md.`,
		Example: `  dbtls sessions shop --plain
  dbtls sessions shop --since 2026-06-01 --json | jq '.clients[] | select(.tls == "plain")'
  dbtls sessions --endpoint erp-source --follow on
  dbtls sessions postgres://db.example.com --user dbtls_reader --ca bundle.pem --watch 10m`,
		Args: oneDatabase,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 1 && strings.Contains(args[0], "://") {
				if err := refuseFlags(c, "with a URL", "endpoint", "follow", "since", "limit", "plain", "refused", "data", "region"); err != nil {
					return err
				}
				return lookAt(c, args[0], at)
			}
			if err := refuseFlags(c, "for a database that the server knows", lookOnly...); err != nil {
				return err
			}
			return o.show(c, args, at.asJSON)
		},
	}
	o.flags(c)
	f := c.Flags()
	f.StringVar(&o.endpoint, "endpoint", "", "look at the database of this DMS endpoint (EndpointIdentifier)")
	f.StringVar(&o.follow, "follow", "", "on: the server looks at the endpoint every minute from now on; off: it ends that")
	f.StringVar(&o.since, "since", "30d", "from when on: 30d, 12h, a date, or a time of RFC 3339; 90 days are kept")
	f.IntVar(&o.limit, "limit", native.SessionsDefault, "how many clients to list, the latest first; totals are over all")
	f.BoolVar(&o.plain, "plain", false, "list logins without TLS only")
	f.BoolVar(&o.refused, "refused", false, "list those that were not let in only")
	lookOnly = addedFlags(c, at.flags)
	return c
}

// addedFlags are the names of the flags that add defines, without --json, which
// all forms of the command have.
func addedFlags(c *cobra.Command, add func(*cobra.Command)) (names []string) {
	had := map[string]bool{"json": true}
	c.Flags().VisitAll(func(f *pflag.Flag) { had[f.Name] = true })
	add(c)
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if !had[f.Name] {
			names = append(names, f.Name)
		}
	})
	return names
}

// oneDatabase wants one argument, or --endpoint.
func oneDatabase(c *cobra.Command, args []string) error {
	endpoint := c.Flags().Changed("endpoint")
	if len(args) > 1 || (len(args) == 1) == endpoint {
		return usageError{fmt.Errorf("give one instance, one ENGINE://HOST, or --endpoint NAME; see: %s --help", c.CommandPath())}
	}
	return nil
}

// refuseFlags refuses flags that would have no effect.
func refuseFlags(c *cobra.Command, when string, names ...string) error {
	for _, name := range names {
		if f := c.Flags().Lookup(name); f != nil && f.Changed {
			return usageError{fmt.Errorf("--%s has no effect %s; see: %s --help", name, when, c.CommandPath())}
		}
	}
	return nil
}

// show prints what the server has on record of one database.
func (o *sessionOptions) show(c *cobra.Command, args []string, asJSON bool) error {
	query, err := o.query(time.Now())
	if err != nil {
		return usageError{err}
	}
	var s native.Sessions
	if o.endpoint != "" {
		s, err = o.lookAtEndpoint(c, query)
	} else if o.follow != "" {
		err = usageError{errors.New("--follow needs --endpoint: instances are always watched")}
	} else {
		err = o.call(c, http.MethodGet, "/api/v1/instances/"+url.PathEscape(args[0])+"/sessions?"+query, nil, &s)
	}
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(c.OutOrStdout(), s)
	}
	return printSessions(c.OutOrStdout(), s)
}

func (o *sessionOptions) query(now time.Time) (string, error) {
	since, err := parseSince(o.since, now)
	if err != nil {
		return "", err
	}
	q := url.Values{"since": {since.UTC().Format(time.RFC3339)}, "limit": {strconv.Itoa(o.limit)}}
	switch {
	case o.plain && o.refused:
		return "", errors.New("--plain lists who is in, --refused who is not: give one of them")
	case o.plain:
		q.Set("only", string(evidence.OnlyPlain))
	case o.refused:
		q.Set("only", string(evidence.OnlyRefused))
	}
	return q.Encode(), nil
}

// lookAtEndpoint makes the server look, or tells it to follow. Who may not have
// that done is shown what is on record.
func (o *sessionOptions) lookAtEndpoint(c *cobra.Command, query string) (s native.Sessions, err error) {
	path := "/api/v1/endpoints/" + url.PathEscape(o.endpoint)
	if o.follow != "" {
		on := o.follow == "on"
		if !on && o.follow != "off" {
			return s, usageError{fmt.Errorf("--follow is on or off, not %q", o.follow)}
		}
		if err := o.call(c, http.MethodPost, path+"/follow", native.FollowRequest{Follow: &on}, &struct{}{}); err != nil {
			return s, err
		}
	}
	err = o.call(c, http.MethodPost, path+"/look?"+query, nil, &s)
	if fault.CodeOf(err) != fault.AccessDenied {
		return s, err
	}
	fmt.Fprintln(c.ErrOrStderr(), "dbtls: your role may not have the server log in there; this is what is on record")
	return s, o.call(c, http.MethodGet, path+"/sessions?"+query, nil, &s)
}

// parseSince reads a time, or how long ago it was: 30d, 12h, 2026-06-01.
func parseSince(text string, now time.Time) (time.Time, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n > 0 && n < 100_000 {
			return now.AddDate(0, 0, -n), nil
		}
	}
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return now.Add(-d), nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("--since is how long ago (30d, 12h), a date (2026-06-01) or a time of RFC 3339, not %q", text)
}
