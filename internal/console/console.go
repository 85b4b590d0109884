package console

import (
	"encoding/json"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/dbtls/dbtls/internal/fault"
)

// CookieName: browsers keep a cookie of this prefix for exactly this host, over
// HTTPS, and from no script (RFC 6265bis, 4.1.3.2).
const CookieName = "__Host-dbtls"

// Headers of a call.
const (
	TokenHeader  = "X-Dbtls-Csrf"
	RegionHeader = "X-Dbtls-Region"
)

// User is somebody who may sign in.
type User struct{ Name, Role string }

// Config is what a Server is given.
type Config struct {
	// Hosts are the names and addresses at which the server is called.
	Hosts func() []string
	// User finds one that is there, by name.
	User func(name string) (User, bool)
	// Prove finds the user of an access key, if the secret is its secret.
	Prove func(accessKeyID, secret string) (User, bool)
	// Failed is told of a sign-in that was refused.
	Failed func(source, accessKeyID string)
	// Changed is closed at the next change of the state.
	Changed func() <-chan struct{}
	About   About
}

// About is what a page knows of the server.
type About struct {
	Account  string   `json:"account"`
	Region   string   `json:"region"` // the server's own
	Regions  []string `json:"regions"`
	Version  string   `json:"version"`
	Endpoint string   `json:"endpoint"` // https://host:port, for commands to copy
}

// Server is the console's side of the front door.
type Server struct {
	Config
	Sessions *Sessions
	tries    tries
	closed   chan struct{}
	close    sync.Once
}

// New makes a Server.
func New(c Config) *Server {
	return &Server{Config: c, Sessions: NewSessions(), closed: make(chan struct{})}
}

// Close ends the streams of events.
func (s *Server) Close() { s.close.Do(func() { close(s.closed) }) }

// me is who is signed in, as a page needs it.
type me struct {
	User  string `json:"user"`
	Role  string `json:"role"`
	Token string `json:"csrf"`
	About
}

// Routes adds what a browser asks for, but the calls of the APIs.
func (s *Server) Routes(mux *http.ServeMux) {
	mux.Handle("GET /console", http.RedirectHandler("/console/", http.StatusPermanentRedirect))
	mux.HandleFunc("GET /console/", serveFile)
	mux.HandleFunc("GET /console/session", s.getSession)
	mux.HandleFunc("POST /console/session", s.postSession)
	mux.HandleFunc("DELETE /console/session", s.deleteSession)
	mux.HandleFunc("GET /console/events", s.events)
}

// Caller is whose call a request is, and for which region.
type Caller struct {
	User   User
	Region string
}

// Has reports whether a request carries a session's cookie, good or not.
func Has(r *http.Request) bool {
	_, err := r.Cookie(CookieName)
	return err == nil
}

// Call proves a call of an API: a session that goes on, its token, from a page
// of this server. The error says that nobody is signed in (AccessDenied with
// signedIn false), or what is wrong.
func (s *Server) Call(r *http.Request) (c Caller, signedIn bool, err error) {
	session, user, err := s.session(r, true)
	if err != nil {
		return c, false, err
	}
	if err := SameSite(r, s.Hosts()); err != nil {
		return c, true, err
	}
	if !session.Holds(r.Header.Get(TokenHeader)) {
		return c, true, fault.New(fault.AccessDenied, "the call does not carry its session's token; load the page again")
	}
	c = Caller{User: user, Region: strings.ToLower(r.Header.Get(RegionHeader))}
	if c.Region == "" {
		c.Region = s.About.Region
	}
	if !slices.Contains(s.About.Regions, c.Region) {
		return c, true, fault.New(fault.InvalidParameter, "region %q is not one of this server's: %s", cut(c.Region), strings.Join(s.About.Regions, ", "))
	}
	return c, true, nil
}

// session finds who is signed in; a user that was removed is nobody.
func (s *Server) session(r *http.Request, touch bool) (Session, User, error) {
	none := fault.New(fault.AccessDenied, "nobody is signed in; dbtls console prints a link")
	cookie, err := r.Cookie(CookieName)
	if err != nil {
		return Session{}, User{}, none
	}
	session, ok := s.Sessions.Find(cookie.Value, touch)
	if !ok {
		return Session{}, User{}, none
	}
	user, ok := s.User(session.User)
	if !ok {
		s.Sessions.End(cookie.Value)
		return Session{}, User{}, none
	}
	return session, user, nil
}

