// Package forcetls makes servers refuse plain clients, with its eyes open: it
// says first who would be refused, as far as anybody has watched, takes a change
// back that nobody confirms, ends exceptions at their end, and tells every
// instance which of its clients a change puts at risk, whoever made it.
//
// The switch itself is a parameter of a group (package params), set as the RDS
// API sets it, and which one an engine's Spec.Force says. Watching is another's
// (internal/watch): here evidence is only read.
package forcetls

import (
	"context"
	"log/slog"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/evidence"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/params"
	"github.com/dbtls/dbtls/internal/store"
)

// The faults of this domain, beside those of package fault.
const (
	ClientsAtRisk  fault.Code = "ClientsAtRisk"  // clients would be refused, and nobody consented
	ClientsUnknown fault.Code = "ClientsUnknown" // who would be refused is not known, and nobody consented
	NothingPending fault.Code = "NothingPending" // no change waits to be confirmed
	ChangePending  fault.Code = "ChangePending"  // one does, and has to be ended first
)

// Evidence is what was seen of a database's clients: the rows that were seen
// since a time, and the spans in which somebody watched. database is the
// resource ID of an instance.
type Evidence interface {
	Clients(ctx context.Context, database string, since time.Time) ([]evidence.Client, []evidence.Span, error)
}

// Service forces TLS. All fields but Evidence must be set.
type Service struct {
	Account  string
	Store    *store.Store
	Params   *params.Service
	Engines  []engine.Engine
	Evidence Evidence                        // nil: nobody watches, and nothing is known
	Clock    func(ctx context.Context) error // why the machine's time cannot be trusted, nil when it can
	Wake     func()                          // makes Work be looked at now
	Log      *slog.Logger

	watch stopwatch
}

// DefaultSince is how far back clients are looked for when nobody says.
const DefaultSince = 30 * 24 * time.Hour

// own is the caller of what dbtls does by itself.
const own = "dbtls"
