package pki

import (
	"net"
	"strings"

	"github.com/dbtls/dbtls/internal/fault"
)

// SplitNames sorts what clients connect to into DNS names and IP addresses.
func SplitNames(names ...string) (dns []string, ips []net.IP) {
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			ips = append(ips, ip)
		} else {
			dns = append(dns, n)
		}
	}
	return dns, ips
}

// subjectNames is the SAN of r: the CN first, then the rest, each once.
func subjectNames(r LeafRequest) ([]string, []net.IP, error) {
	var cn []string
	if r.CN != "" {
		cn = []string{r.CN}
	}
	cnNames, cnIPs := SplitNames(cn...)
	var (
		names []string
		ips   []net.IP
		seen  = map[string]bool{}
	)
	for _, n := range append(cnNames, r.DNSNames...) {
		if err := checkDNSName(n); err != nil {
			return nil, nil, err
		}
		if key := strings.ToLower(n); !seen[key] {
			seen[key] = true
			names = append(names, n)
		}
	}
	for _, ip := range append(cnIPs, r.IPs...) {
		if ip.To16() == nil {
			return nil, nil, fault.New(fault.InvalidParameter, "an IP address of %d bytes is refused; use 4 or 16 bytes", len(ip))
		}
		if key := ip.String(); !seen[key] {
			seen[key] = true
			ips = append(ips, ip)
		}
	}
	if len(names)+len(ips) == 0 {
		return nil, nil, fault.New(fault.MissingParameter, "a server certificate needs a name; give the endpoint")
	}
	return names, ips, nil
}

// checkDNSName holds a name to the preferred syntax that RFC 5280 section
// 4.2.1.6 asks of a dNSName. Wildcards are refused: a database's certificate
// stands for that database.
func checkDNSName(name string) error {
	bad := func(rule string) error {
		return fault.New(fault.InvalidParameter, "the name %q cannot be in a certificate: %s", name, rule)
	}
	if net.ParseIP(name) != nil {
		return bad("it is an IP address; give it as one")
	}
	if len(name) > 253 {
		return bad("it is longer than 253 bytes; use a shorter endpoint")
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 {
			return bad("each label must have 1 to 63 bytes")
		}
		if label[0] == '-' || label[len(label)-1] == '-' {
			return bad("a label must not begin or end with a hyphen")
		}
		if strings.ContainsFunc(label, notLDH) {
			return bad("use letters, digits and hyphens only (xn-- form for others)")
		}
	}
	return nil
}

func notLDH(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-'
}
