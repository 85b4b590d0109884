package walletcli

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/dbtls/dbtls/wallet"
)

// View is what "display" shows of a wallet; it holds no secret.
type View struct {
	Wallet    string            `json:"wallet"`
	Files     []string          `json:"files"`
	ReadFrom  string            `json:"readFrom"`
	AutoLogin string            `json:"autoLogin"`
	Body      string            `json:"encryption"`
	Requested []RequestView     `json:"requestedCertificates"`
	User      []CertificateView `json:"userCertificates"`
	Trusted   []CertificateView `json:"trustedCertificates"`
	Secrets   []string          `json:"secrets"`
	Others    int               `json:"otherEntries"`
}

// RequestView is a request that waits for its certificate.
type RequestView struct {
	Subject   string `json:"subject"`
	Key       string `json:"key"`
	Signature string `json:"signatureAlgorithm"`
}

// CertificateView is one certificate.
type CertificateView struct {
	Subject    string     `json:"subject"`
	Issuer     string     `json:"issuer,omitempty"`
	Serial     string     `json:"serialNumber,omitempty"`
	NotBefore  *time.Time `json:"notBefore,omitempty"`
	NotAfter   *time.Time `json:"notAfter,omitempty"`
	Key        string     `json:"key,omitempty"`
	Signature  string     `json:"signatureAlgorithm,omitempty"`
	Names      []string   `json:"subjectAltNames,omitempty"`
	SHA1       string     `json:"sha1"`
	SHA256     string     `json:"sha256"`
	Alias      string     `json:"alias,omitempty"`
	Java       bool       `json:"java"`
	TrustFlags string     `json:"trustFlags,omitempty"`
}

// NewView describes an opened wallet directory.
func NewView(dir string, o *wallet.Opened) View {
	v := View{
		Wallet: dir, ReadFrom: o.From, AutoLogin: o.Login.String(), Body: o.Format.Body.String(),
		Files: []string{}, Requested: []RequestView{}, User: []CertificateView{}, Trusted: []CertificateView{},
		Secrets: append([]string{}, o.Wallet.Secrets()...), Others: o.Wallet.Others(),
	}
	if o.P12 {
		v.Files = append(v.Files, wallet.FileP12)
	}
	if o.SSO {
		v.Files = append(v.Files, wallet.FileSSO)
	}
	for _, id := range o.Wallet.Identities() {
		switch {
		case id.Certificate != nil:
			v.User = append(v.User, viewCertificate(*id.Certificate))
		case id.Request != nil:
			v.Requested = append(v.Requested, viewRequest(id.Request))
		}
	}
	for _, c := range o.Wallet.Trusted() {
		v.Trusted = append(v.Trusted, viewCertificate(c))
	}
	return v
}

func viewRequest(der []byte) RequestView {
	r, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return RequestView{Subject: "(unreadable request)"}
	}
	return RequestView{Subject: wallet.FormatDN(r.RawSubject), Key: keyName(r.PublicKeyAlgorithm, r.PublicKey), Signature: r.SignatureAlgorithm.String()}
}

func viewCertificate(c wallet.Certificate) CertificateView {
	one, two := sha1.Sum(c.DER), sha256.Sum256(c.DER)
	v := CertificateView{
		Subject: "(unreadable certificate)", Alias: c.Alias, Java: c.Java,
		SHA1: colons(one[:]), SHA256: colons(two[:]),
	}
	if c.TrustFlags != 0 {
		v.TrustFlags = fmt.Sprintf("0x%04x", c.TrustFlags)
	}
	x := c.X509
	if x == nil {
		return v
	}
	v.Subject, v.Issuer = wallet.FormatDN(x.RawSubject), wallet.FormatDN(x.RawIssuer)
	v.Serial, v.Signature, v.Key = x.SerialNumber.Text(16), x.SignatureAlgorithm.String(), keyName(x.PublicKeyAlgorithm, x.PublicKey)
	from, to := x.NotBefore.UTC(), x.NotAfter.UTC()
	v.NotBefore, v.NotAfter = &from, &to
	v.Names = append(v.Names, x.DNSNames...)
	for _, ip := range x.IPAddresses {
		v.Names = append(v.Names, ip.String())
	}
	return v
}

// Print writes the view as orapki does; complete adds the details.
func (v View) Print(out io.Writer, complete bool) {
	if complete {
		fmt.Fprintf(out, "Wallet:         %s (%s; auto-login: %s; encryption: %s; read from %s)\n",
			v.Wallet, strings.Join(v.Files, ", "), v.AutoLogin, v.Body, v.ReadFrom)
	}
	fmt.Fprintln(out, "Requested Certificates:")
	for _, r := range v.Requested {
		fmt.Fprintf(out, "Subject:        %s\n", r.Subject)
		if complete {
			fmt.Fprintf(out, "Key:            %s\nSignature:      %s\n\n", r.Key, r.Signature)
		}
	}
	fmt.Fprintln(out, "User Certificates:")
	for _, c := range v.User {
		c.print(out, complete)
	}
	if len(v.Secrets) > 0 {
		fmt.Fprintln(out, "Oracle Secret Store entries:")
		for _, s := range v.Secrets {
			fmt.Fprintln(out, s)
		}
	}
	fmt.Fprintln(out, "Trusted Certificates:")
	for _, c := range v.Trusted {
		c.print(out, complete)
	}
	if complete && v.Others > 0 {
		fmt.Fprintf(out, "Other entries, kept as they are: %d\n", v.Others)
	}
}

func (c CertificateView) print(out io.Writer, complete bool) {
	fmt.Fprintf(out, "Subject:        %s\n", c.Subject)
	if !complete {
		return
	}
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(out, "%-15s %s\n", name+":", value)
		}
	}
	line("Issuer", c.Issuer)
	line("Serial Number", c.Serial)
	if c.NotBefore != nil {
		line("Valid", c.NotBefore.Format(time.RFC3339)+" to "+c.NotAfter.Format(time.RFC3339))
	}
	line("Key", c.Key)
	line("Signature", c.Signature)
	line("Names", strings.Join(c.Names, ", "))
	line("SHA-1", c.SHA1)
	line("SHA-256", c.SHA256)
	line("Alias", c.Alias)
	line("Trust flags", c.TrustFlags)
	fmt.Fprintln(out)
}

// colons writes a fingerprint as openssl and keytool do.
func colons(b []byte) string {
	parts := make([]string, len(b))
	for i, c := range b {
		parts[i] = strings.ToUpper(hex.EncodeToString([]byte{c}))
	}
	return strings.Join(parts, ":")
}
