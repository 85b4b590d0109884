package simulated

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/pki/pkitest"
)

// echo is a product that logs in when the first byte it hears is an L.
func echo(_ context.Context, c net.Conn, h *engine.Host) error {
	t := tls.Server(c, &tls.Config{GetCertificate: h.Certificate})
	b := make([]byte, 1)
	for {
		if _, err := t.Read(b); err != nil {
			return nil
		}
		if b[0] == 'L' && !h.Login("admin", "pw") {
			return nil
		}
		if _, err := t.Write(b); err != nil {
			return nil
		}
	}
}

// reach takes a connection through steps: "t" TLS, "L" login, "." a byte of
// no meaning, "s" ten seconds of silence; and returns how long after that the
// server, which hears nothing more, cuts it.
func reach(t *testing.T, logins bool, steps string) time.Duration {
	h := pkitest.New(t, "us-east-1", time.Now())
	chain, key := h.Leaf(t, "rds-ca-rsa2048-g1", "127.0.0.1")
	pair := pkitest.TLS(chain, key)
	m, err := newMaster("admin", "pw")
	if err != nil {
		t.Fatal(err)
	}
	p := &Provider{log: slog.New(slog.DiscardHandler), engines: map[string]engine.Engine{
		"e": {Simulator: &engine.Simulator{Serve: echo, Logins: logins}},
	}}
	inst := newInstance(p, "db-X")
	inst.rec, inst.pair = record{ID: "db-X", Engine: "e", Master: m}, &pair
	near, far := net.Pipe()
	go func() {
		c := newClient(context.Background(), far, &server{inst: inst})
		defer c.cut()
		c.serve()
	}()
	roots := x509.NewCertPool()
	roots.AddCert(h.Roots["rds-ca-rsa2048-g1"].Cert)
	client := net.Conn(near)
	for _, step := range steps {
		switch step {
		case 't':
			client = tls.Client(near, &tls.Config{RootCAs: roots, ServerName: "127.0.0.1"})
		case 's':
			time.Sleep(10 * time.Second) // of the bubble's clock
			continue
		default:
			b := []byte{byte(step)}
			if _, err := client.Write(b); err != nil {
				t.Fatalf("%s: cut before its time: %v", steps, err)
			}
			if client != near {
				if _, err := client.Read(b); err != nil {
					t.Fatalf("%s: cut before its time: %v", steps, err)
				}
			}
		}
	}
	quiet := time.Now()
	if _, err := client.Read(make([]byte, 1)); err == nil {
		t.Fatal("an answer to nothing")
	}
	_, _ = io.Copy(io.Discard, near)
	return time.Since(quiet)
}

func TestHowLongAClientMayTake(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		logins bool
		steps  string
		want   time.Duration
	}{
		"one that says nothing":                             {true, "", arrival},
		"one that says nothing where nobody logs in":        {false, "", arrival},
		"one that sends half a hello, byte by byte":         {false, "\x16s\x03s", arrival - 20*time.Second},
		"one through TLS that never logs in":                {true, "st.s.", arrival - 20*time.Second},
		"one through TLS where nobody logs in":              {false, "t.ssss.", idleGuest},
		"one that is logged in":                             {true, "stLssss.", idleUser},
		"one that is logged in and silent for some time":    {true, "tLssss", idleUser - 40*time.Second},
		"one that logs in although the product asks no one": {false, "tL", idleUser},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				if got := reach(t, c.logins, c.steps); got != c.want {
					t.Errorf("cut after %s, want %s", got, c.want)
				}
			})
		})
	}
}
