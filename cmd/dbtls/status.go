package main

import (
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/serve"
	"github.com/dbtls/dbtls/internal/status"
	"github.com/dbtls/dbtls/internal/store"
)

func statusCommand() *cobra.Command {
	var m remote
	asJSON := false
	c := &cobra.Command{
		Use:   "status",
		Short: "Show every instance's certificate, and how long all would hold without dbtls",
		Long: `Show every instance with its CA, days to expiry and rotation, and the number that
matters when dbtls is down: for how many days every certificate in service stays
valid. With --data it works while the server does not run.`,
		Example: `  dbtls status --data /var/lib/dbtls
  dbtls status --json | jq '.instances[] | select(.days < 30)'`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			r, err := fetchStatus(c, &m)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), r)
			}
			return r.Write(c.OutOrStdout())
		},
	}
	m.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// fetchStatus asks the server, or reads the state when none answers.
func fetchStatus(c *cobra.Command, m *remote) (status.Report, error) {
	var r status.Report
	err := m.call(c, http.MethodGet, "/api/v1/status", nil, &r)
	if err == nil || m.data == "" || fault.CodeOf(err) == fault.AccessDenied {
		return r, err
	}
	s, openErr := store.OpenReadOnly(serve.StatePath(m.data))
	if openErr != nil {
		return r, fmt.Errorf("%w; and its state cannot be read: %v", err, openErr)
	}
	defer s.Close()
	return status.Collect(c.Context(), s, time.Now())
}
