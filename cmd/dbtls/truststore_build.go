package main

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/trust/store"
	"github.com/dbtls/dbtls/internal/trust/store/storefile"
)

func truststoreBuild() *cobra.Command {
	var pass, inPass secretFlags
	var out, format, alias string
	force := false
	c := &cobra.Command{
		Use:   "build --out FILE --format FORMAT INPUT...",
		Short: "Make a trust store from certificates of any format",
		Long: `Make a trust store from every certificate of every input: files of any format that
truststore reads, or - for standard input. The same inputs at the same time give the
same bytes; set SOURCE_DATE_EPOCH to fix the time (only JKS holds one).

A file that is there is not replaced unless its content would be the same, or
--force is given. To put certificates into it use: dbtls truststore add.`,
		Example: `  dbtls truststore build --out client.jks --format jks --password-file pw us-east-1-bundle.pem
  dbtls truststore build --out ca.p7b --format pkcs7 root.pem issuing.der`,
		Args: someArgs(1, "an input"),
		RunE: func(c *cobra.Command, args []string) error {
			if out == "" {
				return usageError{errors.New("give --out FILE")}
			}
			f, err := formatFlag(format, out)
			if err != nil {
				return err
			}
			password, err := writePassword(c, &pass, f)
			if err != nil {
				return err
			}
			in, err := inputs(c, args, &inPass, password)
			if err != nil {
				return err
			}
			s, changes, err := store.Store{Format: f}.Add(in.Certs(), alias)
			if err != nil {
				return err
			}
			return writeNew(c, out, s, password, force, changes)
		},
	}
	pass.flags(c, "password", "password of the new store")
	inPass.flags(c, "in-password", "password of the inputs (default: the same)")
	newFileFlags(c, &out, &format, &force)
	c.Flags().StringVar(&alias, "alias", "", "alias of the certificate; several get it with a part of their fingerprint (default: from the subject and the fingerprint)")
	return c
}

func truststoreConvert() *cobra.Command {
	var pass, inPass secretFlags
	var out, format string
	force := false
	c := &cobra.Command{
		Use:   "convert STORE --out FILE --format FORMAT",
		Short: "Write a trust store in another format or under another password",
		Long: `Write a trust store in another format or under another password. Aliases and dates
are kept where the new format has a place for them.`,
		Example: `  dbtls truststore convert old.jks --in-password-file pw --out new.p12 --format pkcs12 --password-file pw`,
		Args:    oneArg("trust store"),
		RunE: func(c *cobra.Command, args []string) error {
			if out == "" {
				return usageError{errors.New("give --out FILE")}
			}
			f, err := formatFlag(format, out)
			if err != nil {
				return err
			}
			password, err := writePassword(c, &pass, f)
			if err != nil {
				return err
			}
			in, err := inputs(c, args, &inPass, password)
			if err != nil {
				return err
			}
			s := store.Store{Format: f, Entries: in.Entries}
			var changes []store.Change
			for _, e := range s.Entries {
				changes = append(changes, store.Change{Entry: e, Done: true})
			}
			return writeNew(c, out, s, password, force, changes)
		},
	}
	pass.flags(c, "password", "password of the new store")
	inPass.flags(c, "in-password", "password of the store that is read (default: the same)")
	newFileFlags(c, &out, &format, &force)
	return c
}

func newFileFlags(c *cobra.Command, out, format *string, force *bool) {
	f := c.Flags()
	f.StringVar(out, "out", "", "file to write")
	f.StringVar(format, "format", "", "pem, der, pkcs7, pkcs7-pem, pkcs12, pkcs12-legacy, pkcs12-plain, jks or wallet (default: by the ending of FILE)")
	f.BoolVar(force, "force", false, "replace a file that is there")
}

// writePassword is the password to write a store of that format under.
func writePassword(c *cobra.Command, pass *secretFlags, f store.Format) (string, error) {
	if f.NeedsPassword() {
		return pass.need(c, "Password of the new trust store", true)
	}
	password, err := pass.get(c)
	if password != "" {
		fmt.Fprintf(c.ErrOrStderr(), "dbtls: warning: format %s has no password; the one that was given has no effect on it\n", f)
	}
	return password, err
}

// inputs reads the inputs under their own password or, when none was given,
// under fallback.
func inputs(c *cobra.Command, paths []string, pass *secretFlags, fallback string) (store.Store, error) {
	password, err := pass.get(c)
	if err != nil {
		return store.Store{}, err
	}
	if password == "" {
		password = fallback
	}
	return readInputs(c, paths, password)
}

// writeNew writes a store to a file that must not be there, or be the same.
func writeNew(c *cobra.Command, out string, s store.Store, password string, force bool, changes []store.Change) error {
	now, err := buildTime()
	if err != nil {
		return err
	}
	data, err := store.Encode(s, password, now)
	if err != nil {
		return err
	}
	if out == "-" {
		_, err := c.OutOrStdout().Write(data)
		return err
	}
	_, err = storefile.Update(c.Context(), out, storefile.Options{Mode: storeMode(s.Format)}, func(old []byte) ([]byte, error) {
		if old != nil && !force && !bytes.Equal(old, data) {
			return nil, fault.New(fault.InvalidParameter, "%q is there already with other content and is not replaced; use dbtls truststore add to add to it, or --force", out)
		}
		return data, nil
	})
	if err != nil {
		return err
	}
	warn(c, s, password, now)
	printChanges(c.OutOrStdout(), changes)
	fmt.Fprintf(c.OutOrStdout(), "%s: %d certificates, %s\n", out, len(s.Entries), s.Format)
	return nil
}
