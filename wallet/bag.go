package wallet

import (
	"bytes"
	"crypto"
	"crypto/x509/pkix"
	"encoding/asn1"
)

// bag is one SafeBag. It never changes: an edit adds and removes bags, so
// what an edit does not touch is written as it was read.
type bag struct {
	raw   []byte // the whole SafeBag, DER; what is written
	id    asn1.ObjectIdentifier
	value []byte // the value inside [0], DER
	attrs []attribute

	name string     // friendlyName, "" when there is none
	key  localKeyID // the zero value when there is none, or not Oracle's
	java bool       // carries Java's trust attribute

	cert []byte           // DER of an X.509 certificate, nil in other bags
	req  []byte           // DER of a certificate request, nil in other bags
	pub  crypto.PublicKey // of a private key this program knows, nil else
}

// safeBag and attribute are RFC 7292 SafeBag and PKCS12Attribute.
type safeBag struct {
	ID         asn1.ObjectIdentifier
	Value      asn1.RawValue `asn1:"tag:0,explicit"`
	Attributes []attribute   `asn1:"set,optional"`
}

type attribute struct {
	ID    asn1.ObjectIdentifier
	Value asn1.RawValue `asn1:"set"`
}

// certBag and secretBag are RFC 7292 CertBag and SecretBag: one shape.
type typedBag struct {
	Type  asn1.ObjectIdentifier
	Value asn1.RawValue `asn1:"tag:0,explicit"`
}

// readSafe appends the bags of a SafeContents.
func (w *Wallet) readSafe(der []byte, s secret, left *work) error {
	list, err := elements(der, maxBags-len(w.bags))
	if err != nil {
		return because(err, ErrFormat, "read wallet: SafeContents")
	}
	keys := 0
	for _, b := range w.bags {
		keys += len(b.privateKey())
	}
	for _, raw := range list {
		b, err := parseBag(raw)
		if err != nil {
			return because(err, ErrFormat, "read wallet: bag %d", len(w.bags))
		}
		if b.id.Equal(oidBag(bagShrouded)) {
			if b, err = unshroud(b, s, left); err != nil {
				return err
			}
		}
		// Before the next is read: checking a large RSA key takes a while.
		if keys += len(b.privateKey()); keys > maxKeyBytes {
			return fail(ErrFormat, "read wallet: its private keys take more than %d bytes; no real wallet has so many", maxKeyBytes)
		}
		w.bags = append(w.bags, b)
	}
	return nil
}

func parseBag(raw []byte) (*bag, error) {
	var s safeBag
	if err := unmarshal(raw, &s); err != nil {
		return nil, err
	}
	b := &bag{raw: raw, id: s.ID, value: s.Value.Bytes, attrs: s.Attributes}
	for _, a := range s.Attributes {
		switch {
		case a.ID.Equal(oidFriendlyName()):
			var v asn1.RawValue
			if err := unmarshal(a.Value.Bytes, &v); err == nil && v.Tag == asn1.TagBMPString {
				b.name = unBMP(v.Bytes)
			}
		case a.ID.Equal(oidLocalKeyID()):
			if id, err := octets(a.Value.Bytes); err == nil {
				b.key = parseLocalKeyID(id)
			}
		case a.ID.Equal(oidJavaTrust()):
			b.java = true
		}
	}
	b.cert = b.octetsOf(bagCert, oidX509Certificate())
	b.req = b.octetsOf(bagSecret, oidRequest())
	if key := b.privateKey(); len(key) <= maxKeyBytes {
		b.pub = publicOf(key)
	}
	return b, nil
}

// unshroud turns a key that is encrypted once more, as other programs write
// it, into the plain key bag that Oracle puts into its encrypted safe.
func unshroud(b *bag, s secret, w *work) (*bag, error) {
	var e struct {
		Algorithm pkix.AlgorithmIdentifier
		Data      []byte
	}
	if err := unmarshal(b.value, &e); err != nil {
		return nil, because(err, ErrFormat, "read wallet: shrouded key")
	}
	key, _, _, err := decrypt(e.Algorithm, e.Data, s, w)
	if err != nil {
		return nil, err
	}
	var v asn1.RawValue
	if err := unmarshal(key, &v); err != nil {
		return nil, because(err, ErrFormat, "read wallet: shrouded key")
	}
	return newBag(bagKey, key, b.attrs...)
}

// newBag builds a bag around a DER value.
func newBag(id int, value []byte, attrs ...attribute) (*bag, error) {
	raw, err := asn1.Marshal(safeBag{ID: oidBag(id), Value: explicit0(value), Attributes: attrs})
	if err != nil {
		return nil, because(err, ErrInvalid, "encode bag")
	}
	b, err := parseBag(raw)
	if err != nil {
		return nil, because(err, ErrInvalid, "encode bag")
	}
	return b, nil
}

// newTyped builds a certificate or secret bag whose value is an OCTET STRING.
func newTyped(id int, kind asn1.ObjectIdentifier, content []byte, attrs ...attribute) (*bag, error) {
	inner, err := asn1.Marshal(content)
	if err != nil {
		return nil, because(err, ErrInvalid, "encode bag")
	}
	value, err := asn1.Marshal(typedBag{Type: kind, Value: explicit0(inner)})
	if err != nil {
		return nil, because(err, ErrInvalid, "encode bag")
	}
	return newBag(id, value, attrs...)
}

// content returns the type and the DER value of a certificate or secret bag.
func (b *bag) content() (kind asn1.ObjectIdentifier, value []byte, ok bool) {
	if !b.id.Equal(oidBag(bagCert)) && !b.id.Equal(oidBag(bagSecret)) {
		return nil, nil, false
	}
	var t typedBag
	if err := unmarshal(b.value, &t); err != nil {
		return nil, nil, false
	}
	return t.Type, t.Value.Bytes, true
}

// octetsOf returns what is in a bag of one type, nil for other bags.
func (b *bag) octetsOf(id int, want asn1.ObjectIdentifier) []byte {
	kind, value, ok := b.content()
	if !ok || !b.id.Equal(oidBag(id)) || !kind.Equal(want) {
		return nil
	}
	der, err := octets(value)
	if err != nil {
		return nil
	}
	return der
}

// privateKey returns the PKCS #8 DER of a key bag, nil for others.
func (b *bag) privateKey() []byte {
	if !b.id.Equal(oidBag(bagKey)) {
		return nil
	}
	return b.value
}

func (b *bag) sameContent(o *bag) bool { return b.id.Equal(o.id) && bytes.Equal(b.value, o.value) }

// The attributes of the bags this package makes.

func nameAttribute(name string) attribute {
	der, _ := asn1.Marshal(asn1.RawValue{Tag: asn1.TagBMPString, Bytes: bmp(name)})
	return attribute{ID: oidFriendlyName(), Value: setOf(der)}
}

func keyAttribute(k localKeyID) attribute {
	der, _ := asn1.Marshal(k.encode())
	return attribute{ID: oidLocalKeyID(), Value: setOf(der)}
}

// javaAttribute says "trusted for any purpose" to Java.
func javaAttribute() attribute {
	der, _ := asn1.Marshal(oidAnyPurpose())
	return attribute{ID: oidJavaTrust(), Value: setOf(der)}
}

func setOf(der []byte) asn1.RawValue {
	return asn1.RawValue{Tag: asn1.TagSet, IsCompound: true, Bytes: der}
}
