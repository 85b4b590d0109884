// Package sigv4 is AWS Signature Version 4 in its header form: it verifies
// requests and signs them. It is not an identity store (the caller's Secret
// function is), does not judge regions or services, and does not accept
// pre-signed URLs, unsigned or streamed bodies.
//
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
package sigv4

import (
	"errors"
	"time"
)

// DefaultWindow is how far a request's time may lie from the verifier's, both
// ways and inclusive, when Verifier.Window is zero. AWS uses the same.
const DefaultWindow = 15 * time.Minute

const (
	algorithm  = "AWS4-HMAC-SHA256"
	terminator = "aws4_request"
	basicTime  = "20060102T150405Z" // ISO 8601 basic, UTC
	basicDate  = "20060102"
)

// Credential is the parsed Credential element of an Authorization header: the
// key's id and the scope that the signature is bound to. Date is YYYYMMDD.
type Credential struct {
	AccessKeyID, Date, Region, Service string
}

// Key is what a client signs with. SessionToken may be empty.
type Key struct {
	AccessKeyID, SecretAccessKey, SessionToken string
}

// The values of Error.Code, as AWS spells them. All are HTTP 403 there except
// IncompleteSignature, which is 400.
const (
	MissingAuthenticationToken = "MissingAuthenticationToken"
	IncompleteSignature        = "IncompleteSignature"
	InvalidClientTokenID       = "InvalidClientTokenId"
	SignatureDoesNotMatch      = "SignatureDoesNotMatch"
)

// Error is a refusal. Both fields may be shown to the caller: they hold no
// secret and nothing of the computed signature.
type Error struct {
	Code    string // one of the constants above
	Message string // AWS's own words where they are known
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// CodeOf returns the code of the first *Error in err's chain, "" without one.
func CodeOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

func incomplete(message string) *Error { return &Error{IncompleteSignature, message} }
func mismatch(message string) *Error   { return &Error{SignatureDoesNotMatch, message} }
