package wallet

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"testing"
)

func TestNames(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"CN=dms":                             "CN=dms",
		"cn = db1.example.com , c=US":        "CN=db1.example.com,C=US",
		`CN=x,O=Amazon Web Services\, Inc.`:  `CN=x,O=Amazon Web Services\, Inc.`,
		`CN=x,O="Amazon Web Services, Inc."`: `CN=x,O=Amazon Web Services\, Inc.`,
		`CN=a\20`:                            `CN=a\ `,
		`CN=\c3\b6sterreich`:                 "CN=österreich",
		"CN=a+OU=b,C=DE":                     "CN=a+OU=b,C=DE",
		"CN=a;C=DE":                          "CN=a,C=DE",
		"2.5.4.3=dotted":                     "CN=dotted",
	} {
		dn, err := ParseDN(in)
		if err != nil {
			t.Errorf("%q: %v", in, err)
			continue
		}
		der, err := asn1.Marshal(dn)
		if err != nil {
			t.Errorf("%q: %v", in, err)
			continue
		}
		if got := FormatDN(der); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
		if !SameDN(der, in) {
			t.Errorf("%q is not itself", in)
		}
	}
	for _, bad := range []string{
		"", "dms", "CN=", "=x", "CN=a,", "XX=a", "CN=\"open", "CN=\"a\"b", "CN=a\\", "CN=a\\z", "CN=a\"b", "C=USA", "C=U",
		"CN=" + string(make([]byte, 65)), "CN=\xff", "CN=\\ff", "CN=a,,C=US", "E=ö", "9.9.9=x", "1=x",
	} {
		if dn, err := ParseDN(bad); err == nil {
			t.Errorf("%q is taken as %v", bad, dn)
		}
	}
}

func TestNamesCompareInBothOrdersAndWithoutCase(t *testing.T) {
	t.Parallel()
	dn := must[[]byte](t)(asn1.Marshal(must[pkix.RDNSequence](t)(ParseDN("CN=Root,O=Lab,C=US"))))
	for s, same := range map[string]bool{
		"CN=Root,O=Lab,C=US": true, "C=US,O=Lab,CN=Root": true, "cn=root, o=LAB, c=us": true,
		"CN=Root,O=Lab": false, "O=Lab,CN=Root,C=US": false, "no name": false,
	} {
		if SameDN(dn, s) != same {
			t.Errorf("%q: same is %t", s, !same)
		}
	}
	if FormatDN([]byte{0x30, 5}) != "(unreadable name)" {
		t.Error("an unreadable name has a text")
	}
}
