package login_test

import (
	"crypto/tls"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/engine/enginetest"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/probe"
)

// real runs the product's own server with those parameters and makes the
// master user. It returns the master's account, over TLS.
func real(t *testing.T, e engine.Engine, parameters map[string]string) (*enginetest.Server, *server, engine.Account) {
	t.Helper()
	s, world, m := enginetest.New(t, e), enginetest.NewWorld(t), enginetest.Master()
	if parameters != nil {
		s.Settings.Parameters = e.Spec.Values(s.Install.Version, parameters)
		for _, f := range e.Server.Files(s.Install, s.Settings) {
			if err := os.WriteFile(f.Path, f.Content, f.Mode); err != nil {
				t.Fatal(err)
			}
		}
	}
	pair, _ := s.Pair(world, "gen-1")
	s.Bind(pair)
	s.Start()
	if err := s.Admin().SetUp(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	taps := &server{port: s.Port}
	return s, taps, engine.Account{
		Dial: taps.at(s.Address), Host: s.Address, Port: s.Port, User: m.User, Password: m.Password, Database: m.Database,
		TLS: &tls.Config{RootCAs: world.Roots(), ServerName: s.Address},
	}
}

// TestARealServerThatForcesTLSTakesNoPlainLogin, and one that does not takes it.
func TestARealServerThatForcesTLSTakesNoPlainLogin(t *testing.T) {
	t.Parallel()
	for name, own := range map[string]struct {
		parameter string
		want      error
	}{
		"postgres": {"rds.force_ssl", engine.ErrTLSRequired},
		"mariadb":  {"require_secure_transport", engine.ErrLoginRefused}, // it says no more
		"mysql":    {"require_secure_transport", engine.ErrTLSRequired},
	} {
		for value, want := range map[string]error{"1": own.want, "0": nil} {
			t.Run(name+" "+value, func(t *testing.T) {
				t.Parallel()
				e := product(t, name)
				_, taps, a := real(t, e, map[string]string{own.parameter: value})
				if _, err := try(t, e, taps, a); err != nil {
					t.Errorf("over TLS: %v", err)
				}
				a.TLS = nil
				if _, err := try(t, e, taps, a); !errors.Is(err, want) || want == nil && err != nil {
					t.Errorf("in plain: %v", err)
				}
			})
		}
	}
}

func TestARealServerJudgesTheLogin(t *testing.T) {
	t.Parallel()
	for name, own := range map[string]struct{ version, unknown string }{
		"postgres": {"", `database \"shop\" does not exist`},
		"mariadb":  {"MariaDB", "shop"},
		"mysql":    {".", "shop"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := product(t, name)
			s, taps, right := real(t, e, nil)
			got, err := try(t, e, taps, right)
			if err != nil || !strings.Contains(got.Version, s.Install.Version) || !strings.Contains(got.Version, own.version) {
				t.Fatalf("%+v, %v", got, err)
			}
			for what, step := range map[string]struct {
				change func(*engine.Account)
				want   error
			}{
				"a wrong password":    {func(a *engine.Account) { a.Password = "wrong horse 9" }, engine.ErrLoginRefused},
				"an empty password":   {func(a *engine.Account) { a.Password = "" }, engine.ErrLoginRefused},
				"an unknown user":     {func(a *engine.Account) { a.User = "nobody_1" }, engine.ErrLoginRefused},
				"an unknown database": {func(a *engine.Account) { a.Database = "shop" }, engine.ErrNoDatabase},
				"no database":         {func(a *engine.Account) { a.Database = "" }, noDatabase(name)},
			} {
				a := right
				step.change(&a)
				_, err := try(t, e, taps, a)
				if !errors.Is(err, step.want) || step.want == nil && err != nil {
					t.Errorf("%s: %v", what, err)
				}
				if what == "an unknown database" && err != nil && !strings.Contains(err.Error(), own.unknown) {
					t.Errorf("%s: %v does not name it", what, err)
				}
			}
			untrusted(t, e, taps, right)
		})
	}
}

// noDatabase: a PostgreSQL user without one means the database of the user's
// own name, which is not there.
func noDatabase(name string) error {
	if name == "postgres" {
		return engine.ErrNoDatabase
	}
	return nil
}

func untrusted(t *testing.T, e engine.Engine, taps *server, right engine.Account) {
	t.Helper()
	for what, config := range map[string]*tls.Config{
		"another CA, by crypto/tls":   {RootCAs: enginetest.NewWorld(t).Roots(), ServerName: right.Host},
		"another name, by crypto/tls": {RootCAs: right.TLS.RootCAs, ServerName: "db.example"},
		"no trust at all":             probe.Config(pki.SSLVerifyCA, probe.NewTrust("roots", nil), right.Host, false, time.Now),
	} {
		a, before := right, len(taps.sent())
		a.TLS = config
		_, err := try(t, e, taps, a)
		var certificate *tls.CertificateVerificationError
		var refusal *probe.Refusal
		if !errors.As(err, &certificate) && !errors.As(err, &refusal) {
			t.Errorf("%s: %v", what, err)
		}
		for _, b := range taps.sent()[before:] {
			if rest := afterHello(t, b); len(rest) > 64 {
				t.Errorf("%s: %d bytes follow the ClientHello", what, len(rest))
			}
		}
	}
}
