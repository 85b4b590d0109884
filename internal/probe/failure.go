package probe

import (
	"context"
	"errors"
	"os"
)

// Stage is how far a connection came.
type Stage string

// The stages, in order.
const (
	StageConnect  Stage = "connect"  // no TCP connection
	StageStartTLS Stage = "starttls" // connected; the protocol before TLS failed
	StageTLS      Stage = "tls"      // TLS was agreed on; the handshake failed
)

// What callers ask a failure with errors.Is, beside engine.ErrNoTLS.
var (
	// ErrUnreachable: nothing answered. It proves neither that a change took
	// nor that it did not.
	ErrUnreachable = errors.New("server cannot be reached")
	// ErrHandshake: the server speaks TLS, and no handshake came about.
	ErrHandshake = errors.New("TLS handshake failed")
)

// Failure is the error of Dial.
type Failure struct {
	Stage Stage
	Err   error
}

func (f *Failure) Error() string { return f.Err.Error() }

func (f *Failure) Unwrap() error { return f.Err }

// Is answers for the sentinel of the failure's stage. A server that connects
// and then says nothing until the deadline is unreachable too.
func (f *Failure) Is(target error) bool {
	switch target {
	case ErrUnreachable:
		return f.Stage == StageConnect || f.Stage == StageStartTLS && timedOut(f.Err)
	case ErrHandshake:
		return f.Stage == StageTLS
	}
	return false
}

func timedOut(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded)
}
