package main

import (
	"fmt"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/dbtls/dbtls/internal/api/native"
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
