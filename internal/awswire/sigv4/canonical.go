package sigv4

import (
	"net/http"
	"slices"
	"strings"
)

const upperHex = "0123456789ABCDEF"

// appendEscaped percent-encodes all but the unreserved characters of RFC 3986.
func appendEscaped(dst []byte, s string, keepSlash bool) []byte {
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9',
			c == '-', c == '_', c == '.', c == '~', c == '/' && keepSlash:
			dst = append(dst, c)
		default:
			dst = append(dst, '%', upperHex[c>>4], upperHex[c&15])
		}
	}
	return dst
}

// appendPath writes the path as it travels, escaped once more, as every
// service but S3 wants it. Dot segments and double slashes are kept: what is
// signed is what is routed.
func appendPath(dst []byte, escapedPath string) []byte {
	if escapedPath == "" {
		return append(dst, '/')
	}
	return appendEscaped(dst, escapedPath, true)
}

// appendQuery writes the parameters decoded, escaped afresh and sorted by
// escaped name, then escaped value. ok is false for a query that readers
// disagree on (a bad escape, a bare semicolon: net/url drops such parameters
// silently, so one could be removed without breaking the signature).
func appendQuery(dst []byte, raw string) (_ []byte, ok bool) {
	if raw == "" {
		return dst, true
	}
	type pair struct{ name, value string }
	var pairs []pair
	ok = true
	for raw != "" {
		var part string
		part, raw, _ = strings.Cut(raw, "&")
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		p := pair{}
		var good, good2 bool
		p.name, good = reescape(name)
		p.value, good2 = reescape(value)
		ok = ok && good && good2
		pairs = append(pairs, p)
	}
	slices.SortFunc(pairs, func(a, b pair) int {
		if c := strings.Compare(a.name, b.name); c != 0 {
			return c
		}
		return strings.Compare(a.value, b.value)
	})
	for i, p := range pairs {
		if i > 0 {
			dst = append(dst, '&')
		}
		dst = append(dst, p.name...)
		dst = append(dst, '=')
		dst = append(dst, p.value...)
	}
	return dst, ok
}

// reescape turns a form-encoded word into its one canonical spelling.
func reescape(s string) (string, bool) {
	ok := true
	plain := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '+':
			plain = append(plain, ' ')
		case c == '%' && i+2 < len(s) && unhex(s[i+1]) >= 0 && unhex(s[i+2]) >= 0:
			plain = append(plain, byte(unhex(s[i+1])<<4|unhex(s[i+2])))
			i += 2
		default:
			ok = ok && c != '%' && c != ';'
			plain = append(plain, c)
		}
	}
	return string(appendEscaped(make([]byte, 0, len(plain)), string(plain), false)), ok
}

func unhex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// appendHeaders writes "name:value\n" for each signed header; missing is the
// first that the request does not have.
func appendHeaders(dst []byte, r *http.Request, signed []string) (_ []byte, missing string) {
	for _, name := range signed {
		dst = append(dst, name...)
		dst = append(dst, ':')
		switch name {
		case "host":
			dst = appendTrimmed(dst, hostOf(r))
		default:
			values := r.Header[http.CanonicalHeaderKey(name)]
			if len(values) == 0 && missing == "" {
				missing = name
			}
			for i, v := range values {
				if i > 0 {
					dst = append(dst, ',')
				}
				dst = appendTrimmed(dst, v)
			}
		}
		dst = append(dst, '\n')
	}
	return dst, missing
}

// hostOf is the Host header: of a received request, or as it will be sent.
func hostOf(r *http.Request) string {
	if r.Host != "" {
		return r.Host
	}
	return r.URL.Host
}

// appendTrimmed drops outer spaces and makes inner runs of them one.
func appendTrimmed(dst []byte, v string) []byte {
	v = strings.Trim(v, " ")
	for {
		i := strings.Index(v, "  ")
		if i < 0 {
			return append(dst, v...)
		}
		dst = append(dst, v[:i+1]...)
		v = strings.TrimLeft(v[i:], " ")
	}
}

// appendRequest writes the canonical request. queryOK and missing are those
// of appendQuery and appendHeaders.
func appendRequest(dst []byte, r *http.Request, signed []string, bodyHash string) (_ []byte, queryOK bool, missing string) {
	dst = append(dst, r.Method...)
	if r.Method == "" {
		dst = append(dst, http.MethodGet...) // net/http's own reading of ""
	}
	dst = append(dst, '\n')
	dst = appendPath(dst, r.URL.EscapedPath())
	dst = append(dst, '\n')
	dst, queryOK = appendQuery(dst, r.URL.RawQuery)
	dst = append(dst, '\n')
	dst, missing = appendHeaders(dst, r, signed)
	dst = append(dst, '\n')
	for i, name := range signed {
		if i > 0 {
			dst = append(dst, ';')
		}
		dst = append(dst, name...)
	}
	dst = append(dst, '\n')
	return append(dst, bodyHash...), queryOK, missing
}
