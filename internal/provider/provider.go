// Package provider says what a place where databases live can do: make one,
// run it, keep its keys, take its certificates. internal/provider/local is
// the machine dbtls runs on.
//
// Every method is idempotent and takes plain values only, so that an agent on
// another host can be this interface behind a wire.
package provider

import (
	"context"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/pki"
)

// Instance is all that a provider needs to know of a database instance.
type Instance struct {
	ID      string // DbiResourceId: never reused, names the directory
	Engine  string // canonical engine name
	Version string
	Address string // IP address to listen on
	Port    int
	Also    []string // more IP addresses to listen on
	// Parameters are the values that are set and differ from the catalogue's
	// defaults, as they should be in force now.
	Parameters map[string]string
	Primary    *Primary // what it follows, nil for an instance that takes writes
}

// Primary is the instance that a read replica follows.
type Primary struct {
	Address string // in the SAN of the primary's leaf
	Port    int
}

// Source is what a new read replica needs to copy and follow its primary. It
// is kept where the instance lives.
type Source struct {
	Password string   // of ReplicaUser
	Roots    [][]byte // DER; the primary's chain verifies against one of them
}

// The kinds of providers: where an instance lives.
const (
	Local     = "local"     // a process on the machine dbtls runs on
	Simulated = "simulated" // a responder inside dbtls, without data
)

// ReplicaUser is the account replicas log in with.
const ReplicaUser = "dbtls_replica"

// Offer is an engine version this provider can run.
type Offer struct {
	Engine    string
	Version   string
	HotReload bool
}

// Observation is what is true of an instance now.
type Observation struct {
	Exists    bool // its data directory is there
	Running   bool
	PID       int
	StartedAt time.Time
	Active    string   // generation its configuration names, "" when none
	Chain     [][]byte // DER of that generation's chain, leaf first; nil when it cannot be read
	Drift     []string // files changed by another hand, one sentence each
}

// Expect is what a certificate must satisfy before it is put in place.
type Expect struct {
	Names []string // DNS names and IP addresses clients use, all in the SAN
	Roots [][]byte // DER; the chain must verify against each of them alone
	Now   time.Time
}

// Provider runs instances. Errors carry fault codes where a caller can act.
type Provider interface {
	// Offers lists what can be created here, per engine oldest first.
	Offers() []Offer
	// CheckPort returns nil when address:port can be listened on now.
	CheckPort(address string, port int) error
	// FreeBytes is the room left where instances are kept.
	FreeBytes() (int64, error)

	// Create makes the data directory and the configuration; it does not
	// start the server. A directory that is there and not ours is refused.
	// from is for an instance with a Primary, which is copied.
	Create(ctx context.Context, i Instance, from Source) error
	// SetUp makes the master user and first database on a running server.
	SetUp(ctx context.Context, i Instance, m engine.Master) error
	// AllowReplicas makes the account that replicas of i log in with.
	AllowReplicas(ctx context.Context, i Instance, password string) error
	// Apply writes the configuration of i and makes a running server take its
	// dynamic parameters. EffectRestart: something else changed as well, an
	// address or a static parameter, which the next start takes.
	Apply(ctx context.Context, i Instance) (engine.Effect, error)
	// Power starts or stops the server and returns when it accepts sessions
	// or is gone. A running server that belongs to i is adopted.
	Power(ctx context.Context, i Instance, on bool) error
	// Observe never changes anything.
	Observe(ctx context.Context, i Instance) (Observation, error)
	// Watch returns nil when i's server has ended, or runs not at all, and an
	// error when ctx ends first.
	Watch(ctx context.Context, i Instance) error
	// HasSnapshot reports whether a kept copy has the name.
	HasSnapshot(name string) (bool, error)
	// Delete stops the server and removes every file. With keepAs set the
	// stopped data directory is kept under snapshots/keepAs first.
	Delete(ctx context.Context, i Instance, keepAs string) error

	// CSR makes the generation's key if it is not there yet and returns a
	// PKCS#10 request (DER) for it. The key never leaves the provider.
	CSR(ctx context.Context, i Instance, generation string, spec pki.KeySpec) ([]byte, error)
	// Stage writes the chain (DER, leaf first) beside the key and checks the
	// result: pair, chain, names, dates, file owner and mode.
	Stage(ctx context.Context, i Instance, generation string, chain [][]byte, want Expect) error
	// Activate checks the staged files again, swaps the binding and reloads
	// a running server. EffectRestart: the version cannot reload.
	Activate(ctx context.Context, i Instance, generation string) (engine.Effect, error)
	// Collect removes the files of every generation not in keep.
	Collect(ctx context.Context, i Instance, keep []string) error
	// EndSessions ends client sessions begun before t.
	EndSessions(ctx context.Context, i Instance, t time.Time) (int, error)

	// Look lists the sessions that are open on a running server.
	Look(ctx context.Context, i Instance) (engine.Look, error)
	// Logins reads on in what i's server wrote of its clients, from a position
	// on (the zero value: what was written from now on) and at most so many bytes.
	Logins(ctx context.Context, i Instance, from LogPosition, most int) (LogBatch, error)
}

// LogPosition is where reading a log goes on. It is kept with what was read
// before it, in one transaction, so that nothing is read twice or missed.
type LogPosition struct {
	File   string // base name, "" before the first
	Inode  uint64 // of File: another file may have its name
	Offset int64
	State  []byte // of the reading: what the provider and the engine's reader go on from
}

// LogBatch is one piece of a log.
type LogBatch struct {
	Sightings []engine.Sighting
	Next      LogPosition
	// Upto is the time up to which every login has been told of: the time of the
	// reading when its end was reached, else that of the last entry.
	Upto time.Time
	More bool // there is more to read now
	// Gap says what may be missing between from and Next, "" for nothing.
	Gap string
	// Blind says why this instance's log does not tell who logs in, or not how,
	// "" when it does. Sessions are to be looked at then.
	Blind string
}
