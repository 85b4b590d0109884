package main

import (
	"fmt"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/dbtls/dbtls/internal/api/native"
)

func auditCommand() *cobra.Command {
	var m remote
	var calls, asJSON bool
	c := &cobra.Command{
		Use:   "audit",
		Short: "Print the audit log: who did what, and what dbtls did by itself",
		Long: `Print the audit log: who changed what, who was refused a change, and what dbtls
did by itself. It is kept for good.

--calls prints the calls that changed nothing too (Describe…, List…, status and the
like), and signatures that failed for a known access key. They are on record for 90
days, at most the newest million.`,
		Example: `  dbtls audit --data /var/lib/dbtls
  dbtls audit --json | jq 'select(.action == "rotation commit")'
  dbtls audit --calls --json | jq 'select(.actor == "ann")'`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return printAudit(c, &m, calls, asJSON) },
	}
	m.flags(c)
	c.Flags().BoolVar(&calls, "calls", false, "print calls that changed nothing too")
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object per line")
	return c
}

func printAudit(c *cobra.Command, m *remote, calls, asJSON bool) error {
	with := 0
	if calls {
		with = 1
	}
	var after, afterCall int64
	for {
		var page []native.AuditLine
		path := fmt.Sprintf("/api/v1/audit?after=%d&calls=%d&after_call=%d", after, with, afterCall)
		if err := m.call(c, http.MethodGet, path, nil, &page); err != nil {
			return err
		}
		for _, a := range page {
			if a.Call {
				afterCall = a.ID
			} else {
				after = a.ID
			}
			if err := printAuditLine(c, a, asJSON); err != nil {
				return err
			}
		}
		// Asking is a call too: to wait for an empty page might never end.
		if len(page) < native.AuditPage {
			return nil
		}
	}
}

func printAuditLine(c *cobra.Command, a native.AuditLine, asJSON bool) error {
	if asJSON {
		return printLine(c.OutOrStdout(), a)
	}
	_, err := fmt.Fprintf(c.OutOrStdout(), "%s  %-8s %-24s %-16s %s\n", a.At.Format("2006-01-02T15:04:05Z"), a.Actor, a.Action, a.Target, a.Detail)
	return err
}
