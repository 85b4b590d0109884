package login_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/pki/pkitest"
	"github.com/dbtls/dbtls/internal/probe"
)

// ends says how the right login ends at a simulated instance.
func ends(name string) error {
	switch name {
	case "sqlserver-ee", "sybase":
		return nil
	case "oracle-ee", "db2-se":
		return engine.ErrNoDatabase
	}
	return engine.ErrSimulated
}

func hasLogins(name string) bool {
	return slices.Contains([]string{"sqlserver-ee", "sybase", "db2-se"}, name)
}

func TestTheRightLoginEndsAsTheProductHasIt(t *testing.T) {
	t.Parallel()
	for _, name := range products() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := product(t, name)
			s := simulate(t, e, nil)
			got, err := try(t, e, s, s.account())
			if want := ends(name); !errors.Is(err, want) || want == nil && err != nil {
				t.Fatalf("%+v, %v; want %v", got, err, want)
			}
			if err == nil && got.Version == "" {
				t.Error("no version")
			}
			if hasLogins(name) != (s.judged() == 1) {
				t.Errorf("%d logins were judged", s.judged())
			}
		})
	}
}

func TestAWrongLoginIsRefused(t *testing.T) {
	t.Parallel()
	for _, name := range products() {
		if !hasLogins(name) {
			continue
		}
		for what, change := range map[string]func(*engine.Account){
			"password": func(a *engine.Account) { a.Password = "wrong horse 9" },
			"user":     func(a *engine.Account) { a.User = "nobody" },
		} {
			t.Run(name+" "+what, func(t *testing.T) {
				t.Parallel()
				e := product(t, name)
				s := simulate(t, e, nil)
				a := s.account()
				change(&a)
				if _, err := try(t, e, s, a); !errors.Is(err, engine.ErrLoginRefused) {
					t.Errorf("%v", err)
				}
			})
		}
	}
}

// TestNothingIsSentToAServerThatIsNotTrusted: each product refuses in the
// handshake, and what the client sends after its ClientHello is no more than an
// alert. In TLS 1.2 and 1.3 that means no key was agreed on by which the server
// could have read anything else.
func TestNothingIsSentToAServerThatIsNotTrusted(t *testing.T) {
	t.Parallel()
	for _, name := range products() {
		for what, judge := range map[string]func(*testing.T, *engine.Account, *server){
			"another CA": func(t *testing.T, a *engine.Account, _ *server) {
				a.TLS = verifying(pkitest.New(t, "us-east-1", time.Now()), address)
			},
			"another name": func(_ *testing.T, a *engine.Account, s *server) {
				a.TLS = verifying(s.world, "127.0.0.2")
			},
		} {
			t.Run(name+" "+what, func(t *testing.T) {
				t.Parallel()
				e := product(t, name)
				s := simulate(t, e, nil)
				a := s.account()
				judge(t, &a, s)
				_, err := try(t, e, s, a)
				if refusal, ok := errors.AsType[*probe.Refusal](err); !ok {
					t.Errorf("no refusal in %v", err)
				} else if stage, code := probe.LoginCode(err); stage != refusal.Stage || code != refusal.Code {
					t.Errorf("%s %s for %v", stage, code, refusal)
				}
				if s.judged() != 0 {
					t.Error("the server has judged a login")
				}
				for _, b := range s.sent() {
					if rest := afterHello(t, b); len(rest) > 64 {
						t.Errorf("%d bytes follow the ClientHello: %x", len(rest), rest)
					}
				}
			})
		}
	}
}

// afterHello is what follows the last ClientHello; a server may ask for a
// second one.
func afterHello(t *testing.T, b []byte) (rest []byte) {
	t.Helper()
	found := false
	for at := range b {
		if r := b[at:]; len(r) > 5 && r[0] == 0x16 && r[1] == 3 && r[2] <= 4 && r[5] == 1 {
			if n := 5 + int(r[3])<<8 + int(r[4]); n <= len(r) {
				rest, found = r[n:], true
			}
		}
	}
	if !found {
		t.Errorf("no ClientHello in %x", b)
	}
	return rest
}

