package store

import (
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/wallet"
)

// decodeWallet reads a cwallet.sso. One that is half of a pair, or holds more
// than trusted certificates, can be looked at and converted, and not written
// back: that is package wallet's, which keeps the rest.
func decodeWallet(data []byte) (Store, error) {
	w, f, err := wallet.ParseSSO(data, wallet.Machine{})
	if err != nil {
		return Store{}, walletFault(err)
	}
	s := Store{Format: Wallet}
	switch {
	case len(w.Identities()) > 0 || len(w.Secrets()) > 0 || w.Others() > 0:
		s.Frozen = "the wallet holds more than trusted certificates; change it with dbtls wallet"
	case f.Login != wallet.AutoLoginOnly:
		s.Frozen = "this cwallet.sso has an ewallet.p12 beside it, and both must change together; change them with dbtls wallet"
	}
	for _, c := range w.Trusted() {
		if c.X509 == nil {
			return Store{}, bad("a certificate of the wallet cannot be read (alias %q); remove it with dbtls wallet", c.Alias)
		}
		s.Entries = append(s.Entries, Entry{Alias: c.Alias, Cert: c.X509})
	}
	s.nameTheNameless()
	return s, nil
}

// encodeWallet writes a cwallet.sso that needs no ewallet.p12. What is random
// in one comes from the certificates, so that the same store gives the same
// bytes: the file carries its own password in any case.
func encodeWallet(s Store) ([]byte, error) {
	w := wallet.New()
	seed := sha256.New()
	for _, e := range s.Entries {
		if _, err := w.AddTrusted(e.Cert.Raw, e.Alias); err != nil {
			return nil, walletFault(err)
		}
		_, _ = io.WriteString(seed, e.Alias+"\x00")
		seed.Write(e.Cert.Raw)
	}
	sso, err := w.SSO(wallet.Format{Login: wallet.AutoLoginOnly}, wallet.Machine{}, rand.NewChaCha8([32]byte(seed.Sum(nil))))
	if err != nil {
		return nil, walletFault(err)
	}
	return sso, nil
}

// walletFault keeps the wallet's own words, which are meant for people.
func walletFault(err error) error {
	var e *wallet.Error
	if !errors.As(err, &e) {
		return err
	}
	return fault.Wrap(err, fault.InvalidParameter, "%s", e.Message)
}
