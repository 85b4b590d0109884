package wallet

import (
	"bytes"
	"crypto/rand"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"io"
)

// iterations is what orapki writes; a file that had more keeps what it had.
const iterations = 10_000

// pfx is RFC 7292 PFX.
type pfx struct {
	Version  int
	AuthSafe contentInfo
	MAC      macData `asn1:"optional"`
}

// encryptedData is RFC 2315 EncryptedData.
type encryptedData struct {
	Version int
	Info    struct {
		Type      asn1.ObjectIdentifier
		Algorithm pkix.AlgorithmIdentifier
		Content   []byte `asn1:"tag:0,optional"`
	}
}

// ParseP12 reads an ewallet.p12 or another PKCS #12 file in DER. The MAC is
// verified before anything inside is looked at. The Format is what to write
// the wallet with again.
func ParseP12(data []byte, password string) (*Wallet, Format, error) {
	if err := looksLikeP12(data); err != nil {
		return nil, Format{}, err
	}
	s, err := newSecret(password)
	if err != nil {
		return nil, Format{}, err
	}
	w := work(MaxIterations)
	return parsePFX(data, s, &w)
}

// looksLikeP12 says what was given instead.
func looksLikeP12(data []byte) error {
	switch {
	case len(data) == 0:
		return fail(ErrFormat, "read ewallet.p12: the file is empty")
	case len(data) > MaxSize:
		return fail(ErrFormat, "read ewallet.p12: the file has %d bytes, more than %d", len(data), MaxSize)
	case bytes.HasPrefix(data, []byte(magic)):
		return fail(ErrFormat, "read ewallet.p12: this is an auto-login wallet (cwallet.sso)")
	case bytes.HasPrefix(data, []byte("MII")) || bytes.HasPrefix(data, []byte(base64SSO)):
		return fail(ErrFormat, "read ewallet.p12: this is base64 text; decode it first: base64 -d FILE > ewallet.p12")
	case bytes.HasPrefix(data, []byte("-----BEGIN")):
		return fail(ErrFormat, "read ewallet.p12: this is PEM text, no PKCS #12 file")
	case bytes.HasPrefix(data, []byte{0xfe, 0xed, 0xfe, 0xed}):
		return fail(ErrFormat, "read ewallet.p12: this is a Java keystore (JKS), no PKCS #12 file")
	}
	return nil
}

// parsePFX opens a PFX that must fill data.
func parsePFX(data []byte, s secret, w *work) (*Wallet, Format, error) {
	p, authSafe, err := outerPFX(data)
	if err != nil {
		return nil, Format{}, err
	}
	if err := p.MAC.verify(authSafe, s, w); err != nil {
		return nil, Format{}, err
	}
	infos, err := elements(authSafe, maxSafes)
	if err != nil {
		return nil, Format{}, because(err, ErrFormat, "read wallet: AuthenticatedSafe")
	}
	out, f := New(), Format{Iterations: p.MAC.Iterations}
	for _, der := range infos {
		safe, err := openSafe(der, s, w, &f)
		if err != nil {
			return nil, Format{}, err
		}
		if err := out.readSafe(safe, s, w); err != nil {
			return nil, Format{}, err
		}
	}
	return out, f, nil
}

// outerPFX decodes what the MAC does not cover, and so takes it in one
// spelling only: the bytes must be what encoding it again gives.
func outerPFX(data []byte) (pfx, []byte, error) {
	var p pfx
	rest, err := asn1.Unmarshal(data, &p)
	if err != nil {
		return p, nil, because(err, ErrFormat, "read wallet: truncated, damaged, or no PKCS #12 file in DER")
	}
	if len(rest) != 0 {
		return p, nil, fail(ErrFormat, "read wallet: %d bytes follow the end of the PKCS #12 structure", len(rest))
	}
	if again, err := asn1.Marshal(p); err != nil || !bytes.Equal(again, data) {
		return p, nil, fail(ErrFormat, "read wallet: damaged, or no PKCS #12 file in DER")
	}
	if p.Version != 3 {
		return p, nil, fail(ErrUnsupported, "read wallet: PKCS #12 version %d; version 3 is read", p.Version)
	}
	if !p.AuthSafe.Type.Equal(oidData()) {
		return p, nil, fail(ErrUnsupported, "read wallet: content type %v; only password integrity (data) is read", p.AuthSafe.Type)
	}
	if len(p.MAC.Digest.Algorithm.Algorithm) == 0 {
		return p, nil, fail(ErrFormat, "read wallet: it has no MAC, so nobody can tell whether it was altered")
	}
	authSafe, err := octets(p.AuthSafe.Content.Bytes)
	if err != nil {
		return p, nil, because(err, ErrFormat, "read wallet: content of the PFX")
	}
	return p, authSafe, nil
}

