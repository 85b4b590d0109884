package sigv4

import (
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxAuthorization bounds the header, in bytes: a legitimate one is about 300.
const maxAuthorization = 8 << 10

// Authorization is what a request says about its own signature. Nothing of it
// is proven until Verifier.Verify has accepted the request.
type Authorization struct {
	Credential    Credential
	SignedHeaders []string // lower case, ascending, no repeats
	Signature     string   // 64 lower-case hex digits
	Time          time.Time
}

// Parse reads the Authorization header and the time of r. It checks the form
// only; every error is an *Error.
func Parse(r *http.Request) (Authorization, error) {
	if presigned(r.URL.RawQuery) {
		return Authorization{}, incomplete("Pre-signed requests (X-Amz-Signature in the query string) are not supported. Sign the request with an Authorization header.")
	}
	values := r.Header["Authorization"]
	if len(values) == 0 || values[0] == "" {
		return Authorization{}, &Error{MissingAuthenticationToken, "Request is missing Authentication Token"}
	}
	if len(values) > 1 {
		return Authorization{}, incomplete("The request has more than one Authorization header.")
	}
	a, err := parseAuthorization(values[0])
	if err != nil {
		return Authorization{}, err
	}
	if a.Time, err = requestTime(r.Header); err != nil {
		return Authorization{}, err
	}
	return a, nil
}

// presigned also catches an escaped spelling of the parameter's name.
func presigned(rawQuery string) bool {
	for rawQuery != "" {
		var pair string
		pair, rawQuery, _ = strings.Cut(rawQuery, "&")
		name, _, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		if err == nil && strings.EqualFold(name, "X-Amz-Signature") {
			return true
		}
	}
	return false
}

func parseAuthorization(header string) (Authorization, error) {
	var a Authorization
	if len(header) > maxAuthorization {
		return a, incomplete(fmt.Sprintf("The Authorization header is longer than %d bytes.", maxAuthorization))
	}
	name, rest, _ := strings.Cut(header, " ")
	if name != algorithm {
		return a, incomplete("Unsupported algorithm in the Authorization header: it must start with '" + algorithm + "'.")
	}
	credential, headers, signature, err := elements(rest)
	if err != nil {
		return a, err
	}
	if a.Credential, err = parseCredential(credential); err != nil {
		return a, err
	}
	if a.SignedHeaders, err = parseSignedHeaders(headers); err != nil {
		return a, err
	}
	if !isHex64(signature) {
		return a, incomplete("The Signature in the Authorization header must be 64 lower-case hexadecimal digits.")
	}
	a.Signature = signature
	return a, nil
}

// elements splits "Credential=…, SignedHeaders=…, Signature=…", in any order.
func elements(s string) (credential, headers, signature string, err error) {
	for s != "" {
		var part string
		part, s, _ = strings.Cut(s, ",")
		name, value, ok := strings.Cut(strings.Trim(part, " "), "=")
		var into *string
		switch name {
		case "Credential":
			into = &credential
		case "SignedHeaders":
			into = &headers
		case "Signature":
			into = &signature
		}
		if !ok || value == "" || into == nil || *into != "" {
			return "", "", "", incomplete("The Authorization header must have Credential, SignedHeaders and Signature, each once, as name=value separated by commas.")
		}
		*into = value
	}
	var missing []string
	for _, e := range [...]struct{ name, value string }{
		{"Credential", credential}, {"Signature", signature}, {"SignedHeaders", headers},
	} {
		if e.value == "" {
			missing = append(missing, "Authorization header requires '"+e.name+"' parameter.")
		}
	}
	if missing != nil {
		return "", "", "", incomplete(strings.Join(missing, " "))
	}
	return credential, headers, signature, nil
}

func parseCredential(s string) (Credential, error) {
	id, rest, _ := strings.Cut(s, "/")
	date, rest, _ := strings.Cut(rest, "/")
	region, rest, _ := strings.Cut(rest, "/")
	service, last, ok := strings.Cut(rest, "/")
	if !ok || strings.Contains(last, "/") {
		return Credential{}, incomplete(fmt.Sprintf("Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got %q", s))
	}
	if last != terminator {
		return Credential{}, mismatch(fmt.Sprintf("Credential should be scoped with a valid terminator: 'aws4_request', not %q.", last))
	}
	if id == "" || region == "" || service == "" || !isDate(date) {
		return Credential{}, incomplete("Credential needs a key id, a date as YYYYMMDD, a region and a service, none of them empty.")
	}
	return Credential{AccessKeyID: id, Date: date, Region: region, Service: service}, nil
}

func parseSignedHeaders(s string) ([]string, error) {
	names := strings.Split(s, ";")
	for i, n := range names {
		if !isLowerToken(n) {
			return nil, incomplete("SignedHeaders must be lower-case header names separated by semicolons.")
		}
		if i > 0 && names[i-1] >= n {
			return nil, incomplete("SignedHeaders must be in ascending order and name each header once.")
		}
	}
	return names, nil
}

// requestTime is X-Amz-Date, else Date, which may also be an HTTP date.
func requestTime(h http.Header) (time.Time, error) {
	values, plain := h["X-Amz-Date"], false
	if len(values) == 0 {
		values, plain = h["Date"], true
	}
	if len(values) == 0 {
		return time.Time{}, incomplete("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
	}
	if len(values) == 1 {
		if t, err := time.Parse(basicTime, values[0]); err == nil && len(values[0]) == len(basicTime) {
			return t, nil
		}
		if plain {
			if t, err := http.ParseTime(values[0]); err == nil {
				return t.UTC(), nil
			}
		}
	}
	return time.Time{}, incomplete("Date must be in ISO-8601 'basic format', once: YYYYMMDD'T'HHMMSS'Z', for example 20150830T123600Z.")
}

func isDate(s string) bool {
	_, err := time.Parse(basicDate, s)
	return err == nil
}

func isHex64(s string) bool {
	_, err := hex.DecodeString(s)
	return err == nil && len(s) == 64 && strings.ToLower(s) == s
}

// isLowerToken holds for an RFC 9110 token without upper-case letters.
func isLowerToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return s != ""
}
