package wallet

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"slices"
)

// Wallet is the content of a wallet, in the order of its file. The zero value
// and New are the empty wallet. It is not safe for use by two goroutines
// while one edits it.
type Wallet struct{ bags []*bag }

// New returns the empty wallet.
func New() *Wallet { return &Wallet{} }

// Certificate is one certificate of a wallet.
type Certificate struct {
	DER []byte
	// X509 is nil for a certificate that crypto/x509 refuses; such a one is
	// kept and written all the same.
	X509 *x509.Certificate
	// Alias is the friendlyName, under which Java lists it; often "".
	Alias string
	// Java says whether Java takes it as trusted.
	Java bool
	// TrustFlags is what releases from 21 on may restrict its use to; 0x0303
	// is server and client authentication. 0 means no flags.
	TrustFlags uint32
}

// Identity is a private key with its certificate request and certificate.
type Identity struct {
	Name        string
	Key         []byte       // PKCS #8, DER; nil when the wallet lacks the key
	Request     []byte       // PKCS #10, DER; nil when there is none
	Certificate *Certificate // nil until the user certificate is added

	index uint32
	pub   crypto.PublicKey // of Key, nil when unknown
}

// Signer is the private key. Keys of algorithms crypto/x509 does not know are
// an ErrUnsupported.
func (i Identity) Signer() (crypto.Signer, error) {
	k, err := x509.ParsePKCS8PrivateKey(i.Key)
	if err != nil {
		return nil, fail(ErrUnsupported, "the private key %q is of a kind this program does not know", i.Name)
	}
	s, ok := k.(crypto.Signer)
	if !ok {
		return nil, fail(ErrUnsupported, "the private key %q cannot sign", i.Name)
	}
	return s, nil
}

// Trusted lists the trusted certificates.
func (w *Wallet) Trusted() []Certificate {
	var out []Certificate
	users := w.userBags()
	for _, b := range w.bags {
		if der := b.cert; der != nil && !slices.Contains(users, b) {
			out = append(out, newCertificate(b, der))
		}
	}
	return out
}

// Identities lists the keys, requests and user certificates, those that
// belong together as one.
func (w *Wallet) Identities() []Identity {
	var out []Identity
	at := func(k localKeyID, match func(Identity) bool) *Identity {
		for i := range out {
			if match(out[i]) {
				return &out[i]
			}
		}
		out = append(out, Identity{index: k.index})
		return &out[len(out)-1]
	}
	for _, b := range w.bags {
		if key := b.privateKey(); key != nil {
			out = append(out, Identity{Name: b.name, Key: key, index: b.key.index, pub: b.pub})
		}
	}
	for _, b := range w.bags {
		if req := b.req; req != nil {
			id := at(b.key, func(i Identity) bool { return i.Request == nil && i.index == b.key.index })
			id.Request = req
			id.Name = cmpName(id.Name, b.name)
		}
	}
	for _, b := range w.userBags() {
		c := newCertificate(b, b.cert)
		id := at(b.key, func(i Identity) bool { return i.Certificate == nil && keyFits(i, b, c) })
		id.Certificate = &c
		id.Name = cmpName(id.Name, b.name)
	}
	return out
}

func cmpName(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

// keyFits says whether a user certificate belongs to an identity: by its
// public key, and where that cannot be read by Oracle's number.
func keyFits(i Identity, b *bag, c Certificate) bool {
	if i.Key == nil {
		return i.index == b.key.index
	}
	if i.pub != nil && c.X509 != nil {
		return equalKeys(i.pub, c.X509.PublicKey)
	}
	return b.key.class == classIdentity && i.index == b.key.index
}

// userBags are the certificate bags that belong to a private key. Oracle says
// so in its class; in a file of another program the public key decides.
func (w *Wallet) userBags() []*bag {
	var keys []crypto.PublicKey
	for _, b := range w.bags {
		if b.pub != nil {
			keys = append(keys, b.pub)
		}
	}
	var out []*bag
	for _, b := range w.bags {
		der := b.cert
		if der == nil || b.key.class == classTrusted {
			continue
		}
		user := b.key.class == classIdentity
		if !user && len(keys) > 0 {
			c, err := x509.ParseCertificate(der)
			user = err == nil && slices.ContainsFunc(keys, func(k crypto.PublicKey) bool { return equalKeys(k, c.PublicKey) })
		}
		if user {
			out = append(out, b)
		}
	}
	return out
}

// Secrets lists the keys of the credential store ("oracle.security.client.
// username1"). Their values stay where they are.
func (w *Wallet) Secrets() []string {
	var out []string
	for _, b := range w.bags {
		kind, value, ok := b.content()
		var pair struct{ Key, Value asn1.RawValue }
		if ok && kind.Equal(oidCredential()) && unmarshal(value, &pair) == nil {
			out = append(out, string(pair.Key.Bytes))
		}
	}
	return out
}

// Others counts the entries this package keeps without knowing what they are,
// and Oracle's own markers.
func (w *Wallet) Others() int {
	n := 0
	for _, b := range w.bags {
		kind, _, ok := b.content()
		known := b.privateKey() != nil || b.cert != nil || b.req != nil || (ok && kind.Equal(oidCredential()))
		if !known {
			n++
		}
	}
	return n
}

// SameContent says whether two wallets hold the same certificates, keys,
// requests and secrets, whatever their order and labels.
func (w *Wallet) SameContent(o *Wallet) bool {
	rest := slices.Clone(o.bags)
	for _, b := range w.bags {
		i := slices.IndexFunc(rest, b.sameContent)
		if i < 0 {
			return false
		}
		rest = slices.Delete(rest, i, i+1)
	}
	return len(rest) == 0
}

func newCertificate(b *bag, der []byte) Certificate {
	c := Certificate{DER: der, Alias: b.name, Java: b.java, TrustFlags: b.key.flags}
	if x, err := x509.ParseCertificate(der); err == nil {
		c.X509 = x
	}
	return c
}

// publicOf is the public key of a PKCS #8 private key, nil when unknown.
func publicOf(pkcs8 []byte) crypto.PublicKey {
	if pkcs8 == nil {
		return nil
	}
	k, err := x509.ParsePKCS8PrivateKey(pkcs8)
	if err != nil {
		return nil
	}
	if s, ok := k.(crypto.Signer); ok {
		return s.Public()
	}
	return nil
}

func equalKeys(a, b crypto.PublicKey) bool {
	k, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && k.Equal(b)
}

// indexTrusted finds the bag that holds der as a trusted certificate, -1 for
// none.
func (w *Wallet) indexTrusted(der []byte) int {
	users := w.userBags()
	return slices.IndexFunc(w.bags, func(b *bag) bool {
		return b.cert != nil && bytes.Equal(b.cert, der) && !slices.Contains(users, b)
	})
}
