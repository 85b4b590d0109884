package postgres

import (
	"crypto/tls"
	"fmt"
	"slices"
	"strings"
)

// serverCiphers is the server's own ssl_ciphers (PostgreSQL manual 20.3.3).
const serverCiphers = "HIGH:MEDIUM:+3DES:!aNULL"

// maxCipherList bounds a list's length in bytes; every suite by its name
// takes less.
const maxCipherList = 2048

// suite is one of TLS 1.2 and older as OpenSSL describes it (openssl-ciphers).
type suite struct {
	name  string // OpenSSL's: "ECDHE-RSA-AES128-GCM-SHA256"
	kx    string // "ECDHE", "DHE", "RSA"
	auth  string // "ECDSA", "RSA", "" for none
	enc   string // "AES128", "AES256", "CHACHA20", "" for none
	mode  string // "GCM", "CCM", "CCM8", "CBC", "" for none of these
	mac   string // "AEAD", "SHA384", "SHA256", "SHA1", "MD5"
	since string // the protocol that brought it: "SSLv3", "TLSv1", "TLSv1.2"
}

// suiteNames are the suites that an RSA or ECDSA certificate can serve in an
// ordinary build of OpenSSL 3, as far as AES and ChaCha20 go, and those
// without authentication or encryption, which have to be recognised.
func suiteNames() []string {
	names := []string{"NULL-MD5"}
	for _, p := range []string{"ECDHE-ECDSA-", "ECDHE-RSA-", "DHE-RSA-", "ADH-", "AECDH-", ""} {
		for _, aes := range []string{"AES128-", "AES256-"} {
			strong := map[string]string{"AES128-": "SHA256", "AES256-": "SHA384"}[aes]
			cbc := "SHA256" // beside ECDHE, CBC has the hash that GCM has
			if strings.HasPrefix(p, "ECDHE") {
				cbc = strong
			}
			names = append(names, p+aes+"SHA")
			if p != "AECDH-" {
				names = append(names, p+aes+"GCM-"+strong, p+aes+cbc)
			}
			if p == "ECDHE-ECDSA-" || p == "DHE-RSA-" || p == "" {
				names = append(names, p+aes+"CCM", p+aes+"CCM8")
			}
		}
		switch p {
		case "ECDHE-ECDSA-", "ECDHE-RSA-":
			names = append(names, p+"CHACHA20-POLY1305", p+"NULL-SHA")
		case "DHE-RSA-":
			names = append(names, p+"CHACHA20-POLY1305")
		case "AECDH-":
			names = append(names, p+"NULL-SHA")
		case "":
			names = append(names, "NULL-SHA", "NULL-SHA256")
		}
	}
	return names
}

func suites() []suite {
	var all []suite
	for _, name := range suiteNames() {
		all = append(all, describe(name))
	}
	return all
}

// describe reads a suite's properties from its name, which is made of them.
func describe(name string) suite {
	s := suite{name: name, kx: "RSA", auth: "RSA", since: "TLSv1.2"}
	switch {
	case strings.HasPrefix(name, "ECDHE-ECDSA-"):
		s.kx, s.auth = "ECDHE", "ECDSA"
	case strings.HasPrefix(name, "ECDHE-RSA-"):
		s.kx = "ECDHE"
	case strings.HasPrefix(name, "DHE-RSA-"):
		s.kx = "DHE"
	case strings.HasPrefix(name, "ADH-"):
		s.kx, s.auth = "DHE", ""
	case strings.HasPrefix(name, "AECDH-"):
		s.kx, s.auth = "ECDHE", ""
	}
	for _, enc := range []string{"AES128", "AES256", "CHACHA20"} {
		if strings.Contains(name, enc) {
			s.enc = enc
		}
	}
	switch last := name[strings.LastIndexByte(name, '-')+1:]; {
	case last == "CCM" || last == "CCM8":
		s.mode, s.mac = last, "AEAD"
	case strings.Contains(name, "GCM"):
		s.mode, s.mac = "GCM", "AEAD"
	case last == "POLY1305":
		s.mac = "AEAD"
	default:
		s.mac = strings.Replace(last+"/", "SHA/", "SHA1/", 1)
		s.mac = strings.TrimSuffix(s.mac, "/")
		if s.enc != "" {
			s.mode = "CBC"
		}
	}
	if s.mac == "SHA1" || s.mac == "MD5" {
		s.since = "SSLv3"
		if s.kx == "ECDHE" {
			s.since = "TLSv1"
		}
	}
	return s
}

