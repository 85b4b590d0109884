package mysql

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// reloadTLS makes the server read its pair, and the settings of TLS that were
// set since. The server refuses a leaf that it cannot verify with ssl_ca alone,
// the chain it serves not counted (error 3888, MySQL 9.7). dbtls has the
// issuing CA at hand and not its root, so ssl_ca names the issuing CA, marked
// as an end of trust. A start does not need it: there the server only warns.
func reloadTLS(ctx context.Context, a *admin) error {
	p, err := a.Effective(ctx)
	if err != nil {
		return err
	}
	path := filepath.Join(a.settings.Conf, "issuer.pem")
	if err := writeIssuer(p.Cert, path); err != nil {
		return err
	}
	if err := a.exec(ctx, "SET GLOBAL ssl_ca = "+sqlText(path)); err != nil {
		return fmt.Errorf("name issuer: %w", err)
	}
	return a.exec(ctx, "ALTER INSTANCE RELOAD TLS")
}

// trustedForAll is the trust that OpenSSL reads behind a certificate in a
// TRUSTED CERTIFICATE block: anyExtendedKeyUsage, in the DER of X509_CERT_AUX.
// It makes the certificate the end of a chain although it is no root.
const trustedForAll = "\x30\x08\x30\x06\x06\x04\x55\x1d\x25\x00"

// writeIssuer puts the second certificate of a chain file, which is the
// leaf's issuer, into a file of its own. Both folders are dbtls's, and the
// server only reads them.
func writeIssuer(chain, path string) error {
	b, err := os.ReadFile(chain)
	if err != nil {
		return fmt.Errorf("read served chain: %w", err)
	}
	_, rest := pem.Decode(b)
	issuer, _ := pem.Decode(rest)
	if issuer == nil || issuer.Type != "CERTIFICATE" {
		return fmt.Errorf("read served chain %q: it has no issuing CA behind the leaf", chain)
	}
	trusted := pem.EncodeToMemory(&pem.Block{Type: "TRUSTED CERTIFICATE", Bytes: append(issuer.Bytes, trustedForAll...)})
	return replaceFile(path, trusted)
}

// replaceFile swaps a file that the server may be reading.
func replaceFile(path string, content []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("write issuer: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = f.Write(content)
	if err = errors.Join(err, f.Chmod(0o644), f.Close()); err != nil {
		return fmt.Errorf("write issuer: %w", err)
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return fmt.Errorf("name issuer: %w", err)
	}
	return nil
}
