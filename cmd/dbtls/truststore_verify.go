package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/dbtls/dbtls/internal/engines"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/probe"
	"github.com/dbtls/dbtls/internal/trust/store"
)

// answer is whether a trust store accepts a server, and if not why.
type answer struct {
	Accepted bool        `json:"accepted"`
	Problem  pki.Problem `json:"problem,omitempty"`
	Reason   string      `json:"reason,omitempty"`
	Missing  string      `json:"missing,omitempty"` // the issuer that is trusted nowhere
	// JavaAndGo: they accept all the same, since any trusted certificate is an
	// anchor to them.
	JavaAndGo bool `json:"java_and_go_accept,omitempty"`
}

// verdict is all that verify finds out.
type verdict struct {
	Store   string     `json:"store"`
	Server  string     `json:"server"`
	SSLMode string     `json:"ssl_mode"`
	Now     answer     `json:"now"`
	AfterCA string     `json:"after_ca,omitempty"`
	After   *answer    `json:"after,omitempty"`
	Lacks   *store.Row `json:"lacks,omitempty"` // the root to add before the change
}

func truststoreVerify() *cobra.Command {
	var pass secretFlags
	var m remote
	var mode, after string
	asJSON := false
	timeout := 10 * time.Second
	c := &cobra.Command{
		Use:   "verify STORE ENGINE://HOST:PORT",
		Short: "Say whether a client with this trust store accepts a database, now and after a CA change",
		Long: `Make a TLS handshake with a database as its clients do, without logging in, and say
whether a client that trusts exactly this store accepts what the server shows; if
not, what is missing. Only self-signed certificates count as roots, as with OpenSSL;
where Java and Go would decide otherwise, that is said.

--after-ca asks a dbtls server for the CA that the database is about to move to and
says whether the store is ready for it. Clients of the old CA are covered until the
overlap ends; then the store must have the new root.

The exit code is 0 when every answer is yes, 1 when one is no.`,
		Example: `  dbtls truststore verify client.jks --password-file pw postgres://127.83.1.2:5432
  dbtls truststore verify ca.pem mariadb://127.83.1.3:3306 --after-ca rds-ca-ecc384-g1 --data /var/lib/dbtls`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usageError{fmt.Errorf("give a trust store and a server; see: %s --help", c.CommandPath())}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			s, err := openStore(c, args[0], &pass, false)
			if err != nil {
				return err
			}
			v := verdict{Store: args[0], Server: args[1], SSLMode: mode, AfterCA: after}
			if v.Now, err = judgeNow(c, s, args[1], pki.SSLMode(mode), timeout); err != nil {
				return err
			}
			if after != "" {
				if err := judgeAfter(c, &m, s, after, &v); err != nil {
					return err
				}
			}
			return showVerdict(c, v, asJSON)
		},
	}
	pass.flags(c, "password", "password of the store")
	m.flags(c)
	f := c.Flags()
	f.StringVar(&mode, "ssl-mode", string(pki.SSLVerifyFull), "what the client checks: verify-ca or verify-full")
	f.StringVar(&after, "after-ca", "", "CA that the database is to move to, such as rds-ca-ecc384-g1")
	f.DurationVar(&timeout, "timeout", timeout, "how long to wait for the server")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// target reads ENGINE://HOST:PORT; the port may be left out.
func target(text string) (t probe.Target, host string, err error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme == "" || u.Hostname() == "" {
		return t, "", usageError{fmt.Errorf("%q is no server; write ENGINE://HOST:PORT, such as postgres://127.83.1.2:5432", text)}
	}
	e, ok := engines.ByName(u.Scheme)
	if !ok {
		var names []string
		for _, e := range engines.All() {
			names = append(names, e.Name())
		}
		return t, "", usageError{fmt.Errorf("unknown engine %q; use one of %v", u.Scheme, names)}
	}
	host = u.Hostname()
	port := u.Port()
	if port == "" {
		port = strconv.Itoa(e.Spec.DefaultPort)
	}
	t = probe.Target{Engine: e, Address: net.JoinHostPort(host, port)}
	if net.ParseIP(host) == nil {
		t.ServerName = host
	}
	return t, host, nil
}

