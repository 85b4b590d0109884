package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/trust/store"
	"github.com/dbtls/dbtls/internal/trust/store/storefile"
)

// place is the trust store that an edit is about: a file, a Java
// installation's, or the system's.
type place struct {
	javaHome   string
	system     bool
	systemRoot string
	pass       secretFlags
}

func (p *place) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&p.javaHome, "java-home", "", "edit the cacerts of the Java installation in this directory, in its own format, after a copy; password changeit unless one is given")
	f.BoolVar(&p.system, "system", false, "edit the system's CAs (Debian's update-ca-certificates, RHEL's update-ca-trust)")
	f.StringVar(&p.systemRoot, "system-root", "/", "with --system: root directory of the system, such as an image's")
	p.pass.flags(c, "password", "password of the store")
}

// path splits the arguments into the store's file and the rest.
func (p *place) path(args []string) (path string, rest []string, err error) {
	switch {
	case p.javaHome != "" && p.system:
		return "", nil, usageError{errors.New("give --java-home or --system, not both")}
	case p.systemRoot != "/" && !p.system:
		return "", nil, usageError{errors.New("--system-root has no meaning without --system")}
	case p.system:
		return "", args, nil
	case p.javaHome != "":
		path, err = storefile.Cacerts(p.javaHome)
		return path, args, err
	}
	return args[0], args[1:], nil
}

// password is the one to open and write the file with; it asks when the file
// is of a kind that cannot do without.
func (p *place) password(c *cobra.Command, path string) (string, error) {
	given, err := p.pass.get(c)
	if err != nil || given != "" {
		return given, err
	}
	if p.javaHome != "" {
		return storefile.JavaPassword, nil
	}
	s, err := readInput(c, path, "")
	if err == nil && !s.Format.NeedsPassword() || err != nil && !errors.Is(err, store.ErrPassword) {
		return "", err
	}
	return p.pass.need(c, "Password of "+path, false)
}

// edit applies change to the file, and prints what change reports once that is
// on disk.
func (p *place) edit(c *cobra.Command, path string, change func(s store.Store, report io.Writer) (store.Store, error)) error {
	password, err := p.password(c, path)
	if err != nil {
		return err
	}
	now, err := buildTime()
	if err != nil {
		return err
	}
	var o storefile.Options // the file is there and keeps its mode
	if p.javaHome != "" {
		o.Backup = ".dbtls-" + now.UTC().Format("20060102T150405.000Z")
	}
	var after store.Store
	var report bytes.Buffer
	changed, err := storefile.Update(c.Context(), path, o, func(old []byte) ([]byte, error) {
		if old == nil {
			return nil, fault.New(fault.InvalidParameter, "there is no trust store %q; make one with dbtls truststore build", path)
		}
		before, err := store.Decode(old, password)
		if err != nil {
			return nil, about(path, err)
		}
		if after, err = change(before, &report); err != nil {
			return nil, err
		}
		return store.Encode(after, password, now)
	})
	if err != nil {
		return err
	}
	warn(c, after, password, now)
	fmt.Fprint(c.OutOrStdout(), report.String())
	if !changed {
		fmt.Fprintf(c.OutOrStdout(), "%s: unchanged, %d certificates\n", path, len(after.Entries))
		return nil
	}
	if o.Backup != "" {
		fmt.Fprintf(c.OutOrStdout(), "the old content is kept in a file beside it, ending in %s\n", o.Backup)
	}
	fmt.Fprintf(c.OutOrStdout(), "%s: %d certificates, %s\n", path, len(after.Entries), after.Format)
	return nil
}

