package migration

import (
	"crypto/x509"
	"time"
)

// Content is what is inside a file that somebody wants to import.
type Content struct {
	Certificates []*x509.Certificate
	Warnings     []string // what an endpoint that uses it should know
}

// Inspect opens a PEM file or a wallet as an import would, and keeps nothing. Its
// error is the import's. No private key comes out.
func Inspect(pem string, wallet []byte, now time.Time) (Content, error) {
	parse := func() (content, error) { return parsePEM(pem) }
	if len(wallet) > 0 {
		parse = func() (content, error) { return parseWallet(wallet) }
	}
	held, err := parse()
	if err != nil {
		return Content{}, err
	}
	return Content{Certificates: held.certs, Warnings: held.doubts(now)}, nil
}
