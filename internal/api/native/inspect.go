package native

import (
	"crypto/x509"
	"time"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/migration"
	"github.com/dbtls/dbtls/internal/pki"
)

// InspectRequest is a file that somebody wants to import: exactly one is set.
type InspectRequest struct {
	PEM    string `json:"pem,omitempty"`
	Wallet []byte `json:"wallet,omitempty"` // base64 in JSON
}

// Inspection is what is inside it.
type Inspection struct {
	Kind         string      `json:"kind"` // pem, wallet
	OK           bool        `json:"ok"`   // an import would take it
	Refused      string      `json:"refused,omitempty"`
	Warnings     []string    `json:"warnings"`
	Certificates []Inspected `json:"certificates"`
}

// Inspected is one certificate of it.
type Inspected struct {
	Subject   string    `json:"subject"`
	Issuer    string    `json:"issuer"`
	NotBefore time.Time `json:"not_before"`
	NotAfter  time.Time `json:"not_after"`
	Key       string    `json:"key"`
	KeyBits   int       `json:"key_bits"`
	SHA256    string    `json:"sha256"`
	SelfSign  bool      `json:"self_signed"`
	CA        bool      `json:"is_ca"`
}

// postInspect shows what an import would keep, before anything is kept.
func postInspect(_ *API, c *call) (any, error) {
	var q InspectRequest
	if err := c.decode(&q); err != nil {
		return nil, err
	}
	if (q.PEM == "") == (len(q.Wallet) == 0) {
		return nil, fault.New(fault.InvalidParameter, "give pem or wallet, and not both")
	}
	out := Inspection{Kind: "pem", Warnings: []string{}, Certificates: []Inspected{}}
	if q.PEM == "" {
		out.Kind = "wallet"
	}
	held, err := migration.Inspect(q.PEM, q.Wallet, time.Now())
	if err != nil {
		out.Refused = fault.Public(err)
		return out, nil
	}
	out.OK = true
	out.Warnings = append(out.Warnings, held.Warnings...)
	for _, cert := range held.Certificates {
		out.Certificates = append(out.Certificates, inspected(cert))
	}
	return out, nil
}

func inspected(cert *x509.Certificate) Inspected {
	kind, bits := pki.KeyOf(cert)
	return Inspected{Subject: cert.Subject.String(), Issuer: cert.Issuer.String(), NotBefore: cert.NotBefore, NotAfter: cert.NotAfter,
		Key: kind, KeyBits: bits, SHA256: pki.Fingerprint(cert), SelfSign: cert.CheckSignatureFrom(cert) == nil, CA: cert.IsCA}
}
