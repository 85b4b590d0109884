package main

import (
	"fmt"
	"net"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/dbtls/dbtls/internal/guide"
)

func guideCommand() *cobra.Command {
	var p guide.Params
	var endpoint string
	snippet := false
	c := &cobra.Command{
		Use:   "guide [CLIENT]",
		Short: "Show how a client is made to verify the server fully, and how to prove it",
		Long: `Show the minimal settings by which a client verifies chain and name of a database's
certificate with your trust store, a snippet that compiles or runs, and the query
that proves that the session is encrypted. Without CLIENT the clients are listed.`,
		Example: `  dbtls guide psql --endpoint 127.83.1.2:5432 --store ca.pem
  dbtls guide go --endpoint 127.83.1.2:5432 --store ca.pem --snippet > main.go`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return listGuides(c)
			}
			if err := oneArg("client")(c, args); err != nil {
				return err
			}
			if err := setEndpoint(&p, endpoint); err != nil {
				return err
			}
			g, err := guide.For(args[0], p)
			if err != nil {
				return usageError{err}
			}
			if snippet {
				fmt.Fprintln(c.OutOrStdout(), g.Snippet)
				return nil
			}
			fmt.Fprint(c.OutOrStdout(), g)
			return nil
		},
	}
	f := c.Flags()
	f.StringVar(&endpoint, "endpoint", "", "HOST or HOST:PORT of the database")
	f.StringVar(&p.User, "user", "", "database user")
	f.StringVar(&p.Database, "database", "", "database or service to connect to")
	f.StringVar(&p.Store, "store", "", "path of the trust store")
	f.BoolVar(&snippet, "snippet", false, "print only the example")
	return c
}

func listGuides(c *cobra.Command) error {
	names, err := guide.Clients()
	if err != nil {
		return err
	}
	for _, name := range names {
		g, err := guide.For(name, guide.Params{})
		if err != nil {
			return err
		}
		fmt.Fprintf(c.OutOrStdout(), "%-16s %s\n", name, g.Title)
	}
	return nil
}

// setEndpoint reads HOST or HOST:PORT.
func setEndpoint(p *guide.Params, endpoint string) error {
	p.Host = endpoint
	host, port, err := net.SplitHostPort(endpoint)
	if err != nil {
		return nil // no port: all of it is the host
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return usageError{fmt.Errorf("--endpoint %q has no usable port; write HOST:PORT", endpoint)}
	}
	p.Host, p.Port = host, int(n)
	return nil
}
