package main

import (
	"fmt"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/dbtls/dbtls/internal/api/native"
	"github.com/dbtls/dbtls/internal/store"
)

func freezeCommand() *cobra.Command {
	var m remote
	var q native.FreezeRequest
	c := &cobra.Command{
		Use:     "freeze",
		Short:   "Hold every rotation until unfreeze, also over restarts",
		Example: `  dbtls freeze --data /var/lib/dbtls --reason "release week"`,
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := m.call(c, http.MethodPost, "/api/v1/freeze", q, &q); err != nil {
				return err
			}
			fmt.Fprintln(c.OutOrStdout(), "rotations are frozen")
			return nil
		},
	}
	m.flags(c)
	c.Flags().StringVar(&q.Reason, "reason", "", "why, for status and the audit log")
	return c
}

func unfreezeCommand() *cobra.Command {
	var m remote
	c := &cobra.Command{
		Use:     "unfreeze",
		Short:   "Let rotations go on",
		Example: `  dbtls unfreeze --data /var/lib/dbtls`,
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := m.call(c, http.MethodDelete, "/api/v1/freeze", nil, &struct{}{}); err != nil {
				return err
			}
			fmt.Fprintln(c.OutOrStdout(), "rotations go on")
			return nil
		},
	}
	m.flags(c)
	return c
}

func clockCommand() *cobra.Command {
	var m remote
	accept := &cobra.Command{
		Use:   "accept",
		Short: "Confirm that this machine's clock is right now",
		Long: `Confirm that this machine's clock is right now. dbtls stops issuing and rotating
when the clock is behind the newest time it has worked at, or was moved by hours;
it goes on by itself when the clock comes back, and after this command.`,
		Example: `  date -u && dbtls clock accept --data /var/lib/dbtls`,
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := m.call(c, http.MethodPost, "/api/v1/clock/accept", nil, &struct{}{}); err != nil {
				return err
			}
			fmt.Fprintln(c.OutOrStdout(), "the clock is trusted")
			return nil
		},
	}
	m.flags(accept)
	c := &cobra.Command{Use: "clock", Short: "Say that the clock can be trusted", Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	c.AddCommand(accept)
	return c
}

func auditCommand() *cobra.Command {
	var m remote
	asJSON := false
	c := &cobra.Command{
		Use:   "audit",
		Short: "Print the audit log: who did what, and what dbtls did by itself",
		Example: `  dbtls audit --data /var/lib/dbtls
  dbtls audit --json | jq 'select(.action == "rotation commit")'`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return printAudit(c, &m, asJSON) },
	}
	m.flags(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object per line")
	return c
}

func printAudit(c *cobra.Command, m *remote, asJSON bool) error {
	after := int64(0)
	for {
		var part []store.AuditRecord
		if err := m.call(c, http.MethodGet, fmt.Sprintf("/api/v1/audit?after=%d", after), nil, &part); err != nil {
			return err
		}
		if len(part) == 0 {
			return nil
		}
		for _, a := range part {
			after = a.ID
			if asJSON {
				if err := printLine(c.OutOrStdout(), a); err != nil {
					return err
				}
				continue
			}
			fmt.Fprintf(c.OutOrStdout(), "%s  %-8s %-24s %-16s %s\n", a.At.Format("2006-01-02T15:04:05Z"), a.Actor, a.Action, a.Target, a.Detail)
		}
	}
}
