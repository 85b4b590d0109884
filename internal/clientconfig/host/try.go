package host

import (
	"context"
	"crypto/x509"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/dbtls/dbtls/internal/clientconfig"
	"github.com/dbtls/dbtls/internal/clientconfig/scan"
	"github.com/dbtls/dbtls/internal/engines"
	"github.com/dbtls/dbtls/internal/evidence"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/probe"
)

const (
	dialWait   = 5 * time.Second // for one database
	dialAtOnce = 8
)

// sight is a database that was dialled.
type sight struct {
	url engines.URL
	saw *probe.Observation // nil when it was not reached
	at  time.Time
}

// dial makes a handshake with each database that was named.
func (c *collector) dial(ctx context.Context) {
	all := make([]sight, len(c.question.Databases))
	errs := make([]error, len(all))
	slots := make(chan struct{}, dialAtOnce)
	var wg sync.WaitGroup
	for n, u := range c.question.Databases {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			one, cancel := context.WithTimeout(ctx, dialWait)
			defer cancel()
			all[n] = sight{url: u, at: time.Now()}
			all[n].saw, errs[n] = probe.Dial(one, probe.Target{Engine: u.Engine, Address: u.Address(), ServerName: probe.SNI(u.Host)})
		})
	}
	wg.Wait()
	for n := range all {
		if all[n].saw == nil || len(all[n].saw.Chain) == 0 {
			c.note("%s was not tried: %v", all[n].url, errs[n])
			continue
		}
		c.seen[all[n].url.Address()] = &all[n]
	}
}

// try says which of the databases that a client connects to its trust store
// accepts as they are now.
func (c *collector) try(f scan.Finding, databases []string, certs []*x509.Certificate) (all []evidence.Tried) {
	mode := pki.SSLVerifyCA
	switch f.Verifies {
	case clientconfig.VerifiesName:
		mode = pki.SSLVerifyFull
	case clientconfig.VerifiesChain:
	default:
		return nil // it asks for no chain
	}
	for _, u := range c.question.Databases {
		s, ok := c.seen[u.Address()]
		name := net.JoinHostPort(strings.ToLower(u.Host), strconv.Itoa(u.Port))
		if !ok || len(databases) > 0 && !slices.Contains(databases, name) {
			continue
		}
		one := evidence.Tried{Database: name}
		if err := s.saw.Verify(certs, mode, u.Host, s.at); err != nil {
			one.Refused = err.Error()
		}
		all = append(all, one)
	}
	return all
}
