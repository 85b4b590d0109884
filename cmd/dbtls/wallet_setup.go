package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/walletcli"
	"github.com/dbtls/dbtls/wallet"
)

func walletSelfSignedCommand() *cobra.Command {
	var p walletPlace
	var k walletKind
	var s walletSubject
	var out string
	var days, rootDays int
	c := &cobra.Command{
		Use:   "self-signed --out DIR --dn DN",
		Short: "Make the whole self-signed set-up: root, server wallet, client wallet",
		Long: `Make, in one directory that is not there yet:
  self-rootCA.key, self-rootCA.pem   an own root; keep the key away from the database
  server/                            the database's wallet: key, certificate, root
  server.crt                         the server's certificate
  client/cwallet.sso                 the clients' wallet: the root alone, no password
It is all there, or nothing is.`,
		Example: `  dbtls wallet self-signed --out /opt/lab --dn CN=db1.example.com --san db1.example.com
  dbtls wallet config --wallet /opt/lab/server --host db1.example.com --sid ORCL --oracle-home "$ORACLE_HOME"`,
		RunE: func(c *cobra.Command, _ []string) error {
			if out == "" || s.dn == "" {
				return usageError{errors.New("give --out DIR and --dn DN")}
			}
			f, err := k.format()
			if err != nil {
				return err
			}
			if f.Login == 0 {
				f.Login = wallet.AutoLogin // the listener cannot be asked for a password
			}
			r, err := s.request(c)
			if err != nil {
				return err
			}
			a, err := p.access(c, true, true)
			if err != nil {
				return err
			}
			if err := (walletcli.SelfSigned{
				Dir: out, Request: r, RootDays: rootDays, Days: days, Access: a, Format: f, Now: time.Now(),
			}).Make(c.Context()); err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "made %[1]s: %[1]s/server for the database, %[1]s/client/cwallet.sso for its clients, and the root\n", filepath.Clean(out))
			return nil
		},
	}
	p.flags(c)
	_ = c.Flags().MarkHidden("wallet")
	k.flags(c, false)
	s.flags(c)
	f := c.Flags()
	f.StringVar(&out, "out", "", "directory to make")
	f.IntVar(&days, "validity", 365, "days the server certificate is valid")
	f.IntVar(&rootDays, "root-validity", 1024, "days the root is valid")
	return c
}

func walletConfigCommand() *cobra.Command {
	var o walletcli.OracleNet
	var file string
	asJSON := false
	c := &cobra.Command{
		Use:   "config --wallet DIR --host HOST --sid SID",
		Short: "Print sqlnet.ora, listener.ora and tnsnames.ora for a wallet, and what to do",
		Long: `Print the Oracle Net files that make a database serve TLS with a wallet, and the steps
in order. Nothing is written: merge them into what is there.`,
		Example: `  dbtls wallet config --wallet /opt/ssl --host db1.example.com --sid ORCL --oracle-home "$ORACLE_HOME"
  dbtls wallet config --wallet /opt/ssl --host db1 --sid ORCL --file tnsnames.ora`,
		RunE: func(c *cobra.Command, _ []string) error {
			if o.OracleHome == "" {
				o.OracleHome = os.Getenv("ORACLE_HOME")
			}
			if err := o.Check(); err != nil {
				return usageError{errors.New(fault.Public(err))}
			}
			return printOracleNet(c, o, file, asJSON)
		},
	}
	f := c.Flags()
	f.StringVar(&o.Wallet, "wallet", "", "directory of the wallet on the database's machine")
	f.StringVar(&o.Host, "host", "", "name or address the listener is reached by")
	f.StringVar(&o.SID, "sid", "", "SID of the database, also its service name")
	f.StringVar(&o.OracleHome, "oracle-home", "", "ORACLE_HOME of the database (default: the variable)")
	f.IntVar(&o.Port, "port", 1521, "port without TLS")
	f.IntVar(&o.TLSPort, "tls-port", 1522, "port with TLS")
	f.IntVar(&o.Release, "release", 19, "major release of the database: from 23 on TLS 1.3 too")
	f.StringVar(&file, "file", "", "print this one file alone, for a pipe")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func printOracleNet(c *cobra.Command, o walletcli.OracleNet, file string, asJSON bool) error {
	out := c.OutOrStdout()
	if asJSON {
		return printLine(out, struct {
			Files []walletcli.File `json:"files"`
			Steps []walletcli.Step `json:"steps"`
		}{o.Files(), o.Steps()})
	}
	if file != "" {
		for _, f := range o.Files() {
			if f.Name == file {
				fmt.Fprint(out, f.Content)
				return nil
			}
		}
		return usageError{fmt.Errorf("--file is sqlnet.ora, listener.ora or tnsnames.ora, not %q", file)}
	}
	for _, f := range o.Files() {
		fmt.Fprintf(out, "# ---- %s %s\n%s\n", f.Name, strings.Repeat("-", 60-len(f.Name)), f.Content)
	}
	fmt.Fprintln(out, "# ---- what to do, in order -----------------------------------------")
	for i, s := range o.Steps() {
		fmt.Fprintf(out, "# %d. %s:\n#      %s\n", i+1, s.What, s.Command)
	}
	return nil
}
