package pki

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// SSLMode says how much a client checks (AWS DMS User Guide, "Using SSL").
type SSLMode string

// The four modes, weakest first.
const (
	SSLNone       SSLMode = "none"        // no TLS is asked for
	SSLRequire    SSLMode = "require"     // encrypted, nothing verified
	SSLVerifyCA   SSLMode = "verify-ca"   // chain, dates and usage
	SSLVerifyFull SSLMode = "verify-full" // the same and the name
)

// Verify decides what a client in that mode, trusting exactly roots, decides
// about a served chain (leaf first). A refusal is a *VerifyError.
//
// Only self-signed certificates of roots are anchors; its others, and
// chain[1:] in any order, are intermediates. Java and Go take any trusted
// certificate as an anchor, libpq and the MySQL clients do not: this is the
// stricter reading. SSLRequire verifies nothing, although libpq in that mode
// does verify-ca when it finds a root file.
func Verify(chain, roots []*x509.Certificate, mode SSLMode, name string, now time.Time) error {
	switch mode {
	case SSLNone:
		return nil
	case SSLRequire, SSLVerifyCA, SSLVerifyFull:
	default:
		return &VerifyError{Problem: Malformed, Detail: fmt.Sprintf("unknown SSL mode %q", mode)}
	}
	if err := checkInput(chain, roots, now); err != nil {
		return err
	}
	if mode == SSLRequire {
		return nil
	}
	if err := verifyChain(chain, roots, now); err != nil {
		return err
	}
	if mode == SSLVerifyFull {
		return verifyName(chain[0], name)
	}
	return nil
}

// VerifyEach is Verify against each root alone, never merged: clients of
// either must accept a bridged chain. The error's Root is the one that fails.
// It also refuses two issuers of one subject in the chain: OpenSSL picks one
// and does not try the other.
func VerifyEach(chain, roots []*x509.Certificate, mode SSLMode, name string, now time.Time) error {
	if len(roots) == 0 {
		return &VerifyError{Problem: Untrusted, Detail: "there is no root to verify against"}
	}
	for i, c := range chain {
		for _, other := range chain[:i] {
			if c != nil && other != nil && bytes.Equal(c.RawSubject, other.RawSubject) {
				return &VerifyError{Problem: Malformed, Subject: c.Subject.String(), Detail: "is in the chain twice; serve one certificate of a subject"}
			}
		}
	}
	for _, root := range roots {
		err := Verify(chain, []*x509.Certificate{root}, mode, name, now)
		var v *VerifyError
		if errors.As(err, &v) && root != nil {
			v.Root = root.Subject.String()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func checkInput(chain, roots []*x509.Certificate, now time.Time) error {
	if len(chain) == 0 {
		return &VerifyError{Problem: Malformed, Detail: "the server sent no certificate"}
	}
	for _, list := range [][]*x509.Certificate{chain, roots} {
		for _, c := range list {
			if c == nil {
				return &VerifyError{Problem: Malformed, Detail: "a certificate is missing from the list"}
			}
		}
	}
	// x509.Verify would take the zero time for the machine's clock.
	if now.IsZero() {
		return &VerifyError{Problem: Malformed, Detail: "there is no time to verify at"}
	}
	return nil
}

func verifyChain(chain, roots []*x509.Certificate, now time.Time) error {
	anchors, between := x509.NewCertPool(), x509.NewCertPool()
	for _, r := range roots {
		if selfSigned(r) {
			anchors.AddCert(r)
		} else {
			between.AddCert(r)
		}
	}
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{
		Roots:         anchors,
		Intermediates: between,
		CurrentTime:   now,
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	if err == nil {
		return nil
	}
	return explain(err, chain, roots, now)
}

// verifyName matches the SAN of the name's kind; with none of that kind the
// CN decides, as in libpq and the MariaDB client (RFC 6125 section 6.4.4).
func verifyName(leaf *x509.Certificate, name string) error {
	bare := strings.TrimSuffix(strings.TrimPrefix(name, "["), "]")
	ip := net.ParseIP(bare)
	cn := leaf.Subject.CommonName
	ok := false
	switch {
	case ip != nil && len(leaf.IPAddresses) == 0:
		ok = ip.Equal(net.ParseIP(cn))
	case ip == nil && len(leaf.DNSNames) == 0 && cn != "":
		ok = (&x509.Certificate{DNSNames: []string{cn}}).VerifyHostname(name) == nil
	default:
		ok = leaf.VerifyHostname(name) == nil
	}
	if ok {
		return nil
	}
	return &VerifyError{
		Problem: NameMismatch,
		Subject: leaf.Subject.String(),
		Name:    name,
		Detail:  "is for " + certNames(leaf),
	}
}

// certNames lists what a certificate is valid for, for a message.
func certNames(leaf *x509.Certificate) string {
	names := append([]string(nil), leaf.DNSNames...)
	for _, ip := range leaf.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 && leaf.Subject.CommonName != "" {
		names = []string{leaf.Subject.CommonName}
	}
	if len(names) == 0 {
		return "no name"
	}
	return strings.Join(names, ", ")
}
