// Package native is dbtls's own API under /api/v1/, JSON in and out: what AWS
// has no words for. Requests arrive authenticated.
package native

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"

	"github.com/dbtls/dbtls/internal/clock"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/fleet"
	"github.com/dbtls/dbtls/internal/store"
)

// Service is what signatures of requests to this API are scoped to.
const Service = "dbtls"

// API answers requests.
type API struct {
	Fleet *fleet.Service
	Guard *clock.Guard
	Store *store.Store
	Wake  func()
	Log   *slog.Logger
}

// Caller is who signed a request, and for which region.
type Caller struct {
	User, Region, RequestID string
}

// call is one request on its way through an action.
type call struct {
	r      *http.Request
	body   []byte
	caller Caller
}

func (c *call) by() fleet.Caller {
	return fleet.Caller{Name: c.caller.User, RequestID: c.caller.RequestID}
}

// decode reads a JSON body; a field that nobody knows is refused, so that
// nothing asked for is without effect.
func (c *call) decode(into any) error {
	if len(c.body) == 0 {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(c.body))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fault.Wrap(err, fault.InvalidParameter, "the request body is not the JSON this call takes: %v", err)
	}
	return nil
}

// Serve answers one authenticated request.
func (a *API) Serve(w http.ResponseWriter, r *http.Request, body []byte, caller Caller) {
	c := &call{r: r, body: body, caller: caller}
	mux := http.NewServeMux()
	for pattern, act := range map[string]func(*API, *call) (any, error){
		"GET /api/v1/status":                       getStatus,
		"GET /api/v1/audit":                        getAudit,
		"GET /api/v1/instances/{name}/rotate/plan": getPlan,
		"POST /api/v1/instances/{name}/rotate":     postRotate,
		"POST /api/v1/freeze":                      postFreeze,
		"DELETE /api/v1/freeze":                    deleteFreeze,
		"POST /api/v1/clock/accept":                acceptClock,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			c.r = r
			out, err := act(a, c)
			if err != nil {
				a.refuse(w, caller, err)
				return
			}
			write(w, http.StatusOK, out)
		})
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		WriteError(w, http.StatusNotFound, "NotFound", "there is no "+r.Method+" "+r.URL.Path, caller.RequestID)
	})
	mux.ServeHTTP(w, r)
}

var statuses = map[fault.Code]int{
	fault.InstanceNotFound:     http.StatusNotFound,
	fault.CertificateNotFound:  http.StatusNotFound,
	fault.AccessDenied:         http.StatusForbidden,
	fault.InvalidInstanceState: http.StatusConflict,
	fault.Unavailable:          http.StatusServiceUnavailable,
	fault.Internal:             http.StatusInternalServerError,
}

func (a *API) refuse(w http.ResponseWriter, caller Caller, err error) {
	code := fault.CodeOf(err)
	status, ok := statuses[code]
	if !ok {
		status = http.StatusBadRequest
	}
	if status >= http.StatusInternalServerError {
		a.Log.Error("request failed", "request_id", caller.RequestID, "error", err)
	}
	WriteError(w, status, string(code), fault.Public(err), caller.RequestID)
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
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v)
}
