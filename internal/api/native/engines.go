package native

import (
	"cmp"
	"slices"

	"github.com/dbtls/dbtls/internal/pki"
)

// EndpointEngine is a product as a migration endpoint names it, with the SSL
// modes it has: DMS has no call that tells them.
type EndpointEngine struct {
	Name            string        `json:"name"` // EngineName of an endpoint
	Display         string        `json:"display"`
	SourceAndTarget bool          `json:"source_and_target"` // false: target alone
	Modes           []pki.SSLMode `json:"modes"`             // the laxest first; none is always there
	Port            int           `json:"port"`              // the usual one
	Wallet          bool          `json:"wallet"`            // it trusts an Oracle wallet, not PEM
	AlwaysTLS       bool          `json:"always_tls"`        // it is encrypted in mode none too
}

// getEngines lists what endpoints can be of, by the name for people.
func getEngines(a *API, _ *call) (any, error) {
	all := []EndpointEngine{}
	for _, e := range a.Migration.Engines {
		modes := append([]pki.SSLMode{pki.SSLNone}, slices.DeleteFunc(slices.Clone(e.Spec.Modes), func(m pki.SSLMode) bool { return m == pki.SSLNone })...)
		for _, m := range e.Spec.Migration {
			all = append(all, EndpointEngine{m.Name, m.Display, !m.TargetOnly, modes, e.Spec.DefaultPort, m.Wallet, m.AlwaysTLS})
		}
	}
	slices.SortFunc(all, func(x, y EndpointEngine) int {
		return cmp.Or(cmp.Compare(x.Display, y.Display), cmp.Compare(x.Name, y.Name))
	})
	return all, nil
}
