package wallet

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// ParseDN reads a name as orapki takes it, RFC 4514 with the quotes of RFC
// 2253: "CN=db1.example.com,O=Acme\, Inc.,C=US", most specific part first. The
// result is in the order of the encoding, the other way round.
func ParseDN(s string) (pkix.RDNSequence, error) {
	p := dnParser{rest: s}
	var out pkix.RDNSequence
	set := pkix.RelativeDistinguishedNameSET{}
	for {
		atv, end, err := p.attribute()
		if err != nil {
			return nil, because(err, ErrInvalid, "read name %q", s)
		}
		set = append(set, atv)
		if end == '+' {
			continue
		}
		out = append(out, set)
		set = pkix.RelativeDistinguishedNameSET{}
		if end == 0 {
			slices.Reverse(out)
			return out, nil
		}
	}
}

// FormatDN writes a DER name as RFC 2253 does, "CN=db1.example.com,C=US".
func FormatDN(der []byte) string {
	var n pkix.RDNSequence
	if err := unmarshal(der, &n); err != nil {
		return "(unreadable name)"
	}
	return n.String()
}

// SameDN says whether a DER name is the one that s spells. Case, and whether
// s runs from the most or the least specific part, do not matter.
func SameDN(der []byte, s string) bool {
	want, err := ParseDN(s)
	if err != nil {
		return false
	}
	encoded, err := asn1.Marshal(want)
	if err != nil {
		return false
	}
	slices.Reverse(want)
	reversed, err := asn1.Marshal(want)
	if err != nil {
		return false
	}
	have := FormatDN(der)
	return strings.EqualFold(have, FormatDN(encoded)) || strings.EqualFold(have, FormatDN(reversed))
}

// attributeType maps the short names of RFC 4514, and those orapki knows, to
// object identifiers; longest is X.520's upper bound on the value, in bytes.
func attributeType(name string) (id asn1.ObjectIdentifier, longest int, ia5 bool) {
	switch strings.ToUpper(name) {
	case "CN":
		return asn1.ObjectIdentifier{2, 5, 4, 3}, 64, false
	case "SERIALNUMBER":
		return asn1.ObjectIdentifier{2, 5, 4, 5}, 64, false
	case "C":
		return asn1.ObjectIdentifier{2, 5, 4, 6}, 2, false
	case "L":
		return asn1.ObjectIdentifier{2, 5, 4, 7}, 128, false
	case "ST", "S":
		return asn1.ObjectIdentifier{2, 5, 4, 8}, 128, false
	case "STREET":
		return asn1.ObjectIdentifier{2, 5, 4, 9}, 128, false
	case "O":
		return asn1.ObjectIdentifier{2, 5, 4, 10}, 64, false
	case "OU":
		return asn1.ObjectIdentifier{2, 5, 4, 11}, 64, false
	case "POSTALCODE":
		return asn1.ObjectIdentifier{2, 5, 4, 17}, 40, false
	case "UID":
		return asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 1}, 256, false
	case "DC":
		return asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 25}, 63, true
	case "E", "EMAIL", "EMAILADDRESS":
		return asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}, 255, true
	}
	for part := range strings.SplitSeq(name, ".") {
		n, err := strconv.ParseInt(part, 10, 32)
		if err != nil || n < 0 {
			return nil, 0, false
		}
		id = append(id, int(n))
	}
	if len(id) < 2 || id[0] > 2 || (id[0] < 2 && id[1] > 39) {
		return nil, 0, false
	}
	return id, 1024, false
}

// dnParser eats a name from its front.
type dnParser struct{ rest string }

// attribute reads "type=value" and the separator after it, 0 at the end.
func (p *dnParser) attribute() (pkix.AttributeTypeAndValue, byte, error) {
	var out pkix.AttributeTypeAndValue
	name, rest, found := strings.Cut(p.rest, "=")
	name = strings.TrimSpace(name)
	if !found || name == "" {
		return out, 0, fail(ErrInvalid, "each part is TYPE=value, as in CN=db1.example.com,C=US")
	}
	id, longest, ia5 := attributeType(name)
	if id == nil {
		return out, 0, fail(ErrInvalid, "unknown attribute type %q; CN, OU, O, L, ST, C, DC, E and dotted numbers are known", name)
	}
	p.rest = rest
	value, end, err := p.value()
	switch {
	case err != nil:
		return out, 0, err
	case value == "":
		return out, 0, fail(ErrInvalid, "%s has no value", name)
	case !utf8.ValidString(value):
		return out, 0, fail(ErrInvalid, "%s is not valid UTF-8", name)
	case len(value) > longest:
		return out, 0, fail(ErrInvalid, "%s has %d bytes; X.520 allows %d", name, len(value), longest)
	case id.Equal(asn1.ObjectIdentifier{2, 5, 4, 6}) && len(value) != 2:
		return out, 0, fail(ErrInvalid, "C is a country code of two letters, as in C=US")
	}
	out.Type, out.Value = id, value
	if ia5 {
		if strings.ContainsFunc(value, func(r rune) bool { return r >= utf8.RuneSelf }) {
			return out, 0, fail(ErrInvalid, "%s must be ASCII", name)
		}
		out.Value = asn1.RawValue{Tag: asn1.TagIA5String, Bytes: []byte(value)}
	}
	return out, end, nil
}

// value reads one value, plain, escaped or quoted, up to its separator.
func (p *dnParser) value() (string, byte, error) {
	p.rest = strings.TrimLeft(p.rest, " ")
	var b strings.Builder
	quoted := strings.HasPrefix(p.rest, `"`)
	i, solid := 0, 0 // solid: length up to the last character that is no loose blank
	if quoted {
		i = 1
	}
	for ; i < len(p.rest); i++ {
		c := p.rest[i]
		switch {
		case c == '\\':
			n, err := unescape(&b, p.rest[i+1:])
			if err != nil {
				return "", 0, err
			}
			i += n
			solid = b.Len()
		case quoted && c == '"':
			p.rest = strings.TrimLeft(p.rest[i+1:], " ")
			end, err := p.separator()
			return b.String(), end, err
		case !quoted && strings.IndexByte(",;+", c) >= 0:
			p.rest = p.rest[i:]
			end, err := p.separator()
			return b.String()[:solid], end, err
		case !quoted && c == '"':
			return "", 0, fail(ErrInvalid, "a quote inside a value is written \\\"")
		default:
			b.WriteByte(c)
			if c != ' ' {
				solid = b.Len()
			}
		}
	}
	if quoted {
		return "", 0, fail(ErrInvalid, "a quote is not closed")
	}
	p.rest = ""
	return b.String()[:solid], 0, nil
}

// unescape reads what follows a backslash and returns how long it was.
func unescape(b *strings.Builder, rest string) (int, error) {
	if rest == "" {
		return 0, fail(ErrInvalid, "nothing follows the last backslash")
	}
	if len(rest) >= 2 {
		if raw, err := hex.DecodeString(rest[:2]); err == nil {
			b.Write(raw)
			return 2, nil
		}
	}
	if strings.IndexByte(` "#+,;<=>\`, rest[0]) < 0 {
		return 0, fail(ErrInvalid, "\\%c is no escape", rest[0])
	}
	b.WriteByte(rest[0])
	return 1, nil
}

// separator eats the separator after a value; 0 at the end.
func (p *dnParser) separator() (byte, error) {
	if p.rest == "" {
		return 0, nil
	}
	c := p.rest[0]
	if strings.IndexByte(",;+", c) < 0 {
		return 0, fail(ErrInvalid, "%q follows a value where a comma belongs", c)
	}
	p.rest = p.rest[1:]
	return c, nil
}
