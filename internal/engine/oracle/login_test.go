package oracle

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/pki/pkitest"
)

const (
	typeRedirect = 5
	typeResend   = 11
	flagNewTLS   = 8 // of a RESEND: shake hands anew
)

func tns(kind, flags byte, body []byte) []byte {
	b := binary.BigEndian.AppendUint16(nil, uint16(headerSize+len(body)))
	return append(append(b, 0, 0, kind, flags, 0, 0), body...)
}

// scripted is a listener on a pipe: TLS with each pair in turn on the same
// connection, a CONNECT in each, and the answers to them.
func scripted(t *testing.T, pairs []tls.Certificate, answers ...[]byte) (a engine.Account, dialled *int) {
	t.Helper()
	dialled = new(int)
	a = engine.Account{Host: "127.0.0.1", Port: 2484, User: "admin", Password: "correct horse", Database: "ORCL"}
	a.Dial = func(context.Context) (net.Conn, error) {
		*dialled++
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		go func() {
			c, err := l.Accept()
			_ = l.Close()
			if err != nil {
				return
			}
			defer c.Close()
			_ = c.SetDeadline(time.Now().Add(20 * time.Second))
			for i, answer := range answers {
				conn := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{pairs[i]}, MaxVersion: tls.VersionTLS12, SessionTicketsDisabled: true})
				if _, err := readConnect(conn); err != nil {
					return
				}
				if _, err := conn.Write(answer); err != nil {
					return
				}
			}
			_, _ = c.Read(make([]byte, 1)) // until the client leaves
		}()
		return net.Dial("tcp", l.Addr().String())
	}
	return a, dialled
}

func TestEveryHandshakeOfAConnectionIsJudged(t *testing.T) {
	t.Parallel()
	world, other := pkitest.New(t, "us-east-1", time.Now()), pkitest.New(t, "us-east-1", time.Now())
	pair := func(w *pkitest.Hierarchy) tls.Certificate {
		chain, key := w.Leaf(t, ca, "127.0.0.1")
		return pkitest.TLS(chain, key)
	}
	again, no := tns(typeResend, flagNewTLS, nil), refusal("", version)
	for name, test := range map[string]struct {
		pairs  []tls.Certificate
		answer [][]byte
		good   bool
	}{
		"one":                     {[]tls.Certificate{pair(world)}, [][]byte{no}, true},
		"a second one":            {[]tls.Certificate{pair(world), pair(world)}, [][]byte{again, no}, true},
		"a first one that is bad": {[]tls.Certificate{pair(other)}, [][]byte{no}, false},
		"a second one that is":    {[]tls.Certificate{pair(world), pair(other)}, [][]byte{again, no}, false},
	} {
		a, dialled := scripted(t, test.pairs, test.answer...)
		a.TLS = trusting(world)
		_, err := signIn(t.Context(), a)
		_, refused := errors.AsType[*tls.CertificateVerificationError](err)
		if errors.Is(err, engine.ErrNoDatabase) != test.good || refused == test.good || *dialled != 1 {
			t.Errorf("%s: %v after %d connections", name, err, *dialled)
		}
	}
}

// TestARedirectionIsNotFollowed: to an address in plain least of all.
func TestARedirectionIsNotFollowed(t *testing.T) {
	t.Parallel()
	world := pkitest.New(t, "us-east-1", time.Now())
	chain, key := world.Leaf(t, ca, "127.0.0.1")
	address := "(ADDRESS=(PROTOCOL=tcp)(HOST=203.0.113.1)(PORT=1521))"
	body := append(binary.BigEndian.AppendUint16(nil, uint16(len(address))), address...)
	a, dialled := scripted(t, []tls.Certificate{pkitest.TLS(chain, key)}, tns(typeRedirect, 0, body))
	a.TLS = trusting(world)
	if _, err := signIn(t.Context(), a); err == nil || !strings.Contains(err.Error(), "another address") || *dialled != 1 {
		t.Errorf("%v after %d connections", err, *dialled)
	}
}

func TestOnlyTLSRecordsPass(t *testing.T) {
	t.Parallel()
	ours, theirs := net.Pipe()
	go func() {
		for b := make([]byte, 64); ; {
			if _, err := theirs.Read(b); err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() { _, _ = ours.Close(), theirs.Close() })
	for name, test := range map[string]struct {
		b    []byte
		good bool
	}{
		"a handshake": {[]byte{0x16, 3, 1, 0, 1, 1}, true}, "data": {[]byte{0x17, 3, 3, 0, 1, 1}, true}, "an alert": {[]byte{0x15, 3, 3, 0, 2, 1, 0}, true},
		"a CONNECT": {tns(typeConnect, 0, make([]byte, 50)), false}, "nothing": {nil, false}, "another major version": {[]byte{0x16, 2, 0, 0, 1, 1}, false},
	} {
		if _, err := (onlyTLS{ours}).Write(test.b); (err == nil) != test.good {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestALoginNeedsWhatTheDriverCannotDoWithout(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*engine.Account){
		"no service":                             func(a *engine.Account) { a.Database = "" },
		"no password":                            func(a *engine.Account) { a.Password = "" },
		"another name than the one connected to": func(a *engine.Account) { a.TLS = &tls.Config{ServerName: "db.example"} },
	} {
		a, dialled := scripted(t, nil)
		change(&a)
		if _, err := signIn(t.Context(), a); err == nil || *dialled != 0 {
			t.Errorf("%s: %v after %d connections", name, err, *dialled)
		}
	}
}
