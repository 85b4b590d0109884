package probe

import (
	"context"
	"errors"
	"os"
)

// Stage is how far a connection came.
type Stage string

// The stages, in order. A failure names the one that it happened in.
const (
	StageDNS      Stage = "dns"      // the name has no address
	StageConnect  Stage = "connect"  // no TCP connection
	StageStartTLS Stage = "starttls" // connected; the protocol before TLS failed
	StageTLS      Stage = "tls"      // TLS was agreed on; the handshake failed
	StageChain    Stage = "chain"    // the client refuses the server's certificates
	StageName     Stage = "name"     // the certificate is for another name
	StageLogin    Stage = "login"    // the server refuses the client
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
	Code  Code
	Err   error
}

func (f *Failure) Error() string { return f.Err.Error() }

func (f *Failure) Unwrap() error { return f.Err }

// Is answers for the sentinel of the failure's stage. A server that connects
// and then says nothing until the deadline is unreachable too.
func (f *Failure) Is(target error) bool {
	switch target {
	case ErrUnreachable:
		return f.Stage == StageDNS || f.Stage == StageConnect || f.Stage == StageStartTLS && timedOut(f.Err)
	case ErrHandshake:
		return f.Stage == StageTLS
	}
	return false
}

func timedOut(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded)
}
