package wallet

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"slices"
	"strconv"
)

// addRequest puts a key and the request for it into the wallet.
func (w *Wallet) addRequest(key crypto.Signer, request []byte) error {
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return because(err, ErrInvalid, "encode private key")
	}
	n := w.next(classIdentity, classRequest)
	name := "orakey" // what orapki calls the first
	if n > 0 {
		name += strconv.FormatUint(uint64(n), 10)
	}
	keyBag, err := newBag(bagKey, pkcs8, nameAttribute(name), keyAttribute(localKeyID{class: classIdentity, index: n, last: 1}))
	if err != nil {
		return err
	}
	reqBag, err := newTyped(bagSecret, oidRequest(), request, nameAttribute(name), keyAttribute(localKeyID{class: classRequest, index: n, last: 1}))
	if err != nil {
		return err
	}
	w.bags = append(w.bags, keyBag, reqBag)
	return nil
}

// AddUserCertificate adds the certificate (DER) that a CA made for a key of
// the wallet. Its chain up to a self-signed root must be among the trusted
// certificates, as orapki wants it too.
func (w *Wallet) AddUserCertificate(der []byte) (Certificate, error) {
	x, err := x509.ParseCertificate(der)
	if err != nil {
		return Certificate{}, because(err, ErrInvalid, "add user certificate: it cannot be read as an X.509 certificate")
	}
	name := FormatDN(x.RawSubject)
	key := w.keyFor(x)
	if key == nil {
		return Certificate{}, fail(ErrInvalid, "add user certificate: no private key of the wallet belongs to %q; its request must have come from this wallet's key (CA certificates are added as trusted)", name)
	}
	for _, b := range w.userBags() {
		c := newCertificate(b, b.cert)
		if bytes.Equal(c.DER, der) {
			return Certificate{}, fail(ErrExists, "%q is in the wallet already, as a user certificate", name)
		}
		if c.X509 != nil && equalKeys(key.pub, c.X509.PublicKey) {
			return Certificate{}, fail(ErrExists, "the key of %q has a user certificate already (%q); remove that first", name, FormatDN(c.X509.RawSubject))
		}
	}
	if err := w.chain(x); err != nil {
		return Certificate{}, because(err, ErrInvalid, "add user certificate %q: its chain is incomplete; add the CA certificates as trusted first", name)
	}
	attrs := []attribute{nameAttribute(key.name), keyAttribute(key.key)}
	if key.key.class == 0 { // a key of another program: tie them as it does
		attrs = key.attrs
	}
	b, err := newTyped(bagCert, oidX509Certificate(), der, attrs...)
	if err != nil {
		return Certificate{}, err
	}
	w.bags = append(w.bags, b)
	return newCertificate(b, der), nil
}

func (w *Wallet) keyFor(x *x509.Certificate) *bag {
	i := slices.IndexFunc(w.bags, func(b *bag) bool {
		return b.pub != nil && equalKeys(b.pub, x.PublicKey)
	})
	if i < 0 {
		return nil
	}
	return w.bags[i]
}

// RemoveUserCertificate removes a user certificate, named by its DER. Its key
// and request stay.
func (w *Wallet) RemoveUserCertificate(der []byte) error {
	for _, b := range w.userBags() {
		if bytes.Equal(b.cert, der) {
			w.bags = slices.DeleteFunc(w.bags, func(o *bag) bool { return o == b })
			return nil
		}
	}
	return fail(ErrNotFound, "the wallet has no such user certificate")
}

// RemoveRequest removes a certificate request, named by its DER, and the
// private key it is for. A key whose user certificate is there stays
// (ErrInvalid).
func (w *Wallet) RemoveRequest(der []byte) error {
	for _, id := range w.Identities() {
		if id.Request == nil || !bytes.Equal(id.Request, der) {
			continue
		}
		if id.Certificate != nil {
			return fail(ErrInvalid, "remove request: its key has a user certificate; remove that first")
		}
		w.bags = slices.DeleteFunc(w.bags, func(b *bag) bool {
			key := b.privateKey()
			return b.req != nil && bytes.Equal(b.req, der) || key != nil && bytes.Equal(key, id.Key)
		})
		return nil
	}
	return fail(ErrNotFound, "the wallet has no such request")
}
