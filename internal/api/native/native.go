// Package native is dbtls's own API under /api/v1/, JSON in and out: what AWS
// has no words for. Requests arrive authenticated.
package native

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/dbtls/dbtls/internal/api"
	"github.com/dbtls/dbtls/internal/auth"
	"github.com/dbtls/dbtls/internal/clock"
	"github.com/dbtls/dbtls/internal/console"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/fleet"
	"github.com/dbtls/dbtls/internal/forcetls"
	"github.com/dbtls/dbtls/internal/migration"
	"github.com/dbtls/dbtls/internal/overview"
	"github.com/dbtls/dbtls/internal/store"
	"github.com/dbtls/dbtls/internal/watch"
)

// Service is what signatures of requests to this API are scoped to.
const Service = "dbtls"

// API answers requests. Set the fields before the first one; it must not be
// copied after that.
type API struct {
	Fleet     *fleet.Service
	Migration *migration.Service
	ForceTLS  *forcetls.Service
	Guard     *clock.Guard
	Users     *auth.Users
	Store     *store.Store
	Evidence  *store.Evidence
	Console   *console.Server
	Overview  *overview.Service
	Watch     *watch.Service
	Wake      func()
	Log       *slog.Logger

	once sync.Once
	mux  *http.ServeMux
}

// Caller is who signed a request.
type Caller = api.Caller

// call is one request on its way through an action.
type call struct {
	r      *http.Request
	body   []byte
	caller Caller
	named  string // what the body names, for the record of calls
}

func (c *call) by() fleet.Caller {
	return fleet.Caller{Name: c.caller.User, RequestID: c.caller.RequestID}
}

// record starts what the audit log says about the call.
func (c *call) record() store.AuditRecord {
	return store.AuditRecord{At: time.Now(), Actor: c.caller.User, RequestID: c.caller.RequestID}
}

// target is what the path or the body names, "" for nothing.
func (c *call) target() string { return cmp.Or(c.r.PathValue("name"), c.named) }

// decode reads a JSON body; a field that nobody knows and text after the end
// are refused, so that nothing asked for is without effect.
func (c *call) decode(into any) error {
	if len(c.body) == 0 {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(c.body))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fault.Wrap(err, fault.InvalidParameter, "the request body is not the JSON this call takes: %v", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return fault.New(fault.InvalidParameter, "the request body goes on after its JSON ends; send one object and nothing else")
	}
	return nil
}

// route is one action: what is asked for it, what it is called where roles are
// decided and calls are recorded, and what it does.
type route struct {
	pattern, action string
	act             func(*API, *call) (any, error)
}

// routes are the whole API.
func routes() []route {
	return []route{
		{"GET /api/v1/status", "ReadStatus", getStatus},
		{"GET /api/v1/audit", "ReadAudit", getAudit},
		{"GET /api/v1/instances/{name}/rotate/plan", "ReadPlan", getPlan},
		{"GET /api/v1/rotate/plan", "ReadPlan", getPlans},
		{"POST /api/v1/instances/{name}/rotate", "Rotate", postRotate},
		{"GET /api/v1/clients/reports", "ReadReports", getReports},
		{"POST /api/v1/clients/reports", "ReportClients", postReport},
		{"POST /api/v1/clients/lint", "ReadLint", postLint},
		{"POST /api/v1/freeze", "Freeze", postFreeze},
		{"DELETE /api/v1/freeze", "Unfreeze", deleteFreeze},
		{"POST /api/v1/clock/accept", "AcceptClock", acceptClock},
		{"GET /api/v1/connections", "ReadConnections", getConnections},
		{"GET /api/v1/connections/{instance}/{name}", "ReadConnections", getConnection},
		{"GET /api/v1/instances/{name}/sessions", "ReadSessions", getSessions},
		{"GET /api/v1/endpoints/{name}/sessions", "ReadSessions", getEndpointSessions},
		{"POST /api/v1/endpoints/{name}/look", "WatchEndpoint", lookAtEndpoint},
		{"POST /api/v1/endpoints/{name}/follow", "WatchEndpoint", followEndpoint},
		{"GET /api/v1/force-tls", "ReadForcedTLS", getForcePending},
		{"GET /api/v1/force-tls/{name}/plan", "ReadForcedTLS", getForcePlan},
		{"POST /api/v1/force-tls/{name}", "ForceTLS", postForce},
		{"POST /api/v1/force-tls/{name}/confirm", "ConfirmForcedTLS", confirmForce},
		{"POST /api/v1/force-tls/{name}/undo", "UndoForcedTLS", undoForce},
		{"GET /api/v1/overview", "ReadStatus", getOverview},
		{"GET /api/v1/databases", "ReadStatus", getDatabases},
		{"GET /api/v1/instances/{name}/chain", "ReadStatus", getChain},
		{"GET /api/v1/instances/{name}/rotations", "ReadStatus", getRotations},
		{"GET /api/v1/instances/{name}/snippets", "ReadStatus", getSnippets},
		{"GET /api/v1/cas", "ReadStatus", getHierarchy},
		{"GET /api/v1/engines", "ReadStatus", getEngines},
		{"POST /api/v1/certificates/inspect", "ReadCertificate", postInspect},
		{"POST /api/v1/console/links", "ConsoleLink", postConsoleLink},
		{"GET /api/v1/users", "ListUsers", getUsers},
		{"POST /api/v1/users", "AddUser", postUser},
		{"POST /api/v1/users/{name}/rotate-key", "RotateUserKey", rotateUserKey},
		{"DELETE /api/v1/users/{name}", "RemoveUser", deleteUser},
	}
}

