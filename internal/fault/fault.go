// Package fault is the one error type that crosses packages: a stable code,
// a message fit for the person who called, and the cause behind it.
//
// Messages name the thing, the rule and the fix. Transports map codes to
// their own (internal/api/rds turns InstanceNotFound into the wire code
// DBInstanceNotFound and status 404); no other package knows a status.
package fault

import (
	"errors"
	"fmt"
)

// Code says what kind of fault it is; it never changes once released.
type Code string

// The codes of the domain. Each transport has one table that maps them.
const (
	Internal             Code = "Internal"
	AccessDenied         Code = "AccessDenied"
	InvalidAction        Code = "InvalidAction" // unknown, or one AWS has and dbtls does not have yet
	NotBuilt             Code = "NotBuilt"      // a parameter AWS has and dbtls does not have yet
	InvalidParameter     Code = "InvalidParameter"
	InvalidCombination   Code = "InvalidCombination"
	MissingParameter     Code = "MissingParameter"
	InstanceNotFound     Code = "InstanceNotFound"
	InstanceExists       Code = "InstanceExists"
	InvalidInstanceState Code = "InvalidInstanceState"
	SnapshotExists       Code = "SnapshotExists"
	CertificateNotFound  Code = "CertificateNotFound"
	ClusterNotFound      Code = "ClusterNotFound"
	ClusterExists        Code = "ClusterExists"
	InvalidClusterState  Code = "InvalidClusterState"
	ResourceNotFound     Code = "ResourceNotFound"     // by ARN, of any type
	GroupNotFound        Code = "GroupNotFound"        // a parameter group of either kind
	ClusterGroupNotFound Code = "ClusterGroupNotFound" // the parameter group that a cluster shall have
	GroupExists          Code = "GroupExists"
	InvalidGroupState    Code = "InvalidGroupState" // in use, a default one, changed meanwhile
	StorageShort         Code = "StorageShort"      // the file system has no room
	Unavailable          Code = "Unavailable"       // right request, not now: frozen, clock distrusted, CA being made
)

// Error carries a code and a public message; Err is for the log only.
type Error struct {
	Code    Code
	Message string
	Err     error
}

func (e *Error) Error() string {
	if e.Err != nil {
		return e.Message + ": " + e.Err.Error()
	}
	return e.Message
}

func (e *Error) Unwrap() error { return e.Err }

// New makes a fault whose formatted text may be shown to the caller.
func New(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Wrap is New with a cause that only the log shows.
func Wrap(err error, code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...), Err: err}
}

// CodeOf returns the code of the first fault in err's chain, Internal when
// there is none, and "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	var f *Error
	if errors.As(err, &f) {
		return f.Code
	}
	return Internal
}

// Public returns the text a caller may see. Unclassified errors hide their
// text: it may hold paths or worse.
func Public(err error) string {
	var f *Error
	if errors.As(err, &f) {
		return f.Message
	}
	return "internal error; the server's log has the cause under this request id"
}
