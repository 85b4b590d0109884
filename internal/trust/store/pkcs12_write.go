package store

import (
	"bytes"
	"crypto"
	"crypto/cipher"
	"crypto/sha256"
	"crypto/x509/pkix"
	"encoding/asn1"
)

// writeIterations is what Java's keytool uses. The content is public; the
// password only shows that nobody changed it.
const writeIterations = 10_000

// encodePKCS12 writes one safe with every certificate, as keytool does.
func encodePKCS12(s Store, password string) ([]byte, error) {
	bags := make([]safeBag, len(s.Entries))
	for i, e := range s.Entries {
		var err error
		if bags[i], err = makeBag(e); err != nil {
			return nil, err
		}
	}
	plain, err := asn1.Marshal(bags)
	if err != nil {
		return nil, err
	}
	safe, err := makeSafe(s.Format, plain, password)
	if err != nil {
		return nil, err
	}
	inner, err := asn1.Marshal([]contentInfo{safe})
	if err != nil {
		return nil, err
	}
	auth, err := dataContent(inner)
	if err != nil {
		return nil, err
	}
	if s.Format == PKCS12Plain {
		return asn1.Marshal(struct {
			Version  int
			AuthSafe contentInfo
		}{3, auth})
	}
	h, oid := crypto.SHA256, asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	if s.Format == PKCS12Legacy {
		h, oid = crypto.SHA1, asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}
	}
	p := pfx{Version: 3, AuthSafe: auth}
	p.Mac.Mac.Algorithm = pkix.AlgorithmIdentifier{Algorithm: oid, Parameters: asn1.NullRawValue}
	p.Mac.Salt, p.Mac.Iterations = derived("mac salt", plain, 20), writeIterations
	p.Mac.Mac.Digest = macOf(h, append(bmp(password), 0, 0), p.Mac.Salt, writeIterations, inner)
	return asn1.Marshal(p)
}

// derived makes a salt or IV out of the public content, so that the same store
// gives the same bytes. The password must never go in: a digest of it would
// spare a guesser the iterations.
func derived(label string, content []byte, size int) []byte {
	h := sha256.New()
	h.Write([]byte("dbtls trust store " + label + "\x00"))
	h.Write(content)
	return h.Sum(nil)[:size]
}

func makeBag(e Entry) (safeBag, error) {
	value, err := asn1.Marshal(certBag{ID: oidX509, Data: e.Cert.Raw})
	if err != nil {
		return safeBag{}, err
	}
	usage := e.usage
	if usage == nil {
		any, err := asn1.Marshal(oidAnyUsage)
		if err != nil {
			return safeBag{}, err
		}
		usage = []asn1.RawValue{{FullBytes: any}}
	}
	name := asn1.RawValue{Tag: asn1.TagBMPString, Bytes: bmp(e.Alias)}
	return safeBag{
		ID:    oidCertBag,
		Value: asn1.RawValue{Class: asn1.ClassContextSpecific, IsCompound: true, Bytes: value},
		Attributes: []attribute{
			{ID: oidFriendlyName, Values: []asn1.RawValue{name}},
			{ID: oidTrusted, Values: usage},
		},
	}, nil
}

// dataContent wraps bytes as content of type data.
func dataContent(b []byte) (contentInfo, error) {
	octets, err := asn1.Marshal(b)
	return contentInfo{Type: oidData, Content: explicit(octets)}, err
}

// explicit is the [0] around a content.
func explicit(der []byte) asn1.RawValue {
	return asn1.RawValue{Class: asn1.ClassContextSpecific, IsCompound: true, Bytes: der}
}

func makeSafe(f Format, plain []byte, password string) (contentInfo, error) {
	if f == PKCS12Plain {
		return dataContent(plain)
	}
	alg, err := algorithm(f, plain)
	if err != nil {
		return contentInfo{}, err
	}
	block, iv, err := blockCipher(alg, password)
	if err != nil {
		return contentInfo{}, err
	}
	pad := block.BlockSize() - len(plain)%block.BlockSize()
	out := append(bytes.Clone(plain), bytes.Repeat([]byte{byte(pad)}, pad)...)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(out, out)
	der, err := asn1.Marshal(encryptedData{Content: encryptedContent{Type: oidData, Algorithm: alg, Content: out}})
	return contentInfo{Type: oidEncryptedData, Content: explicit(der)}, err
}

// algorithm says how a profile encrypts: 3DES is the strongest that every Java
// 8 and OpenSSL 1.0 read and that OpenSSL 3 reads without its legacy provider.
func algorithm(f Format, plain []byte) (pkix.AlgorithmIdentifier, error) {
	salt := derived("key salt", plain, 20)
	if f == PKCS12Legacy {
		return identifier(oid3DESPBE, pbeParams{Salt: salt, Iterations: writeIterations})
	}
	kdf, err := identifier(oidPBKDF2, pbkdf2Params{Salt: salt, Iterations: writeIterations, KeyLength: 32,
		PRF: pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 9}, Parameters: asn1.NullRawValue}})
	if err != nil {
		return kdf, err
	}
	aes, err := identifier(oidAES256, derived("iv", plain, 16))
	if err != nil {
		return aes, err
	}
	return identifier(oidPBES2, pbes2Params{KDF: kdf, Cipher: aes})
}

func identifier(oid asn1.ObjectIdentifier, params any) (pkix.AlgorithmIdentifier, error) {
	der, err := asn1.Marshal(params)
	return pkix.AlgorithmIdentifier{Algorithm: oid, Parameters: asn1.RawValue{FullBytes: der}}, err
}