// Actions lists the actions of this API, in its own order.
func Actions() []string {
	var all []string
	for _, r := range routes() {
		all = append(all, r.action)
	}
	return all
}

// callKey finds the call in a request's context: the mux hands on only that.
type callKey struct{}

// Serve answers one authenticated request.
func (a *API) Serve(w http.ResponseWriter, r *http.Request, body []byte, caller Caller) {
	a.once.Do(a.build)
	c := &call{body: body, caller: caller}
	a.mux.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callKey{}, c)))
}

func (a *API) build() {
	a.mux = http.NewServeMux()
	handle := func(pattern string, serve func(http.ResponseWriter, *call)) {
		a.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if c, ok := r.Context().Value(callKey{}).(*call); ok { // Serve put it there
				c.r = r
				serve(w, c)
			}
		})
	}
	for _, route := range routes() {
		handle(route.pattern, func(w http.ResponseWriter, c *call) { a.answer(w, c, route) })
	}
	handle("/", func(w http.ResponseWriter, c *call) {
		c.caller.Tell("", "NotFound")
		WriteError(w, http.StatusNotFound, "NotFound", "there is no "+c.r.Method+" "+c.r.URL.Path, c.caller.RequestID)
	})
}

// answer asks whether the caller may, and does it.
func (a *API) answer(w http.ResponseWriter, c *call, route route) {
	if c.caller.May != nil {
		if err := c.caller.Ask(route.action); err != nil {
			a.refuse(w, c, err)
			return
		}
	}
	out, err := route.act(a, c)
	if err != nil {
		a.refuse(w, c, err)
		return
	}
	c.caller.Tell(c.target(), "")
	write(w, http.StatusOK, out)
}

var statuses = map[fault.Code]int{
	fault.InstanceNotFound:     http.StatusNotFound,
	fault.ResourceNotFound:     http.StatusNotFound,
	fault.CertificateNotFound:  http.StatusNotFound,
	auth.UserNotFound:          http.StatusNotFound,
	auth.UserExists:            http.StatusConflict,
	fault.AccessDenied:         http.StatusForbidden,
	fault.GroupNotFound:        http.StatusNotFound,
	forcetls.NothingPending:    http.StatusNotFound,
	forcetls.ClientsAtRisk:     http.StatusConflict,
	forcetls.ClientsUnknown:    http.StatusConflict,
	forcetls.ChangePending:     http.StatusConflict,
	fault.InvalidGroupState:    http.StatusConflict,
	fault.InvalidInstanceState: http.StatusConflict,
	fault.Unavailable:          http.StatusServiceUnavailable,
	fault.Internal:             http.StatusInternalServerError,
}

func (a *API) refuse(w http.ResponseWriter, c *call, err error) {
	code := fault.CodeOf(err)
	status, ok := statuses[code]
	if !ok {
		status = http.StatusBadRequest
	}
	if status >= http.StatusInternalServerError {
		a.Log.Error("request failed", "request_id", c.caller.RequestID, "error", err)
	}
	c.caller.Tell(c.target(), string(code))
	WriteError(w, status, string(code), fault.Public(err), c.caller.RequestID)
}

// Error is the body of every refusal.
type Error struct {
	Code      string `json:"code"`
	Message   string `json:"message"`
	RequestID string `json:"request_id"`
}

// WriteError writes a refusal.
func WriteError(w http.ResponseWriter, status int, code, message, requestID string) {
	write(w, status, Error{code, message, requestID})
}

func write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store") // an answer may hold a secret
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v)
}
