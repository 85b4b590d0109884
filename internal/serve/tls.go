package serve

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/secrets"
	"github.com/dbtls/dbtls/internal/store"
)

// Where the API's root is kept, and how its key is labelled.
const (
	metaAPIRoot    = "api-root-cert"
	metaAPIRootKey = "api-root-key"
)

// bundleHosts are the names under which AWS publishes its bundles: a client
// whose DNS or hosts file points them here verifies the connection.
var bundleHosts = []string{"truststore.pki.rds.amazonaws.com", "truststore.pki.us-gov-west-1.rds.amazonaws.com"}

// apiLeafLife is how long one of dbtls's own HTTPS certificates lives; the next
// is made when a third is left.
const apiLeafLife = 30 * 24 * time.Hour

// ownTLS serves dbtls's own HTTPS certificate from its own root.
type ownTLS struct {
	root  pki.CA
	names []string
	mu    sync.Mutex
	pair  *tls.Certificate
}

// loadOwnTLS reads the API's root or makes it, once.
func loadOwnTLS(ctx context.Context, s *store.Store, box *secrets.Box, listen string) (*ownTLS, error) {
	root, err := loadAPIRoot(ctx, s, box)
	if err != nil {
		return nil, fmt.Errorf("load API root: %w", err)
	}
	names := append([]string{"localhost", "127.0.0.1", "::1"}, bundleHosts...)
	if host, _, err := net.SplitHostPort(listen); err == nil && host != "" && host != "0.0.0.0" && host != "::" {
		names = append([]string{host}, names...)
	}
	return &ownTLS{root: root, names: names}, nil
}

func loadAPIRoot(ctx context.Context, s *store.Store, box *secrets.Box) (pki.CA, error) {
	cert, err := s.Read(ctx).Meta(metaAPIRoot)
	if err != nil || cert == nil {
		if err != nil {
			return pki.CA{}, err
		}
		return makeAPIRoot(ctx, s, box)
	}
	sealed, err := s.Read(ctx).Meta(metaAPIRootKey)
	if err != nil {
		return pki.CA{}, err
	}
	raw, err := box.Open(metaAPIRootKey, sealed)
	if err != nil {
		return pki.CA{}, err
	}
	key, err := pki.ParseKey(raw)
	if err != nil {
		return pki.CA{}, err
	}
	parsed, err := x509.ParseCertificate(cert)
	return pki.CA{Cert: parsed, Key: key}, err
}

func makeAPIRoot(ctx context.Context, s *store.Store, box *secrets.Box) (pki.CA, error) {
	key, err := pki.GenerateKey(pki.ECC256)
	if err != nil {
		return pki.CA{}, err
	}
	root, err := pki.NewAPIRoot(key, time.Now())
	if err != nil {
		return pki.CA{}, err
	}
	raw, err := pki.MarshalKey(key)
	if err != nil {
		return pki.CA{}, err
	}
	return root, s.Write(ctx, func(tx *store.Tx) error {
		if err := tx.SetMeta(metaAPIRoot, root.Cert.Raw); err != nil {
			return err
		}
		return tx.SetMeta(metaAPIRootKey, box.Seal(metaAPIRootKey, raw))
	})
}

func (o *ownTLS) config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: o.certificate}
}

// certificate returns the current pair, a new one when the last third of its
// life has begun.
func (o *ownTLS) certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := time.Now()
	if o.pair != nil && now.Before(o.pair.Leaf.NotAfter.Add(-apiLeafLife/3)) && now.After(o.pair.Leaf.NotBefore) {
		return o.pair, nil
	}
	pair, err := o.issue(now)
	if err != nil {
		return nil, err
	}
	o.pair = pair
	return pair, nil
}

func (o *ownTLS) issue(now time.Time) (*tls.Certificate, error) {
	key, err := pki.GenerateKey(pki.ECC256)
	if err != nil {
		return nil, err
	}
	der, err := pki.NewCSR(key, o.names[0])
	if err != nil {
		return nil, err
	}
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return nil, err
	}
	dns, ips := pki.SplitNames(o.names...)
	leaf, err := pki.Issue(o.root, csr, pki.LeafRequest{CN: o.names[0], DNSNames: dns, IPs: ips, Life: apiLeafLife}, now)
	if err != nil {
		return nil, fmt.Errorf("issue API certificate: %w", err)
	}
	return &tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key, Leaf: leaf}, nil
}
