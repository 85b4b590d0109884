package main

import "github.com/spf13/cobra"

func clientsCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "clients",
		Short: "Find out what the clients of your databases verify",
		Long: `Find out what the clients of your databases verify, and which of them a change of
the server's CA would break.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(clientsLint(), clientsReport())
	return c
}
