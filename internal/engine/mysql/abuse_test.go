package mysql_test

import (
	"crypto/tls"
	"strings"
	"testing"

	"github.com/dbtls/dbtls/internal/engine/enginetest"
	"github.com/dbtls/dbtls/internal/engine/mysql"
	"github.com/dbtls/dbtls/internal/fault"
)

const forcing = "mysql.dbtls_require_secure_transport"

// refuse runs statements that must fail for lack of privilege.
func refuse(t *testing.T, s enginetest.Session, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if err := s.Exec(t.Context(), statement); !is(err, 1044, 1045, 1142, 1227, 1370, 1396, 1449, 1644, 1698, 1959) {
			t.Errorf("%s: %v, want it refused", statement, err)
		}
	}
}

func do(t *testing.T, s enginetest.Session, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if err := s.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// The management account of MariaDB sets require_secure_transport by a
// procedure whose definer is a role with SUPER. No user may get at either.
func TestMasterOfMariaDBCannotUseTheForcingProcedure(t *testing.T) {
	t.Parallel()
	r := start(t, mysql.MariaDB(), nil)
	master, err := r.login(&tls.Config{})
	if err != nil {
		t.Fatal(err)
	}
	role := r.ask(master, "SELECT User FROM mysql.global_priv WHERE User LIKE 'dbtls\\_super\\_%'")
	refuse(t, master,
		"CALL "+forcing+"(1)", "DROP PROCEDURE "+forcing, "ALTER PROCEDURE "+forcing+" SQL SECURITY INVOKER",
		"CREATE OR REPLACE PROCEDURE "+forcing+"(x INT) SET GLOBAL max_connections = 7",
		"GRANT EXECUTE ON PROCEDURE "+forcing+" TO CURRENT_USER",
		"SET ROLE "+role, "GRANT "+role+" TO CURRENT_USER", "GRANT "+role+" TO CURRENT_USER WITH ADMIN OPTION", "SET DEFAULT ROLE "+role,
		"RENAME USER "+role+" TO x@'%'", "RENAME USER "+role+"@'' TO x@'%'", "ALTER USER "+role+" IDENTIFIED BY 'x'",
		"GRANT SUPER ON *.* TO CURRENT_USER", "CREATE ROLE mine WITH ADMIN "+role,
		"INSERT INTO mysql.roles_mapping VALUES ('%', 'x', '"+role+"', 'Y')")
	do(t, master, "CREATE DATABASE own", "CREATE ROLE theirs")
	refuse(t, master, "GRANT "+role+" TO theirs",
		"CREATE DEFINER = "+role+" PROCEDURE own.p() SQL SECURITY DEFINER SET GLOBAL max_connections = 7",
		"CREATE DEFINER = "+role+" VIEW own.v AS SELECT 1",
		"CREATE DEFINER = "+role+" EVENT own.e ON SCHEDULE EVERY 1 SECOND DO SET GLOBAL max_connections = 7",
		"CREATE DEFINER = "+role+" FUNCTION own.f() RETURNS INT RETURN 1")
	if on := r.ask(master, "SELECT @@global.require_secure_transport"); on != "0" {
		t.Fatal("the master has forced TLS")
	}
	r.apply(r.Admin(), map[string]string{"require_secure_transport": "1"})
}

// A user of whom the management account is a new name does not become it.
func TestRenamedManagementAccountCannotForce(t *testing.T) {
	t.Parallel()
	r := start(t, mysql.MariaDB(), nil)
	master, err := r.login(&tls.Config{})
	if err != nil {
		t.Fatal(err)
	}
	do(t, master, "RENAME USER "+me(t)+"@localhost TO taken@'%'", "ALTER USER taken@'%' IDENTIFIED BY 'x'")
	taken, err := open(t.Context(), enginetest.Client{Address: r.HostPort(), User: "taken", Password: "x",
		TLS: &tls.Config{RootCAs: r.w.Roots(), ServerName: r.Address}})
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	refuse(t, taken, "CALL "+forcing+"(1)", "SET GLOBAL require_secure_transport = 1")
}

// Who drops the role and makes it again owns a role without rights; what that
// role defines must get none at the next start.
func TestRoleOfTheForcingProcedureCannotBePlanted(t *testing.T) {
	t.Parallel()
	r := start(t, mysql.MariaDB(), nil)
	a := r.Admin()
	master, err := r.login(&tls.Config{})
	if err != nil {
		t.Fatal(err)
	}
	role := r.ask(master, "SELECT User FROM mysql.global_priv WHERE User LIKE 'dbtls\\_super\\_%'")
	do(t, master, "CREATE DATABASE own", "DROP ROLE "+role, "CREATE ROLE "+role, "GRANT ALL ON own.* TO "+role, "SET ROLE "+role,
		"CREATE DEFINER = "+role+" PROCEDURE own.p() SQL SECURITY DEFINER SET GLOBAL max_connections = 77")
	r.configure(map[string]string{"require_secure_transport": "1"})
	err = a.Apply(t.Context(), r.Settings)
	if fault.CodeOf(err) != fault.InvalidInstanceState || !strings.Contains(fault.Public(err), "reboot") {
		t.Fatalf("Apply without the role: %v, want a fault that names the fix", err)
	}
	r.Stop()
	r.Start()
	a = r.Admin()
	if master, err = r.login(&tls.Config{}); err != nil {
		t.Fatal(err)
	}
	refuse(t, master, "CALL own.p()", "SET ROLE "+role)
	if n := r.ask(master, "SELECT COUNT(*) FROM mysql.global_priv WHERE User LIKE 'dbtls\\_super\\_%'"); n != "1" {
		t.Errorf("%s roles of the forcing procedure, want this start's alone", n)
	}
	if n := r.ask(master, "SELECT COUNT(*) FROM mysql.roles_mapping WHERE Role LIKE 'dbtls\\_super\\_%'"); n != "0" {
		t.Errorf("%s accounts may use the role", n)
	}
	r.apply(a, nil)
}
