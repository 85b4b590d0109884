package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/dbtls/dbtls/internal/api/native"
	"github.com/dbtls/dbtls/internal/auth"
)

func userCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "user",
		Short: "Say who may call, and what",
		Long: `Say who may call, and what. Every user has one access key and one role:

  reporter    tells what a client's host is configured to do (dbtls clients report)
  read-only   looks at everything but secrets and users
  operator    also changes databases, clusters, parameter groups and certificates,
              and freezes rotations
  admin       also sets the default CA, accepts the clock, and manages users

Changes count at once. For another role, remove the user and add it again.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(userAddCommand(), userListCommand(), userRotateKeyCommand(), userRemoveCommand())
	return c
}

func userAddCommand() *cobra.Command {
	var m remote
	var q native.UserRequest
	var form keyForm
	c := &cobra.Command{
		Use:   "add NAME --role " + strings.Join(auth.Roles(), "|"),
		Short: "Add a user and print its access key, once",
		Long: `Add a user and print its access key. The secret is shown this one time; when it
is lost, give the user another key with dbtls user rotate-key.

--env prints the lines by which aws and SDKs reach the server as this user. They
name the server and its CA as they are reached from here.`,
		Example: `  dbtls user add ann --role operator --data /var/lib/dbtls
  dbtls user add grafana --role read-only --json | jq -r .secret_access_key
  eval "$(dbtls user add ci --role operator --env --data /var/lib/dbtls)"`,
		Args: oneArg("user name"),
		RunE: func(c *cobra.Command, args []string) error {
			if q.Role == "" {
				return usageError{fmt.Errorf("give the role: --role %s", strings.Join(auth.Roles(), ", "))}
			}
			q.Name = args[0]
			return issueKey(c, &m, form, "/api/v1/users", q)
		},
	}
	m.flags(c)
	form.flags(c)
	c.Flags().StringVar(&q.Role, "role", "", "what the user may do: "+strings.Join(auth.Roles(), ", "))
	return c
}

func userRotateKeyCommand() *cobra.Command {
	var m remote
	var form keyForm
	c := &cobra.Command{
		Use:   "rotate-key NAME",
		Short: "Give a user another access key; the old one ends at once",
		Long: `Give a user another access key and print it, once. The old one ends at once: there
is no time in which both are good. To change over without a gap, add a second user,
move its clients, and remove the first.

The key of the user admin is also what --data and dbtls env use on the server's
machine; they have the new one at once. Shells that ran dbtls env before have the
old one: run it again there.`,
		Example: `  dbtls user rotate-key ann --data /var/lib/dbtls
  dbtls user rotate-key admin --data /var/lib/dbtls && eval "$(dbtls env --data /var/lib/dbtls)"`,
		Args: oneArg("user name"),
		RunE: func(c *cobra.Command, args []string) error {
			return issueKey(c, &m, form, "/api/v1/users/"+url.PathEscape(args[0])+"/rotate-key", nil)
		},
	}
	m.flags(c)
	form.flags(c)
	return c
}

// keyForm is how a new key is printed.
type keyForm struct{ json, env bool }

func (f *keyForm) flags(c *cobra.Command) {
	c.Flags().BoolVar(&f.json, "json", false, "print JSON")
	c.Flags().BoolVar(&f.env, "env", false, "print export lines for a shell, as dbtls env does")
}

// issueKey makes a call that answers with a new key, and prints it.
func issueKey(c *cobra.Command, m *remote, form keyForm, path string, in any) error {
	if form.json && form.env {
		return usageError{fmt.Errorf("give --json or --env, not both")}
	}
	var k native.UserKey
	if err := m.call(c, http.MethodPost, path, in, &k); err != nil {
		return err
	}
	switch {
	case form.json:
		return printJSON(c.OutOrStdout(), k)
	case form.env:
		s, err := m.client()
		if err != nil {
			return err
		}
		s.AccessKeyID, s.SecretAccessKey = k.AccessKeyID, k.SecretAccessKey
		printEnv(c, s)
		return nil
	}
	return printKey(c.OutOrStdout(), k)
}

func printKey(w io.Writer, k native.UserKey) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "user\t%s\nrole\t%s\naccess key id\t%s\nsecret access key\t%s\n", k.Name, k.Role, k.AccessKeyID, k.SecretAccessKey)
	fmt.Fprintln(t, "\nThe secret is not shown again.")
	return t.Flush()
}

func userListCommand() *cobra.Command {
	var m remote
	asJSON := false
	c := &cobra.Command{
		Use:     "list",
		Short:   "List the users, their roles and the ids of their access keys",
		Example: `  dbtls user list --data /var/lib/dbtls`,
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			var all []auth.Info
			if err := m.call(c, http.MethodGet, "/api/v1/users", nil, &all); err != nil {
				return err
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), all)
			}
			t := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintln(t, "USER\tROLE\tACCESS KEY ID\tKEY MADE")
			for _, u := range all {
				fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", u.Name, u.Role, u.AccessKeyID, u.KeyMade.UTC().Format("2006-01-02T15:04:05Z"))
			}
			return t.Flush()
		},
	}
	m.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func userRemoveCommand() *cobra.Command {
	var m remote
	c := &cobra.Command{
		Use:   "remove NAME",
		Short: "Remove a user; its access key ends at once",
		Long: `Remove a user; its access key ends at once. The user admin stays: it is the
administrator that there always is.`,
		Example: `  dbtls user remove ann --data /var/lib/dbtls`,
		Args:    oneArg("user name"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := m.call(c, http.MethodDelete, "/api/v1/users/"+url.PathEscape(args[0]), nil, &struct{}{}); err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "user %s is removed\n", args[0])
			return nil
		},
	}
	m.flags(c)
	return c
}
