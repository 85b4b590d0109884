package walletcli

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/dbtls/dbtls/internal/fault"
)

// maxInput is the most bytes of a certificate file that are read.
const maxInput = 16 << 20

// ReadCertificates reads all certificates of a file, PEM or DER, each once
// and in the file's order. What is there instead of one is named.
func ReadCertificates(path string) ([][]byte, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.InvalidParameter, "there is no certificate file %q%s", path, similar(path))
	}
	if err != nil {
		return nil, fmt.Errorf("read certificate: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxInput+1))
	if err != nil {
		return nil, fmt.Errorf("read certificate %q: %w", path, err)
	}
	if len(data) > maxInput {
		return nil, fault.New(fault.InvalidParameter, "%q is longer than %d bytes; that is no certificate file", path, maxInput)
	}
	ders, err := ParseCertificates(data)
	if err != nil {
		return nil, fault.New(fault.InvalidParameter, "%q %s", path, err)
	}
	return ders, nil
}

// ParseCertificates is ReadCertificates for bytes. Its errors go on from the
// name of the file: "has no certificate in it".
func ParseCertificates(data []byte) ([][]byte, error) {
	if !bytes.Contains(data, []byte("-----BEGIN")) {
		return parseDER(data)
	}
	var out [][]byte
	keys := 0
	for n := 1; ; {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			break
		}
		switch {
		case block.Type == "CERTIFICATE" || block.Type == "X509 CERTIFICATE" || block.Type == "TRUSTED CERTIFICATE":
			if _, err := x509.ParseCertificate(block.Bytes); err != nil {
				return nil, fmt.Errorf("holds a certificate (number %d) that cannot be read: %w", n, err)
			}
			if !contains(out, block.Bytes) {
				out = append(out, block.Bytes)
			}
			n++
		case strings.HasSuffix(block.Type, "PRIVATE KEY"):
			keys++
		case strings.HasSuffix(block.Type, "CERTIFICATE REQUEST"):
			return nil, errors.New("holds a certificate request; the CA makes a certificate from it, and that is wanted here")
		case block.Type == "PKCS7":
			return nil, errors.New("is PKCS #7; convert it first: openssl pkcs7 -print_certs -in FILE")
		}
	}
	switch {
	case keys > 0 && len(out) == 0:
		return nil, errors.New("holds a private key, not a certificate")
	case keys > 0:
		return nil, errors.New("holds a private key beside the certificate; give a file with certificates alone")
	case len(out) == 0:
		return nil, errors.New("has no complete PEM certificate in it")
	case bytes.Contains(data, []byte("-----BEGIN")):
		return nil, errors.New("ends in a PEM block that is not complete")
	}
	return out, nil
}

func parseDER(data []byte) ([][]byte, error) {
	if len(data) == 0 {
		return nil, errors.New("is empty")
	}
	if _, err := x509.ParseCertificate(data); err == nil {
		return [][]byte{data}, nil
	}
	if _, err := x509.ParseCertificateRequest(data); err == nil {
		return nil, errors.New("holds a certificate request; the CA makes a certificate from it, and that is wanted here")
	}
	for _, parse := range []func([]byte) error{
		func(b []byte) error { _, err := x509.ParsePKCS8PrivateKey(b); return err },
		func(b []byte) error { _, err := x509.ParsePKCS1PrivateKey(b); return err },
		func(b []byte) error { _, err := x509.ParseECPrivateKey(b); return err },
	} {
		if parse(data) == nil {
			return nil, errors.New("holds a private key, not a certificate")
		}
	}
	return nil, errors.New("is no certificate, neither PEM nor DER")
}

func contains(list [][]byte, der []byte) bool {
	for _, d := range list {
		if bytes.Equal(d, der) {
			return true
		}
	}
	return false
}

// similar points at a file beside path that was probably meant: a published
// procedure makes self-rootCA.pem and then asks for rootCA.pem.
func similar(path string) string {
	stem := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	list, err := os.ReadDir(filepath.Dir(path))
	if err != nil || stem == "" {
		return ""
	}
	for _, e := range list {
		if strings.Contains(e.Name(), stem) && filepath.Ext(e.Name()) == filepath.Ext(path) && e.Type().IsRegular() {
			return fmt.Sprintf("; did you mean %q?", filepath.Join(filepath.Dir(path), e.Name()))
		}
	}
	return ""
}

// Doubts says what a user of Oracle should know of a certificate that is going
// into a wallet.
func Doubts(c *x509.Certificate, now time.Time) []string {
	var out []string
	switch {
	case now.After(c.NotAfter):
		out = append(out, "it expired on "+c.NotAfter.UTC().Format(time.DateOnly))
	case now.Before(c.NotBefore):
		out = append(out, "it is not valid before "+c.NotBefore.UTC().Format(time.DateOnly))
	}
	switch c.SignatureAlgorithm {
	case x509.MD2WithRSA, x509.MD5WithRSA, x509.SHA1WithRSA, x509.DSAWithSHA1, x509.ECDSAWithSHA1:
		if !bytes.Equal(c.RawSubject, c.RawIssuer) {
			out = append(out, "it is signed with "+c.SignatureAlgorithm.String()+", which today's clients refuse")
		}
	}
	switch c.PublicKeyAlgorithm {
	case x509.RSA, x509.ECDSA:
	default:
		out = append(out, "its key is neither RSA nor EC; do not count on Oracle clients to know it")
	}
	return out
}
