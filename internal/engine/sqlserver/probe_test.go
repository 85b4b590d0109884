package sqlserver_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/probe"
)

// A rotation is proved by such a dial, with the certificate of that moment.
func TestTheProbeSeesTheChainThatIsServed(t *testing.T) {
	t.Parallel()
	for _, set := range []map[string]string{nil, {"rds.force_ssl": "1"}} {
		s := serve(t, version, set)
		for direct, tlsVersion := range map[bool]uint16{false: tls.VersionTLS12, true: tls.VersionTLS13} {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			o, err := probe.Dial(ctx, probe.Target{
				Engine: s.engine, Address: fmt.Sprintf("127.0.0.1:%d", s.port), Start: engine.Start{Direct: direct},
			})
			if err != nil {
				t.Fatalf("direct %v: %v", direct, err)
			}
			if o.Version != tlsVersion {
				t.Errorf("direct %v: TLS %x", direct, o.Version)
			}
			for _, trusted := range []string{ca, "rds-ca-2019"} { // over the bridge, either
				if err := o.Verify(s.world.TrustStore(trusted), pki.SSLVerifyFull, "127.0.0.1", time.Now()); err != nil {
					t.Errorf("direct %v, trusting %s: %v", direct, trusted, err)
				}
			}
		}
	}
}
