package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/dbtls/dbtls/internal/walletcli"
	"github.com/dbtls/dbtls/wallet"
)

// The variables that passwords may be in.
const (
	walletPasswordVariable    = "DBTLS_WALLET_PASSWORD"
	walletNewPasswordVariable = "DBTLS_WALLET_NEW_PASSWORD"
)

func walletCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "wallet",
		Short: "Make and change Oracle wallets, without orapki",
		Long: `Make, change and show Oracle wallets (ewallet.p12 and cwallet.sso) without orapki.

orapki's spellings work, so that a published procedure runs with "dbtls wallet" in
place of "orapki wallet": -wallet DIR, -pwd, -auto_login_only, -trusted_cert, and
the typographical dashes of web pages.

A password comes from --password-file (- is standard input), from the variable
` + walletPasswordVariable + `, or from a prompt without echo. --password (-pwd) works
too, but other users of the machine can read it in the list of processes.`,
		Example: `  dbtls wallet create --wallet /opt/dms --auto-login-only
  dbtls wallet add --wallet /opt/dms --trusted-cert --cert rds-ca-2019-root.pem
  dbtls wallet display --wallet /opt/dms
  dbtls wallet self-signed --out /opt/lab --dn CN=db1.example.com --san db1.example.com`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	for _, sub := range []*cobra.Command{
		walletCreateCommand(), walletAddCommand(), walletDisplayCommand(), walletExportCommand(), walletRemoveCommand(),
		walletPasswordCommand(), walletSelfSignedCommand(), walletConfigCommand(),
	} {
		c.AddCommand(spelledByOrapki(sub))
	}
	return c
}

// spelledByOrapki makes a command take its options in orapki's spelling too.
func spelledByOrapki(c *cobra.Command) *cobra.Command {
	run := c.RunE
	c.DisableFlagParsing = true
	c.RunE = func(c *cobra.Command, raw []string) error {
		c.DisableFlagParsing = false // ParseFlags does nothing while it is set
		err := c.ParseFlags(walletcli.Spell(raw, func(name string) (known, takesValue bool) {
			f := c.Flags().Lookup(name)
			return f != nil, f != nil && f.NoOptDefVal == ""
		}))
		if errors.Is(err, pflag.ErrHelp) {
			return c.Help()
		}
		if err != nil {
			return usageError{fmt.Errorf("%w; see: %s --help", err, c.CommandPath())}
		}
		if help, err := c.Flags().GetBool("help"); err == nil && help {
			return c.Help()
		}
		if err := noArgs(c, c.Flags().Args()); err != nil {
			return err
		}
		return run(c, c.Flags().Args())
	}
	return c
}

// walletPlace is where a wallet is and what opens it.
type walletPlace struct {
	dir, password, file string
}

func (p *walletPlace) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&p.dir, "wallet", "", "directory of the wallet (-wallet)")
	f.StringVar(&p.password, "password", "", "password of ewallet.p12 (-pwd); better --password-file")
	f.StringVar(&p.file, "password-file", "", "file whose first line is the password; - for standard input")
}

func (p *walletPlace) needDir(c *cobra.Command) error {
	if p.dir == "" {
		return usageError{fmt.Errorf("give the wallet's directory: --wallet DIR; see: %s --help", c.CommandPath())}
	}
	return nil
}

// source is where this command's password comes from.
func (p *walletPlace) source(c *cobra.Command) walletcli.Password {
	return walletcli.Password{
		Option: p.password, HasOption: c.Flags().Changed("password"), File: p.file,
		Variable: walletPasswordVariable, Prompt: "Enter wallet password",
	}
}

// access finds what opens the wallet; the password only when it is needed.
func (p *walletPlace) access(c *cobra.Command, needed, isNew bool) (wallet.Access, error) {
	var a wallet.Access
	m, err := wallet.ThisMachine()
	if err != nil {
		return a, err
	}
	a.Machine = m
	s := p.source(c)
	s.Confirm = isNew
	if !needed && !s.HasOption && s.File == "" {
		return a, nil
	}
	a.Password, err = s.Get(c.Context(), c.InOrStdin(), c.ErrOrStderr())
	return a, err
}

// given says whether a password was given without a prompt.
func (p *walletPlace) given(c *cobra.Command) bool {
	_, inEnvironment := os.LookupEnv(walletPasswordVariable)
	return inEnvironment || p.file != "" || c.Flags().Changed("password")
}

// hasP12 says whether the wallet has a password at all.
func (p *walletPlace) hasP12() bool {
	_, err := os.Stat(p.dir + "/" + wallet.FileP12)
	return err == nil
}

// update changes the wallet; a wallet that is auto-login-only needs no
// password.
func (p *walletPlace) update(c *cobra.Command, edit func(*wallet.Wallet) error) error {
	if err := p.needDir(c); err != nil {
		return err
	}
	a, err := p.access(c, p.hasP12(), false)
	if err != nil {
		return err
	}
	return wallet.Update(c.Context(), p.dir, a, edit)
}

// read opens the wallet as display and export do: with the password when one
// was given, else through the auto-login file, else by asking.
func (p *walletPlace) read(c *cobra.Command) (*wallet.Opened, error) {
	if err := p.needDir(c); err != nil {
		return nil, err
	}
	a, err := p.access(c, p.given(c), false)
	if err != nil {
		return nil, err
	}
	o, err := wallet.Read(p.dir, a)
	if a.Password == "" && p.hasP12() && (errors.Is(err, wallet.ErrPassword) || errors.Is(err, wallet.ErrLocal)) {
		if b, askErr := p.access(c, true, false); askErr == nil {
			return wallet.Read(p.dir, b)
		}
	}
	return o, err
}

// walletWarn prints a line that is no error.
func walletWarn(c *cobra.Command, format string, args ...any) {
	fmt.Fprintf(c.ErrOrStderr(), "dbtls: warning: "+format+"\n", args...)
}

// walletOneOf counts which of several options were given.
func walletOneOf(c *cobra.Command, options map[string]bool, say string) error {
	n := 0
	for _, given := range options {
		if given {
			n++
		}
	}
	if n != 1 {
		return usageError{fmt.Errorf("%s; see: %s --help", say, c.CommandPath())}
	}
	return nil
}
