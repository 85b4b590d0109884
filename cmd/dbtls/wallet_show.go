package main

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/dbtls/dbtls/internal/walletcli"
	"github.com/dbtls/dbtls/wallet"
)

func walletDisplayCommand() *cobra.Command {
	var p walletPlace
	complete, summary, asJSON := false, false, false
	c := &cobra.Command{
		Use:     "display --wallet DIR",
		Aliases: []string{"list"},
		Short:   "Show what is in a wallet",
		Long: `Show what is in a wallet: through cwallet.sso when it is there, else with the
password. Keys and the values of secrets are never shown.`,
		Example: `  dbtls wallet display --wallet /opt/ssl
  dbtls wallet display --wallet /opt/ssl --complete
  dbtls wallet display --wallet /opt/ssl --json | jq -r '.trustedCertificates[].sha256'`,
		RunE: func(c *cobra.Command, _ []string) error {
			if complete && summary {
				return usageError{errors.New("give --summary or --complete")}
			}
			o, err := p.read(c)
			if err != nil {
				return err
			}
			v := walletcli.NewView(p.dir, o)
			if asJSON {
				return printLine(c.OutOrStdout(), v)
			}
			v.Print(c.OutOrStdout(), complete)
			return nil
		},
	}
	p.flags(c)
	c.Flags().BoolVar(&complete, "complete", false, "also issuer, validity, key, fingerprints, alias")
	c.Flags().BoolVar(&summary, "summary", false, "subjects only (the default)")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON, complete")
	return c
}

// walletExport is the options of "export".
type walletExport struct {
	walletPlace
	dn, request, cert, key, trusted string
}

func walletExportCommand() *cobra.Command {
	var e walletExport
	c := &cobra.Command{
		Use:   "export --wallet DIR (--dn DN (--request FILE | --cert FILE | --key FILE) | --trusted-certs FILE)",
		Short: "Write a request, certificates or a private key as PEM",
		Example: `  dbtls wallet export --wallet /opt/ssl --dn "CN=db1.example.com" --request db1.csr
  dbtls wallet export --wallet /opt/ssl --trusted-certs -`,
		RunE: func(c *cobra.Command, _ []string) error { return e.run(c) },
	}
	e.walletPlace.flags(c)
	f := c.Flags()
	f.StringVar(&e.dn, "dn", "", "name in the request or certificate")
	f.StringVar(&e.request, "request", "", "file for the certificate request; - for standard output")
	f.StringVar(&e.cert, "cert", "", "file for the user certificate, or else the trusted one, of that name")
	f.StringVar(&e.key, "key", "", "file for the private key, not encrypted; must not exist")
	f.StringVar(&e.trusted, "trusted-certs", "", "file for all trusted certificates")
	return c
}

func (e *walletExport) run(c *cobra.Command) error {
	err := walletOneOf(c, map[string]bool{"r": e.request != "", "c": e.cert != "", "k": e.key != "", "t": e.trusted != ""},
		"give one of --request, --cert, --key and --trusted-certs")
	if err != nil {
		return err
	}
	if (e.trusted == "") == (e.dn == "") {
		return usageError{errors.New("--request, --cert and --key need --dn DN; --trusted-certs takes none")}
	}
	o, err := e.read(c)
	if err != nil {
		return err
	}
	var ders [][]byte
	kind, path, mode := "CERTIFICATE", e.cert, fs.FileMode(0o644)
	switch {
	case e.request != "":
		kind, path = "CERTIFICATE REQUEST", e.request
		ders = walletRequests(o.Wallet, e.dn)
	case e.key != "":
		kind, path, mode = "PRIVATE KEY", e.key, 0o600
		ders = walletKeys(o.Wallet, e.dn)
	case e.trusted != "":
		path = e.trusted
		for _, t := range o.Wallet.Trusted() {
			ders = append(ders, t.DER)
		}
	default:
		ders = walletCertificates(o.Wallet, e.dn)
	}
	if e.trusted == "" && len(ders) != 1 {
		return walletNotOne(len(ders), "for "+e.dn, e.dir)
	}
	var text []byte
	for _, der := range ders {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})...)
	}
	return walletcli.WriteFile(path, text, mode, c.OutOrStdout())
}

func walletNotOne(n int, what, dir string) error {
	if n == 0 {
		return fmt.Errorf("there is nothing %s in the wallet; see: dbtls wallet display --wallet %s", what, dir)
	}
	return fmt.Errorf("there are %d %s in the wallet; see: dbtls wallet display --complete --wallet %s", n, what, dir)
}

func walletRequests(w *wallet.Wallet, dn string) [][]byte {
	var out [][]byte
	for _, id := range w.Identities() {
		if r, err := x509.ParseCertificateRequest(id.Request); err == nil && wallet.SameDN(r.RawSubject, dn) {
			out = append(out, id.Request)
		}
	}
	return out
}

func walletKeys(w *wallet.Wallet, dn string) [][]byte {
	var out [][]byte
	for _, id := range w.Identities() {
		match := id.Certificate != nil && walletNamed(*id.Certificate, dn)
		if r, err := x509.ParseCertificateRequest(id.Request); err == nil {
			match = match || wallet.SameDN(r.RawSubject, dn)
		}
		if match && id.Key != nil {
			out = append(out, id.Key)
		}
	}
	return out
}

// walletCertificates returns the user certificates of a name, and only when there
// is none the trusted ones.
func walletCertificates(w *wallet.Wallet, dn string) [][]byte {
	var out [][]byte
	for _, c := range walletUserCertificates(w) {
		if walletNamed(c, dn) {
			out = append(out, c.DER)
		}
	}
	if len(out) > 0 {
		return out
	}
	for _, c := range w.Trusted() {
		if walletNamed(c, dn) {
			out = append(out, c.DER)
		}
	}
	return out
}

func walletUserCertificates(w *wallet.Wallet) []wallet.Certificate {
	var out []wallet.Certificate
	for _, id := range w.Identities() {
		if id.Certificate != nil {
			out = append(out, *id.Certificate)
		}
	}
	return out
}

func walletNamed(c wallet.Certificate, dn string) bool {
	return c.X509 != nil && wallet.SameDN(c.X509.RawSubject, dn)
}
