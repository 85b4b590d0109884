package probe_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/engines"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/pki/pkitest"
	"github.com/dbtls/dbtls/internal/probe"
)

const ca = "rds-ca-ecc384-g1"

// listen answers SSLRequest with answer and then serves each connection.
func listen(t *testing.T, answer string, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				if _, err := io.ReadFull(c, make([]byte, 8)); err != nil {
					return
				}
				_, _ = io.WriteString(c, answer)
				serve(c)
			}()
		}
	}()
	return l.Addr().String()
}

func dial(t *testing.T, address string) (*probe.Observation, error) {
	t.Helper()
	e, ok := engines.ByName("postgres")
	if !ok {
		t.Fatal("no engine postgres")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	return probe.Dial(ctx, probe.Target{Engine: e, Address: address, ServerName: "db.example"})
}

func TestDialShowsWhatIsServed(t *testing.T) {
	t.Parallel()
	h := pkitest.New(t, "us-east-1", time.Now())
	chain, key := h.Leaf(t, ca, "db.example")
	var resumed, names atomic.Int32
	address := listen(t, "S", func(c net.Conn) {
		s := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{pkitest.TLS(chain, key)}})
		if s.Handshake() != nil {
			return
		}
		st := s.ConnectionState()
		if st.DidResume {
			resumed.Add(1)
		}
		if st.ServerName == "db.example" {
			names.Add(1)
		}
		_, _ = io.Copy(io.Discard, s)
	})
	for range 3 {
		o, err := dial(t, address)
		if err != nil {
			t.Fatal(err)
		}
		if !o.Leaf().Equal(chain[0]) || len(o.Chain) != len(chain) || o.Version != tls.VersionTLS13 || o.Cipher == 0 || o.Group == 0 {
			t.Errorf("observed %+v", o)
		}
		if err := o.Verify(h.TrustStore(ca), pki.SSLVerifyFull, "db.example", time.Now()); err != nil {
			t.Errorf("Verify: %v", err)
		}
		if err := o.Verify(h.TrustStore(ca), pki.SSLVerifyFull, "other.example", time.Now()); err == nil {
			t.Error("Verify accepts a name that is not in the leaf")
		}
	}
	if resumed.Load() != 0 || names.Load() != 3 {
		t.Errorf("%d of 3 handshakes resumed, %d sent the name; want 0 and 3", resumed.Load(), names.Load())
	}
}

func TestDialShowsAnExpiredChain(t *testing.T) {
	t.Parallel()
	h := pkitest.New(t, "us-east-1", time.Now().Add(-48*time.Hour))
	chain, key := h.LeafFor(t, ca, 24*time.Hour, "db.example")
	address := listen(t, "S", func(c net.Conn) {
		_ = tls.Server(c, &tls.Config{Certificates: []tls.Certificate{pkitest.TLS(chain, key)}}).Handshake()
	})
	o, err := dial(t, address)
	if err != nil || !o.Leaf().Equal(chain[0]) {
		t.Fatalf("Dial = %+v, %v; want the expired leaf shown", o, err)
	}
	if err := o.Verify([]*x509.Certificate{h.Roots[ca].Cert}, pki.SSLVerifyCA, "", time.Now()); err == nil {
		t.Error("Verify accepts an expired leaf")
	}
}

func TestDialFailuresByStage(t *testing.T) {
	t.Parallel()
	h := pkitest.New(t, "us-east-1", time.Now())
	chain, key := h.Leaf(t, ca, "db.example")
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nothing := closed.Addr().String()
	_ = closed.Close()
	for name, c := range map[string]struct {
		address string
		stage   probe.Stage
		want    error
	}{
		"nothing listens":    {nothing, probe.StageConnect, probe.ErrUnreachable},
		"no TLS":             {listen(t, "N", func(net.Conn) {}), probe.StageStartTLS, engine.ErrNoTLS},
		"no TLS after a yes": {listen(t, "Shello", func(net.Conn) {}), probe.StageTLS, probe.ErrHandshake},
		"TLS 1.1 only": {listen(t, "S", func(conn net.Conn) {
			_ = tls.Server(conn, &tls.Config{
				Certificates: []tls.Certificate{pkitest.TLS(chain, key)},
				MinVersion:   tls.VersionTLS10, MaxVersion: tls.VersionTLS11,
			}).Handshake()
		}), probe.StageTLS, probe.ErrHandshake},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := dial(t, c.address)
			f, ok := errors.AsType[*probe.Failure](err)
			if !ok || f.Stage != c.stage || !errors.Is(err, c.want) {
				t.Fatalf("Dial = %v, want stage %q and %v", err, c.stage, c.want)
			}
			for _, other := range []error{probe.ErrUnreachable, engine.ErrNoTLS, probe.ErrHandshake} {
				if other != c.want && errors.Is(err, other) {
					t.Errorf("%v is also %v", err, other)
				}
			}
		})
	}
}

func TestASilentServerIsUnreachable(t *testing.T) {
	t.Parallel()
	hold := make(chan struct{})
	t.Cleanup(func() { close(hold) })
	address := listen(t, "", func(net.Conn) { <-hold })
	e, _ := engines.ByName("postgres")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := probe.Dial(ctx, probe.Target{Engine: e, Address: address})
	if !errors.Is(err, probe.ErrUnreachable) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Dial = %v, want it unreachable at the deadline", err)
	}
}
