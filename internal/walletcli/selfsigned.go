package walletcli

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/wallet"
)

// SelfSigned is the whole self-signed set-up: an own root, a server wallet
// whose certificate it signed, and a client wallet that trusts it.
type SelfSigned struct {
	Dir      string // made, and not there before
	Request  wallet.Request
	RootDays int // life of the root; it is not renewed by itself
	Days     int // life of the server certificate; ends with the root at the latest
	Access   wallet.Access
	Format   wallet.Format // of the server wallet
	Now      time.Time
}

// The names inside SelfSigned.Dir.
const (
	RootKeyFile  = "self-rootCA.key"
	RootCertFile = "self-rootCA.pem"
	ServerCert   = "server.crt"
	ServerWallet = "server"
	ClientWallet = "client"
)

// Make makes everything in a directory beside Dir and moves it into place
// when it is complete.
func (s SelfSigned) Make(ctx context.Context) error {
	if err := s.check(); err != nil {
		return err
	}
	parent := filepath.Dir(filepath.Clean(s.Dir))
	temp, err := os.MkdirTemp(parent, ".self-signed-*")
	if err != nil {
		return fmt.Errorf("make self-signed set-up: %w", err)
	}
	defer os.RemoveAll(temp)
	if err := s.fill(ctx, temp); err != nil {
		return err
	}
	if err := os.Rename(temp, s.Dir); err != nil {
		return fmt.Errorf("make self-signed set-up: %w", err)
	}
	return nil
}

func (s SelfSigned) check() error {
	if _, err := os.Lstat(s.Dir); !errors.Is(err, fs.ErrNotExist) {
		return fault.New(fault.InvalidParameter, "%q is there already; name a directory that is not, it is made", s.Dir)
	}
	if s.RootDays < 1 || s.Days < 1 || s.RootDays > 36500 || s.Days > s.RootDays {
		return fault.New(fault.InvalidParameter, "the root lives 1 to 36500 days, and the server certificate no longer than the root")
	}
	if s.Request.Hash == "md5" || s.Request.Hash == "sha1" {
		return fault.New(fault.InvalidParameter, "a new certificate is not signed with %s: no client of today takes it; use sha256", s.Request.Hash)
	}
	return nil
}

func (s SelfSigned) fill(ctx context.Context, dir string) error {
	key, root, err := s.root()
	if err != nil {
		return fmt.Errorf("make root: %w", err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return fmt.Errorf("make root: %w", err)
	}
	server, leaf := filepath.Join(dir, ServerWallet), []byte(nil)
	if err := wallet.Create(ctx, server, s.Access, s.Format); err != nil {
		return err
	}
	if err := wallet.Update(ctx, server, s.Access, func(w *wallet.Wallet) error {
		leaf, err = s.server(w, key, root)
		return err
	}); err != nil {
		return err
	}
	client := filepath.Join(dir, ClientWallet)
	if err := wallet.Create(ctx, client, wallet.Access{}, wallet.Format{Body: s.Format.Body, Login: wallet.AutoLoginOnly, Header: s.Format.Header}); err != nil {
		return err
	}
	if err := wallet.Update(ctx, client, wallet.Access{}, func(w *wallet.Wallet) error {
		_, err := w.AddTrusted(root.Raw, w.FreeAlias(root))
		return err
	}); err != nil {
		return err
	}
	for _, f := range []struct {
		name, kind string
		der        []byte
		mode       fs.FileMode
	}{
		{RootKeyFile, "PRIVATE KEY", pkcs8, 0o600},
		{RootCertFile, "CERTIFICATE", root.Raw, 0o644},
		{ServerCert, "CERTIFICATE", leaf, 0o644},
	} {
		text := pem.EncodeToMemory(&pem.Block{Type: f.kind, Bytes: f.der})
		if err := WriteFile(filepath.Join(dir, f.name), text, f.mode, io.Discard); err != nil {
			return err
		}
	}
	return nil
}

// root makes the CA: RSA-2048, which every Oracle client verifies.
func (s SelfSigned) root() (*rsa.PrivateKey, *x509.Certificate, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, nil, err
	}
	dn, err := wallet.ParseDN(s.Request.Subject)
	if err != nil {
		return nil, nil, err
	}
	template, err := s.template(s.RootDays)
	if err != nil {
		return nil, nil, err
	}
	template.Subject.FillFromRDNSequence(&dn)
	// Another name than the server's, or chain builders take one for the other.
	template.Subject.CommonName = strings.TrimSpace(shorten(template.Subject.CommonName, 48) + " self-signed CA")
	template.BasicConstraintsValid, template.IsCA = true, true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	id := sha1.Sum(x509.MarshalPKCS1PublicKey(&key.PublicKey))
	template.SubjectKeyId = id[:]
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, nil, err
	}
	root, err := x509.ParseCertificate(der)
	return key, root, err
}

func (s SelfSigned) template(days int) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	return &x509.Certificate{
		SerialNumber: serial.Add(serial, big.NewInt(1)),
		NotBefore:    s.Now.Add(-5 * time.Minute), NotAfter: s.Now.AddDate(0, 0, days),
	}, nil
}

// server fills the server's wallet and returns its certificate.
func (s SelfSigned) server(w *wallet.Wallet, key *rsa.PrivateKey, root *x509.Certificate) ([]byte, error) {
	if _, err := w.AddTrusted(root.Raw, w.FreeAlias(root)); err != nil {
		return nil, err
	}
	id, err := w.NewRequest(s.Request)
	if err != nil {
		return nil, err
	}
	request, err := x509.ParseCertificateRequest(id.Request)
	if err != nil {
		return nil, fmt.Errorf("read certificate request: %w", err)
	}
	template, err := s.template(s.Days)
	if err != nil {
		return nil, err
	}
	template.RawSubject = request.RawSubject
	template.DNSNames, template.IPAddresses = request.DNSNames, request.IPAddresses
	template.BasicConstraintsValid = true
	template.KeyUsage = x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	der, err := x509.CreateCertificate(rand.Reader, template, root, request.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("sign server certificate: %w", err)
	}
	_, err = w.AddUserCertificate(der)
	return der, err
}

func shorten(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && s[most]&0xc0 == 0x80 { // not inside a character
		most--
	}
	return s[:most]
}
