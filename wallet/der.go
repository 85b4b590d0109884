package wallet

import (
	"bytes"
	"encoding/asn1"
)

// Object identifiers, as functions since Go has no constant slices: RFC 7292
// section 4 and appendix D, RFC 8018 appendix C, and Oracle's own.
func oidData() asn1.ObjectIdentifier      { return asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1} }
func oidEncrypted() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 6} }

func oidBag(n int) asn1.ObjectIdentifier {
	return asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, n}
}

// The last arc of a bag's object identifier.
const (
	bagKey      = 1
	bagShrouded = 2
	bagCert     = 3
	bagSecret   = 5
)

func oidX509Certificate() asn1.ObjectIdentifier {
	return asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 22, 1}
}
func oidFriendlyName() asn1.ObjectIdentifier {
	return asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 20}
}
func oidLocalKeyID() asn1.ObjectIdentifier {
	return asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 21}
}

// oidJavaTrust marks a certificate that Java takes as trusted; its value is
// the purposes it is trusted for.
func oidJavaTrust() asn1.ObjectIdentifier {
	return asn1.ObjectIdentifier{2, 16, 840, 1, 113894, 746875, 1, 1}
}
func oidAnyPurpose() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{2, 5, 29, 37, 0} }

// oidRequest is the type of a secret bag with a certificate request. Its arcs
// are the octets of another identifier: Oracle's quirk, kept as it is.
func oidRequest() asn1.ObjectIdentifier {
	return asn1.ObjectIdentifier{0, 22, 72, 134, 247, 13, 1, 10}
}
func oidCredential() asn1.ObjectIdentifier {
	return asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 16, 12, 12}
}
func oidMarker() asn1.ObjectIdentifier {
	return asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 0, 0, 0}
}

// contentInfo is RFC 2315 ContentInfo.
type contentInfo struct {
	Type    asn1.ObjectIdentifier
	Content asn1.RawValue `asn1:"tag:0,explicit,optional"`
}

// unmarshal decodes exactly one DER value into v.
func unmarshal(der []byte, v any) error { return unmarshalWith(der, v, "") }

func unmarshalWith(der []byte, v any, params string) error {
	rest, err := asn1.UnmarshalWithParams(der, v, params)
	if err != nil {
		return err
	}
	if len(rest) != 0 {
		return asn1.SyntaxError{Msg: "trailing data"}
	}
	return nil
}

// octets decodes exactly one OCTET STRING.
func octets(der []byte) ([]byte, error) {
	var b []byte
	return b, unmarshal(der, &b)
}

// elements splits a DER SEQUENCE into the whole encodings of its elements.
func elements(der []byte, most int) ([][]byte, error) {
	var seq asn1.RawValue
	if err := unmarshal(der, &seq); err != nil {
		return nil, err
	}
	if seq.Class != asn1.ClassUniversal || seq.Tag != asn1.TagSequence || !seq.IsCompound {
		return nil, asn1.StructuralError{Msg: "no SEQUENCE"}
	}
	var out [][]byte
	for rest := seq.Bytes; len(rest) > 0; {
		if len(out) == most {
			return nil, asn1.StructuralError{Msg: "too many elements"}
		}
		var e asn1.RawValue
		var err error
		if rest, err = asn1.Unmarshal(rest, &e); err != nil {
			return nil, err
		}
		out = append(out, e.FullBytes)
	}
	return out, nil
}

// sequence is the DER SEQUENCE of elements that are DER already.
func sequence(elements ...[]byte) ([]byte, error) {
	return asn1.Marshal(asn1.RawValue{Tag: asn1.TagSequence, IsCompound: true, Bytes: bytes.Join(elements, nil)})
}

// explicit0 wraps a DER value into [0] EXPLICIT.
func explicit0(der []byte) asn1.RawValue {
	return asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: der}
}
