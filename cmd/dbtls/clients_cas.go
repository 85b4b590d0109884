package main

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dbtls/dbtls/internal/clientconfig"
	"github.com/dbtls/dbtls/internal/clientconfig/scan"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/pki"
)

// clientsCAs are the CAs in play and the change that is planned between them:
// from files, else from a server.
type clientsCAs struct {
	server          remote
	files           []string
	from, to, until string
}

func (k *clientsCAs) flags(c *cobra.Command) {
	k.server.flags(c)
	f := c.Flags()
	f.StringArrayVar(&k.files, "ca", nil, "file with the root of a CA in play, in any format of dbtls truststore that needs no password; may be given several times (default: the server's CAs)")
	f.StringVar(&k.from, "from", "", "CA that the servers' certificates come from now: its identifier, the name of its --ca file without the ending, or its common name")
	f.StringVar(&k.to, "to", "", "CA that they shall come from")
	f.StringVar(&k.until, "bridge-until", "", "date (2006-01-02) up to which the new chain carries a cross-certificate of the old CA")
}

// read finds the CAs and the change; no change without --from and --to.
func (k *clientsCAs) read(c *cobra.Command) ([]scan.CA, *clientconfig.Change, error) {
	if (k.from == "") != (k.to == "") {
		return nil, nil, usageError{errors.New("a planned change has two ends; give --from CA and --to CA")}
	}
	var until time.Time
	if k.until != "" {
		var err error
		if until, err = time.Parse(time.DateOnly, k.until); err != nil || k.from == "" {
			return nil, nil, usageError{fmt.Errorf("--bridge-until is a date such as 2027-08-22, with --from and --to; not %q", k.until)}
		}
	}
	cas, err := k.all(c)
	if err != nil || k.from == "" {
		return cas, nil, err
	}
	for _, name := range []string{k.from, k.to} {
		if cas, err = called(cas, name); err != nil {
			return nil, nil, err
		}
	}
	if strings.EqualFold(k.from, k.to) {
		return nil, nil, usageError{errors.New("--from and --to name the same CA")}
	}
	return cas, &clientconfig.Change{From: k.from, To: k.to, Until: until}, nil
}

func (k *clientsCAs) all(c *cobra.Command) (cas []scan.CA, err error) {
	for _, file := range k.files {
		more, err := casInFile(c, file)
		if err != nil {
			return nil, err
		}
		cas = append(cas, more...)
	}
	if len(k.files) > 0 {
		return cas, nil
	}
	if k.server.data == "" && os.Getenv("AWS_ENDPOINT_URL") == "" {
		if k.from != "" {
			return nil, usageError{errors.New("--from and --to need the CAs; give their roots with --ca FILE, or a server with --data DIR")}
		}
		return nil, nil
	}
	cas, err = k.published(c)
	if err != nil && k.server.data == "" && k.from == "" { // nobody asked for the server
		fmt.Fprintln(c.ErrOrStderr(), "dbtls: warning: trust stores are not looked at, because the server of AWS_ENDPOINT_URL gives no CAs:", message(err))
		return nil, nil
	}
	return cas, err
}

// casInFile are the roots of a file. One alone is called by the file's name.
func casInFile(c *cobra.Command, file string) (cas []scan.CA, err error) {
	s, err := readInput(c, file, "")
	if err != nil {
		return nil, err
	}
	for _, cert := range s.Certs() {
		if bytes.Equal(cert.RawSubject, cert.RawIssuer) {
			cas = append(cas, scan.CA{ID: cert.Subject.CommonName, Root: cert})
		}
	}
	if len(cas) == 0 {
		return nil, fault.New(fault.InvalidParameter, "%s holds no root, which is a certificate that signed itself; give the root of the CA", file)
	}
	if len(cas) == 1 {
		cas[0].ID = strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	}
	return cas, nil
}

// published are the CAs of a server's region.
func (k *clientsCAs) published(c *cobra.Command) (cas []scan.CA, err error) {
	host, err := k.server.bundleHost()
	if err != nil {
		return nil, err
	}
	ids := []string{k.from, k.to}
	if k.from == "" {
		ids = nil
		for _, p := range pki.Profiles() {
			ids = append(ids, p.ID)
		}
	}
	for _, id := range ids {
		root, err := host.cert(c, id+".pem")
		if fault.CodeOf(err) == fault.CertificateNotFound && k.from == "" {
			continue // the region has no such CA
		}
		if err != nil {
			return nil, err
		}
		cas = append(cas, scan.CA{ID: id, Root: root})
	}
	return cas, nil
}

// called gives the CA that a name means that very name: by its identifier, with
// "-root" at its end or without, or by its common name.
func called(cas []scan.CA, name string) ([]scan.CA, error) {
	plain := func(s string) string { return strings.TrimSuffix(strings.ToLower(s), "-root") }
	var found []int
	var names []string
	for n, ca := range cas {
		names = append(names, fmt.Sprintf("%q", ca.ID))
		if plain(ca.ID) == plain(name) || strings.EqualFold(commonName(ca.Root), name) {
			found = append(found, n)
		}
	}
	if len(found) != 1 {
		return nil, usageError{fmt.Errorf("%d of the CAs in play are called %q; they are %s", len(found), name, strings.Join(names, ", "))}
	}
	cas = slices.Clone(cas)
	cas[found[0]].ID = name
	return cas, nil
}

func commonName(c *x509.Certificate) string { return c.Subject.CommonName }
