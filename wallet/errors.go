package wallet

import (
	"errors"
	"fmt"
)

// What went wrong, for errors.Is. The error itself has a message that names
// the thing, the rule and the way out; it never holds a password or a key.
var (
	// ErrPassword: the password is wrong, or the file was altered after it
	// was written. A MAC cannot tell the two apart.
	ErrPassword = errors.New("wrong wallet password or altered file")
	// ErrFormat: the bytes are no wallet, or a damaged one.
	ErrFormat = errors.New("not a valid wallet")
	// ErrUnsupported: a wallet of a kind this package does not read or write.
	ErrUnsupported = errors.New("unsupported kind of wallet")
	// ErrLocal: an auto-login-local wallet of another machine or account.
	ErrLocal = errors.New("local wallet of another machine or account")
	// ErrInvalid: what was to be put into the wallet may not go there.
	ErrInvalid = errors.New("invalid input")
	// ErrExists: it is already there.
	ErrExists = errors.New("already in the wallet")
	// ErrNotFound: it is not there.
	ErrNotFound = errors.New("not in the wallet")
	// ErrBusy: another program is writing the wallet, or has just written it.
	ErrBusy = errors.New("wallet in use")
)

// Error is every error this package makes itself.
type Error struct {
	Kind    error // one of the variables above
	Message string
	Cause   error // may be nil
}

func (e *Error) Error() string {
	if e.Cause != nil {
		return e.Message + ": " + e.Cause.Error()
	}
	return e.Message
}

// Unwrap makes errors.Is find the kind and the cause.
func (e *Error) Unwrap() []error {
	if e.Cause != nil {
		return []error{e.Kind, e.Cause}
	}
	return []error{e.Kind}
}

func fail(kind error, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// because is fail with the error that led to it.
func because(cause, kind error, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...), Cause: cause}
}
