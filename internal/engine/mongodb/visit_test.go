package mongodb

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/pki/pkitest"
)

// The product's own driver comes to a simulated server, which notes it.
func TestWhoCameAndWhoWasSentAwayIsNoted(t *testing.T) {
	t.Parallel()
	world := pkitest.New(t, "us-east-1", time.Now())
	chain, key := world.Leaf(t, ca, "127.0.0.1")
	pair := pkitest.TLS(chain, key)
	h := &engine.Host{
		Version: "7.0.16", Parameters: New().Spec.Values("7.0.16", nil), Sessions: &engine.Sessions{Journal: &engine.Journal{}},
		Certificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &pair, nil },
	}
	address := serveHost(t, h)
	host, text, _ := net.SplitHostPort(address)
	port, _ := strconv.Atoi(text)
	a := engine.Account{
		Host: host, Port: port, User: "app", Password: "secret", TLS: &tls.Config{RootCAs: pool(world, ca), ServerName: host},
		Dial: func(ctx context.Context) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "tcp", address)
		},
	}
	if _, err := New().Looker(t.Context(), a); !errors.Is(err, engine.ErrSimulated) {
		t.Errorf("looking at a simulated server: %v", err)
	}
	seen, next, _ := h.Sessions.Journal.From(0, 9)
	if len(seen) != 1 || seen[0].Kind != engine.SightLogin || seen[0].User != "app" || seen[0].Application != "dbtls" || seen[0].TLS != engine.TLSEncrypted {
		t.Fatalf("%+v", seen)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	a.TLS = nil
	if _, err := New().Login(ctx, a); err == nil {
		t.Error("a plain login is answered")
	}
	if seen, _, _ = h.Sessions.Journal.From(next, 9); len(seen) == 0 || seen[0].Kind != engine.SightPlainRefused || seen[0].Source != "127.0.0.1" {
		t.Errorf("%+v", seen)
	}
}
