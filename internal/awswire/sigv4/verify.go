package sigv4

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Verifier checks signed requests. Set the fields before the first Verify;
// after that it is safe for concurrent use and must not be copied.
type Verifier struct {
	// Secret returns the secret of a key id, false for an unknown one. It is
	// called once per request and must be safe for concurrent use.
	Secret func(accessKeyID string) (secret string, ok bool)
	// Window is how far the request's time may lie from now; 0 is DefaultWindow.
	Window time.Duration

	keys keyCache
}

// Verify returns the credential that r is proven to be signed with. body is
// the whole body as received; now is the server's time. Every error is an
// *Error. A second request within a second may rightly carry the same
// signature as the first, so repeats are not refused. A session token is
// covered by the signature but means nothing here: keys have none.
func (v *Verifier) Verify(r *http.Request, body []byte, now time.Time) (Credential, error) {
	a, err := Parse(r)
	if err != nil {
		return Credential{}, err
	}
	if err := checkCovered(r.Header, a.SignedHeaders); err != nil {
		return Credential{}, err
	}
	secret, ok := v.Secret(a.Credential.AccessKeyID)
	if !ok {
		return Credential{}, &Error{InvalidClientTokenID, "The security token included in the request is invalid."}
	}
	if err := v.checkTime(a, now); err != nil {
		return Credential{}, err
	}
	hash := sha256.Sum256(body)
	var bodyHash [2 * sha256.Size]byte
	hex.Encode(bodyHash[:], hash[:])
	if err := checkBodyHash(r.Header["X-Amz-Content-Sha256"], bodyHash[:]); err != nil {
		return Credential{}, err
	}
	canonical, queryOK, missing := appendRequest(make([]byte, 0, 512), r, a.SignedHeaders, string(bodyHash[:]))
	if missing != "" {
		return Credential{}, mismatch(fmt.Sprintf("The header %q is named in SignedHeaders but the request does not have it.", missing))
	}
	if !queryOK {
		return Credential{}, mismatch("The query string has a bad percent-escape or a bare semicolon. Percent-encode it.")
	}
	return v.compare(a, secret, canonical)
}

func (v *Verifier) compare(a Authorization, secret string, canonical []byte) (Credential, error) {
	c := a.Credential
	s := scope{secret: secret, date: c.Date, region: c.Region, service: c.Service}
	key, cached := v.keys.get(s)
	if !cached {
		key = signingKey(s)
	}
	want := signature(key, a.Time.Format(basicTime), c, canonical)
	if subtle.ConstantTimeCompare(want[:], []byte(a.Signature)) != 1 {
		return Credential{}, mismatch("The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.")
	}
	if !cached {
		// The parsed strings point into the header; the cache outlives it.
		s.date, s.region, s.service = strings.Clone(s.date), strings.Clone(s.region), strings.Clone(s.service)
		v.keys.put(s, key)
	}
	return c, nil
}

func (v *Verifier) checkTime(a Authorization, now time.Time) error {
	at, now := a.Time.Format(basicTime), now.UTC()
	if day := a.Time.Format(basicDate); day != a.Credential.Date {
		return mismatch(fmt.Sprintf("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '%s' != '%s', from '%s'.", a.Credential.Date, day, at))
	}
	window := v.Window
	if window == 0 {
		window = DefaultWindow
	}
	minutes := strconv.FormatFloat(window.Minutes(), 'g', -1, 64)
	if first := now.Add(-window); a.Time.Before(first) {
		return mismatch(fmt.Sprintf("Signature expired: %s is now earlier than %s (%s - %s min.)", at, first.Format(basicTime), now.Format(basicTime), minutes))
	}
	if last := now.Add(window); a.Time.After(last) {
		return mismatch(fmt.Sprintf("Signature not yet current: %s is still later than %s (%s + %s min.)", at, last.Format(basicTime), now.Format(basicTime), minutes))
	}
	return nil
}

// checkBodyHash compares the optional header with the real hash: a client may
// not declare its body unsigned.
func checkBodyHash(declared []string, real []byte) error {
	switch {
	case len(declared) == 0, len(declared) == 1 && declared[0] == string(real):
		return nil
	case len(declared) == 1 && (declared[0] == "UNSIGNED-PAYLOAD" || strings.HasPrefix(declared[0], "STREAMING-")):
		return mismatch("Unsigned and streamed bodies are not supported. Leave x-amz-content-sha256 out or set it to the SHA-256 of the body.")
	}
	return mismatch("The provided 'x-amz-content-sha256' header does not match what was computed.")
}

// checkCovered refuses a header that changes the request's meaning and is not
// signed: somebody on the path could have put it there.
func checkCovered(h http.Header, signed []string) error {
	if !isSigned(signed, "host") {
		return mismatch("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
	}
	if len(h["X-Amz-Date"]) == 0 && !isSigned(signed, "date") {
		return mismatch("The Date header must be a 'SignedHeader' in the AWS Authorization when there is no X-Amz-Date header.")
	}
	for name := range h {
		if !changesMeaning(name) {
			continue
		}
		lower := strings.ToLower(name)
		if isSigned(signed, lower) || lower == "content-type" && impliedType(h) {
			continue
		}
		return mismatch(fmt.Sprintf("The header %q is present and must be a 'SignedHeader' in the AWS Authorization.", lower))
	}
	return nil
}

func isSigned(signed []string, name string) bool {
	_, ok := slices.BinarySearch(signed, name)
	return ok
}

// changesMeaning takes a name in canonical form. X-Amz-User-Agent only
// describes the client, and the AWS SDK for PHP does not sign it.
func changesMeaning(name string) bool {
	return name == "Content-Type" || strings.HasPrefix(name, "X-Amz-") && name != "X-Amz-User-Agent"
}

// impliedType tells whether the Content-Type says nothing that the signed part
// does not: JSON with an X-Amz-Target (which must be signed), a form without.
// The AWS SDKs for PHP and JavaScript (v2) leave Content-Type unsigned.
func impliedType(h http.Header) bool {
	values := h["Content-Type"]
	if len(values) != 1 {
		return false
	}
	kind, _, _ := strings.Cut(values[0], ";")
	kind = strings.ToLower(strings.TrimSpace(kind))
	if len(h["X-Amz-Target"]) > 0 {
		return kind == "application/x-amz-json-1.1" || kind == "application/x-amz-json-1.0"
	}
	return kind == "application/x-www-form-urlencoded"
}
