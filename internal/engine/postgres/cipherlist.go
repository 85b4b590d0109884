package postgres

import (
	"fmt"
	"slices"
	"strings"
)

// selectCiphers evaluates a cipher list as OpenSSL does
// (https://docs.openssl.org/3.0/man1/openssl-ciphers/#cipher-list-format)
// over the suites of this package. Unlike OpenSSL it refuses names it does not
// know. @SECLEVEL is refused too: it would also govern certificates and
// protocol versions, which have parameters of their own.
func selectCiphers(list string) ([]suite, error) {
	if len(list) > maxCipherList {
		return nil, fmt.Errorf("the cipher list has %d bytes and may have %d", len(list), maxCipherList)
	}
	words := strings.FieldsFunc(list, func(r rune) bool { return r == ':' || r == ',' || r == ' ' })
	all := suites()
	var chosen, barred []suite
	for n, word := range words {
		if word == "@STRENGTH" { // sorts, and selects nothing
			continue
		}
		op := word[0]
		if strings.IndexByte("+-!", op) >= 0 {
			word = word[1:]
		} else {
			op = 0
		}
		matching, err := matchingSuites(all, word, n == 0 && op == 0)
		if err != nil {
			return nil, err
		}
		switch op {
		case '+': // moves to the end
		case '-':
			chosen = without(chosen, matching)
		case '!':
			barred = append(barred, matching...)
			chosen = without(chosen, matching)
		default:
			chosen = append(without(chosen, matching), without(matching, barred)...)
		}
	}
	return chosen, nil
}

func without(from, these []suite) []suite {
	return slices.DeleteFunc(slices.Clone(from), func(s suite) bool { return slices.Contains(these, s) })
}

// matchingSuites are those that a suite's name, a keyword, or keywords joined
// with + mean.
func matchingSuites(all []suite, word string, first bool) ([]suite, error) {
	if word == "DEFAULT" {
		if !first {
			return nil, fmt.Errorf("DEFAULT counts only as the first word of a cipher list; move it there")
		}
		return slices.DeleteFunc(slices.Clone(all), func(s suite) bool { return s.enc == "" || notDefault(s) }), nil
	}
	out := slices.Clone(all)
	for part := range strings.SplitSeq(word, "+") {
		match, ok := keyword(part)
		if !ok {
			return nil, fmt.Errorf("%q is no suite or keyword of a cipher list that dbtls knows; the format is OpenSSL's (openssl ciphers), such as HIGH:!aNULL or ECDHE-RSA-AES128-GCM-SHA256", part)
		}
		out = slices.DeleteFunc(out, func(s suite) bool { return !match(s) })
	}
	return out, nil
}

// notDefault: in ALL, not in DEFAULT.
func notDefault(s suite) bool { return s.auth == "" || s.mode == "CCM" || s.mode == "CCM8" }

// keyword says which suites one word of a list means.
func keyword(word string) (match func(suite) bool, ok bool) {
	for _, group := range []func(string) func(suite) bool{groupWord, exchangeWord, cipherWord, hashWord} {
		if match = group(word); match != nil {
			return match, true
		}
	}
	if slices.Contains(suiteNames(), word) {
		return func(s suite) bool { return s.name == word }, true
	}
	if slices.Contains(foreignWords(), word) {
		return func(suite) bool { return false }, true
	}
	return nil, false
}

// foreignWords mean suites that need other keys than a server here has, or
// ciphers that OpenSSL or dbtls leave out: they select nothing here, and are
// in lists to exclude what they mean.
func foreignWords() []string {
	return []string{
		"MEDIUM", "LOW", "EXP", "EXPORT", "3DES", "DES", "RC2", "RC4", "IDEA", "SEED",
		"CAMELLIA", "CAMELLIA128", "CAMELLIA256", "ARIA", "ARIA128", "ARIA256", "ARIAGCM",
		"PSK", "kPSK", "aPSK", "kRSAPSK", "kDHEPSK", "kECDHEPSK", "SRP", "kSRP", "aSRP", "DSS", "aDSS",
		"kGOST", "kGOST18", "aGOST", "aGOST01", "aGOST12", "GOST89", "GOST89MAC", "GOST94", "GOST12",
	}
}

func groupWord(word string) func(suite) bool {
	switch word {
	case "ALL":
		return func(s suite) bool { return s.enc != "" }
	case "COMPLEMENTOFALL", "eNULL", "NULL":
		return func(s suite) bool { return s.enc == "" }
	case "COMPLEMENTOFDEFAULT":
		return func(s suite) bool { return s.enc != "" && notDefault(s) }
	case "HIGH":
		return func(s suite) bool { return s.enc != "" }
	case "TLSv1.2", "SSLv3":
		return func(s suite) bool { return s.since == word }
	case "TLSv1", "TLSv1.0":
		return func(s suite) bool { return s.since == "TLSv1" }
	}
	return nil
}

func exchangeWord(word string) func(suite) bool {
	switch word {
	case "RSA", "kRSA":
		return func(s suite) bool { return s.kx == "RSA" }
	case "aRSA":
		return func(s suite) bool { return s.auth == "RSA" }
	case "aECDSA", "ECDSA":
		return func(s suite) bool { return s.auth == "ECDSA" }
	case "aNULL":
		return func(s suite) bool { return s.auth == "" }
	case "kECDHE", "kEECDH", "ECDH":
		return func(s suite) bool { return s.kx == "ECDHE" }
	case "ECDHE", "EECDH":
		return func(s suite) bool { return s.kx == "ECDHE" && s.auth != "" }
	case "kDHE", "kEDH", "DH":
		return func(s suite) bool { return s.kx == "DHE" }
	case "DHE", "EDH":
		return func(s suite) bool { return s.kx == "DHE" && s.auth != "" }
	case "ADH":
		return func(s suite) bool { return s.kx == "DHE" && s.auth == "" }
	case "AECDH":
		return func(s suite) bool { return s.kx == "ECDHE" && s.auth == "" }
	}
	return nil
}

func cipherWord(word string) func(suite) bool {
	switch word {
	case "AES128", "AES256", "CHACHA20":
		return func(s suite) bool { return s.enc == word }
	case "AES":
		return func(s suite) bool { return strings.HasPrefix(s.enc, "AES") }
	case "AESGCM":
		return func(s suite) bool { return s.mode == "GCM" }
	case "AESCCM":
		return func(s suite) bool { return s.mode == "CCM" || s.mode == "CCM8" }
	case "AESCCM8":
		return func(s suite) bool { return s.mode == "CCM8" }
	case "CBC":
		return func(s suite) bool { return s.mode == "CBC" }
	}
	return nil
}

func hashWord(word string) func(suite) bool {
	switch word {
	case "SHA", "SHA1":
		return func(s suite) bool { return s.mac == "SHA1" }
	case "SHA256", "SHA384", "MD5":
		return func(s suite) bool { return s.mac == word }
	}
	return nil
}
