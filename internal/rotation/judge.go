package rotation

import (
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/pki"
)

// Sight is one handshake: the chain that was served, or why there was none.
type Sight struct {
	Chain []*x509.Certificate
	Err   error
}

// Wanted is what a handshake must show.
type Wanted struct {
	Serial string
	Old    string // serial of the leaf served before, "" when not known
	Name   string // as clients write it
	Roots  []*x509.Certificate
}

// Judge compares a handshake with what is wanted. A zero Reason says that it
// shows it. final: nothing will change by waiting for a reload to be done.
func Judge(s Sight, w Wanted, now time.Time) (verdict inventory.Stuck, final bool) {
	switch {
	case errors.Is(s.Err, engine.ErrNoTLS):
		return inventory.Stuck{Reason: inventory.StuckNoTLS, Detail: "the server answers and offers no TLS"}, false
	case s.Err != nil:
		return inventory.Stuck{Reason: inventory.StuckUnreachable, Detail: "no handshake: " + s.Err.Error()}, false
	case len(s.Chain) == 0:
		return inventory.Stuck{Reason: inventory.StuckWrongLeaf, Detail: "the server sent no certificate"}, false
	}
	served := pki.SerialHex(s.Chain[0])
	switch {
	case served == w.Old && w.Old != w.Serial:
		return inventory.Stuck{Reason: inventory.StuckReload, Detail: fmt.Sprintf("the server still serves serial %s; the reload had no effect", served)}, false
	case served != w.Serial:
		return inventory.Stuck{Reason: inventory.StuckWrongLeaf, Detail: fmt.Sprintf("the server serves serial %s, not %s", served, w.Serial)}, false
	}
	if err := pki.VerifyEach(s.Chain, w.Roots, pki.SSLVerifyFull, w.Name, now); err != nil {
		return inventory.Stuck{Reason: inventory.StuckChain, Detail: err.Error()}, true
	}
	return inventory.Stuck{}, true
}
