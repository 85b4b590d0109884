package main

import (
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/dbtls/dbtls/internal/api/native"
)

func consoleCommand() *cobra.Command {
	var m remote
	asJSON := false
	c := &cobra.Command{
		Use:   "console",
		Short: "Print a link that signs you in at the web console, once",
		Long: `Print a link that signs you in at the web console. It works once, within ten
minutes, as the user whose key this command uses; whoever has it first is signed
in, so do not hand it on. The browser has to trust the server's own CA: the file
api-ca.pem in the data directory.`,
		Example: `  dbtls console --data /var/lib/dbtls
  xdg-open "$(dbtls console --json | jq -r .url)"`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			var link native.ConsoleLink
			if err := m.call(c, http.MethodPost, "/api/v1/console/links", struct{}{}, &link); err != nil {
				return err
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), link)
			}
			fmt.Fprintf(c.OutOrStdout(), "%s\n", link.URL)
			fmt.Fprintf(c.ErrOrStderr(), "works once, until %s\n", link.Ends.Local().Format(time.TimeOnly))
			return nil
		},
	}
	m.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}
