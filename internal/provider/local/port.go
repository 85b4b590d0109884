package local

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"

	"github.com/dbtls/dbtls/internal/fault"
)

// CheckPort listens on address:port for a moment.
func (p *Provider) CheckPort(address string, port int) error {
	at := net.JoinHostPort(address, strconv.Itoa(port))
	l, err := net.Listen("tcp", at)
	switch {
	case err == nil:
		if err := l.Close(); err != nil {
			return fmt.Errorf("close test listener on %s: %w", at, err)
		}
		return nil
	case errors.Is(err, syscall.EADDRINUSE):
		return fault.Wrap(err, fault.InvalidParameter, "port %d of %s is in use by another program; choose another port or stop that program", port, address)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fault.Wrap(err, fault.InvalidParameter, "%s is no address of this machine; choose one that is, or an address 127.x.y.z", address)
	case errors.Is(err, syscall.EACCES):
		return fault.Wrap(err, fault.InvalidParameter, "port %d of %s needs a privilege dbtls does not have; choose a port of 1024 or more", port, address)
	}
	return fault.Wrap(err, fault.InvalidParameter, "cannot listen on %s; choose another address or port", at)
}
