package store

import (
	"bytes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/x509"
	"encoding/asn1"
	"unicode/utf16"

	"github.com/dbtls/dbtls/internal/fault"
)

// decodePKCS12 checks the MAC before it looks at anything that the MAC covers.
func decodePKCS12(data []byte, password string) (Store, error) {
	var p pfx
	if err := whole(data, &p, "outer structure"); err != nil {
		return Store{}, err
	}
	if p.Version != 3 || !p.AuthSafe.Type.Equal(oidData) {
		return Store{}, bad("the PKCS #12 file is of a kind that is not read here (version %d, content %s): only version 3 under a password is", p.Version, p.AuthSafe.Type)
	}
	var safe []byte
	if err := whole(p.AuthSafe.Content.Bytes, &safe, "authenticated safe"); err != nil {
		return Store{}, err
	}
	s := Store{Format: PKCS12Plain}
	if len(p.Mac.Mac.Algorithm.Algorithm) == 0 {
		s.Unverified = true
	} else if err := p.Mac.verify(safe, password); err != nil {
		return Store{}, err
	}
	var contents []contentInfo
	if err := whole(safe, &contents, "list of safes"); err != nil {
		return Store{}, err
	}
	for _, c := range contents {
		bags, err := s.open(c, password)
		if err != nil {
			return Store{}, err
		}
		for _, b := range bags {
			if err := s.addBag(b); err != nil {
				return Store{}, err
			}
		}
	}
	s.nameTheNameless()
	return s, nil
}

// verify tries "" in both of its encodings: with and without the zero bytes.
func (m macData) verify(content []byte, password string) error {
	h, ok := hashOf(m.Mac.Algorithm.Algorithm)
	if !ok {
		return bad("the PKCS #12 file is authenticated with algorithm %s, which is not known here; convert it with openssl pkcs12", m.Mac.Algorithm.Algorithm)
	}
	if err := checkIterations(m.Iterations); err != nil {
		return err
	}
	tries := [][]byte{append(bmp(password), 0, 0)}
	if password == "" {
		tries = append(tries, nil)
	}
	for _, secret := range tries {
		if hmac.Equal(macOf(h, secret, m.Salt, m.Iterations, content), m.Mac.Digest) {
			return nil
		}
	}
	if password == "" {
		return fault.Wrap(ErrPassword, fault.InvalidParameter, "the PKCS #12 file is under a password; give it")
	}
	return wrongPassword()
}

// open returns the bags of one safe and notes in s how the file is protected.
func (s *Store) open(c contentInfo, password string) ([]safeBag, error) {
	var plain []byte
	switch {
	case c.Type.Equal(oidData):
		if err := whole(c.Content.Bytes, &plain, "plain safe"); err != nil {
			return nil, err
		}
		if s.Format == PKCS12Plain && !s.Unverified {
			s.Format = PKCS12 // plain bags under a MAC: written back encrypted
		}
	case c.Type.Equal(oidEncryptedData):
		var e encryptedData
		if err := whole(c.Content.Bytes, &e, "encrypted safe"); err != nil {
			return nil, err
		}
		if s.Format = PKCS12Legacy; e.Content.Algorithm.Algorithm.Equal(oidPBES2) {
			s.Format = PKCS12
		}
		var err error
		if plain, err = decrypt(e.Content, password); err != nil {
			return nil, err
		}
	default:
		return nil, bad("the PKCS #12 file has a safe of type %s, which takes a private key to open and is no trust store", c.Type)
	}
	var bags []safeBag
	return bags, whole(plain, &bags, "bags")
}

func decrypt(e encryptedContent, password string) ([]byte, error) {
	block, iv, err := blockCipher(e.Algorithm, password)
	if err != nil {
		return nil, err
	}
	n := block.BlockSize()
	if len(iv) != n || len(e.Content) == 0 || len(e.Content)%n != 0 {
		return nil, damagedPKCS12("encrypted content")
	}
	plain := make([]byte, len(e.Content))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, e.Content)
	pad := int(plain[len(plain)-1])
	if pad < 1 || pad > n || !bytes.Equal(plain[len(plain)-pad:], bytes.Repeat([]byte{byte(pad)}, pad)) {
		return nil, wrongPassword()
	}
	return plain[:len(plain)-pad], nil
}

// addBag takes a certificate and refuses whatever an edit would lose.
func (s *Store) addBag(b safeBag) error {
	alias, usage := b.names()
	switch {
	case b.ID.Equal(oidKeyBag), b.ID.Equal(oidShroudedBag):
		return hasKey(alias)
	case b.ID.Equal(oidSecretBag):
		return bad("the PKCS #12 file holds a secret (entry %q): it is an Oracle wallet or a key store; use dbtls wallet or keytool", alias)
	case !b.ID.Equal(oidCertBag):
		return bad("the PKCS #12 file holds an entry of type %s, which no trust store has", b.ID)
	}
	var c certBag
	if err := whole(b.Value.Bytes, &c, "certificate bag"); err != nil {
		return err
	}
	if !c.ID.Equal(oidX509) {
		return bad("the certificate of alias %q is of type %s; only X.509 is known", alias, c.ID)
	}
	cert, err := x509.ParseCertificate(c.Data)
	if err != nil {
		return bad("the certificate of alias %q cannot be read (%v); remove it with keytool -delete", alias, err)
	}
	s.Entries = append(s.Entries, Entry{Alias: alias, Cert: cert, Ignored: usage == nil, usage: usage})
	return nil
}

// names reads the attributes that matter: the alias and the usages of Java's
// mark of trust, nil without the mark.
func (b safeBag) names() (alias string, usage []asn1.RawValue) {
	for _, a := range b.Attributes {
		switch {
		case a.ID.Equal(oidTrusted) && len(a.Values) > 0:
			usage = a.Values
		case a.ID.Equal(oidFriendlyName) && len(a.Values) == 1 && a.Values[0].Tag == asn1.TagBMPString && len(a.Values[0].Bytes)%2 == 0:
			raw := a.Values[0].Bytes
			var units []uint16
			for i := 0; i < len(raw); i += 2 {
				units = append(units, uint16(raw[i])<<8|uint16(raw[i+1]))
			}
			alias = string(utf16.Decode(units))
		}
	}
	return alias, usage
}

// nameTheNameless gives entries without a friendly name the alias they would
// get on being added; OpenSSL writes none unless told.
func (s *Store) nameTheNameless() {
	for i, e := range s.Entries {
		if e.Alias == "" {
			s.Entries[i].Alias = s.freeAlias(e.Cert)
		}
	}
}
