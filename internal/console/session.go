package console

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"sync"
	"time"

	"github.com/dbtls/dbtls/internal/fault"
)

// How long things last, and how many there may be.
const (
	linkLife    = 10 * time.Minute
	idleLife    = time.Hour
	sessionLife = 12 * time.Hour
	mostLinks   = 100
	mostOpen    = 1000
)

// Session is somebody who is signed in.
type Session struct {
	User  string // its name
	Token string // what every call of the session carries
	Ends  time.Time
}

type held struct {
	Session
	used time.Time
}

// digest is what is kept of a secret: who reads this process's memory dump, or
// times a comparison, learns none.
type digest = [sha256.Size]byte

// Sessions keeps who is signed in, in memory: a restart signs everybody out.
// Safe for concurrent use.
type Sessions struct {
	now   func() time.Time
	mu    sync.Mutex
	links map[digest]held
	open  map[digest]*held
}

// NewSessions begins without any.
func NewSessions() *Sessions {
	return &Sessions{now: time.Now, links: map[digest]held{}, open: map[digest]*held{}}
}

// secret is 256 random bits, fit for a URL.
func secret() string {
	b := make([]byte, 32)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

// Link makes a token with which a user signs in once, within ten minutes.
func (s *Sessions) Link(user string) (token string, ends time.Time, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	for d, l := range s.links {
		if !now.Before(l.Ends) {
			delete(s.links, d)
		}
	}
	if len(s.links) >= mostLinks {
		return "", time.Time{}, fault.New(fault.Unavailable, "%d sign-in links wait to be used, which is all there may be; use one, or wait ten minutes", len(s.links))
	}
	token, ends = secret(), now.Add(linkLife)
	s.links[sha256.Sum256([]byte(token))] = held{Session: Session{User: user, Ends: ends}}
	return token, ends, nil
}

// Redeem takes a link's token, which is worth nothing afterwards, and returns
// whose it was.
func (s *Sessions) Redeem(token string) (user string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := sha256.Sum256([]byte(token))
	l, ok := s.links[d]
	delete(s.links, d)
	return l.User, ok && s.now().Before(l.Ends)
}

// Begin signs a user in and returns the session with the value of its cookie.
func (s *Sessions) Begin(user string) (Session, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.forget(now)
	if len(s.open) >= mostOpen {
		return Session{}, "", fault.New(fault.Unavailable, "%d people are signed in, which is all there may be; somebody has to sign out", len(s.open))
	}
	cookie := secret()
	h := &held{Session: Session{User: user, Token: secret(), Ends: now.Add(sessionLife)}, used: now}
	s.open[sha256.Sum256([]byte(cookie))] = h
	return h.Session, cookie, nil
}

// forget drops the sessions that are over. The caller holds the lock.
func (s *Sessions) forget(now time.Time) {
	for d, h := range s.open {
		if h.over(now) {
			delete(s.open, d)
		}
	}
}

func (h *held) over(now time.Time) bool {
	return !now.Before(h.Ends) || now.Sub(h.used) >= idleLife
}

// Find is the session of a cookie. touch: somebody did something in it.
func (s *Sessions) Find(cookie string, touch bool) (Session, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := sha256.Sum256([]byte(cookie))
	h, ok := s.open[d]
	if !ok {
		return Session{}, false
	}
	now := s.now()
	if h.over(now) {
		delete(s.open, d)
		return Session{}, false
	}
	if touch {
		h.used = now
	}
	return h.Session, true
}

// End signs out.
func (s *Sessions) End(cookie string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, sha256.Sum256([]byte(cookie)))
}

// Holds reports whether a token is the session's.
func (s Session) Holds(token string) bool {
	return s.Token != "" && subtle.ConstantTimeCompare([]byte(s.Token), []byte(token)) == 1
}
