package main

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/dbtls/dbtls/internal/walletcli"
	"github.com/dbtls/dbtls/wallet"
)

// walletSubject is the options that say what key and name to make.
type walletSubject struct {
	dn, algorithm, curve, sign string
	bits                       int
	names                      []string
}

func (s *walletSubject) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&s.dn, "dn", "", `name, most specific part first: "CN=db1.example.com,O=Acme,C=US"`)
	f.IntVar(&s.bits, "key-size", 2048, "bits of the RSA key (-keysize)")
	f.StringVar(&s.algorithm, "asym-alg", "RSA", "RSA or ECC")
	f.StringVar(&s.curve, "curve", "", "curve of an EC key (-eccurve): p256, p384 or p521")
	f.StringVar(&s.sign, "sign-alg", "sha256", "hash of the signature: sha256, sha384, sha512; sha1 and md5 for old partners")
	f.StringSliceVar(&s.names, "san", nil, "DNS name or IP address for the subject alternative name; repeatable (-addext_san)")
}

func (s *walletSubject) request(c *cobra.Command) (wallet.Request, error) {
	r := wallet.Request{Subject: s.dn, Bits: s.bits, Curve: strings.ToLower(s.curve)}
	// orapki calls the signatures of EC keys ecdsasha256 and so on.
	r.Hash = strings.TrimPrefix(strings.ToLower(s.sign), "ecdsa")
	switch strings.ToUpper(s.algorithm) {
	case "RSA":
		if r.Curve != "" {
			return r, usageError{errors.New("--curve is for --asym-alg ECC")}
		}
	case "ECC", "EC":
		if c.Flags().Changed("key-size") {
			return r, usageError{errors.New("--key-size is for RSA keys; an EC key has --curve")}
		}
		r.Bits = 0
		if r.Curve == "" {
			r.Curve = "p256"
		}
	default:
		return r, usageError{fmt.Errorf("--asym-alg is RSA or ECC, not %q", s.algorithm)}
	}
	for _, n := range s.names {
		n = strings.TrimPrefix(strings.TrimPrefix(n, "DNS:"), "IP:")
		if ip := net.ParseIP(n); ip != nil {
			r.IPs = append(r.IPs, ip)
		} else if n != "" {
			r.DNSNames = append(r.DNSNames, n)
		}
	}
	if r.Hash == "md5" || r.Hash == "sha1" {
		walletWarn(c, "signature algorithm %s is broken; a CA of today refuses such a request. Use sha256", r.Hash)
	}
	if r.Bits == 1024 {
		walletWarn(c, "RSA keys of 1024 bits are too short; use 2048 or more")
	}
	return r, nil
}

// walletAdd is the options of "add".
type walletAdd struct {
	walletPlace
	walletSubject
	trusted, user, selfSigned, only, oracleOnly bool
	cert, alias                                 string
	days                                        int
}

func walletAddCommand() *cobra.Command {
	var a walletAdd
	c := &cobra.Command{
		Use:   "add --wallet DIR (--trusted-cert --cert FILE | --user-cert --cert FILE | --dn DN [--self-signed])",
		Short: "Add trusted certificates, a key with its request, or a user certificate",
		Long: `Add to a wallet:
  --trusted-cert --cert FILE   every certificate of the file (PEM or DER), as trusted;
                               one that is there stays as it is
  --dn DN                      a new key and a certificate request for it
  --dn DN --self-signed        a new key and a certificate it signs itself
  --user-cert --cert FILE      the certificate a CA made from the request

Trusted certificates also get what Java looks for, so that one ewallet.p12 serves
Oracle and Java; --oracle-only leaves that out.`,
		Example: `  dbtls wallet add --wallet /opt/dms --trusted-cert --cert global-bundle.pem
  dbtls wallet add --wallet /opt/ssl --dn "CN=db1.example.com" --san db1.example.com
  dbtls wallet add --wallet /opt/ssl --user-cert --cert db1.crt
  dbtls wallet add -wallet /opt/ssl -dn "CN=dms" -keysize 2048 -sign_alg sha256 -pwd "$PW"`,
		RunE: func(c *cobra.Command, _ []string) error { return a.run(c) },
	}
	a.walletPlace.flags(c)
	a.walletSubject.flags(c)
	f := c.Flags()
	f.BoolVar(&a.trusted, "trusted-cert", false, "add the certificates of --cert as trusted")
	f.BoolVar(&a.user, "user-cert", false, "add the certificate of --cert as that of a key in the wallet")
	f.StringVar(&a.cert, "cert", "", "certificate file, PEM or DER")
	f.StringVar(&a.alias, "alias", "", "alias under which Java lists a trusted certificate (default: from its name)")
	f.BoolVar(&a.oracleOnly, "oracle-only", false, "write trusted certificates exactly as orapki does, unseen by Java")
	f.BoolVar(&a.selfSigned, "self-signed", false, "sign the certificate for --dn with its own key")
	f.IntVar(&a.days, "validity", 0, "days the self-signed certificate is valid")
	f.BoolVar(&a.only, "auto-login-only", false, "the wallet is cwallet.sso alone (found out by itself)")
	return c
}