func truststoreAdd() *cobra.Command {
	var p place
	var inPass secretFlags
	var alias string
	c := &cobra.Command{
		Use:   "add {STORE|--java-home DIR|--system} INPUT...",
		Short: "Put certificates into a trust store beside those that are there",
		Long: `Put every certificate of the inputs into a trust store, beside those that are there.
Nothing is replaced: a certificate that is there stays as it is, and an alias that
another certificate has is refused. The store keeps its format, owner and mode.`,
		Example: `  dbtls truststore add client.jks --password-file pw --alias rds-root rds-ca-2019-root.pem
  dbtls truststore add --java-home "$JAVA_HOME" us-east-1-bundle.pem
  dbtls truststore add --system us-east-1-bundle.pem`,
		Args: someArgs(1, "a trust store and an input"),
		RunE: func(c *cobra.Command, args []string) error {
			path, rest, err := p.path(args)
			if err != nil {
				return err
			}
			if len(rest) == 0 {
				return usageError{errors.New("give an input besides the trust store")}
			}
			fallback, err := p.pass.get(c)
			if err != nil {
				return err
			}
			in, err := inputs(c, rest, &inPass, fallback)
			if err != nil {
				return err
			}
			if p.system {
				return addToSystem(c, p.systemRoot, in, alias)
			}
			return p.edit(c, path, func(s store.Store, report io.Writer) (store.Store, error) {
				after, changes, err := s.Add(in.Certs(), alias)
				printChanges(report, changes)
				return after, err
			})
		},
	}
	p.flags(c)
	inPass.flags(c, "in-password", "password of the inputs (default: the same)")
	c.Flags().StringVar(&alias, "alias", "", "alias of the certificate; several get it with a part of their fingerprint (default: from the subject and the fingerprint)")
	return c
}

func addToSystem(c *cobra.Command, root string, in store.Store, alias string) error {
	sys, err := storefile.FindSystem(root)
	if err != nil {
		return err
	}
	have, err := sys.Read()
	if err != nil {
		return err
	}
	_, changes, err := have.Add(in.Certs(), alias)
	if err != nil {
		return err
	}
	var entries []store.Entry
	for _, ch := range changes {
		if ch.Done {
			entries = append(entries, ch.Entry)
		}
	}
	if err := sys.Add(c.Context(), entries); err != nil {
		return err
	}
	printChanges(c.OutOrStdout(), changes)
	return nil
}

func truststoreRemove() *cobra.Command {
	var p place
	c := &cobra.Command{
		Use:   "remove {STORE|--java-home DIR|--system} ALIAS|FINGERPRINT...",
		Short: "Take certificates out of a trust store",
		Long: `Take the named certificates out of a trust store: by alias, or by SHA-1 or SHA-256
fingerprint with or without colons. The last one is not taken out: Java refuses to
load an empty store. With --system only what dbtls put there can be named.`,
		Example: `  dbtls truststore remove client.jks --password-file pw rds-root
  dbtls truststore remove ca.pem D4:0D:DB:29:E3:75:0D:FF:A6:71:C3:14:0B:BF:5F:47:8D:1C:80:96`,
		Args: someArgs(1, "a trust store and an alias or fingerprint"),
		RunE: func(c *cobra.Command, args []string) error {
			path, rest, err := p.path(args)
			if err != nil {
				return err
			}
			if len(rest) == 0 {
				return usageError{errors.New("give the alias or fingerprint of what to remove")}
			}
			if p.system {
				return removeFromSystem(c, p.systemRoot, rest)
			}
			return p.edit(c, path, func(s store.Store, report io.Writer) (store.Store, error) {
				after, removed, err := s.Remove(rest...)
				for _, e := range removed {
					printEntry(report, "removed", e)
				}
				return after, err
			})
		},
	}
	p.flags(c)
	return c
}

func removeFromSystem(c *cobra.Command, root string, selectors []string) error {
	sys, err := storefile.FindSystem(root)
	if err != nil {
		return err
	}
	have, err := sys.Read()
	if err != nil {
		return err
	}
	var removed []store.Entry
	for _, sel := range selectors {
		found := have.Select(sel)
		if len(found) == 0 {
			return fault.New(fault.InvalidParameter, "dbtls has put no certificate of the alias or fingerprint %q into %q", sel, sys.Dir)
		}
		removed = append(removed, found...)
	}
	if err := sys.Remove(c.Context(), removed); err != nil {
		return err
	}
	for _, e := range removed {
		printEntry(c.OutOrStdout(), "removed", e)
	}
	return nil
}
