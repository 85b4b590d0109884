package sqlserver_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
)

func (s *server) account(user string) engine.Account {
	pool := x509.NewCertPool()
	for _, c := range s.world.TrustStore(ca) {
		pool.AddCert(c)
	}
	return engine.Account{
		Dial: func(ctx context.Context) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)))
		},
		Host: "127.0.0.1", Port: s.port, User: user, Password: password,
		TLS: &tls.Config{RootCAs: pool, ServerName: "127.0.0.1"},
	}
}

// The seed's query as it is, which a simulated instance answers; it refuses the
// others, and what they tell is left out.
func TestALookBySQLServersViewTellsWhoIsEncrypted(t *testing.T) {
	t.Parallel()
	s := serve(t, "15.00.4335.1.v1", nil)
	began := time.Now()
	if _, err := s.open(t, "encrypt=disable;app name=encrypt_option TRUE"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.open(t, "encrypt=true;certificate="+s.caFile); err != nil {
		t.Fatal(err)
	}
	look, err := s.engine.Looker(t.Context(), s.account("admin"))
	if err != nil {
		t.Fatal(err)
	}
	if len(look.Sessions) != 3 || look.Unknown != "" || look.Handshakes != -1 {
		t.Fatalf("%+v", look)
	}
	plain, secure, own := look.Sessions[0], look.Sessions[1], look.Sessions[2]
	if plain.TLS != engine.TLSPlain || plain.Own || secure.TLS != engine.TLSEncrypted || secure.Own || own.TLS != engine.TLSEncrypted || !own.Own {
		t.Errorf("%+v", look.Sessions)
	}
	for _, v := range look.Sessions {
		if v.Source != "127.0.0.1" || v.At.Before(began.Add(-time.Second)) || v.At.After(time.Now().Add(time.Second)) || v.User != "" {
			t.Errorf("%+v", v)
		}
	}
	again, err := s.engine.Looker(t.Context(), s.account("admin"))
	if err != nil || again.Sessions[0].Session != plain.Session || slices.ContainsFunc(again.Sessions, func(v engine.Sighting) bool { return v.Session == own.Session }) {
		t.Errorf("another look, %v: %+v after %+v", err, again.Sessions, look.Sessions)
	}
	if _, err := s.engine.Looker(t.Context(), s.account("nobody")); !errors.Is(err, engine.ErrLoginRefused) {
		t.Errorf("a login that is refused: %v", err)
	}
}

func TestWhoCameAndWhoWasSentAwayIsNoted(t *testing.T) {
	t.Parallel()
	s := serve(t, "15.00.4335.1.v1", map[string]string{"rds.force_ssl": "1"})
	s.host.Sessions.Journal = &engine.Journal{}
	if _, err := s.open(t, "encrypt=false;database=shop;app name=billing;certificate="+s.caFile); err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	const cannotEncrypt = "\x12\x01\x00\x1a\x00\x00\x00\x00" + "\x00\x00\x0b\x00\x06" + "\x01\x00\x11\x00\x01" + "\xff" + "\x0f\x00\x00\x00\x00\x00" + "\x02"
	if _, err := c.Write([]byte(cannotEncrypt)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the client that cannot encrypt is noted", func() bool { return s.host.Sessions.Journal.End() == 2 })
	seen, _, _ := s.host.Sessions.Journal.From(0, 9)
	if v := seen[0]; v.Kind != engine.SightLogin || v.User != "admin" || v.Database != "shop" || v.Application != "billing" || v.TLS != engine.TLSEncrypted || v.Version != "TLSv1.2" {
		t.Errorf("a client that asked for nothing is upgraded: %+v", v)
	}
	if v := seen[1]; v.Kind != engine.SightPlainRefused || v.Source != "127.0.0.1" || v.Why == "" {
		t.Errorf("a client that cannot encrypt: %+v", v)
	}
}
