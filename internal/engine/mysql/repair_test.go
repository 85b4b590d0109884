package mysql_test

import (
	"context"
	"crypto/tls"
	"errors"
	"strings"
	"testing"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/engine/enginetest"
	"github.com/dbtls/dbtls/internal/engine/mysql"
	"github.com/dbtls/dbtls/internal/fault"
)

// A master user can take the management account away; the next start brings
// it back with what it needs and no more.
func TestRestartRepairsTheManagementAccount(t *testing.T) {
	t.Parallel()
	e := mysql.MariaDB()
	v, w := enginetest.New(t, e), enginetest.NewWorld(t)
	pair, _ := v.Pair(w, "gen-1")
	v.Bind(pair)
	v.Start()
	if err := v.Admin().SetUp(t.Context(), enginetest.Master()); err != nil {
		t.Fatal(err)
	}
	account := "'" + v.HostUser + "'@'localhost'"
	m := enginetest.Master()
	for name, statements := range map[string][]string{
		"it is dropped":  {"DROP USER " + account},
		"it is replaced": {"DROP USER IF EXISTS " + account, "CREATE USER " + account + " IDENTIFIED BY 'x' REQUIRE SSL"},
		"it is locked":   {"ALTER USER " + account + " ACCOUNT LOCK"},
	} {
		master, err := open(t.Context(), enginetest.Client{
			Address: v.HostPort(), User: m.User, Password: m.Password,
			TLS: &tls.Config{RootCAs: w.Roots(), ServerName: v.Address},
		})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, s := range statements {
			if err := master.Exec(t.Context(), s); err != nil {
				t.Fatalf("%s: %s: %v", name, s, err)
			}
		}
		_ = master.Close()
		_, err = e.Server.Admin(t.Context(), v.Settings)
		if fault.CodeOf(err) != fault.InvalidInstanceState || !strings.Contains(fault.Public(err), "reboot") {
			t.Fatalf("%s: Admin: %v, want a fault that names the fix", name, err)
		}
		v.Stop()
		v.Start()
		if err := v.Admin().Reload(t.Context()); err != nil {
			t.Fatalf("%s: reload after restart: %v", name, err)
		}
	}
	if grants := ownGrants(t, v); strings.Contains(grants, "SUPER") || strings.Contains(grants, "GRANT OPTION") || strings.Contains(grants, "ALL PRIVILEGES") {
		t.Errorf("the management account holds more than it needs: %s", grants)
	}
}

func ownGrants(t *testing.T, v *enginetest.Server) string {
	t.Helper()
	s, err := openSocket(t.Context(), v.Settings)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	text, err := s.Text(t.Context(), "SHOW GRANTS")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestAdminOfNoServerIsNotReady(t *testing.T) {
	t.Parallel()
	s := engine.Settings{Layout: engine.Layout{Run: t.TempDir()}, HostUser: "root"}
	if _, err := mysql.MariaDB().Server.Admin(context.Background(), s); !errors.Is(err, engine.ErrNotReady) {
		t.Errorf("Admin = %v, want ErrNotReady", err)
	}
}
