package migration

import (
	"slices"
	"strings"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/pki"
)

// allModes are all SSL modes, the laxest first.
func allModes() []pki.SSLMode {
	return []pki.SSLMode{pki.SSLNone, pki.SSLRequire, pki.SSLVerifyCA, pki.SSLVerifyFull}
}

// modes are those of an engine: none is always there.
func (f found) modes() []pki.SSLMode {
	return slices.DeleteFunc(allModes(), func(m pki.SSLMode) bool {
		return m != pki.SSLNone && !slices.Contains(f.Spec.Modes, m)
	})
}

// verifies reports whether a mode looks at the server's certificates.
func verifies(m pki.SSLMode) bool { return m == pki.SSLVerifyCA || m == pki.SSLVerifyFull }

// wire is the mode in which a connection is made: an engine that always speaks
// TLS does so in mode none too.
func (f found) wire(m pki.SSLMode) pki.SSLMode {
	if f.as.AlwaysTLS && m == pki.SSLNone {
		return pki.SSLRequire
	}
	return m
}

// parseMode reads an SslMode; "" is none.
func parseMode(s string) (pki.SSLMode, error) {
	m := pki.SSLMode(strings.ToLower(s))
	if m == "" {
		return pki.SSLNone, nil
	}
	if !slices.Contains(allModes(), m) {
		return "", fault.New(fault.InvalidParameter, "The SslMode %q is not known; the modes are %s", shorten(s), words(allModes()))
	}
	return m, nil
}

func words(modes []pki.SSLMode) string {
	var all []string
	for _, m := range modes {
		all = append(all, string(m))
	}
	return strings.Join(all, ", ")
}

// checkTLS applies the mode table to the whole of an endpoint. c is its
// certificate, nil when it has none.
func (f found) checkTLS(mode pki.SSLMode, c *inventory.ImportedCertificate) error {
	switch {
	case !slices.Contains(f.modes(), mode) && f.as.AlwaysTLS:
		return fault.New(fault.InvalidCombination, "SslMode %s is not available for %s (%s): its connections use TLS all the same and there is nothing to set; SslMode is none", mode, f.as.Display, f.as.Name)
	case !slices.Contains(f.modes(), mode):
		return fault.New(fault.InvalidCombination, "SslMode %s is not available for %s (%s); the modes of this engine are %s", mode, f.as.Display, f.as.Name, words(f.modes()))
	case verifies(mode) && c == nil:
		return fault.New(fault.InvalidCombination, "SslMode %s needs the CA certificate to verify the server with; import it with ImportCertificate and give its CertificateArn", mode)
	case !verifies(mode) && c != nil:
		return fault.New(fault.InvalidCombination, "SslMode %s verifies no certificate, so CertificateArn would have no effect; %s", mode, f.stricter())
	case c != nil && f.as.Wallet && !c.IsWallet():
		return fault.New(fault.InvalidCombination, "Certificate %q is PEM, and %s wants an Oracle wallet (cwallet.sso); make one and import it as CertificateWallet: dbtls wallet create --wallet DIR --auto-login-only, then dbtls wallet add --wallet DIR --trusted-cert --cert ca.pem", c.Name, f.as.Display)
	case c != nil && !f.as.Wallet && c.IsWallet():
		return fault.New(fault.InvalidCombination, "Certificate %q is an Oracle wallet, and %s wants PEM; import the CA as CertificatePem", c.Name, f.as.Display)
	}
	return nil
}

func (f found) stricter() string {
	strict := slices.DeleteFunc(f.modes(), func(m pki.SSLMode) bool { return !verifies(m) })
	if len(strict) == 0 {
		return "leave it out"
	}
	return "leave it out, or choose " + words(strict)
}

// EndpointType is a row of DescribeEndpointTypes.
type EndpointType struct {
	engine.Migration
	Type inventory.EndpointType
}

// EndpointTypes lists the engines that endpoints can have, by name.
func (s *Service) EndpointTypes() []EndpointType {
	var all []EndpointType
	for _, e := range s.Engines {
		for _, m := range e.Spec.Migration {
			if !m.TargetOnly {
				all = append(all, EndpointType{m, inventory.EndpointSource})
			}
			all = append(all, EndpointType{m, inventory.EndpointTarget})
		}
	}
	slices.SortFunc(all, func(a, b EndpointType) int {
		return strings.Compare(a.Name+" "+string(a.Type), b.Name+" "+string(b.Type))
	})
	return all
}