// openSafe returns the SafeContents of one ContentInfo.
func openSafe(der []byte, s secret, w *work, f *Format) ([]byte, error) {
	var info contentInfo
	if err := unmarshal(der, &info); err != nil {
		return nil, because(err, ErrFormat, "read wallet: ContentInfo")
	}
	switch {
	case info.Type.Equal(oidData()):
		safe, err := octets(info.Content.Bytes)
		if err != nil {
			return nil, because(err, ErrFormat, "read wallet: plain safe")
		}
		return safe, nil
	case info.Type.Equal(oidEncrypted()):
		var e encryptedData
		if err := unmarshal(info.Content.Bytes, &e); err != nil {
			return nil, because(err, ErrFormat, "read wallet: encrypted safe")
		}
		safe, body, n, err := decrypt(e.Info.Algorithm, e.Info.Content, s, w)
		if err != nil {
			return nil, err
		}
		f.Body, f.Iterations = body, max(f.Iterations, n)
		return safe, nil
	}
	return nil, fail(ErrUnsupported, "read wallet: a safe of content type %v; data and password-encrypted data are read", info.Type)
}

// P12 encodes the wallet as an ewallet.p12 under the password. Format's Body
// and Iterations count. Salts and IV come from random, crypto/rand when nil:
// the same wallet, password and random bytes give the same file.
func (w *Wallet) P12(password string, f Format, random io.Reader) ([]byte, error) {
	if password == "" {
		return nil, fail(ErrPassword, "write ewallet.p12: it needs a password")
	}
	s, err := newSecret(password)
	if err != nil {
		return nil, err
	}
	if random == nil {
		random = rand.Reader
	}
	return w.pfx(s, f, random)
}

func (w *Wallet) pfx(s secret, f Format, random io.Reader) ([]byte, error) {
	if f.Body > TripleDES {
		return nil, fail(ErrInvalid, "write wallet: there is no body %d", f.Body)
	}
	// A quarter, so that what is written is within what is read.
	n := min(max(f.Iterations, iterations), MaxIterations/4)
	der, err := w.encode(s, f.Body, n, random)
	if err != nil {
		var own *Error
		if errors.As(err, &own) {
			return nil, err
		}
		return nil, because(err, ErrInvalid, "write wallet")
	}
	if len(der) > MaxSize {
		return nil, fail(ErrInvalid, "write wallet: it would have %d bytes, more than the %d that are read", len(der), MaxSize)
	}
	return der, nil
}

// encode writes what orapki writes: one encrypted safe and a MAC.
func (w *Wallet) encode(s secret, b Body, n int, random io.Reader) ([]byte, error) {
	raw := make([][]byte, len(w.bags))
	for i, bag := range w.bags {
		raw[i] = bag.raw
	}
	safe, err := sequence(raw...)
	if err != nil {
		return nil, err
	}
	var e encryptedData
	e.Info.Type = oidData()
	if e.Info.Algorithm, e.Info.Content, err = encrypt(b, n, safe, s, random); err != nil {
		return nil, err
	}
	inner, err := asn1.Marshal(e)
	if err != nil {
		return nil, err
	}
	authSafe, err := asn1.Marshal([]contentInfo{{Type: oidEncrypted(), Content: explicit0(inner)}})
	if err != nil {
		return nil, err
	}
	mac, err := newMAC(authSafe, s, n, random)
	if err != nil {
		return nil, err
	}
	content, err := asn1.Marshal(authSafe)
	if err != nil {
		return nil, err
	}
	return asn1.Marshal(pfx{Version: 3, AuthSafe: contentInfo{Type: oidData(), Content: explicit0(content)}, MAC: mac})
}
