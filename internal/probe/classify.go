package probe

import (
	"crypto/rsa"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"reflect"
	"strings"
	"syscall"

	"github.com/dbtls/dbtls/internal/engine"
)

// The alerts of RFC 8446 section 6.2 that say more than that it failed.
const (
	alertHandshakeFailure     = 40
	alertProtocolVersion      = 70
	alertInsufficientSecurity = 71
	alertUnrecognizedName     = 112
	alertNoProtocol           = 120
)

// alertNone stands for no alert: 0 is close_notify.
const alertNone = -1

// remoteAlert is the alert by which the peer ended the session. crypto/tls
// keeps its type to itself, which is a uint8.
func remoteAlert(err error) int {
	op, ok := errors.AsType[*net.OpError](err)
	if !ok || op.Op != "remote error" {
		return alertNone
	}
	if v := reflect.ValueOf(op.Err); v.Kind() == reflect.Uint8 {
		return int(v.Uint())
	}
	return alertNone
}

// LoginCode is the code for an error of an engine.Login over a connection made
// with Config: the refusal of the certificates, when that was it.
func LoginCode(err error) (Stage, Code) {
	if r, ok := errors.AsType[*Refusal](err); ok {
		return r.Stage, r.Code
	}
	if f, ok := errors.AsType[*Failure](err); ok {
		return f.Stage, f.Code
	}
	switch {
	case errors.Is(err, engine.ErrLoginRefused):
		return StageLogin, LoginRefused
	case errors.Is(err, engine.ErrNoDatabase):
		return StageLogin, DatabaseNotFound
	case errors.Is(err, engine.ErrTLSRequired):
		return StageLogin, TLSRequired
	case errors.Is(err, engine.ErrNoTLS):
		return StageStartTLS, NoTLS
	}
	return StageLogin, LoginFailed
}

// dialCode classifies a failure to connect.
func dialCode(err error) (Stage, Code) {
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		if dns.IsNotFound {
			return StageDNS, HostNotFound
		}
		return StageDNS, LookupFailed
	}
	var late interface{ Timeout() bool }
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return StageConnect, ConnectionRefused
	case timedOut(err), errors.As(err, &late) && late.Timeout():
		return StageConnect, ConnectTimeout
	}
	return StageConnect, Unreachable
}

func startCode(err error) Code {
	switch {
	case errors.Is(err, engine.ErrNoTLS):
		return NoTLS
	case errors.Is(err, engine.ErrNoDirect):
		return NoDirectTLS
	case timedOut(err):
		return NoAnswer
	case hungUp(err):
		return ConnectionClosed
	}
	return WrongProtocol
}

// hungUp reports whether the connection ended, orderly or not.
func hungUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// handshakeCode classifies a failed handshake by what had been seen by then.
// Some of crypto/tls's errors have no type; their words are pinned by tests.
func handshakeCode(err error, seen *Observation) Code {
	alert, text := remoteAlert(err), err.Error()
	_, notTLS := errors.AsType[tls.RecordHeaderError](err)
	switch {
	case timedOut(err):
		return NoAnswer
	case notTLS:
		return WrongProtocol
	case seen.ClientCertificate && (alert != alertNone || hungUp(err)):
		return ClientCertificateRequired
	case alert == alertProtocolVersion, strings.Contains(text, "server selected unsupported protocol version"):
		return ProtocolTooOld
	case alert == alertHandshakeFailure, alert == alertInsufficientSecurity, strings.Contains(text, "server chose an unconfigured cipher suite"):
		return NoCommonCipher
	case alert == alertUnrecognizedName:
		return NameRefused
	case alert == alertNoProtocol:
		return NoDirectTLS
	case tooWeakForTLS(seen):
		return WeakKey
	case strings.Contains(text, "failed to parse certificate from server"):
		return BadCertificate
	case hungUp(err):
		return ConnectionClosed
	}
	return HandshakeFailed
}

// tooWeakForTLS: crypto/rsa verifies no signature of such a key, so the
// handshake itself fails.
func tooWeakForTLS(seen *Observation) bool {
	if len(seen.Chain) == 0 {
		return false
	}
	key, ok := seen.Chain[0].PublicKey.(*rsa.PublicKey)
	return ok && key.N.BitLen() < 1024
}