// goSuites are the ones of them that crypto/tls can do as well, by name.
func goSuites() map[string]uint16 {
	return map[string]uint16{
		"ECDHE-ECDSA-AES128-GCM-SHA256": tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
		"ECDHE-ECDSA-AES256-GCM-SHA384": tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
		"ECDHE-ECDSA-CHACHA20-POLY1305": tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
		"ECDHE-ECDSA-AES128-SHA256":     tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256,
		"ECDHE-ECDSA-AES128-SHA":        tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
		"ECDHE-ECDSA-AES256-SHA":        tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA,
		"ECDHE-RSA-AES128-GCM-SHA256":   tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
		"ECDHE-RSA-AES256-GCM-SHA384":   tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
		"ECDHE-RSA-CHACHA20-POLY1305":   tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		"ECDHE-RSA-AES128-SHA256":       tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256,
		"ECDHE-RSA-AES128-SHA":          tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
		"ECDHE-RSA-AES256-SHA":          tls.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA,
		"AES128-GCM-SHA256":             tls.TLS_RSA_WITH_AES_128_GCM_SHA256,
		"AES256-GCM-SHA384":             tls.TLS_RSA_WITH_AES_256_GCM_SHA384,
		"AES128-SHA256":                 tls.TLS_RSA_WITH_AES_128_CBC_SHA256,
		"AES128-SHA":                    tls.TLS_RSA_WITH_AES_128_CBC_SHA,
		"AES256-SHA":                    tls.TLS_RSA_WITH_AES_256_CBC_SHA,
	}
}

// goCiphers are the suites of a list that crypto/tls can do; "" is the
// server's own list. Their order is lost: crypto/tls has its own.
func goCiphers(list string) ([]uint16, error) {
	if list == "" {
		list = serverCiphers
	}
	chosen, err := selectCiphers(list)
	if err != nil {
		return nil, err
	}
	known := goSuites()
	var ids []uint16
	for _, s := range chosen {
		if id, ok := known[s.name]; ok {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// checkCiphers refuses what would stop a server at its next start (a list
// that selects nothing), what OpenSSL passes over in silence (a misspelt
// suite), and what would leave a session without encryption or the server
// without proof of who it is.
func checkCiphers(list string) error {
	if list == "" {
		return nil
	}
	chosen, err := selectCiphers(list)
	if err != nil {
		return err
	}
	if len(chosen) == 0 {
		return fmt.Errorf("the cipher list selects no suite that a server with an RSA or ECDSA certificate can use; name one, such as ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256")
	}
	if i := slices.IndexFunc(chosen, func(s suite) bool { return s.auth == "" || s.enc == "" }); i >= 0 {
		return fmt.Errorf("the cipher list selects %s, which has no authentication or no encryption; append :!aNULL:!eNULL", chosen[i].name)
	}
	// The CA decides which kind of key a server has, and it may change.
	for _, auth := range []string{"RSA", "ECDSA"} {
		if !slices.ContainsFunc(chosen, func(s suite) bool { return s.auth == auth }) {
			return fmt.Errorf("the cipher list has no suite for an %s certificate, so a change of the CA could end TLS 1.2 for everybody; add one, such as ECDHE-%s-AES128-GCM-SHA256", auth, auth)
		}
	}
	return nil
}
