package main

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/trust/store"
	"github.com/dbtls/dbtls/internal/trust/store/storefile"
)

func truststoreCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "truststore",
		Short: "Make, change and check the files in which clients keep CAs",
		Long: `Make, change and check trust stores: PEM, DER, PKCS #7, PKCS #12, JKS and Oracle's
cwallet.sso, without keytool. Every certificate of an input is taken, nothing that is there is replaced,
and a file changes whole or not at all. An input with a private key is refused.

Formats: pem, der (one certificate), pkcs7 (.p7b) and pkcs7-pem, pkcs12 (AES; Java
8u301, OpenSSL 1.1 and newer), pkcs12-legacy (3DES; any Java 8), pkcs12-plain (no
password; cacerts of Java 18 and newer), jks, wallet (Oracle's cwallet.sso without a
password; for every other kind of wallet: dbtls wallet).`,
		Example: `  dbtls truststore build --out client.jks --format jks --password "$PW" global-bundle.pem
  dbtls truststore add client.jks --password "$PW" --alias rds-root rds-ca-2019-root.pem
  dbtls truststore verify client.jks --password "$PW" postgres://127.83.1.2:5432
  dbtls truststore fetch --region us-east-1 --format pkcs12 --out client.p12 --data /var/lib/dbtls`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(truststoreBuild(), truststoreConvert(), truststoreAdd(), truststoreRemove(), truststoreList(),
		truststoreDiff(), truststoreVerify(), truststoreFetch())
	return c
}

// storeMode is that of a new trust store: it holds nothing secret. Oracle's
// tools want their wallets closed all the same.
func storeMode(f store.Format) fs.FileMode {
	if f == store.Wallet {
		return 0o600
	}
	return 0o644
}

// buildTime is now, or the time that makes a build reproducible
// (reproducible-builds.org, SOURCE_DATE_EPOCH: seconds since 1970).
func buildTime() (time.Time, error) {
	text := os.Getenv("SOURCE_DATE_EPOCH")
	if text == "" {
		return time.Now(), nil
	}
	s, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, usageError{fmt.Errorf("SOURCE_DATE_EPOCH is %q; it must be seconds since 1970", text)}
	}
	return time.Unix(s, 0), nil
}

// formatFlag reads --format, or takes the one that out's extension names.
func formatFlag(name, out string) (store.Format, error) {
	if name != "" {
		f, err := store.ParseFormat(name)
		if err != nil {
			return "", usageError{err}
		}
		return f, nil
	}
	for f, endings := range map[store.Format]string{
		store.PEM: ".pem .crt", store.DER: ".der .cer", store.PKCS7: ".p7b .p7c", store.PKCS12: ".p12 .pfx", store.JKS: ".jks", store.Wallet: ".sso",
	} {
		if ext := strings.ToLower(filepath.Ext(out)); ext != "" && strings.Contains(endings+" ", ext+" ") {
			return f, nil
		}
	}
	return "", usageError{fmt.Errorf("give --format; %q does not tell it by its ending", out)}
}

// readInput reads a file, or standard input for "-".
func readInput(c *cobra.Command, path, password string) (store.Store, error) {
	var data []byte
	var err error
	if path == "-" {
		data, err = storefile.ReadAll(c.InOrStdin(), "standard input")
	} else {
		data, err = storefile.ReadFile(path)
	}
	if err != nil {
		return store.Store{}, err
	}
	s, err := store.Decode(data, password)
	return s, about(path, err)
}

// about says which file a fault is about.
func about(path string, err error) error {
	switch code := fault.CodeOf(err); code {
	case "":
		return nil
	case fault.Internal:
		return fmt.Errorf("%s: %w", path, err)
	default:
		return fault.Wrap(err, code, "%s: %s", path, fault.Public(err))
	}
}

// readInputs reads every input, the first one that fails ends it.
func readInputs(c *cobra.Command, paths []string, password string) (store.Store, error) {
	all := store.Store{Format: store.PKCS12Plain}
	for _, path := range paths {
		s, err := readInput(c, path, password)
		if err != nil {
			return all, err
		}
		if len(s.Entries) == 0 {
			return all, fault.New(fault.InvalidParameter, "%s: the trust store is empty; there is nothing to take from it", path)
		}
		for _, e := range s.Entries {
			if !all.Holds(e.Cert) {
				all.Entries = append(all.Entries, e)
			}
		}
	}
	return all, nil
}

// warn prints what is odd about a store and its password.
func warn(c *cobra.Command, s store.Store, password string, now time.Time) {
	list := s.Warnings(now)
	if w := store.PasswordWarning(s.Format, password); w != "" && password != "" {
		list = append(list, w)
	}
	for _, w := range list {
		fmt.Fprintln(c.ErrOrStderr(), "dbtls: warning:", w)
	}
}

// printChanges says what became of each certificate.
func printChanges(w io.Writer, changes []store.Change) {
	for _, ch := range changes {
		what := "there already"
		if ch.Done {
			what = "added"
		}
		printEntry(w, what, ch.Entry)
	}
}

func printEntry(w io.Writer, what string, e store.Entry) {
	fmt.Fprintf(w, "%-14s %s  (%s)\n", what, e.Alias, e.Cert.Subject)
}

// someArgs wants at least n arguments.
func someArgs(n int, what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) < n {
			return usageError{fmt.Errorf("give %s; see: %s --help", what, c.CommandPath())}
		}
		return nil
	}
}
