package fleet

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/store"
)

// LoopbackAddress is the n-th choice of a loopback address for an instance: the
// same instance gets the same one again while it is free. 127.0.0.0/12 is left
// to others.
func LoopbackAddress(resourceID string, n int) string {
	h := sha256.Sum256(fmt.Appendf(nil, "%s/%d", resourceID, n))
	return net.IPv4(127, 16+h[0]%224, h[1], 1+h[2]%254).String()
}

const (
	addressTries = 50
	portTries    = 100
)

// assign chooses where the instance listens and what clients are told.
func (s *Service) assign(ctx context.Context, tx *store.Tx, i *inventory.Instance, e engine.Engine, port int) (err error) {
	if err := checkPortNumber(port); err != nil {
		return err
	}
	if i.Host, i.Address, err = s.endpoint(ctx, tx, i.Name, i.Region, i.ResourceID); err != nil {
		return err
	}
	return s.assignPort(i, e, port)
}

func checkPortNumber(port int) error {
	if port != 0 && (port < 1150 || port > 65535) {
		return fault.New(fault.InvalidParameter, "Invalid port number %d: use 1150 to 65535", port)
	}
	return nil
}

// endpoint chooses the host that clients are told and the address behind it: a
// name of the endpoint domain, or a loopback address by the seed.
func (s *Service) endpoint(ctx context.Context, tx *store.Tx, name, region, seed string) (host, address string, err error) {
	if s.EndpointDomain != "" {
		host = name + "." + region + "." + s.EndpointDomain
		address, err = resolveHere(ctx, host)
		return host, address, err
	}
	for n := range addressTries {
		address := LoopbackAddress(seed, n)
		taken, err := tx.AddressTaken(address)
		if err != nil {
			return "", "", err
		}
		if !taken {
			return address, address, nil
		}
	}
	return "", "", fault.New(fault.Unavailable, "no free loopback address was found in %d tries; delete instances that are not needed", addressTries)
}

// assignPort takes the port asked for or refuses; without one it takes the
// engine's own or the next that is free, for another program may hold that one
// on every address.
func (s *Service) assignPort(i *inventory.Instance, e engine.Engine, asked int) error {
	p := s.Provider(*i)
	if asked != 0 {
		i.Port = asked
		return p.CheckPort(i.Address, asked)
	}
	var err error
	for port := e.Spec.DefaultPort; port < e.Spec.DefaultPort+portTries; port++ {
		if err = p.CheckPort(i.Address, port); err == nil {
			i.Port = port
			return nil
		}
	}
	return err
}

// resolveHere finds the address of this machine that a name stands for.
func resolveHere(ctx context.Context, host string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	addresses, err := net.DefaultResolver.LookupHost(ctx, host)
	if err != nil {
		return "", fault.Wrap(err, fault.InvalidParameter,
			"The endpoint %s does not resolve on this machine; add it to DNS (a wildcard record for the --endpoint-domain will do) or to /etc/hosts before creating the instance", host)
	}
	for _, a := range addresses {
		l, err := net.Listen("tcp", net.JoinHostPort(a, "0"))
		if err == nil {
			l.Close()
			return a, nil
		}
	}
	return "", fault.New(fault.InvalidParameter, "The endpoint %s resolves to %v, none of which is an address of this machine; correct the record", host, addresses)
}
