package postgres

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// openssl is the library's own reading of a list; nil: it refuses the list.
func openssl(t *testing.T, list string) []string {
	t.Helper()
	out, err := exec.Command("openssl", "ciphers", list).Output()
	if err != nil {
		return nil
	}
	var names []string
	for name := range strings.SplitSeq(strings.TrimSpace(string(out)), ":") {
		if slices.Contains(suiteNames(), name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func needOpenSSL(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		if os.Getenv("DBTLS_REQUIRE_ENGINES") != "" {
			t.Fatal("no openssl on PATH, and DBTLS_REQUIRE_ENGINES is set")
		}
		t.Skip("SKIPPED: no openssl on PATH")
	}
}

func TestCipherListsMeanWhatOpenSSLSays(t *testing.T) {
	t.Parallel()
	needOpenSSL(t)
	lists := []string{
		serverCiphers, "HIGH:!aNULL", "DEFAULT", "DEFAULT:!kRSA", "ALL:!aNULL:!eNULL", "ALL:COMPLEMENTOFALL",
		"ECDHE+AESGCM:ECDHE+CHACHA20", "kECDHE+aRSA+AES256", "HIGH:!aNULL:!SHA1:-AES128:AES128+GCM_TYPO", "AES128-SHA,AES256-SHA AES128-SHA256",
		"HIGH:-RSA:AES128-SHA:!aNULL", "HIGH:!RSA:AES128-SHA:!aNULL", "AES256-SHA:+AES256:@STRENGTH", "EECDH:EDH:!NULL", "HIGH:!CAMELLIA:!PSK:!SRP:!ARIA:!aNULL",
	}
	lists = append(lists, suiteNames()...)
	for _, word := range []string{
		"ALL", "COMPLEMENTOFALL", "COMPLEMENTOFDEFAULT", "HIGH", "eNULL", "NULL", "aNULL", "TLSv1.2", "TLSv1", "TLSv1.0", "SSLv3",
		"RSA", "kRSA", "aRSA", "ECDSA", "aECDSA", "ECDH", "kECDHE", "kEECDH", "ECDHE", "EECDH", "DH", "kDHE", "kEDH", "DHE", "EDH", "ADH", "AECDH",
		"AES", "AES128", "AES256", "CHACHA20", "AESGCM", "AESCCM", "AESCCM8", "CBC", "SHA", "SHA1", "SHA256", "SHA384", "MD5",
	} {
		lists = append(lists, word, "AES128-SHA:AECDH-NULL-SHA:"+word, "ALL:!"+word, "ALL:-"+word+":ECDHE-RSA-AES128-SHA256")
	}
	for _, word := range foreignWords() {
		lists = append(lists, word, "AES128-SHA:+"+word)
	}
	for _, list := range lists {
		want := openssl(t, list)
		chosen, err := selectCiphers(list)
		if strings.Contains(list, "TYPO") {
			if err == nil {
				t.Errorf("%q: a word that OpenSSL passes over is taken", list)
			}
			continue
		}
		var got []string
		for _, s := range chosen {
			got = append(got, s.name)
		}
		slices.Sort(got)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q selects\n %v, %v, OpenSSL\n %v", list, got, err, want)
		}
	}
}

func TestCipherListsThatAreRefused(t *testing.T) {
	t.Parallel()
	for list, want := range map[string]string{
		"ECDHE-RSA-AES128-GMC-SHA256":      `"ECDHE-RSA-AES128-GMC-SHA256" is no suite`,
		"PSK":                              "selects no suite",
		"!ALL":                             "selects no suite",
		":":                                "selects no suite",
		"AES128-SHA:!AES":                  "selects no suite",
		"HIGH":                             "append :!aNULL:!eNULL",
		"ALL:!aNULL:eNULL":                 "append :!aNULL:!eNULL",
		"HIGH:!aNULL:@SECLEVEL=0":          `"@SECLEVEL=0" is no suite`,
		"HIGH:!aNULL:DEFAULT":              "move it there",
		"ECDHE-RSA-AES128-GCM-SHA256":      "no suite for an ECDSA certificate",
		"ECDHE-ECDSA-AES128-GCM-SHA256":    "no suite for an RSA certificate",
		"HIGH:!aNULL'; ssl = off":          "is no suite",
		"HIGH:!":                           `"" is no suite`,
		"AES128++SHA":                      `"" is no suite`,
		"ECDHE\x00":                        "is no suite",
		strings.Repeat("AES128-SHA:", 200): "may have 2048",
	} {
		if err := checkCiphers(list); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", list, err, want)
		}
	}
	for _, list := range []string{"", serverCiphers, "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256", "DHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES256-SHA"} {
		if err := checkCiphers(list); err != nil {
			t.Errorf("%q: %v", list, err)
		}
	}
}

func TestEverySuiteOfGoIsAKnownOne(t *testing.T) {
	t.Parallel()
	for name := range goSuites() {
		if !slices.Contains(suiteNames(), name) {
			t.Errorf("%s is no name of a suite", name)
		}
	}
	if ids, err := goCiphers(""); err != nil || len(ids) != len(goSuites()) {
		t.Errorf("the server's own list is %d suites of %d, %v", len(ids), len(goSuites()), err)
	}
	if ids, err := goCiphers("DHE-RSA-AES256-GCM-SHA384"); err != nil || len(ids) != 0 {
		t.Errorf("DHE suites are %v, %v, want none", ids, err)
	}
}

func FuzzCipherList(f *testing.F) {
	for _, s := range []string{serverCiphers, "DEFAULT:!kRSA", "ECDHE+AESGCM,@STRENGTH", "-:+:!", "+", "A+B+", " , :"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, list string) {
		if checkCiphers(list) != nil || list == "" {
			return
		}
		chosen, err := selectCiphers(list)
		if err != nil || len(chosen) == 0 {
			t.Fatalf("%q passes the check and selects %v, %v", list, chosen, err)
		}
		for n, s := range chosen {
			if s.enc == "" || s.auth == "" || slices.Contains(chosen[:n], s) {
				t.Fatalf("%q selects %v", list, chosen)
			}
		}
	})
}
