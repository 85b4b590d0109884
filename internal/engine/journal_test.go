package engine

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/pki/pkitest"
)

func users(all []Sighting) (out []string) {
	for _, s := range all {
		out = append(out, s.User)
	}
	return out
}

func TestAJournalIsReadOnceAndSaysWhatItForgot(t *testing.T) {
	t.Parallel()
	var j Journal
	put := func(n int) {
		for range n {
			j.add(Sighting{User: strconv.FormatInt(j.End(), 10)})
		}
	}
	put(5)
	seen, next, missed := j.From(0, 3)
	if !slices.Equal(users(seen), []string{"0", "1", "2"}) || next != 3 || missed {
		t.Errorf("first: %v, %d, %t", users(seen), next, missed)
	}
	// Nothing was kept: the same is read again.
	if seen, next, missed = j.From(0, 9); len(seen) != 5 || next != 5 || missed {
		t.Errorf("again: %v, %d, %t", users(seen), next, missed)
	}
	if seen, next, missed = j.From(5, 9); len(seen) != 0 || next != 5 || missed || j.events != nil {
		t.Errorf("at the end: %v, %d, %t", users(seen), next, missed)
	}
	if _, next, missed = j.From(2, 9); next != 5 || !missed {
		t.Errorf("what was forgotten is not missed: %d, %t", next, missed)
	}
	put(maxEvents + 1)
	if len(j.events) > maxEvents {
		t.Errorf("%d events are kept", len(j.events))
	}
	seen, next, missed = j.From(5, 1)
	if len(seen) != 1 || !missed || next != 5+maxEvents/10+1 || seen[0].User != strconv.FormatInt(next-1, 10) {
		t.Errorf("after an overflow: %v, %d, %t", users(seen), next, missed)
	}
	if _, _, missed = j.From(1<<40, 1); !missed {
		t.Error("a number of another journal is taken for one of this")
	}
}

func TestAJournalTakesManyClientsAtOnce(t *testing.T) {
	t.Parallel()
	s := Sessions{Journal: &Journal{}}
	var clients sync.WaitGroup
	for range 20 {
		clients.Go(func() {
			for range 50 {
				_, done := s.Add(Session{User: "u", Since: time.Now()})
				done()
			}
		})
	}
	got, next := 0, int64(0)
	var seen []Sighting
	for got < 1000 {
		seen, next, _ = s.Journal.From(next, 7)
		got += len(seen)
	}
	clients.Wait()
	if seen, _, missed := s.Journal.From(next, 7); len(seen) != 0 || missed || len(s.List()) != 0 {
		t.Errorf("%d too many, missed %t, %d sessions left", len(seen), missed, len(s.List()))
	}
}

func TestEvidenceOfASessionCannotBeForged(t *testing.T) {
	t.Parallel()
	const forged = "TLSv1.3\x1b[2J\nadmin"
	s := Sessions{Journal: &Journal{}}
	v := Session{User: forged, Program: forged, Database: forged, Client: "192.0.2.1", Since: time.Unix(7, 0)}
	s.Refuse(v, forged)
	s.Visit(v)
	v.Encrypted, v.TLS, v.Cipher = true, "TLSv1.3", "TLS_AES_128_GCM_SHA256"
	s.Visit(v)
	seen, _, _ := s.Journal.From(0, 9)
	clean := Printable(forged)
	plain := Sighting{At: time.Unix(7, 0), User: clean, Application: clean, Database: clean, Source: "192.0.2.1", TLS: TLSPlain}
	refused, visit, secure := plain, plain, plain
	refused.Kind, refused.Why = SightPlainRefused, clean
	visit.Kind, visit.Why = SightLogin, "the instance is simulated and asks for no password"
	secure.Kind, secure.Why, secure.TLS, secure.Version, secure.Cipher = visit.Kind, visit.Why, TLSEncrypted, v.TLS, v.Cipher
	if !slices.Equal(seen, []Sighting{refused, visit, secure}) {
		t.Errorf("%+v", seen)
	}
	var none *Sessions // of a host that keeps no sessions
	none.Refuse(v, "")
	none.Visit(v)
	none.fail("", "")
}

// A client that does not trust the server's CA says so; one that only looks
// whether the port is open is no client.
func TestAHandshakeThatFailsIsNoted(t *testing.T) {
	t.Parallel()
	world := pkitest.New(t, "us-east-1", time.Now())
	chain, key := world.Leaf(t, "rds-ca-rsa2048-g1", "127.0.0.1")
	pair := pkitest.TLS(chain, key)
	h := &Host{
		Certificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &pair, nil },
		Sessions:    &Sessions{Journal: &Journal{}},
	}
	for _, c := range []struct {
		name   string
		client func(c net.Conn)
		why    string // "": nothing is noted
	}{
		{"a client with another CA", func(c net.Conn) {
			_ = tls.Client(c, &tls.Config{ServerName: "127.0.0.1", RootCAs: x509.NewCertPool()}).Handshake()
		}, "alert of the client: bad certificate"},
		{"a client of another age", func(c net.Conn) {
			_ = tls.Client(c, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}).Handshake()
		}, "unsupported versions"},
		{"no TLS at all", func(c net.Conn) { _, _ = c.Write([]byte("GET / HTTP/1.0\r\n\r\n")) }, "first record does not look like a TLS handshake"},
		{"an open port", func(net.Conn) {}, ""},
		{"a client that does well", func(c net.Conn) { _ = tls.Client(c, &tls.Config{InsecureSkipVerify: true}).Handshake() }, ""},
	} {
		start := h.Sessions.Journal.End()
		client, server := net.Pipe()
		go func() { c.client(client); _ = client.Close() }()
		if _, err := ServeTLS(t.Context(), server, h, nil); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		_ = server.Close()
		seen, _, _ := h.Sessions.Journal.From(start, 9)
		if c.why == "" && len(seen) != 0 {
			t.Errorf("%s is noted: %+v", c.name, seen)
		}
		if c.why != "" && (len(seen) != 1 || seen[0].Kind != SightHandshakeFailed || !strings.Contains(seen[0].Why, c.why) || seen[0].TLS != TLSUnknown || time.Since(seen[0].At) > time.Minute) {
			t.Errorf("%s: %+v", c.name, seen)
		}
	}
}
