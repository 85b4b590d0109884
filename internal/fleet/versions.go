package fleet

import (
	"slices"
	"strings"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/provider"
)

// EngineVersion is one row of DescribeDBEngineVersions.
type EngineVersion struct {
	Engine, Version, Major, Family, Description string
	HotReload                                   bool
	CAs                                         []string // in the order of the guide
	Default                                     bool     // what an unnamed version means
}

// EngineVersions lists what can be created here, by engine, oldest first.
func (s *Service) EngineVersions() []EngineVersion {
	var all []EngineVersion
	for _, e := range s.Engines {
		offers := s.offers(e)
		for n, o := range offers {
			all = append(all, EngineVersion{
				Engine: e.Name(), Version: o.Version, Major: e.Spec.Major(o.Version), Family: e.Spec.Family(o.Version),
				Description: e.Spec.Description, HotReload: o.HotReload, CAs: SupportedCAs(e.Spec, o.Version),
				Default: n == len(offers)-1,
			})
		}
	}
	return all
}

// offers are the versions of an engine that the default provider has.
func (s *Service) offers(e engine.Engine) []provider.Offer {
	var mine []provider.Offer
	for _, o := range s.Provider(inventory.Instance{}).Offers() {
		if o.Engine == e.Name() {
			mine = append(mine, o)
		}
	}
	return mine
}

// SupportedCAs lists the CAs that servers of a version can serve.
func SupportedCAs(spec engine.Spec, version string) []string {
	var ids []string
	for _, p := range pki.Profiles() {
		if spec.CAs == nil || slices.Contains(spec.CAs(version), p.ID) {
			ids = append(ids, p.ID)
		}
	}
	return ids
}

// pickVersion resolves an EngineVersion: "" is the newest, "15" the newest 15,
// "15.18" exactly that.
func pickVersion(e engine.Engine, offers []provider.Offer, want string) (string, error) {
	if len(offers) == 0 {
		return "", fault.New(fault.InvalidParameter,
			"Invalid DB engine %s: no %s server is installed on this machine; install its Debian package (make deps installs postgresql and mariadb-server-core) and start dbtls again", e.Name(), e.Spec.Description)
	}
	var have []string
	for n := len(offers) - 1; n >= 0; n-- {
		v := offers[n].Version
		if want == "" || v == want || strings.HasPrefix(v, want+".") {
			return v, nil
		}
		have = append(have, v)
	}
	return "", fault.New(fault.InvalidCombination, "Cannot find version %s for %s; this machine has %s", want, e.Name(), strings.Join(have, ", "))
}

// checkCA refuses a CA that the version cannot serve.
func checkCA(e engine.Engine, version, ca string) error {
	if have := SupportedCAs(e.Spec, version); !slices.Contains(have, ca) {
		return fault.New(fault.InvalidCombination, "Certificate %s is not offered for %s %s; describe-db-engine-versions lists: %s",
			ca, e.Name(), version, strings.Join(have, ", "))
	}
	return nil
}

// HasEngine reports whether the product is one that dbtls knows.
func (s *Service) HasEngine(name string) bool {
	_, ok := s.engine(name)
	return ok
}
