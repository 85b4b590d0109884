package clientconfig

import (
	"strings"
	"testing"
)

func TestRSAOnlyIsSaidOfWhatIsProved(t *testing.T) {
	t.Parallel()
	openssl := Driver{Offer: Offer{Ciphers: "c", Protocols: "p"}}
	java := Driver{Offer: Offer{Ciphers: "c", Protocols: "p", One: true}}
	for sentence, c := range map[string]struct {
		driver             Driver
		ciphers, protocols string
		want               bool
	}{
		"one suite of RSA, up to 1.2":                      {openssl, "ECDHE-RSA-AES256-GCM-SHA384", "TLSv1.2", true},
		"OpenSSL's list leaves TLS 1.3 alone":              {openssl, "ECDHE-RSA-AES256-GCM-SHA384", "", false},
		"1.3 is among the versions":                        {openssl, "ECDHE-RSA-AES256-GCM-SHA384", "TLSv1.2,TLSv1.3", false},
		"a version nobody knows":                           {openssl, "ECDHE-RSA-AES256-GCM-SHA384", "TLSv1.9", false},
		"versions alone":                                   {openssl, "", "TLSv1.2", false},
		"both kinds of key":                                {openssl, "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES256-GCM-SHA384", "TLSv1.2", false},
		"the static exchange":                              {openssl, "AES256-SHA:AES128-GCM-SHA256", "TLSv1.1,TLSv1.2", true},
		"a word for many":                                  {openssl, "HIGH", "TLSv1.2", false},
		"a word for many without ECDSA":                    {openssl, "HIGH:!aNULL:!aECDSA", "TLSv1.2", true},
		"strength and order say nothing":                   {openssl, "aRSA:!MD5:@STRENGTH", "TLSv1.2", true},
		"only what is taken away":                          {openssl, "!aECDSA", "TLSv1.2", false},
		"IANA's names":                                     {openssl, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLSv1.2", true},
		"IANA's, of ECDSA":                                 {openssl, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "TLSv1.2", false},
		"Java's list is for all versions":                  {java, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, TLS_RSA_WITH_AES_128_CBC_SHA", "", true},
		"Java's list with a suite of 1.3":                  {java, "TLS_AES_256_GCM_SHA384,TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "", false},
		"Java's old names":                                 {java, "SSL_RSA_WITH_3DES_EDE_CBC_SHA", "TLSv1", true},
		"nothing is restricted":                            {java, "", "", false},
		"anonymous suites show no certificate":             {openssl, "ADH-AES256-SHA", "TLSv1.2", false},
		"a driver that cannot be told":                     {Driver{}, "ECDHE-RSA-AES256-GCM-SHA384", "TLSv1.2", false},
		"a suite of 1.3 that is not spoken does not count": {openssl, "TLS_AES_256_GCM_SHA384:ECDHE-RSA-AES128-GCM-SHA256", "TLSv1.2", true},
	} {
		if got := c.driver.RSAOnly(Settings{Options: map[string]string{"c": c.ciphers, "p": c.protocols}}); got != c.want {
			t.Errorf("%s: %t", sentence, got)
		}
	}
}

func FuzzRSAOnly(f *testing.F) {
	f.Add("ECDHE-RSA-AES256-GCM-SHA384:!aNULL", "TLSv1.2")
	f.Add("TLS_RSA_WITH_AES_128_CBC_SHA,TLS_AES_128_GCM_SHA256", "")
	f.Add("", "TLSv1.3")
	f.Fuzz(func(t *testing.T, ciphers, protocols string) {
		for _, one := range []bool{true, false} {
			if !strings.Contains(ciphers, "!") && rsaOnly("ECDHE-ECDSA-AES256-GCM-SHA384:"+ciphers, protocols, one) {
				t.Fatalf("it has a suite of ECDSA: %q %q", ciphers, protocols)
			}
			if !one && rsaOnly(ciphers, protocols+",TLSv1.3", one) {
				t.Fatalf("it speaks TLS 1.3: %q %q", ciphers, protocols)
			}
			if one && rsaOnly(ciphers+",TLS_AES_128_GCM_SHA256", protocols, one) {
				t.Fatalf("it has a suite of TLS 1.3: %q %q", ciphers, protocols)
			}
		}
	})
}
