package console

import (
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/dbtls/dbtls/internal/fault"
)

// SameSite refuses a request that a page of another site made, or that came to a
// name that is not this server's: a name that somebody pointed at this address
// (DNS rebinding) is another site's. hosts are the server's names and addresses.
//
// Browsers send Sec-Fetch-Site with every request to an HTTPS origin, and Origin
// with every one that changes something (Fetch standard, W3C Fetch Metadata).
func SameSite(r *http.Request, hosts []string) error {
	if !known(r.Host, hosts) {
		return fault.New(fault.AccessDenied, "this server is not called %q; use the address that dbtls console prints", cut(r.Host))
	}
	switch site := r.Header.Get("Sec-Fetch-Site"); site {
	case "", "same-origin":
	case "none": // typed, or a bookmark: no page made it
		if r.Method != http.MethodGet {
			return fault.New(fault.AccessDenied, "a change has to come from a page of the console")
		}
	default:
		return fault.New(fault.AccessDenied, "the request comes from a page of another site")
	}
	if origin := r.Header.Get("Origin"); origin != "" {
		u, err := url.Parse(origin)
		if err != nil || u.Scheme != "https" || !strings.EqualFold(u.Host, r.Host) {
			return fault.New(fault.AccessDenied, "the request comes from a page of another site")
		}
	}
	return nil
}

// known reports whether the host of a request, with or without a port, is one of
// the server's.
func known(host string, hosts []string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.Trim(name, "[]")
	for _, h := range hosts {
		if strings.EqualFold(h, name) {
			return true
		}
	}
	return false
}

func cut(s string) string { return s[:min(len(s), 100)] }
