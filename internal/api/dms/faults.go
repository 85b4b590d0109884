package dms

import (
	"errors"
	"net/http"

	"github.com/dbtls/dbtls/internal/awswire/jsonrpc"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/migration"
)

// wire is how a fault looks on the wire. The model gives its faults no status
// of their own: they are 400.
type wire struct {
	code   string
	status int
}

var faults = map[fault.Code]wire{
	fault.Internal:               {"InternalFailure", http.StatusInternalServerError},
	fault.AccessDenied:           {"AccessDeniedException", http.StatusBadRequest},
	fault.InvalidParameter:       {"InvalidParameterValueException", http.StatusBadRequest},
	fault.InvalidCombination:     {"InvalidParameterCombinationException", http.StatusBadRequest},
	fault.MissingParameter:       {"InvalidParameterValueException", http.StatusBadRequest},
	fault.ResourceNotFound:       {"ResourceNotFoundFault", http.StatusBadRequest},
	fault.StorageShort:           {"StorageQuotaExceededFault", http.StatusBadRequest},
	fault.Unavailable:            {"ServiceUnavailable", http.StatusServiceUnavailable},
	fault.InvalidAction:          {"UnknownOperationException", http.StatusBadRequest},
	fault.NotBuilt:               {"InvalidParameterValueException", http.StatusBadRequest},
	migration.InvalidCertificate: {"InvalidCertificateFault", http.StatusBadRequest},
	migration.ResourceExists:     {"ResourceAlreadyExistsFault", http.StatusBadRequest},
	migration.InvalidState:       {"InvalidResourceStateFault", http.StatusBadRequest},
	migration.QuotaExceeded:      {"ResourceQuotaExceededFault", http.StatusBadRequest},
}

var requestKinds = map[jsonrpc.Kind]string{
	jsonrpc.Malformed:        "SerializationException",
	jsonrpc.Missing:          "InvalidParameterValueException",
	jsonrpc.InvalidValue:     "InvalidParameterValueException",
	jsonrpc.UnknownOperation: "UnknownOperationException",
}

// refuse writes an error. What only the log should know stays there.
func (a *API) refuse(w http.ResponseWriter, caller Caller, named string, err error) {
	is, ok := faults[fault.CodeOf(err)]
	if !ok {
		is = faults[fault.Internal]
	}
	message := fault.Public(err)
	if q, ok := errors.AsType[*jsonrpc.Error](err); ok {
		is, message = wire{requestKinds[q.Kind], http.StatusBadRequest}, q.Message
	}
	if is.status >= http.StatusInternalServerError {
		a.Log.Error("request failed", "request_id", caller.RequestID, "error", err)
	}
	var more map[string]string
	if e, ok := errors.AsType[*migration.Existing](err); ok {
		more = map[string]string{"resourceArn": e.ARN}
	}
	caller.Tell(named, is.code)
	jsonrpc.WriteError(w, is.status, is.code, message, more)
}
