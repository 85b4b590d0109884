package serve

import (
	"crypto/subtle"
	"net"
	"net/http"
	"time"

	"github.com/dbtls/dbtls/internal/api/native"
	"github.com/dbtls/dbtls/internal/auth"
	"github.com/dbtls/dbtls/internal/console"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/store"
)

// newConsole joins the console with who may sign in and what changes.
func (srv *server) newConsole(users *auth.Users) *console.Server {
	user := func(u auth.User, ok bool) (console.User, bool) { return console.User{Name: u.Name, Role: u.Role}, ok }
	return console.New(console.Config{
		Hosts: func() []string { return srv.tls.names },
		User:  func(name string) (console.User, bool) { return user(users.Named(name)) },
		Prove: func(id, secret string) (console.User, bool) {
			right, ok := users.Secret(id)
			if !ok || subtle.ConstantTimeCompare([]byte(right), []byte(secret)) != 1 {
				return console.User{}, false
			}
			return user(users.ByKey(id))
		},
		Failed:  func(source, id string) { srv.gate.unsigned(source, id) },
		Changed: srv.store.Changed,
		About:   console.About{Account: srv.opts.Account, Region: srv.opts.Region, Regions: srv.cas.Regions(), Version: srv.opts.Version},
	})
}

// unsigned records that somebody tried to sign in with a key that is known.
func (g *gate) unsigned(source, id string) {
	user, known := g.users.ByKey(id)
	now := time.Now()
	if !known || !g.failures.first(id, "SignIn", now) {
		return
	}
	g.calls.add(store.AuditRecord{At: now, Actor: user.Name, Action: "sign in", Target: source, RequestID: requestID(),
		Detail: "refused: wrong secret, access key " + id + "; more of these within a minute are not recorded"})
}

// browser proves that a request comes from somebody who is signed in at the
// console; a refusal is written by refuse.
func (g *gate) browser(r *http.Request, refuse func(status int, code, message string)) (console.Caller, auth.User, bool) {
	c, signedIn, err := g.console.Call(r)
	switch {
	case err != nil && !signedIn:
		refuse(http.StatusUnauthorized, string(fault.CodeOf(err)), fault.Public(err))
	case err != nil:
		refuse(http.StatusForbidden, string(fault.CodeOf(err)), fault.Public(err))
	case !g.cas.Enabled(c.Region):
		refuse(http.StatusForbidden, string(fault.AccessDenied), "this server has no region "+c.Region)
	default:
		return c, auth.User{Name: c.User.Name, Role: c.User.Role}, true
	}
	return c, auth.User{}, false
}

// serveBrowserAWS is where the console calls AWS's APIs: what a signed request
// says in its credential scope, the path and a header say here.
func (g *gate) serveBrowserAWS(service string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id := requestID()
		w.Header().Set("X-Amzn-Requestid", id)
		w.Header().Set("Cache-Control", "no-store")
		c, user, ok := g.browser(r, func(status int, code, message string) { refuseAWS(w, r, status, code, message, id) })
		if !ok {
			return
		}
		body, err := readBody(r)
		if err != nil {
			refuseAWS(w, r, http.StatusBadRequest, "MalformedQueryString", "the request body could not be read or is longer than a request can be", id)
			return
		}
		g.answerAWS(w, r, body, user, c.Region, service, id)
	}
}

// serveBrowserNative is serveNative for somebody who is signed in.
func (g *gate) serveBrowserNative(w http.ResponseWriter, r *http.Request) {
	id := requestID()
	c, user, ok := g.browser(r, func(status int, code, message string) { native.WriteError(w, status, code, message, id) })
	if !ok {
		return
	}
	body, err := readBody(r)
	if err != nil {
		native.WriteError(w, http.StatusBadRequest, "MalformedRequest", "the request body could not be read or is too long", id)
		return
	}
	g.answerNative(w, r, body, user, c.Region, id)
}

// openConsole tells the console where it is served, and whoever started the
// server how to sign in.
func (srv *server) openConsole(addr net.Addr) {
	c := srv.gate.console
	c.About.Endpoint = "https://" + addr.String()
	token, _, err := c.Sessions.Link(auth.BuiltIn)
	if err != nil { // there is none yet: nothing can be full
		srv.log.Error("make a sign-in link", "error", err)
		return
	}
	srv.log.Info("console: sign in once, within ten minutes", "url", c.About.Endpoint+"/console/#token="+token)
}
