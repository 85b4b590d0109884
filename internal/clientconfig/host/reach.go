package host

import (
	"context"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dbtls/dbtls/internal/clientconfig/scan"
)

const (
	resolveWait = 3 * time.Second // for one name
	mostNames   = 500             // that are resolved in one run
)

// names resolves host names, each once.
type names struct {
	by     map[string][]netip.Addr
	target map[netip.AddrPort]bool
}

func newNames() *names {
	return &names{by: map[string][]netip.Addr{}, target: map[netip.AddrPort]bool{}}
}

func (n *names) resolve(ctx context.Context, name string) []netip.Addr {
	if all, ok := n.by[name]; ok || len(n.by) >= mostNames {
		return all
	}
	ctx, cancel := context.WithTimeout(ctx, resolveWait)
	defer cancel()
	all, _ := net.DefaultResolver.LookupNetIP(ctx, "ip", name) // one that is not known has no addresses
	for i := range all {
		all[i] = all[i].Unmap()
	}
	n.by[name] = all
	return all
}

// endpoints are host:port by its name and by each address of it.
func (n *names) endpoints(ctx context.Context, host string, port int) []string {
	text := strconv.Itoa(port)
	all := []string{net.JoinHostPort(strings.ToLower(host), text)}
	for _, addr := range n.resolve(ctx, host) {
		n.target[netip.AddrPortFrom(addr, uint16(port))] = true
		if one := net.JoinHostPort(addr.String(), text); !slices.Contains(all, one) {
			all = append(all, one)
		}
	}
	return all
}

// reached are the addresses of all names that were asked for.
func (n *names) reached() []netip.AddrPort { return slices.Collect(maps.Keys(n.target)) }

// databases are the endpoints that a finding connects to; none: not known. One
// that names no host is for the databases of its protocol that were named.
func (c *collector) databases(ctx context.Context, f scan.Finding) (all []string) {
	usual := 0 // of the driver's product, 0 when it has none
	if u, err := c.schemes.Parse(f.Engine + "://x"); err == nil {
		usual = u.Port
	}
	port := usual
	if f.Port != "" {
		n, err := strconv.Atoi(f.Port)
		if err != nil || n < 1 || n > 65535 {
			return nil // a placeholder
		}
		port = n
	}
	if f.Host != "" {
		if port == 0 || known(f.Host) == "" {
			return nil
		}
		return c.names.endpoints(ctx, f.Host, port)
	}
	for _, d := range c.question.Databases {
		if usual == d.Engine.Spec.DefaultPort && (f.Port == "" || port == d.Port) { // products of one protocol share it
			all = append(all, c.names.endpoints(ctx, d.Host, d.Port)...)
		}
	}
	return all
}

// localFor is the address of this host from which a target is reached: the
// kernel chooses it when a UDP socket is connected, and nothing is sent.
func localFor(ctx context.Context, target netip.AddrPort) (string, bool) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "udp", target.String())
	if err != nil {
		return "", false
	}
	defer conn.Close()
	from, ok := conn.LocalAddr().(*net.UDPAddr)
	if !ok {
		return "", false
	}
	return from.AddrPort().Addr().Unmap().WithZone("").String(), true
}

// globalAddresses are all that this host is reached by from elsewhere.
func globalAddresses() (all []string) {
	found, _ := net.InterfaceAddrs() // without any, the caller says so
	for _, a := range found {
		if n, ok := a.(*net.IPNet); ok && n.IP.IsGlobalUnicast() {
			if addr, ok := netip.AddrFromSlice(n.IP); ok {
				all = append(all, addr.Unmap().String())
			}
		}
	}
	return all
}