func judgeNow(c *cobra.Command, s store.Store, server string, mode pki.SSLMode, timeout time.Duration) (answer, error) {
	if mode != pki.SSLVerifyCA && mode != pki.SSLVerifyFull {
		return answer{}, usageError{fmt.Errorf("--ssl-mode %q verifies nothing a trust store matters for; use verify-ca or verify-full", mode)}
	}
	t, host, err := target(server)
	if err != nil {
		return answer{}, err
	}
	ctx, cancel := context.WithTimeout(c.Context(), timeout)
	defer cancel()
	o, err := probe.Dial(ctx, t)
	if err != nil {
		return answer{}, fault.Wrap(err, fault.Unavailable, "%s showed no certificate: %v", server, err)
	}
	return judge(s, o.Chain, mode, host, time.Now()), nil
}

func judge(s store.Store, chain []*x509.Certificate, mode pki.SSLMode, name string, now time.Time) answer {
	err := s.Accepts(chain, mode, name, now)
	if err == nil {
		return answer{Accepted: true}
	}
	a := answer{Reason: err.Error()}
	var v *pki.VerifyError
	if errors.As(err, &v) {
		a.Problem, a.Missing = v.Problem, v.Missing
	}
	a.JavaAndGo = a.Problem == pki.Untrusted && s.AnyAnchor(chain, now)
	return a
}

// judgeAfter verifies what every leaf of the new CA will hang from.
func judgeAfter(c *cobra.Command, m *remote, s store.Store, ca string, v *verdict) error {
	host, err := m.bundleHost()
	if err != nil {
		return err
	}
	root, err := host.cert(c, ca+".pem")
	if err != nil {
		return err
	}
	issuing, err := host.cert(c, ca+"-issuing.pem")
	if err != nil {
		return err
	}
	a := judge(s, []*x509.Certificate{issuing}, pki.SSLVerifyCA, "", time.Now())
	v.After = &a
	if !a.Accepted {
		row := store.Entry{Alias: store.MakeAlias(root), Cert: root}.Row(time.Now())
		v.Lacks = &row
	}
	return nil
}

func showVerdict(c *cobra.Command, v verdict, asJSON bool) error {
	if asJSON {
		if err := printJSON(c.OutOrStdout(), v); err != nil {
			return err
		}
	} else {
		printVerdict(c.OutOrStdout(), v)
	}
	switch {
	case !v.Now.Accepted:
		return fmt.Errorf("a client that trusts %s does not accept %s", v.Store, v.Server)
	case v.After != nil && !v.After.Accepted:
		return fmt.Errorf("%s is not ready for %s", v.Store, v.AfterCA)
	}
	return nil
}

func printVerdict(w io.Writer, v verdict) {
	printAnswer(w, "now", v.Now)
	if v.After == nil {
		return
	}
	printAnswer(w, "after the change to "+v.AfterCA, *v.After)
	if v.Lacks != nil {
		fmt.Fprintf(w, "  missing: %s\n           SHA-256 %s\n", v.Lacks.Subject, v.Lacks.SHA256)
		fmt.Fprintf(w, "  add it before the overlap ends: dbtls truststore fetch, or dbtls truststore add %s %s.pem\n", v.Store, v.AfterCA)
	}
}

func printAnswer(w io.Writer, when string, a answer) {
	if a.Accepted {
		fmt.Fprintf(w, "%s: accepted\n", when)
		return
	}
	fmt.Fprintf(w, "%s: REFUSED (%s): %s\n", when, a.Problem, a.Reason)
	if a.Missing != "" {
		fmt.Fprintf(w, "  missing: the certificate of %q, or the root above it\n", a.Missing)
	}
	if a.JavaAndGo {
		fmt.Fprintln(w, "  Java and Go clients accept it: any certificate of their store is an anchor to them")
	}
}
