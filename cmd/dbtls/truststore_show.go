package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/dbtls/dbtls/internal/trust/store"
	"github.com/dbtls/dbtls/internal/trust/store/storefile"
)

// listing is the JSON form of a trust store.
type listing struct {
	File       string      `json:"file"`
	Format     string      `json:"format"`
	Unverified bool        `json:"unverified"` // no password was checked
	Entries    []store.Row `json:"entries"`
}

func truststoreList() *cobra.Command {
	var pass secretFlags
	var javaHome string
	asJSON := false
	c := &cobra.Command{
		Use:   "list {STORE|--java-home DIR}",
		Short: "Show what a trust store holds",
		Long: `Show every certificate of a trust store with its alias, subject, issuer, SHA-1 and
SHA-256 fingerprint and expiry. A JKS file is shown without a password too; then its
integrity is not checked.`,
		Example: `  dbtls truststore list client.jks --password-file pw
  dbtls truststore list global-bundle.pem --json | jq '.entries[] | select(.days < 90)'`,
		Args: cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			path, err := onePath(c, args, javaHome)
			if err != nil {
				return err
			}
			s, err := openStore(c, path, &pass, javaHome != "")
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), listing{File: path, Format: string(s.Format), Unverified: s.Unverified, Entries: s.Rows(time.Now())})
			}
			printRows(c.OutOrStdout(), s.Rows(time.Now()))
			warn(c, s, "", time.Now())
			fmt.Fprintf(c.OutOrStdout(), "%s: %d certificates, %s\n", path, len(s.Entries), s.Format)
			return nil
		},
	}
	pass.flags(c, "password", "password of the store")
	c.Flags().StringVar(&javaHome, "java-home", "", "show the cacerts of the Java installation in this directory; password changeit unless one is given")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// onePath is the one argument, or the cacerts of a Java installation.
func onePath(c *cobra.Command, args []string, javaHome string) (string, error) {
	if javaHome == "" {
		if err := oneArg("trust store")(c, args); err != nil {
			return "", err
		}
		return args[0], nil
	}
	if err := noArgs(c, args); err != nil {
		return "", err
	}
	return storefile.Cacerts(javaHome)
}

// openStore reads a trust store to look at it. It asks for a password only
// when the file cannot be read without, and says when nothing was checked.
func openStore(c *cobra.Command, path string, pass *secretFlags, java bool) (store.Store, error) {
	password, err := pass.get(c)
	if err != nil {
		return store.Store{}, err
	}
	if path == "-" {
		return readInput(c, path, password)
	}
	if password == "" && java {
		password = storefile.JavaPassword
	}
	s, err := readInput(c, path, password)
	if err != nil && password == "" && errors.Is(err, store.ErrPassword) {
		if password, err = pass.need(c, "Password of "+path, false); err != nil {
			return s, err
		}
		s, err = readInput(c, path, password)
	}
	if err == nil && s.Unverified && s.Format.NeedsPassword() {
		fmt.Fprintf(c.ErrOrStderr(), "dbtls: warning: %s: no password was given, so that nobody changed it is not checked\n", path)
	}
	return s, err
}

func printRows(w io.Writer, rows []store.Row) {
	for _, r := range rows {
		fmt.Fprintf(w, "%s\n  subject  %s\n  issuer   %s\n  SHA-1    %s\n  SHA-256  %s\n  expires  %s (%d days)\n",
			r.Alias, r.Subject, r.Issuer, r.SHA1, r.SHA256, r.NotAfter.Format(time.RFC3339), r.Days)
	}
}

// difference is the JSON form of a comparison.
type difference struct {
	Same    bool        `json:"same"`
	OnlyOld []store.Row `json:"only_in_first"`
	OnlyNew []store.Row `json:"only_in_second"`
}

func truststoreDiff() *cobra.Command {
	var pass, otherPass secretFlags
	asJSON := false
	c := &cobra.Command{
		Use:   "diff STORE OTHER",
		Short: "Compare two trust stores of any format, by certificate",
		Long: `Compare two trust stores of any format by their certificates; aliases, dates and
order do not matter. The exit code is 0 when they trust the same, 1 when not.`,
		Example: `  dbtls truststore diff client.jks us-east-1-bundle.pem --password-file pw`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usageError{fmt.Errorf("give two trust stores; see: %s --help", c.CommandPath())}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			a, err := openStore(c, args[0], &pass, false)
			if err != nil {
				return err
			}
			if otherPass.value == "" && otherPass.file == "" && otherPass.env == "" {
				otherPass = pass
			}
			b, err := openStore(c, args[1], &otherPass, false)
			if err != nil {
				return err
			}
			return showDiff(c, args, a, b, asJSON)
		},
	}
	pass.flags(c, "password", "password of the first store")
	otherPass.flags(c, "other-password", "password of the second (default: the same)")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func showDiff(c *cobra.Command, names []string, a, b store.Store, asJSON bool) error {
	onlyA, onlyB := store.Diff(a, b)
	same := len(onlyA)+len(onlyB) == 0
	now := time.Now()
	if asJSON {
		d := difference{Same: same, OnlyOld: store.Store{Entries: onlyA}.Rows(now), OnlyNew: store.Store{Entries: onlyB}.Rows(now)}
		if err := printJSON(c.OutOrStdout(), d); err != nil {
			return err
		}
	} else {
		for _, e := range onlyA {
			fmt.Fprintf(c.OutOrStdout(), "- %s  (%s)\n", e.Alias, e.Cert.Subject)
		}
		for _, e := range onlyB {
			fmt.Fprintf(c.OutOrStdout(), "+ %s  (%s)\n", e.Alias, e.Cert.Subject)
		}
	}
	if !same {
		return fmt.Errorf("%s and %s trust other certificates: %d only in the first, %d only in the second", names[0], names[1], len(onlyA), len(onlyB))
	}
	return nil
}
