package clientconfig

import (
	"fmt"
	"slices"
	"strings"
)

// Offer says by which options a driver is told what to offer in a handshake.
type Offer struct {
	Ciphers   string // option with the list of cipher suites
	Protocols string // option with the list of TLS versions
	// One: the list of suites decides about TLS 1.3 too, as Java's does. With
	// OpenSSL's it does not.
	One bool
}

// RSAOnly reports whether settings let a client take certificates with RSA keys
// and no others: its suites are RSA's, and it does not speak TLS 1.3, whose
// suites say nothing of the certificate's key (RFC 8446, B.4). False is also
// what is not known.
func (d Driver) RSAOnly(s Settings) bool {
	return d.Offer.Ciphers != "" && rsaOnly(s.Options[d.Offer.Ciphers], s.Options[d.Offer.Protocols], d.Offer.One)
}

func rsaOnly(ciphers, protocols string, one bool) bool {
	suites := words(ciphers)
	if one && slices.ContainsFunc(suites, isTLS13) {
		return false
	}
	if !one && !endsBefore13(words(protocols)) {
		return false
	}
	return len(suites) > 0 && rsaSuites(suites)
}

// words splits a list as OpenSSL (colons, commas, spaces) and Java write it.
func words(list string) []string {
	return strings.FieldsFunc(strings.ToUpper(list), func(r rune) bool { return strings.ContainsRune(":, ;", r) })
}

func isTLS13(suite string) bool {
	return strings.HasPrefix(suite, "TLS_AES_") || strings.HasPrefix(suite, "TLS_CHACHA20_")
}

// endsBefore13: TLS versions are named, and 1.3 is none of them.
func endsBefore13(protocols []string) bool {
	known := []string{"TLSV1", "TLSV1.0", "TLSV1.1", "TLSV1.2"}
	return len(protocols) > 0 && !slices.ContainsFunc(protocols, func(p string) bool { return !slices.Contains(known, p) })
}

// rsaSuites reports whether every suite of a list takes an RSA certificate. A
// word for many suites may mean any of them, unless those of ECDSA are struck
// out for good (ciphers(1ssl): "!").
func rsaSuites(all []string) bool {
	struck := slices.Contains(all, "!AECDSA") || slices.Contains(all, "!ECDSA")
	named := 0
	for _, suite := range all {
		switch suite[0] {
		case '!', '-', '+', '@': // what is taken away, or put in another order
			continue
		}
		if !struck && !rsaSuite(suite) && !isTLS13(suite) {
			return false
		}
		named++
	}
	return named > 0
}

// rsaSuite knows a suite, or a word for several, whose server shows an RSA
// certificate: OpenSSL's names of the static exchange name no key at all.
func rsaSuite(suite string) bool {
	switch suite {
	case "ARSA", "KRSA", "RSA":
		return true
	}
	if strings.HasPrefix(suite, "TLS_") || strings.HasPrefix(suite, "SSL_") {
		exchange, _, ok := strings.Cut(suite[4:], "_WITH_")
		return ok && (exchange == "RSA" || exchange == "DHE_RSA" || exchange == "ECDHE_RSA")
	}
	for _, begin := range []string{"ECDHE-RSA-", "DHE-RSA-", "EDH-RSA-", "AES128-", "AES256-", "CAMELLIA128-", "CAMELLIA256-", "DES-CBC3-"} {
		if strings.HasPrefix(suite, begin) {
			return true
		}
	}
	return false
}

// RSAAlone says why a client that takes RSA certificates alone refuses the
// chain of a CA with another kind of key (Holding.Rejects).
func RSAAlone(to string) string {
	return fmt.Sprintf("it takes RSA certificates alone (its cipher suites, without TLS 1.3), and those of %s are not", to)
}
