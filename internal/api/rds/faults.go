package rds

import (
	"errors"
	"net/http"

	"github.com/dbtls/dbtls/internal/awswire/query"
	"github.com/dbtls/dbtls/internal/fault"
)

// wire is how a fault looks on the wire. The codes are the model's
// error.code, which often is not the exception's name; SDKs map by them.
type wire struct {
	code   string
	status int
}

var faults = map[fault.Code]wire{
	fault.Internal:             {"InternalFailure", http.StatusInternalServerError},
	fault.AccessDenied:         {"AccessDenied", http.StatusForbidden},
	fault.InvalidParameter:     {"InvalidParameterValue", http.StatusBadRequest},
	fault.InvalidCombination:   {"InvalidParameterCombination", http.StatusBadRequest},
	fault.MissingParameter:     {"MissingParameter", http.StatusBadRequest},
	fault.InstanceNotFound:     {"DBInstanceNotFound", http.StatusNotFound},
	fault.InstanceExists:       {"DBInstanceAlreadyExists", http.StatusBadRequest},
	fault.InvalidInstanceState: {"InvalidDBInstanceState", http.StatusBadRequest},
	fault.SnapshotExists:       {"DBSnapshotAlreadyExists", http.StatusBadRequest},
	fault.CertificateNotFound:  {"CertificateNotFound", http.StatusNotFound},
	fault.GroupNotFound:        {"DBParameterGroupNotFound", http.StatusNotFound},
	fault.ClusterGroupNotFound: {"DBClusterParameterGroupNotFound", http.StatusNotFound},
	fault.GroupExists:          {"DBParameterGroupAlreadyExists", http.StatusBadRequest},
	fault.InvalidGroupState:    {"InvalidDBParameterGroupState", http.StatusBadRequest},
	fault.ClusterNotFound:      {"DBClusterNotFoundFault", http.StatusNotFound},
	fault.ClusterExists:        {"DBClusterAlreadyExistsFault", http.StatusBadRequest},
	fault.InvalidClusterState:  {"InvalidDBClusterStateFault", http.StatusBadRequest},
	fault.ResourceNotFound:     {"ResourceNotFoundFault", http.StatusNotFound},
	fault.StorageShort:         {"StorageQuotaExceeded", http.StatusBadRequest},
	fault.Unavailable:          {"ServiceUnavailable", http.StatusServiceUnavailable},
	fault.InvalidAction:        {"InvalidAction", http.StatusBadRequest},
	fault.NotBuilt:             {"InvalidParameterValue", http.StatusBadRequest},
}

var queryKinds = map[query.Kind]wire{
	query.InvalidValue:       {"InvalidParameterValue", http.StatusBadRequest},
	query.InvalidCombination: {"InvalidParameterCombination", http.StatusBadRequest},
	query.Missing:            {"MissingParameter", http.StatusBadRequest},
	query.Malformed:          {"MalformedQueryString", http.StatusBadRequest},
}

// refuse writes an error. What only the log should know stays there.
func (a *API) refuse(w http.ResponseWriter, caller Caller, named string, err error) {
	is, known := faults[fault.CodeOf(err)]
	if !known { // of a code that no action here gives
		is = faults[fault.Internal]
	}
	message := fault.Public(err)
	var q *query.Error
	if errors.As(err, &q) {
		is, message = queryKinds[q.Kind], q.Message
	}
	if is.status >= http.StatusInternalServerError {
		a.Log.Error("request failed", "request_id", caller.RequestID, "error", err)
	}
	caller.Tell(named, is.code)
	WriteError(w, is.status, is.code, message, caller.RequestID)
}

// WriteError writes an error response of the Query protocol; whoever refuses
// a request before an action sees it uses it too.
func WriteError(w http.ResponseWriter, status int, code, message, requestID string) {
	w.Header().Set("Content-Type", query.ContentType)
	w.WriteHeader(status)
	w.Write(query.ErrorResponse(code, message, requestID, status < http.StatusInternalServerError))
}
