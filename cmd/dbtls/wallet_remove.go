package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/dbtls/dbtls/wallet"
)

// walletRemove is the options of "remove".
type walletRemove struct {
	walletPlace
	dn, issuer, serial, alias, sha256 string
	trusted, all, user, request, only bool
}

func walletRemoveCommand() *cobra.Command {
	var r walletRemove
	c := &cobra.Command{
		Use:   "remove --wallet DIR (--trusted-cert | --user-cert | --cert-req | --trusted-cert-all) [--dn DN …]",
		Short: "Remove a certificate, or a request with its key",
		Long: `Remove from a wallet what is named by --dn, --alias or --sha256; it must be exactly
one thing. A trusted certificate that a user certificate chains to stays, and so does
a key whose user certificate is there.`,
		Example: `  dbtls wallet remove --wallet /opt/ssl --trusted-cert --dn "CN=Old Root,C=US"
  dbtls wallet remove --wallet /opt/ssl --trusted-cert --sha256 9F:86:D0:81:…
  dbtls wallet remove --wallet /opt/ssl --cert-req --dn CN=dms`,
		RunE: func(c *cobra.Command, _ []string) error { return r.run(c) },
	}
	r.walletPlace.flags(c)
	f := c.Flags()
	f.StringVar(&r.dn, "dn", "", "subject")
	f.StringVar(&r.issuer, "issuer-dn", "", "issuer, where subjects are equal")
	f.StringVar(&r.serial, "serial-num", "", "serial number in hexadecimal, where subjects are equal")
	f.StringVar(&r.alias, "alias", "", "Java alias of a trusted certificate")
	f.StringVar(&r.sha256, "sha256", "", "SHA-256 fingerprint of a certificate")
	f.BoolVar(&r.trusted, "trusted-cert", false, "remove a trusted certificate")
	f.BoolVar(&r.all, "trusted-cert-all", false, "remove every trusted certificate")
	f.BoolVar(&r.user, "user-cert", false, "remove a user certificate; its key and request stay")
	f.BoolVar(&r.request, "cert-req", false, "remove a request and its private key, for good")
	f.BoolVar(&r.only, "auto-login-only", false, "the wallet is cwallet.sso alone (found out by itself)")
	return c
}

func (r *walletRemove) run(c *cobra.Command) error {
	err := walletOneOf(c, map[string]bool{"t": r.trusted, "a": r.all, "u": r.user, "q": r.request},
		"give one of --trusted-cert, --trusted-cert-all, --user-cert and --cert-req")
	if err != nil {
		return err
	}
	isNamed := r.dn+r.issuer+r.serial+r.alias+r.sha256 != ""
	switch {
	case isNamed == r.all:
		return usageError{errors.New("say which one: --dn DN, --alias NAME or --sha256 FINGERPRINT (--trusted-cert-all takes none)")}
	case r.request && (r.dn == "" || r.issuer+r.serial+r.alias+r.sha256 != ""):
		return usageError{errors.New("a request is named by --dn alone")}
	}
	if err := r.needDir(c); err != nil {
		return err
	}
	if r.only && r.hasP12() {
		return usageError{fmt.Errorf("the wallet in %q has a password (%s), so it is not auto-login-only", r.dir, wallet.FileP12)}
	}
	n := 0
	err = r.update(c, func(w *wallet.Wallet) error { n, err = r.edit(w); return err })
	if err != nil {
		return err
	}
	fmt.Fprintf(c.OutOrStdout(), "removed %d from the wallet in %s\n", n, r.dir)
	return nil
}

func (r *walletRemove) edit(w *wallet.Wallet) (int, error) {
	if r.request {
		list := walletRequests(w, r.dn)
		if len(list) != 1 {
			return 0, walletNotOne(len(list), "requested for "+r.dn, r.dir)
		}
		return 1, w.RemoveRequest(list[0])
	}
	list, remove := w.Trusted(), w.RemoveTrusted
	if r.user {
		list, remove = walletUserCertificates(w), w.RemoveUserCertificate
	}
	var found []wallet.Certificate
	for _, t := range list {
		if r.all || r.matches(t) {
			found = append(found, t)
		}
	}
	if !r.all && len(found) != 1 {
		return 0, walletNotOne(len(found), "certificates of that name", r.dir)
	}
	for _, t := range found {
		if err := remove(t.DER); err != nil {
			return 0, err
		}
	}
	return len(found), nil
}

func (r *walletRemove) matches(c wallet.Certificate) bool {
	sum := sha256.Sum256(c.DER)
	plain := strings.NewReplacer(":", "", " ", "")
	switch {
	case r.sha256 != "" && !strings.EqualFold(plain.Replace(r.sha256), hex.EncodeToString(sum[:])),
		r.alias != "" && !strings.EqualFold(r.alias, c.Alias),
		r.dn != "" && !walletNamed(c, r.dn),
		r.issuer != "" && (c.X509 == nil || !wallet.SameDN(c.X509.RawIssuer, r.issuer)):
		return false
	case r.serial != "":
		want := strings.TrimLeft(strings.TrimPrefix(strings.ToLower(plain.Replace(r.serial)), "0x"), "0")
		return c.X509 != nil && c.X509.SerialNumber.Text(16) == want
	}
	return true
}
