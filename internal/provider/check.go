package provider

import (
	"crypto/x509"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/pki"
)

// Check is the part of the pre-flight that every provider has in common: a
// client of each root alone, given want.Roots parsed, accepts chain (leaf first)
// for each name.
func (want Expect) Check(id string, chain, roots []*x509.Certificate) error {
	if len(want.Names) == 0 {
		return fault.New(fault.InvalidInstanceState, "the name check of instance %q was given no name; name the endpoint", id)
	}
	if err := pki.VerifyEach(chain, roots, pki.SSLVerifyCA, "", want.Now); err != nil {
		return fault.Wrap(err, fault.InvalidInstanceState, "the chain check of the certificate for instance %q failed (%v); issue it again", id, err)
	}
	for _, name := range want.Names {
		// Stricter than a client that falls back to the CN.
		if err := chain[0].VerifyHostname(name); err != nil {
			return fault.Wrap(err, fault.InvalidInstanceState, "the name check of the certificate for instance %q failed: %q is not in its SAN; issue it again with that name", id, name)
		}
	}
	return nil
}

// ParseDER parses a list of certificates as callers hand them over; an empty one
// is a fault.
func ParseDER(list [][]byte) ([]*x509.Certificate, error) {
	if len(list) == 0 {
		return nil, fault.New(fault.InvalidParameter, "the list of certificates is empty; send at least one")
	}
	certs := make([]*x509.Certificate, 0, len(list))
	for n, der := range list {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, fault.Wrap(err, fault.InvalidParameter, "certificate %d of the list is not X.509 DER", n+1)
		}
		certs = append(certs, c)
	}
	return certs, nil
}
