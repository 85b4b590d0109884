package login_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/pki/pkitest"
)

// mysqlGreeting is protocol 10 without the bit for TLS.
func mysqlGreeting() []byte {
	b := append([]byte("\x0a8.0.43\x00\x01\x00\x00\x00abcdefgh\x00"), 0xff, 0xf7&^0x08, 45, 2, 0, 0x0f, 0x80, 21)
	b = append(b, make([]byte, 10)...)
	b = append(b, "abcdefghijkl\x00caching_sha2_password\x00"...)
	return append([]byte{byte(len(b)), 0, 0, 0}, b...)
}

// noEncryption is a PRELOGIN answer with ENCRYPTION NOT_SUP.
func noEncryption() []byte {
	body := []byte{0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xff, 16, 0, 0, 0, 0, 0, 2}
	head := []byte{4, 1, 0, 0, 0, 0, 1, 0}
	binary.BigEndian.PutUint16(head[2:], uint16(len(head)+len(body)))
	return append(head, body...)
}

// TestALoginOverTLSNeverFallsBackToPlain: the server has none, says so in its
// protocol or in plain words, and goes on listening for a login.
func TestALoginOverTLSNeverFallsBackToPlain(t *testing.T) {
	t.Parallel()
	for _, name := range products() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := product(t, name)
			want, first, reply := error(nil), []byte(nil), []byte("no TLS here\n")
			switch e.Name() {
			case "postgres", "aurora-postgresql", "redshift":
				want, reply = engine.ErrNoTLS, []byte("N")
			case "mysql", "mariadb", "aurora-mysql":
				want, first = engine.ErrNoTLS, mysqlGreeting()
			case "sqlserver-ee":
				want, reply = engine.ErrNoTLS, noEncryption()
			}
			s := listen(t, func(_ context.Context, c net.Conn, _ *server) {
				_, _ = c.Write(first)
				if _, err := c.Read(make([]byte, 4096)); err == nil {
					_, _ = c.Write(reply)
				}
				_, _ = io.Copy(io.Discard, c)
			})
			_, err := try(t, e, s, s.account())
			if err == nil || want != nil && !errors.Is(err, want) {
				t.Errorf("%v", err)
			}
			for _, b := range s.sent() {
				if bytes.Contains(b, []byte(user)) || bytes.Contains(b, []byte(password)) {
					t.Errorf("the login went out in plain: %q", b)
				}
			}
		})
	}
}

func TestAServerThatSaysNothingEndsWithTheContext(t *testing.T) {
	t.Parallel()
	for _, name := range products() {
		for how, secure := range map[string]bool{"over TLS": true, "in plain": false} {
			t.Run(name+" "+how, func(t *testing.T) {
				t.Parallel()
				e := product(t, name)
				s := listen(t, func(_ context.Context, c net.Conn, _ *server) { _, _ = io.Copy(io.Discard, c) })
				a := s.account()
				if !secure {
					a.TLS = nil
				}
				ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
				defer cancel()
				begun := time.Now()
				_, err := e.Login(ctx, a)
				if !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) > 10*time.Second {
					t.Errorf("after %v: %v", time.Since(begun), err)
				}
				if s.left() != 0 {
					t.Errorf("%d connections are left open", s.left())
				}
			})
		}
	}
}

// TestGarbageIsAnErrorAndNoPanic: what comes after a handshake that is good.
func TestGarbageIsAnErrorAndNoPanic(t *testing.T) {
	t.Parallel()
	for _, name := range products() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := product(t, name)
			random := rand.New(rand.NewPCG(1, 2))
			rounds := 40
			if name == "mongodb" { // its driver tries again until the time is over
				rounds = 6
			}
			for range rounds {
				b := make([]byte, 1+random.IntN(300))
				for i := range b {
					b[i] = byte(random.Uint32())
				}
				// Lengths that look right take a parser further.
				if len(b) > 8 && random.IntN(2) == 0 {
					copy(b, []byte{byte(len(b) - 4), 0, 0, 0})
				} else if len(b) > 8 && random.IntN(2) == 0 {
					copy(b, []byte{4, 1, 0, byte(len(b)), 0, 0, 1, 0})
				} else if len(b) > 8 && random.IntN(2) == 0 {
					copy(b, []byte{0, byte(len(b)), 0, 0, byte(random.IntN(16)), 0, 0, 0})
				}
				garble(t, e, b)
			}
		})
	}
}

func garble(t *testing.T, e engine.Engine, b []byte) {
	t.Helper()
	s := listen(t, func(_ context.Context, c net.Conn, _ *server) {
		_ = c.SetDeadline(time.Now().Add(5 * time.Second))
		if strings.Contains(e.Name(), "mysql") || e.Name() == "mariadb" {
			_, _ = c.Write(b)
			return
		}
		if _, err := c.Read(make([]byte, 4096)); err == nil {
			_, _ = c.Write(b)
		}
	})
	a := s.account()
	a.TLS = nil
	if e.Name() == "mongodb" {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		if _, err := e.Login(ctx, a); err == nil {
			t.Error("logged in")
		}
		return
	}
	if _, err := try(t, e, s, a); err == nil {
		t.Errorf("%x: logged in", b)
	}
}

// The server answers a startup packet with an error that repeats the password,
// as one could that was sent it before.
func TestAServerThatRepeatsThePasswordIsNotQuoted(t *testing.T) {
	t.Parallel()
	said := "SFATAL\x00C28P01\x00Mthe password " + password + " is wrong\x00\x00"
	reply := append(binary.BigEndian.AppendUint32([]byte{'E'}, uint32(len(said)+4)), said...)
	s := listen(t, func(_ context.Context, c net.Conn, s *server) {
		if _, err := io.ReadFull(c, make([]byte, 8)); err != nil {
			return
		}
		_, _ = io.WriteString(c, "S")
		chain, key := s.world.Leaf(t, ca, address)
		conn := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{pkitest.TLS(chain, key)}})
		if _, err := conn.Read(make([]byte, 4096)); err == nil {
			_, _ = conn.Write(reply)
		}
	})
	_, err := try(t, product(t, "postgres"), s, s.account())
	if !errors.Is(err, engine.ErrLoginRefused) {
		t.Errorf("%v", err)
	}
}

func TestAnAddressWhereNobodyListensIsAFailureToConnect(t *testing.T) {
	t.Parallel()
	for _, name := range products() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := listen(t, func(context.Context, net.Conn, *server) {})
			a, refused := s.account(), errors.New("nobody listens")
			a.Dial = func(context.Context) (net.Conn, error) { return nil, refused }
			if _, err := try(t, product(t, name), s, a); !errors.Is(err, refused) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestALoginWithoutAUserIsRefusedBeforeAnythingIsDialled(t *testing.T) {
	t.Parallel()
	for _, name := range products() {
		s := listen(t, func(context.Context, net.Conn, *server) {})
		a := s.account()
		a.User = ""
		if _, err := try(t, product(t, name), s, a); err == nil || len(s.sent()) != 0 {
			t.Errorf("%s: %v after %d connections", name, err, len(s.sent()))
		}
	}
}
