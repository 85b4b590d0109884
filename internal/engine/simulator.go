package engine

import (
	"context"
	"crypto/tls"
	"net"
	"slices"
	"sync"
	"time"
)

// Simulator plays a server of the product for simulated instances: the real
// chain behind the product's real preamble, forced TLS with the product's own
// meaning, and a login that says what it is. It holds no data.
type Simulator struct {
	// Serve speaks with one client from its first byte until either side ends
	// or ctx does. The caller owns and closes c. It returns nil for every end
	// that a client may choose.
	Serve func(ctx context.Context, c net.Conn, h *Host) error
	// Logins: Serve asks h.Login. Without it no password is kept.
	Logins bool
}

// Host is one simulated instance as those who speak with its clients see it.
// It is safe for concurrent use.
type Host struct {
	Version string
	// Address and Port are where the session's client came to.
	Address string
	Port    int
	// Parameters are the values in force, defaults included.
	Parameters map[string]string
	// Certificate is the pair in service.
	Certificate func(*tls.ClientHelloInfo) (*tls.Certificate, error)
	// Login reports whether this is the master's user name and password.
	Login func(user, password string) bool
	// Sessions are those that are open on the instance.
	Sessions *Sessions
}

// Session is a client that is logged in at a simulated instance.
type Session struct {
	ID        int
	User      string
	Database  string // that the client asked for, "" for none
	Client    string // IP address
	Program   string // as the client names itself, "" when it does not
	Encrypted bool
	TLS       string // "TLSv1.2", "" when not encrypted
	Cipher    string
	Since     time.Time
}

// Sighting is the session as evidence of a kind.
func (s Session) Sighting(kind SightingKind) Sighting {
	v := Sighting{
		Kind: kind, At: s.Since, User: Printable(s.User), Database: Printable(s.Database), Source: s.Client,
		Application: Printable(s.Program), TLS: TLSPlain,
	}
	if s.Encrypted {
		v.TLS, v.Version, v.Cipher = TLSEncrypted, s.TLS, s.Cipher
	}
	return v
}

// Sessions is the list of an instance's sessions. nil lists none.
type Sessions struct {
	Journal *Journal // takes what happens, nil: nobody wants it

	mu   sync.Mutex
	last int
	open map[int]Session
}

// firstSession leaves the small numbers to what would be the product's own.
const firstSession = 51

// Add lists a session and returns it with its number, which is free again
// after done.
func (s *Sessions) Add(v Session) (_ Session, done func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		s.open, s.last = map[int]Session{}, firstSession-1
	}
	s.last++
	v.ID = s.last
	s.open[v.ID] = v
	s.Journal.add(v.Sighting(SightLogin))
	return v, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.open, v.ID)
	}
}

// Visit notes a client of a product that is played without logins: it came as
// far as a login would.
func (s *Sessions) Visit(v Session) {
	if s != nil {
		seen := v.Sighting(SightLogin)
		seen.Why = "the instance is simulated and asks for no password"
		s.Journal.add(seen)
	}
}

// Refuse notes a client that was sent away because it did not encrypt. What it
// said of itself may be missing: some products are not told before.
func (s *Sessions) Refuse(v Session, why string) {
	if s != nil {
		seen := v.Sighting(SightPlainRefused)
		seen.Why = Printable(why)
		s.Journal.add(seen)
	}
}

// fail notes a client with which no TLS came about.
func (s *Sessions) fail(client, why string) {
	if s != nil {
		s.Journal.add(Sighting{Kind: SightHandshakeFailed, At: time.Now(), Source: client, TLS: TLSUnknown, Why: Printable(why)})
	}
}

// List is the open sessions, by number.
func (s *Sessions) List() []Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Session, 0, len(s.open))
	for _, v := range s.open {
		all = append(all, v)
	}
	slices.SortFunc(all, func(a, b Session) int { return a.ID - b.ID })
	return all
}