func (s *Server) getSession(w http.ResponseWriter, r *http.Request) {
	if err := SameSite(r, s.Hosts()); err != nil {
		refuse(w, http.StatusForbidden, err)
		return
	}
	session, user, err := s.session(r, true)
	if err != nil {
		refuse(w, http.StatusUnauthorized, err)
		return
	}
	answer(w, me{User: user.Name, Role: user.Role, Token: session.Token, About: s.About})
}

// maxSignIn bounds the body of a sign-in, in bytes.
const maxSignIn = 4096

func (s *Server) postSession(w http.ResponseWriter, r *http.Request) {
	if err := SameSite(r, s.Hosts()); err != nil {
		refuse(w, http.StatusForbidden, err)
		return
	}
	var q struct {
		Token           string `json:"token"`
		AccessKeyID     string `json:"access_key_id"`
		SecretAccessKey string `json:"secret_access_key"`
	}
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		refuse(w, http.StatusUnsupportedMediaType, fault.New(fault.InvalidParameter, "a sign-in is JSON")) // no form of another site can send it
		return
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxSignIn)).Decode(&q); err != nil {
		refuse(w, http.StatusBadRequest, fault.New(fault.InvalidParameter, "a sign-in is a JSON object with token, or with access_key_id and secret_access_key"))
		return
	}
	source, _, _ := net.SplitHostPort(r.RemoteAddr)
	user, err := s.prove(source, q.Token, q.AccessKeyID, q.SecretAccessKey)
	if err != nil {
		refuse(w, http.StatusUnauthorized, err)
		return
	}
	session, cookie, err := s.Sessions.Begin(user.Name)
	if err != nil {
		refuse(w, http.StatusServiceUnavailable, err)
		return
	}
	if old, err := r.Cookie(CookieName); err == nil {
		s.Sessions.End(old.Value)
	}
	setCookie(w, cookie, session.Ends)
	answer(w, me{User: user.Name, Role: user.Role, Token: session.Token, About: s.About})
}

// prove finds out who signs in, by a link's token or by a key.
func (s *Server) prove(source, token, id, secret string) (User, error) {
	now := time.Now()
	if s.tries.spent(source, now) {
		return User{}, fault.New(fault.AccessDenied, "too many sign-ins have failed; wait a minute")
	}
	if token != "" {
		if name, ok := s.Sessions.Redeem(token); ok {
			if user, ok := s.User(name); ok {
				return user, nil
			}
		}
		s.tries.failed(source, now)
		return User{}, fault.New(fault.AccessDenied, "this sign-in link was used already, or is older than ten minutes; dbtls console prints another")
	}
	if user, ok := s.Prove(id, secret); ok {
		return user, nil
	}
	s.tries.failed(source, now)
	s.Failed(source, id)
	return User{}, fault.New(fault.AccessDenied, "the access key is not known, or the secret is not its secret")
}

func (s *Server) deleteSession(w http.ResponseWriter, r *http.Request) {
	if _, signedIn, err := s.Call(r); err != nil && signedIn {
		refuse(w, http.StatusForbidden, err)
		return
	}
	if cookie, err := r.Cookie(CookieName); err == nil {
		s.Sessions.End(cookie.Value)
	}
	setCookie(w, "", time.Unix(1, 0))
	guarded(w)
	w.WriteHeader(http.StatusNoContent)
}

func setCookie(w http.ResponseWriter, value string, ends time.Time) {
	http.SetCookie(w, &http.Cookie{Name: CookieName, Value: value, Path: "/", Expires: ends,
		Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode})
}

func answer(w http.ResponseWriter, v any) {
	guarded(w)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	json.NewEncoder(w).Encode(v)
}

func refuse(w http.ResponseWriter, status int, err error) {
	guarded(w)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]string{"code": string(fault.CodeOf(err)), "message": fault.Public(err)})
}
