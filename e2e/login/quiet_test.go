package login_test

import (
	"errors"
	"maps"
	"runtime"
	"strings"
	"testing"
	"time"
)

// driverPaths are the packages whose goroutines must not outlive a login.
func driverPaths() []string {
	return []string{"go-sql-driver/mysql", "jackc/pgx", "go-mssqldb", "sijms/go-ora", "mongo-driver", "internal/engine."}
}

// TestNoGoroutineOutlivesALogin runs alone: other tests log in too.
func TestNoGoroutineOutlivesALogin(t *testing.T) { //nolint:paralleltest // see above
	before := drivers() // of drivers that were fed garbage when the tests run again
	for _, name := range products() {
		e := product(t, name)
		s := simulate(t, e, nil)
		good, bad := s.account(), s.account()
		bad.TLS = verifying(s.world, "127.0.0.2")
		if _, err := try(t, e, s, good); !errors.Is(err, ends(name)) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := try(t, e, s, bad); err == nil {
			t.Errorf("%s: logged in under another name", name)
		}
	}
	deadline := time.Now().Add(20 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		left := drivers()
		maps.DeleteFunc(left, func(id, _ string) bool { return before[id] != "" })
		if len(left) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines are left: %v", len(left), left)
		}
		<-tick.C
	}
}

// drivers are the stacks of goroutines within a driver by the goroutine's
// number, except the test's.
func drivers() map[string]string {
	buf := make([]byte, 4<<20)
	buf = buf[:runtime.Stack(buf, true)]
	found := map[string]string{}
	for stack := range strings.SplitSeq(string(buf), "\n\n") {
		for _, path := range driverPaths() {
			if strings.Contains(stack, path) && !strings.Contains(stack, "Simulator") && !strings.Contains(stack, "login_test.") {
				id, _, _ := strings.Cut(stack, " [")
				found[id] = stack
				break
			}
		}
	}
	return found
}

// TestTheEnvironmentHasNoSay runs alone: it sets variables of libpq.
func TestTheEnvironmentHasNoSay(t *testing.T) { //nolint:paralleltest // see above
	for name, value := range map[string]string{
		"PGHOST": "203.0.113.1", "PGPORT": "1", "PGUSER": "other", "PGPASSWORD": "other", "PGDATABASE": "other",
		"PGSSLMODE": "allow", "PGTARGETSESSIONATTRS": "standby", "PGREQUIREAUTH": "none", "PGCHANNELBINDING": "require",
		"PGSSLROOTCERT": "/nonexistent", "PGCONNECT_TIMEOUT": "nonsense", "PGOPTIONS": "-c role=none", "PGSSLNEGOTIATION": "direct",
		"PGMINPROTOCOLVERSION": "3.2", "PGPASSFILE": "/nonexistent", "PGSSLCERT": "/nonexistent", "PGSSLKEY": "/nonexistent",
		"PGAPPNAME": "other",
	} {
		t.Setenv(name, value)
	}
	e := product(t, "postgres")
	s := simulate(t, e, nil)
	if _, err := try(t, e, s, s.account()); !errors.Is(err, ends("postgres")) {
		t.Errorf("%v", err)
	}
}
