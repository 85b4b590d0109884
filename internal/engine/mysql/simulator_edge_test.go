package mysql

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
)

// talk serves one session on a pipe and returns the client's side of it and
// what Serve will return.
func talk(t *testing.T, ctx context.Context, h *engine.Host) (net.Conn, <-chan error) {
	client, srv := net.Pipe()
	done := make(chan error, 1)
	go func() {
		defer srv.Close()
		done <- MariaDB().Simulator.Serve(ctx, srv, h)
	}()
	t.Cleanup(func() { _ = client.Close() })
	return client, done
}

func TestSimulatorAnswersWhatItCannotRead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sent []byte
		set  map[string]string
		want string
	}{
		"a client before 4.1":             {sent: packet(1, make([]byte, 40)), want: "\xff\x13\x04#08S01Bad handshake"},
		"no password where TLS is forced": {sent: packet(1, login(capSecureConnection, "me\x00\x00")), set: map[string]string{"require_secure_transport": "1"}, want: "#28000Access denied for user 'me'@'pipe' (using password: NO)"},
		"a login where it is not":         {sent: packet(1, login(capSecureConnection, "me\x00\x00")), want: "#HY000dbtls: this is a simulated instance"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client, done := talk(t, t.Context(), &engine.Host{Version: "10.11.13", Parameters: c.set})
			if _, _, err := readPacket(client, maxGreeting); err != nil {
				t.Fatal(err)
			}
			if _, err := client.Write(c.sent); err != nil {
				t.Fatal(err)
			}
			answer, sequence, err := readPacket(client, maxGreeting)
			if err != nil || sequence != 2 || !bytes.Contains(answer, []byte(c.want)) {
				t.Errorf("packet %d is %q, %v; want %q", sequence, answer, err, c.want)
			}
			if err := <-done; err != nil {
				t.Errorf("Serve = %v", err)
			}
		})
	}
}

func TestSimulatorReportsThatItHasNoCertificate(t *testing.T) {
	t.Parallel()
	lost := errors.New("the key is gone")
	client, done := talk(t, t.Context(), &engine.Host{
		Version:     "10.11.13",
		Certificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return nil, lost },
	})
	c, _, err := wire{}.StartTLS(t.Context(), client, engine.Start{})
	if err != nil {
		t.Fatal(err)
	}
	if err := tls.Client(c, &tls.Config{ServerName: "x"}).HandshakeContext(t.Context()); err == nil {
		t.Error("a handshake without a certificate succeeds")
	}
	_ = client.Close()
	if err := <-done; !errors.Is(err, lost) {
		t.Errorf("Serve = %v, want %v", err, lost)
	}
}

func TestSimulatorEndsASessionThatSaysNothing(t *testing.T) {
	t.Parallel()
	for name, limit := range map[string]time.Duration{"by itself": loginTimeout, "with its context": time.Second} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			begin := time.Now()
			client, done := talk(t, ctx, &engine.Host{Version: "10.11.13"})
			if b, _ := io.ReadAll(client); !strings.Contains(string(b), "MariaDB") {
				t.Errorf("%s: the client reads %q", name, b)
			}
			if err := <-done; err != nil || time.Since(begin) != limit {
				t.Errorf("%s: Serve = %v after %v, want the end after %v", name, err, time.Since(begin), limit)
			}
		})
	}
}
