package serve

import (
	"log/slog"

	"github.com/dbtls/dbtls/internal/engines"
	"github.com/dbtls/dbtls/internal/provider"
	"github.com/dbtls/dbtls/internal/provider/local"
	"github.com/dbtls/dbtls/internal/provider/simulated"
)

// openProviders prepares the places where instances live. done ends what is
// inside this process; engines on the machine belong to themselves.
func openProviders(o Options, log *slog.Logger) (places map[string]provider.Provider, done func(), err error) {
	all := engines.All()
	here, err := local.New(local.Options{Dir: o.Data, Engines: all, Log: log})
	if err != nil {
		return nil, nil, err
	}
	inside, err := simulated.New(simulated.Options{Dir: o.Data, Engines: all, Log: log})
	if err != nil {
		return nil, nil, err
	}
	return map[string]provider.Provider{provider.Local: here, provider.Simulated: inside}, inside.Close, nil
}

// installed lists the versions of an engine that are found on this machine.
func installed(places map[string]provider.Provider, engine string) (versions []string) {
	for _, o := range places[provider.Local].Offers() {
		if o.Engine == engine {
			versions = append(versions, o.Version)
		}
	}
	return versions
}