func TestAPlainLoginWhereTLSIsForcedIsRefusedAndStaysPlain(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		set  map[string]string
		err  error
		says string
	}{
		"postgres":          {map[string]string{"rds.force_ssl": "1"}, engine.ErrTLSRequired, "no encryption"},
		"aurora-postgresql": {map[string]string{"rds.force_ssl": "1"}, engine.ErrTLSRequired, ""},
		"redshift":          {map[string]string{"require_ssl": "true"}, engine.ErrTLSRequired, ""},
		"mysql":             {map[string]string{"require_secure_transport": "1"}, engine.ErrTLSRequired, ""},
		"mariadb":           {map[string]string{"require_secure_transport": "1"}, engine.ErrLoginRefused, "over TLS only"},
		"sqlserver-ee":      {map[string]string{"rds.force_ssl": "1"}, engine.ErrTLSRequired, "encrypts all sessions"},
		"mongodb":           {map[string]string{"tlsMode": "requireTLS"}, nil, "TLS only"},
		"oracle-ee":         {nil, nil, "TLS only"},
		"sybase":            {nil, nil, "TLS only"},
		"db2-se":            {nil, nil, "TLS only"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := product(t, name)
			s := simulate(t, e, want.set)
			a := s.account()
			a.TLS = nil
			_, err := try(t, e, s, a)
			if err == nil || want.err != nil && !errors.Is(err, want.err) || !strings.Contains(err.Error(), want.says) {
				t.Errorf("%v", err)
			}
			if s.judged() != 0 {
				t.Error("the server has judged a login")
			}
			for _, b := range s.sent() {
				if slices.Contains(b, 0x16) && strings.Contains(string(b), "\x16\x03\x01") {
					t.Errorf("the client has begun TLS: %x", b)
				}
			}
		})
	}
}

func TestAPlainLoginIsPlainWhereThatIsTaken(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]map[string]string{
		"postgres":     {"rds.force_ssl": "0"},
		"redshift":     {"require_ssl": "false"},
		"mysql":        {"require_secure_transport": "0"},
		"mariadb":      {"require_secure_transport": "0"},
		"sqlserver-ee": {"rds.force_ssl": "0"},
		"mongodb":      {"tlsMode": "allowTLS"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := product(t, name)
			s := simulate(t, e, set)
			a := s.account()
			a.TLS = nil
			if _, err := try(t, e, s, a); !errors.Is(err, ends(name)) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestModesThatDoNotVerifyTheNameLogIn(t *testing.T) {
	t.Parallel()
	for _, name := range products() {
		for _, mode := range []pki.SSLMode{pki.SSLRequire, pki.SSLVerifyCA} {
			t.Run(name+" "+string(mode), func(t *testing.T) {
				t.Parallel()
				e := product(t, name)
				s := simulate(t, e, nil)
				a := s.account()
				a.TLS = probe.Config(mode, probe.NewTrust("roots", s.world.TrustStore(ca)), address, false, time.Now)
				if _, err := try(t, e, s, a); !errors.Is(err, ends(name)) {
					t.Errorf("%v", err)
				}
			})
		}
	}
}

func TestTheNewerWaysIntoTLSLogIn(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]error{
		"postgres": engine.ErrSimulated, "sqlserver-ee": nil, // TDS 8.0
		"mysql": engine.ErrNoDirect, "mariadb": engine.ErrNoDirect, "redshift": engine.ErrNoDirect,
		"mongodb": engine.ErrSimulated, "sybase": nil, // there is one way only
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := product(t, name)
			s := simulate(t, e, nil)
			a := s.account()
			a.Start.Direct = true
			if _, err := try(t, e, s, a); !errors.Is(err, want) || want == nil && err != nil {
				t.Errorf("%v", err)
			}
		})
	}
}
