package serve

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/dbtls/dbtls/internal/api/dms"
	"github.com/dbtls/dbtls/internal/api/native"
	"github.com/dbtls/dbtls/internal/api/rds"
	"github.com/dbtls/dbtls/internal/auth"
	"github.com/dbtls/dbtls/internal/authority"
	"github.com/dbtls/dbtls/internal/awswire/jsonrpc"
	"github.com/dbtls/dbtls/internal/awswire/query"
	"github.com/dbtls/dbtls/internal/awswire/sigv4"
	"github.com/dbtls/dbtls/internal/console"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/store"
)

// maxBody bounds a request; one byte more shows that it was longer.
const maxBody = query.MaxBytes + 1

// gate is the front door: it reads the body, checks the signature and hands
// over to the API that the signature is scoped to. What the user may do there
// is asked of a visit.
type gate struct {
	users    *auth.Users
	verifier *sigv4.Verifier
	cas      *authority.Service
	rds      *rds.API
	dms      *dms.API
	native   *native.API
	console  *console.Server
	metrics  http.Handler
	store    *store.Store
	calls    *callLog
	failures failures
	log      *slog.Logger
}

func (g *gate) handler() http.Handler {
	mux := http.NewServeMux()
	(&bundles{g.cas}).routes(mux)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok\n") })
	mux.HandleFunc("GET /metrics", g.serveMetrics)
	mux.HandleFunc("/api/v1/", g.serveNative)
	g.console.Routes(mux)
	mux.HandleFunc("POST /console/api/rds", g.serveBrowserAWS("rds"))
	mux.HandleFunc("POST /console/api/dms", g.serveBrowserAWS(dms.Service))
	mux.HandleFunc("/{$}", g.serveAWS)
	return hardened(mux)
}

// hardened adds what browsers should know about every answer.
func hardened(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Strict-Transport-Security", "max-age=31536000")
		next.ServeHTTP(w, r)
	})
}

