package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/dbtls/dbtls/wallet"
)

// walletKind is the options that say what a wallet is to be.
type walletKind struct {
	autoLogin, only, local          bool
	compatV11, compatV12, oldHeader bool
}

func (k *walletKind) flags(c *cobra.Command, withOnly bool) {
	f := c.Flags()
	f.BoolVar(&k.autoLogin, "auto-login", false, "also write cwallet.sso, which opens without the password")
	f.BoolVar(&k.local, "auto-login-local", false, "the same, opening only on this machine and for this account")
	if withOnly {
		f.BoolVar(&k.only, "auto-login-only", false, "write cwallet.sso alone; there is no password")
	}
	f.BoolVar(&k.compatV11, "compat-v11", false, "encrypt with 3DES, for clients of releases 11g to 18")
	f.BoolVar(&k.compatV12, "compat-v12", false, "encrypt with AES-256 (the default)")
	f.BoolVar(&k.oldHeader, "des-header", false, "write cwallet.sso with the header of release 11g (implies --compat-v11)")
}

func (k *walletKind) format() (wallet.Format, error) {
	var f wallet.Format
	n := 0
	for _, o := range []struct {
		given bool
		login wallet.Login
	}{{k.autoLogin, wallet.AutoLogin}, {k.only, wallet.AutoLoginOnly}, {k.local, wallet.AutoLoginLocal}} {
		if o.given {
			f.Login = o.login
			n++
		}
	}
	if n > 1 {
		return f, usageError{errors.New("give one of --auto-login, --auto-login-only and --auto-login-local")}
	}
	if k.compatV12 && (k.compatV11 || k.oldHeader) {
		return f, usageError{errors.New("give one of --compat-v11 and --compat-v12; --des-header implies --compat-v11")}
	}
	if k.oldHeader && f.Login == 0 {
		return f, usageError{errors.New("--des-header is for an auto-login wallet")}
	}
	if k.compatV11 || k.oldHeader {
		f.Body = wallet.TripleDES
	}
	if k.oldHeader {
		f.Header = wallet.HeaderDES
	}
	return f, nil
}

func walletCreateCommand() *cobra.Command {
	var p walletPlace
	var k walletKind
	c := &cobra.Command{
		Use:   "create --wallet DIR [--auto-login | --auto-login-local | --auto-login-only]",
		Short: "Make an empty wallet, or make one auto-login",
		Long: `Make an empty wallet. The directory is made when it is not there. A wallet that is
there stays as it is, but for one thing: with --auto-login or --auto-login-local an
ewallet.p12 gets a cwallet.sso, made anew when there is one.`,
		Example: `  dbtls wallet create --wallet /opt/dms --auto-login-only
  dbtls wallet create --wallet /opt/ssl --auto-login --password-file pw.txt
  dbtls wallet create -wallet $ORACLE_HOME/self_signed_ssl_wallet -pwd "$PW" -auto_login_local`,
		RunE: func(c *cobra.Command, _ []string) error { return walletCreate(c, p, k) },
	}
	p.flags(c)
	k.flags(c, true)
	return c
}

func walletCreate(c *cobra.Command, p walletPlace, k walletKind) error {
	f, err := k.format()
	if err != nil {
		return err
	}
	if err := p.needDir(c); err != nil {
		return err
	}
	if f.Login == wallet.AutoLoginOnly && (p.file != "" || c.Flags().Changed("password")) {
		return usageError{errors.New("an --auto-login-only wallet has no password: leave it out, or use --auto-login")}
	}
	there := p.hasP12()
	a, err := p.access(c, f.Login != wallet.AutoLoginOnly, !there)
	if err != nil {
		return err
	}
	if f.Login == wallet.AutoLoginLocal && os.Geteuid() == 0 {
		walletWarn(c, "this wallet opens only for account %q on host %q; the database must run as that account", a.Machine.User, a.Machine.Host)
	}
	if there && (f.Login == wallet.AutoLogin || f.Login == wallet.AutoLoginLocal) {
		if !k.compatV11 && !k.compatV12 && !k.oldHeader {
			if o, err := wallet.Read(p.dir, a); err == nil {
				f.Body = o.Format.Body // as the password-protected half is
			}
		}
		if err := wallet.SetLogin(c.Context(), p.dir, a, f); err != nil {
			return err
		}
		fmt.Fprintf(c.OutOrStdout(), "the wallet in %s is %s now\n", p.dir, f.Login)
		return nil
	}
	if err := wallet.Create(c.Context(), p.dir, a, f); err != nil {
		return err
	}
	fmt.Fprintf(c.OutOrStdout(), "made an empty wallet in %s (auto-login: %s)\n", p.dir, f.Login)
	return nil
}

func walletPasswordCommand() *cobra.Command {
	var p walletPlace
	var newPassword, newFile string
	c := &cobra.Command{
		Use:     "change-password --wallet DIR",
		Aliases: []string{"change_pwd", "change-pwd"},
		Short:   "Change the password of a wallet",
		Long: `Change the password of ewallet.p12. The old password comes as everywhere, the new one
from --new-password-file, the variable ` + walletNewPasswordVariable + `, or a prompt.`,
		Example: `  dbtls wallet change-password --wallet /opt/ssl
  dbtls wallet change_pwd -wallet /opt/ssl -oldpwd "$OLD" -newpwd "$NEW"`,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := p.needDir(c); err != nil {
				return err
			}
			a, err := p.access(c, true, false)
			if err != nil {
				return err
			}
			next := p.source(c)
			next.Option, next.HasOption, next.File = newPassword, c.Flags().Changed("new-password"), newFile
			next.Variable, next.Prompt, next.Confirm = walletNewPasswordVariable, "Enter new wallet password", true
			password, err := next.Get(c.Context(), c.InOrStdin(), c.ErrOrStderr())
			if err != nil {
				return err
			}
			if err := wallet.ChangePassword(c.Context(), p.dir, a, password); err != nil {
				return err
			}
			fmt.Fprintf(c.OutOrStdout(), "changed the password of the wallet in %s\n", p.dir)
			return nil
		},
	}
	p.flags(c)
	c.Flags().StringVar(&newPassword, "new-password", "", "new password (-newpwd); better --new-password-file")
	c.Flags().StringVar(&newFile, "new-password-file", "", "file whose first line is the new password")
	return c
}
