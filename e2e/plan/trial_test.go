package plan_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dbtls/dbtls/e2e/harness"
)

// serial is that of the certificate which a PostgreSQL serves.
func serial(t *testing.T, i harness.Instance) string {
	t.Helper()
	c, err := handshake(t.Context(), i, "127.0.0.1", &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatalf("look at %s: %v", i.Name, err)
	}
	defer c.Close()
	return c.ConnectionState().PeerCertificates[0].SerialNumber.Text(16)
}

// handshake goes into TLS with a PostgreSQL, from an address of this host.
func handshake(ctx context.Context, i harness.Instance, from string, config *tls.Config) (*tls.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	raw, err := d.DialContext(ctx, "tcp", fmt.Sprintf("%s:%d", i.Address, i.Port))
	if err != nil {
		return nil, err
	}
	if err := harness.AskPostgres(raw); err != nil {
		raw.Close()
		return nil, err
	}
	c := tls.Client(raw, config)
	if err := c.HandshakeContext(ctx); err != nil {
		raw.Close()
		return nil, err
	}
	return c, nil
}

// trial: one client that is known by its logins refuses.
func (w *world) trial(t *testing.T, pg harness.Instance, old client) {
	before := serial(t, pg)
	ctx, stop := context.WithCancel(t.Context())
	refused := make(chan bool, 1)
	go func() {
		some := false
		for ctx.Err() == nil {
			if in, said := old.connect(t); !in && strings.Contains(said, "certificate verify failed") {
				some = true
			}
		}
		refused <- some
	}()
	_, stderr, code := w.CLI(t, "rotate", pg.Name, "--to", caNew, "--without-bridge", "--rollback-on", "1", "--watch", "30s")
	stop()
	if !<-refused {
		t.Error("the client never refused the chain")
	}
	if code != 1 || !strings.Contains(stderr, "has its old certificate back") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	if now := serial(t, pg); now != before {
		t.Errorf("serial %s is served, and was %s before", now, before)
	}
	hold(t, "after the way back", []client{old})
	text := w.events(t, pg.Name)
	if !strings.Contains(text, "Rolled back: the certificate of "+caOld) || !strings.Contains(text, "127.0.0.1 (user "+pg.User+" from 127.0.0.1 (") {
		t.Errorf("the events are %s", text)
	}
}

// flood: alerts from addresses where nobody ever logged in, however many, are
// anybody's.
func (w *world) flood(t *testing.T, pg harness.Instance) {
	wrong := x509.NewCertPool()
	pem, err := os.ReadFile(w.Root(t, "rds-ca-rsa4096-g1"))
	if err != nil || !wrong.AppendCertsFromPEM(pem) {
		t.Fatal("no wrong root", err)
	}
	before := serial(t, pg)
	told := strings.Count(w.events(t, pg.Name), "Rolled back")
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	var alerts atomic.Int64
	go func() {
		defer close(done)
		for n := 0; ctx.Err() == nil; n++ {
			c, err := handshake(ctx, pg, fmt.Sprintf("127.0.0.%d", 20+n%50), &tls.Config{RootCAs: wrong, ServerName: pg.Address})
			if err == nil {
				c.Close()
				t.Error("a client with the wrong root is in TLS")
				return
			}
			alerts.Add(1)
		}
	}()
	_, stderr, code := w.CLI(t, "rotate", pg.Name, "--to", caNew, "--without-bridge", "--rollback-on", "1", "--watch", "12s")
	stop()
	<-done
	if code != 0 || alerts.Load() < 50 {
		t.Errorf("exit code %d after %d alerts: %s", code, alerts.Load(), stderr)
	}
	if now := serial(t, pg); now == before {
		t.Errorf("serial %s is still served", now)
	}
	if n := strings.Count(w.events(t, pg.Name), "Rolled back"); n != told {
		t.Error("strangers brought the old chain back")
	}
	var s struct {
		Clients []struct{ Kind, Source string }
	}
	harness.Poll(t, soon, "their alerts are known", func() bool {
		w.read(t, &s, 0, "sessions", pg.Name, "--refused", "--json")
		for _, c := range s.Clients {
			if c.Kind == "handshake-failed" && c.Source != "127.0.0.1" {
				return true
			}
		}
		return false
	})
}