// requestID makes an id of AWS's form, a random UUID.
func requestID() string {
	b := make([]byte, 16)
	rand.Read(b)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// errTooLong is a body over the limit.
var errTooLong = errors.New("the request body is too long")

func readBody(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err == nil && len(body) == maxBody {
		err = errTooLong
	}
	return body, err
}

// authenticate proves who sent a request.
func (g *gate) authenticate(r *http.Request, body []byte) (sigv4.Credential, auth.User, error) {
	c, err := g.verifier.Verify(r, body, time.Now())
	if err != nil {
		return c, auth.User{}, err
	}
	user, ok := g.users.ByKey(c.AccessKeyID)
	if !ok {
		return c, user, &sigv4.Error{Code: sigv4.InvalidClientTokenID, Message: "The security token included in the request is invalid."}
	}
	c.Region = strings.ToLower(c.Region) // dbtls env may spell it in capitals, see there
	if !g.cas.Enabled(c.Region) {
		return c, user, &sigv4.Error{Code: sigv4.SignatureDoesNotMatch, Message: fmt.Sprintf(
			"Credential should be scoped to a valid region, not '%s': this server has %s (dbtls serve --regions)", c.Region, strings.Join(g.cas.Regions(), ", "))}
	}
	return c, user, nil
}

// serveAWS is the root path, where AWS's clients call.
func (g *gate) serveAWS(w http.ResponseWriter, r *http.Request) {
	id := requestID()
	w.Header().Set("X-Amzn-Requestid", id)
	body, err := readBody(r)
	if err != nil {
		refuseAWS(w, r, http.StatusBadRequest, "MalformedQueryString", "the request body could not be read or is longer than a request can be", id)
		return
	}
	c, user, err := g.authenticate(r, body)
	if err != nil {
		g.unproven(r, err, id)
		refuseSignature(w, r, err, id)
		return
	}
	g.answerAWS(w, r, body, user, c.Region, c.Service, id)
}

// answerAWS hands over to the API of a service, for a user who is known.
func (g *gate) answerAWS(w http.ResponseWriter, r *http.Request, body []byte, user auth.User, region, service, id string) {
	v := g.visit(r, user, service, id)
	switch service {
	case "rds":
		g.rds.Serve(w, r, body, rds.Caller{User: user.Name, Region: region, RequestID: id, May: v.may, Done: v.done})
	case dms.Service:
		g.dms.Serve(w, r, body, dms.Caller{User: user.Name, Region: region, RequestID: id, May: v.may, Done: v.done})
	default:
		v.done("", sigv4.SignatureDoesNotMatch)
		refuseAWS(w, r, http.StatusForbidden, sigv4.SignatureDoesNotMatch, fmt.Sprintf(
			"Credential should be scoped to correct service: 'rds' or 'dms', not '%s'; the APIs of other services are not built in dbtls", service), id)
	}
}

// refuseAWS writes an error in the protocol that the request came in.
func refuseAWS(w http.ResponseWriter, r *http.Request, status int, code, message, id string) {
	if jsonrpc.Is(r) {
		jsonrpc.WriteError(w, status, code, message, nil)
		return
	}
	rds.WriteError(w, status, code, message, id)
}

func refuseSignature(w http.ResponseWriter, r *http.Request, err error, id string) {
	code, message, status := "AccessDenied", "the request could not be authenticated", http.StatusForbidden
	var s *sigv4.Error
	if errors.As(err, &s) {
		code, message = s.Code, s.Message
	}
	if code == sigv4.IncompleteSignature {
		status = http.StatusBadRequest
	}
	refuseAWS(w, r, status, code, message, id)
}

// serveNative is dbtls's own API, signed for the service "dbtls", or called by
// somebody who is signed in at the console.
func (g *gate) serveNative(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") == "" && console.Has(r) {
		g.serveBrowserNative(w, r)
		return
	}
	id := requestID()
	body, err := readBody(r)
	if err != nil {
		native.WriteError(w, http.StatusBadRequest, "MalformedRequest", "the request body could not be read or is too long", id)
		return
	}
	c, user, err := g.authenticate(r, body)
	if err == nil && c.Service != native.Service {
		err = &sigv4.Error{Code: sigv4.SignatureDoesNotMatch, Message: "Credential should be scoped to correct service: '" + native.Service + "'."}
	}
	if err != nil {
		g.unproven(r, err, id)
		native.WriteError(w, http.StatusUnauthorized, sigv4.CodeOf(err), err.Error(), id)
		return
	}
	g.answerNative(w, r, body, user, c.Region, id)
}

// answerNative hands over to dbtls's own API, for a user who is known.
func (g *gate) answerNative(w http.ResponseWriter, r *http.Request, body []byte, user auth.User, region, id string) {
	v := g.visit(r, user, native.Service, id)
	g.native.Serve(w, r, body, native.Caller{User: user.Name, Region: region, RequestID: id, May: v.may, Done: v.done})
}

// serveMetrics answers a scraper on this machine as it is, and a signed
// request from elsewhere: instance names are nobody else's business.
func (g *gate) serveMetrics(w http.ResponseWriter, r *http.Request) {
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		if err := g.signedScrape(r); err != nil {
			http.Error(w, "metrics are for scrapers on this machine, or signed requests of users that may read them", http.StatusUnauthorized)
			return
		}
	}
	g.metrics.ServeHTTP(w, r)
}

func (g *gate) signedScrape(r *http.Request) error {
	body, err := readBody(r)
	if err != nil {
		return err
	}
	id := requestID()
	_, user, err := g.authenticate(r, body)
	if err != nil {
		g.unproven(r, err, id)
		return err
	}
	v := g.visit(r, user, native.Service, id)
	err = v.may("ReadMetrics")
	v.done("", string(fault.CodeOf(err)))
	return err
}