func (a *walletAdd) run(c *cobra.Command) error {
	if err := a.check(c); err != nil {
		return err
	}
	switch {
	case a.trusted:
		return a.addTrusted(c)
	case a.user:
		return a.addUser(c)
	}
	r, err := a.request(c)
	if err != nil {
		return err
	}
	if a.selfSigned {
		return a.addSelfSigned(c, r)
	}
	if err := a.update(c, func(w *wallet.Wallet) error { _, err := w.NewRequest(r); return err }); err != nil {
		return err
	}
	fmt.Fprintf(c.OutOrStdout(), "added a key and a request for %s; next: dbtls wallet export --wallet %s --dn %s --request FILE\n", a.dn, a.dir, shellQuote(a.dn))
	return nil
}

func (a *walletAdd) check(c *cobra.Command) error {
	err := walletOneOf(c, map[string]bool{"trusted": a.trusted, "user": a.user, "dn": a.dn != ""},
		"give one of --trusted-cert, --user-cert and --dn")
	switch {
	case err != nil:
		return err
	case (a.trusted || a.user) && a.cert == "":
		return usageError{errors.New("give the certificate file: --cert FILE")}
	case a.dn != "" && a.cert != "":
		return usageError{errors.New("--cert goes with --trusted-cert or --user-cert")}
	case a.selfSigned && a.dn == "":
		return usageError{errors.New("--self-signed goes with --dn")}
	case a.selfSigned && (a.days < 1 || a.days > 36500):
		return usageError{errors.New("--self-signed needs --validity DAYS, 1 to 36500")}
	case !a.selfSigned && a.days != 0:
		return usageError{errors.New("--validity goes with --self-signed; the CA sets the life of other certificates")}
	case a.alias != "" && (!a.trusted && !a.selfSigned || a.oracleOnly):
		return usageError{errors.New("--alias names a trusted certificate for Java")}
	}
	if err := a.needDir(c); err != nil {
		return err
	}
	if a.only && a.hasP12() {
		return usageError{fmt.Errorf("the wallet in %q has a password (%s), so it is not auto-login-only; leave --auto-login-only out", a.dir, wallet.FileP12)}
	}
	return nil
}

// aliasFor is the alias to store: none when Java shall not see it.
func (a *walletAdd) aliasFor(w *wallet.Wallet, der []byte) (string, error) {
	if a.oracleOnly {
		return "", nil
	}
	if a.alias != "" {
		return a.alias, nil
	}
	x, err := x509.ParseCertificate(der)
	if err != nil {
		return "", fmt.Errorf("read certificate: %w", err)
	}
	return w.FreeAlias(x), nil
}

func (a *walletAdd) addTrusted(c *cobra.Command) error {
	ders, err := walletcli.ReadCertificates(a.cert)
	if err != nil {
		return err
	}
	if a.alias != "" && len(ders) > 1 {
		return usageError{fmt.Errorf("%q has %d certificates, and --alias names one; leave it out", a.cert, len(ders))}
	}
	var added, there []string
	err = a.update(c, func(w *wallet.Wallet) error {
		for _, der := range ders {
			alias, err := a.aliasFor(w, der)
			if err != nil {
				return err
			}
			if walletHas(w.Trusted(), der) {
				x, _ := x509.ParseCertificate(der)
				there = append(there, wallet.FormatDN(x.RawSubject))
				continue
			}
			t, err := w.AddTrusted(der, alias)
			if err != nil {
				return err
			}
			name := wallet.FormatDN(t.X509.RawSubject)
			added = append(added, name)
			for _, doubt := range walletcli.Doubts(t.X509, time.Now()) {
				walletWarn(c, "%s: %s", name, doubt)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, name := range added {
		fmt.Fprintf(c.OutOrStdout(), "added trusted certificate %s\n", name)
	}
	for _, name := range there {
		fmt.Fprintf(c.OutOrStdout(), "already there, left as it is: %s\n", name)
	}
	return nil
}

func walletHas(list []wallet.Certificate, der []byte) bool {
	for _, c := range list {
		if string(c.DER) == string(der) {
			return true
		}
	}
	return false
}

func (a *walletAdd) addUser(c *cobra.Command) error {
	ders, err := walletcli.ReadCertificates(a.cert)
	if err != nil {
		return err
	}
	if len(ders) != 1 {
		return fmt.Errorf("%q has %d certificates; give the user certificate alone, and its CA certificates with --trusted-cert first", a.cert, len(ders))
	}
	var added wallet.Certificate
	if err := a.update(c, func(w *wallet.Wallet) error { added, err = w.AddUserCertificate(ders[0]); return err }); err != nil {
		return err
	}
	name := wallet.FormatDN(added.X509.RawSubject)
	for _, doubt := range walletcli.Doubts(added.X509, time.Now()) {
		walletWarn(c, "%s: %s", name, doubt)
	}
	if len(added.X509.DNSNames)+len(added.X509.IPAddresses) == 0 {
		walletWarn(c, "%s has no subject alternative name; clients that verify the name by today's rules refuse it", name)
	}
	fmt.Fprintf(c.OutOrStdout(), "added user certificate %s\n", name)
	return nil
}

func (a *walletAdd) addSelfSigned(c *cobra.Command, r wallet.Request) error {
	now := time.Now()
	err := a.update(c, func(w *wallet.Wallet) error {
		alias := a.alias
		if alias == "" && !a.oracleOnly {
			dn, err := wallet.ParseDN(a.dn)
			if err != nil {
				return err
			}
			var x x509.Certificate
			x.Subject.FillFromRDNSequence(&dn)
			alias = w.FreeAlias(&x)
		}
		_, err := w.SelfSigned(r, now.Add(-5*time.Minute), now.AddDate(0, 0, a.days), alias)
		return err
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(c.OutOrStdout(), "added a key and a self-signed certificate for %s\n", a.dn)
	return nil
}
