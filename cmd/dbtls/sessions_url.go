package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/engines"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/probe"
)

// lookOptions are the flags of dbtls sessions that say how to log in at a
// server named by its URL, and for how long to look at it.
type lookOptions struct {
	user       string
	pass       secretFlags
	database   string
	sslMode    string
	trust      probeTrust
	serverName string
	direct     bool
	timeout    time.Duration
	watch      time.Duration
	asJSON     bool
	printRole  bool
}

// passwordVariable is read where no flag names a password.
const passwordVariable = "DBTLS_PASSWORD"

const (
	maxWatch  = 24 * time.Hour
	lookEvery = time.Second
)

func (o *lookOptions) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&o.user, "user", "", "user to log in as at a server named by its URL; reading its sessions is all it needs to be allowed")
	o.pass.flags(c, "password", "password of --user (default: the environment's "+passwordVariable+", else it is asked for)")
	f.StringVar(&o.database, "database", "", "database to log in to; an Oracle service name (default: the product's own)")
	f.StringVar(&o.sslMode, "ssl-mode", string(pki.SSLVerifyFull), "what is checked before the password is sent: none (no TLS), require, verify-ca or verify-full")
	o.trust.flags(c)
	f.StringVar(&o.serverName, "server-name", "", "name to send (SNI) and to find in the certificate (default: the host)")
	f.BoolVar(&o.direct, "direct", false, "speak TLS from the first byte where the product also has a preamble (PostgreSQL 17, TDS 8.0)")
	f.DurationVar(&o.timeout, "timeout", 15*time.Second, "how long one look may take")
	f.DurationVar(&o.watch, "watch", 0, "look every second for so long, and show all that was seen")
	f.BoolVar(&o.asJSON, "json", false, "print JSON")
	f.BoolVar(&o.printRole, "print-role", false, "print the statements that make the least account for this, and connect to nothing")
}

// lookAt shows the sessions of the server that a URL names, or prints what
// makes an account for that.
func lookAt(c *cobra.Command, url string, o lookOptions) error {
	u, err := engines.NewURLs().Parse(url)
	if err != nil {
		return usageError{err}
	}
	if err := o.check(); err != nil {
		return err
	}
	if o.printRole {
		return printRole(c, u, cmp.Or(o.user, "dbtls_reader"))
	}
	if u.Engine.Looker == nil {
		return fault.New(fault.InvalidParameter, "dbtls cannot ask %s for its sessions: it has no query for them that tells who is encrypted; look at the ports of its listeners, and at its clients' settings", u.Engine.Spec.Description)
	}
	if o.user == "" {
		return usageError{errors.New("give the user to log in as with --user; --print-role prints how to make one that may do no more than this")}
	}
	a, err := o.account(c, u)
	if err != nil {
		return err
	}
	seen := newSeen(u.String())
	if err := o.looks(c.Context(), u.Engine.Looker, a, seen); err != nil {
		return err
	}
	if o.asJSON {
		return printJSON(c.OutOrStdout(), seen.report())
	}
	return seen.write(c.OutOrStdout())
}

func (o *lookOptions) check() error {
	switch pki.SSLMode(o.sslMode) {
	case pki.SSLNone, pki.SSLRequire, pki.SSLVerifyCA, pki.SSLVerifyFull:
	default:
		return usageError{fmt.Errorf("--ssl-mode is none, require, verify-ca or verify-full, not %q", o.sslMode)}
	}
	switch {
	case o.timeout <= 0:
		return usageError{fmt.Errorf("--timeout is more than 0, not %v", o.timeout)}
	case o.watch < 0 || o.watch > maxWatch:
		return usageError{fmt.Errorf("--watch is 0 to %v, not %v", maxWatch, o.watch)}
	case o.trust.ca == "-" && o.pass.file == "-":
		return usageError{errors.New("standard input can be the CAs or the password, one of them")}
	}
	return nil
}

// account is how each look logs in. The password goes over TLS that was judged
// by --ssl-mode, or in plain where "none" was said.
func (o *lookOptions) account(c *cobra.Command, u engines.URL) (engine.Account, error) {
	var trust *probe.Trust
	var err error
	if pki.SSLMode(o.sslMode) != pki.SSLNone {
		if trust, err = o.trust.read(c); err != nil {
			return engine.Account{}, err
		}
	}
	password, given := os.LookupEnv(passwordVariable)
	if !given || o.pass.given(c) {
		if password, err = o.pass.need(c, fmt.Sprintf("Password of %q at %s", o.user, u.Address()), false); err != nil {
			return engine.Account{}, err
		}
	}
	return engine.Account{
		Dial: func(ctx context.Context) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "tcp", u.Address())
		},
		Host: u.Host, Port: u.Port, User: o.user, Password: password, Database: o.database,
		Start: engine.Start{Direct: o.direct},
		TLS:   probe.Config(pki.SSLMode(o.sslMode), trust, cmp.Or(o.serverName, u.Host), false, time.Now),
	}, nil
}

// given reports whether a flag names the password.
func (s *secretFlags) given(c *cobra.Command) bool {
	f := c.Flags()
	return f.Changed(s.name) || f.Changed(s.name+"-file") || f.Changed(s.name+"-env")
}

// looks looks once, or every second until the time is over or somebody
// interrupts. Of several looks some may fail; the first may not.
func (o *lookOptions) looks(ctx context.Context, looker engine.Looker, a engine.Account, seen *seen) error {
	once := func() error {
		ctx, cancel := context.WithTimeout(ctx, o.timeout)
		defer cancel()
		look, err := looker(ctx, a)
		if err == nil {
			seen.add(look)
		}
		return err
	}
	if err := once(); err != nil || o.watch == 0 {
		return lookFailed(err)
	}
	end := time.NewTimer(o.watch)
	defer end.Stop()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := once(); err != nil && ctx.Err() == nil {
				seen.missed(err)
			}
		case <-end.C:
			return nil
		case <-ctx.Done(): // what was seen until now is shown
			return nil
		}
	}
}

// lookFailed says what to do about a login that failed.
func lookFailed(err error) error {
	switch {
	case errors.Is(err, engine.ErrSimulated):
		return fmt.Errorf("%w; of an instance of dbtls, ask its server: dbtls sessions INSTANCE --data DIR", err)
	case errors.Is(err, engine.ErrNoTLS):
		return fmt.Errorf("%w; with --ssl-mode none the password would go over the network as the product sends it without TLS", err)
	}
	return err
}

// printRole prints statements for an administrator.
func printRole(c *cobra.Command, u engines.URL, user string) error {
	role := ""
	if u.Engine.Spec.Reader != nil {
		role = u.Engine.Spec.Reader(user)
	}
	if role == "" {
		return fault.New(fault.InvalidParameter, "%s has no account that may read its sessions and nothing else", u.Engine.Spec.Description)
	}
	_, err := fmt.Fprintln(c.OutOrStdout(), strings.TrimSpace(role))
	return err
}
