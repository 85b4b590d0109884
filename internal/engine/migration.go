package engine

import "context"

// Migration is a name under which AWS's DMS knows a product, and what is true
// of its endpoints (seed: "Using SSL With AWS Database Migration Service").
type Migration struct {
	Name    string // EngineName of an endpoint, as DMS spells it
	Display string // EngineDisplayName
	// TargetOnly: data can be written to it, not read from it.
	TargetOnly bool
	// Wallet: what an endpoint trusts is imported as an auto-login wallet, not
	// as PEM.
	Wallet bool
	// AlwaysTLS: the connection speaks TLS and verifies nothing, whatever mode
	// the endpoint has; a server without TLS is refused.
	AlwaysTLS bool
}

// Schemas lists the schemas that somebody who logs in sees, by name and without
// those that are the product's own. It connects and fails as a Login does.
type Schemas func(ctx context.Context, a Account) ([]string, error)
