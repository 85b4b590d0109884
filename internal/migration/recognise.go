package migration

import (
	"bytes"
	"encoding/asn1"
	"encoding/base64"
	"strings"

	"github.com/dbtls/dbtls/internal/fault"
)

// What files of other formats begin with.
func walletMagic() []byte { return []byte{0xa1, 0xf8, 0x4e} } // cwallet.sso
func localMagic() []byte  { return []byte{0xa1, 0xf8, 0x4e, 0x38} }
func jksMagic() []byte    { return []byte{0xfe, 0xed, 0xfe, 0xed} }
func jceksMagic() []byte  { return []byte{0xce, 0xce, 0xce, 0xce} }

// format is a kind of file that is taken for another.
type format int

const (
	formatUnknown format = iota
	formatPEM
	formatWallet
	formatDER
	formatPKCS7
	formatPKCS12
	formatJKS
)

// recognise names a file by its content.
func recognise(data []byte) format {
	switch {
	case bytes.HasPrefix(data, walletMagic()):
		return formatWallet
	case bytes.HasPrefix(data, jksMagic()), bytes.HasPrefix(data, jceksMagic()):
		return formatJKS
	case bytes.Contains(data[:min(len(data), 64<<10)], []byte("-----BEGIN")):
		return formatPEM
	}
	return recogniseDER(data)
}

// recogniseDER tells the three things apart that are an ASN.1 sequence: a
// PKCS #12 file begins with a version, a PKCS #7 one with its content type, a
// certificate with another sequence.
func recogniseDER(data []byte) format {
	var outer, first asn1.RawValue
	if _, err := asn1.Unmarshal(data, &outer); err != nil || outer.Tag != asn1.TagSequence || !outer.IsCompound {
		return formatUnknown
	}
	if _, err := asn1.Unmarshal(outer.Bytes, &first); err != nil {
		return formatUnknown
	}
	switch first.Tag {
	case asn1.TagInteger:
		return formatPKCS12
	case asn1.TagOID:
		return formatPKCS7
	case asn1.TagSequence:
		return formatDER
	}
	return formatUnknown
}

// decoded is the binary data that text is the base64 of, nil when it is none.
func decoded(text string) []byte {
	text = strings.Join(strings.Fields(text), "")
	if len(text) < 8 {
		return nil
	}
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil
	}
	return data
}

// notPEM says what a CertificatePem is that is no PEM.
func notPEM(text string) error {
	f := recognise([]byte(text))
	if f == formatPEM {
		return nil
	}
	if f == formatUnknown {
		f = recognise(decoded(text))
		if f == formatWallet {
			return fault.New(InvalidCertificate, "The certificate was not valid: CertificatePem holds the base64 text of an Oracle wallet; give the wallet's file as it is: --certificate-wallet fileb://cwallet.sso")
		}
	}
	if f == formatUnknown && looksLatin(text) {
		f = formatDER
	}
	return wanted(f, "CertificatePem", "no PEM block of type CERTIFICATE in it")
}

// looksLatin recognises DER whose bytes somebody took for characters: a
// sequence with a length of two bytes.
func looksLatin(text string) bool {
	r := []rune(text)
	return len(r) > 4 && r[0] == '0' && (r[1] == 0x82 || r[1] == 0xfffd)
}

// notWallet says what a CertificateWallet is that is no wallet.
func notWallet(data []byte) error {
	f := recognise(data)
	switch f {
	case formatWallet:
		return nil
	case formatPEM:
		return fault.New(InvalidCertificate, "The certificate was not valid: CertificateWallet holds PEM; give it as --certificate-pem file://ca.pem, or for an Oracle endpoint put it into a wallet: dbtls wallet create --wallet DIR --auto-login-only, then dbtls wallet add --wallet DIR --trusted-cert --cert ca.pem")
	case formatUnknown:
		if inner := recognise(decoded(string(data))); inner == formatWallet {
			return fault.New(InvalidCertificate, "The certificate was not valid: CertificateWallet holds the base64 text of a wallet, which the client encodes once more; give the file itself: --certificate-wallet fileb://cwallet.sso (base64 -d FILE > cwallet.sso)")
		} else if inner != formatUnknown {
			f = inner
		}
	}
	return wanted(f, "CertificateWallet", "not an auto-login wallet (cwallet.sso)")
}

// wanted refuses a format by name, with the command that converts it.
func wanted(f format, param, otherwise string) error {
	to := "--out ca.pem --format pem"
	if param == "CertificateWallet" {
		to = "--out cwallet.sso --format wallet"
	}
	name, options := "", ""
	switch f {
	case formatDER:
		name = "DER"
	case formatPKCS7:
		name = "PKCS7"
	case formatJKS:
		name, options = "JKS", " --in-password-file pw"
	case formatPKCS12:
		name, options = "PKCS12 (ewallet.p12)", " --in-password-file pw"
	case formatWallet:
		return fault.New(InvalidCertificate, "The certificate was not valid: %s holds an Oracle wallet; give it as --certificate-wallet fileb://cwallet.sso", param)
	default:
		return fault.New(InvalidCertificate, "The certificate was not valid: %s has %s; PEM files and auto-login wallets can be imported", param, otherwise)
	}
	return fault.New(InvalidCertificate, "The certificate was not valid: the format of %s is %s; PEM files and auto-login wallets can be imported. Convert it: dbtls truststore convert FILE%s %s", param, name, options, to)
}
