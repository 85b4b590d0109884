package simulated

import (
	"bytes"
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/provider"
)

// rounds of PBKDF2, about a millisecond: RFC 7677's minimum for verifiers of
// this kind. There is no data behind the password, but people use one twice,
// so a stolen file must not give it away at once; and anybody may try a login,
// on thousands of instances of this one process, so a try must stay cheap.
const rounds = 4096

// master is what is kept of the master user: enough to know the password, not
// the password.
type master struct {
	User   string `json:"user"`
	Salt   []byte `json:"salt"`
	Rounds int    `json:"rounds"`
	Hash   []byte `json:"hash"` // PBKDF2-HMAC-SHA-256 of the password
}

func newMaster(user, password string) (*master, error) {
	m := &master{User: user, Salt: make([]byte, 16), Rounds: rounds}
	rand.Read(m.Salt)
	var err error
	m.Hash, err = m.hash(password)
	return m, err
}

func (m *master) hash(password string) ([]byte, error) {
	h, err := pbkdf2.Key(sha256.New, password, m.Salt, m.Rounds, sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("hash password of user %q: %w", m.User, err)
	}
	return h, nil
}

// accepts compares in a time that tells nothing of either. A nil master, of an
// instance that is not set up, accepts nobody.
func (m *master) accepts(user, password string) bool {
	if m == nil {
		return false
	}
	h, err := m.hash(password)
	name := subtle.ConstantTimeCompare([]byte(user), []byte(m.User))
	return err == nil && name&subtle.ConstantTimeCompare(h, m.Hash) == 1
}

// check refuses a verifier that would accept anybody or take for ever.
func (m *master) check() error {
	const most = 1 << 20
	if m != nil && (m.User == "" || len(m.Hash) != sha256.Size || bytes.Equal(m.Hash, make([]byte, sha256.Size)) || m.Rounds < 1 || m.Rounds > most) {
		return fmt.Errorf("decode instance: its master user is not whole")
	}
	return nil
}

// SetUp keeps what is needed to know the master user, where the engine's
// simulator asks. The first database is not made: there is no data.
func (p *Provider) SetUp(ctx context.Context, i provider.Instance, m engine.Master) error {
	inst, done, err := p.take(ctx, i)
	if err != nil {
		return err
	}
	defer done()
	if inst.running() == nil {
		return fault.New(fault.InvalidInstanceState, "instance %q does not run, so its master user cannot be made; start it first", i.ID)
	}
	if !p.engines[i.Engine].Simulator.Logins {
		return nil
	}
	if m.User == "" || m.Password == "" {
		return fault.New(fault.MissingParameter, "the master user of instance %q needs a name and a password; give both", i.ID)
	}
	next := inst.look()
	if next.Master.accepts(m.User, m.Password) {
		return nil
	}
	if next.Master, err = newMaster(m.User, m.Password); err != nil {
		return err
	}
	return inst.save(next)
}

// AllowReplicas does nothing: a simulated replica has nothing to copy.
func (p *Provider) AllowReplicas(ctx context.Context, i provider.Instance, _ string) error {
	_, done, err := p.take(ctx, i)
	if err == nil {
		done()
	}
	return err
}
