package fleet

import (
	"slices"
	"strings"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
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

// EngineVersions lists what can be created here, at any provider, by engine,
// oldest first.
func (s *Service) EngineVersions() []EngineVersion {
	var all []EngineVersion
	for _, e := range s.Engines {
		byDefault := s.offers(e, s.Default)
		for _, v := range s.versions(e) {
			all = append(all, EngineVersion{
				Engine: e.Name(), Version: v, Major: e.Spec.Major(v), Family: e.Spec.Family(v),
				Description: e.Spec.Description, HotReload: e.Spec.HotReload(v), CAs: SupportedCAs(e.Spec, v),
				Default: v == newest(byDefault),
			})
		}
	}
	return all
}

// versions are the versions of an engine that any provider has.
func (s *Service) versions(e engine.Engine) []string {
	var all []string
	for _, kind := range []string{provider.Local, provider.Simulated} {
		for _, o := range s.offers(e, kind) {
			if !slices.Contains(all, o.Version) {
				all = append(all, o.Version)
			}
		}
	}
	slices.SortFunc(all, engine.CompareVersions)
	return all
}

// offers are the versions of an engine that a kind of provider has, oldest
// first.
func (s *Service) offers(e engine.Engine, kind string) []provider.Offer {
	p, ok := s.Providers[kind]
	if !ok {
		return nil
	}
	var mine []provider.Offer
	for _, o := range p.Offers() {
		if o.Engine == e.Name() {
			mine = append(mine, o)
		}
	}
	return mine
}

func newest(offers []provider.Offer) string {
	if len(offers) == 0 {
		return ""
	}
	return offers[len(offers)-1].Version
}

// SupportedCAs lists the CAs that servers of a version can serve.
func SupportedCAs(spec engine.Spec, version string) []string {
	var ids []string
	for _, p := range pki.Profiles() {
		if spec.CAs == nil || spec.CAs(version) == nil || slices.Contains(spec.CAs(version), p.ID) {
			ids = append(ids, p.ID)
		}
	}
	return ids
}

// pickVersion resolves an EngineVersion: "" is the newest, "15" the newest 15,
// "15.18" exactly that.
func pickVersion(e engine.Engine, offers []provider.Offer, kind, want string) (string, error) {
	if len(offers) == 0 {
		return "", noOffer(e, kind)
	}
	var have []string
	for n := len(offers) - 1; n >= 0; n-- {
		v := offers[n].Version
		if want == "" || v == want || strings.HasPrefix(v, want+".") {
			return v, nil
		}
		have = append(have, v)
	}
	return "", fault.New(fault.InvalidCombination, "Cannot find version %s for %s; db.%s has %s", want, e.Name(), kind, strings.Join(have, ", "))
}

func noOffer(e engine.Engine, kind string) error {
	switch {
	case kind == provider.Local && e.Server == nil:
		return fault.New(fault.InvalidParameter, "Invalid DB engine %s for db.local: dbtls cannot run a %s server; use --db-instance-class db.simulated", e.Name(), e.Spec.Description)
	case kind == provider.Local:
		return fault.New(fault.InvalidParameter,
			"Invalid DB engine %s: no %s server is installed on this machine; install its Debian package (make deps installs postgresql and mariadb-server-core) and start dbtls again, or use --db-instance-class db.simulated", e.Name(), e.Spec.Description)
	}
	return fault.New(fault.InvalidParameter, "Invalid DB engine %s for db.%s: it has no version of it", e.Name(), kind)
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
