package fleet

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/provider"
)

// table runs a check over inputs: nil for those it takes.
func table(t *testing.T, what string, check func(string) error, cases map[string]fault.Code) {
	t.Helper()
	for in, want := range cases {
		if got := fault.CodeOf(check(in)); got != want {
			t.Errorf("%s %q: %q, want %q", what, in, got, want)
		}
	}
}

func TestCheckClass(t *testing.T) {
	t.Parallel()
	class := func(s string) error { _, err := placeOf(s, "local"); return err }
	table(t, "class", class, map[string]fault.Code{
		"db.local": "", "db.t3.micro": "", "db.r6g.16xlarge": "", "db.simulated": "",
		"": fault.InvalidParameter, "db.": fault.InvalidParameter, "local": fault.InvalidParameter, "t3.micro": fault.InvalidParameter, "DB.local": fault.InvalidParameter,
	})
}

func TestCheckMaster(t *testing.T) {
	t.Parallel()
	spec := engine.Spec{ReservedUsers: []string{"root", "postgres"}}
	table(t, "user", func(s string) error { return checkMaster(spec, s, "secret99") }, map[string]fault.Code{
		"admin1": "", "a": "", "A_1": "", strings.Repeat("a", 16): "",
		"": fault.InvalidParameter, "1admin": fault.InvalidParameter, "_a": fault.InvalidParameter, "a-b": fault.InvalidParameter,
		"a b": fault.InvalidParameter, "a'b": fault.InvalidParameter, `a"b`: fault.InvalidParameter, "ä": fault.InvalidParameter,
		strings.Repeat("a", 17): fault.InvalidParameter, "root": fault.InvalidParameter, "Postgres": fault.InvalidParameter, "a\x00": fault.InvalidParameter,
	})
	table(t, "password", func(s string) error { return checkMaster(spec, "admin1", s) }, map[string]fault.Code{
		"secret99": "", `!#$%&'()*+,-.0123;<=>?[\]^_{|}~`: "", strings.Repeat("p", 128): "",
		"": fault.InvalidParameter, "secret9": fault.InvalidParameter, strings.Repeat("p", 129): fault.InvalidParameter,
		"secret/99": fault.InvalidParameter, "secret@99": fault.InvalidParameter, `secret"99`: fault.InvalidParameter,
		"secret 99": fault.InvalidParameter, "secret\n99": fault.InvalidParameter, "secrét999": fault.InvalidParameter, "secret\x7f99": fault.InvalidParameter,
	})
	if err := checkMaster(spec, "admin1", "hunter2 hunter2"); strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the refusal shows the password: %v", err)
	}
}

func TestCheckDatabase(t *testing.T) {
	t.Parallel()
	table(t, "database", checkDatabase, map[string]fault.Code{
		"": "", "shop": "", "Shop_1": "", strings.Repeat("a", 63): "",
		strings.Repeat("a", 64): fault.InvalidParameter, "1shop": fault.InvalidParameter, "sh-op": fault.InvalidParameter,
		"sh`op": fault.InvalidParameter, "shop;": fault.InvalidParameter, "é": fault.InvalidParameter,
	})
}

func TestPickVersion(t *testing.T) {
	t.Parallel()
	e := engine.Engine{Spec: engine.Spec{Names: []string{"postgres"}, Description: "PostgreSQL"}, Server: struct{ engine.Server }{}}
	offers := []provider.Offer{{Engine: "postgres", Version: "13.9"}, {Engine: "postgres", Version: "15.2"}, {Engine: "postgres", Version: "15.18"}}
	for want, is := range map[string]string{"": "15.18", "15": "15.18", "15.2": "15.2", "13": "13.9", "1": "", "15.1": "", "16": "", "15.": "", "15.18.1": ""} {
		got, err := pickVersion(e, offers, "local", want)
		if got != is || (is == "" && fault.CodeOf(err) != fault.InvalidCombination) || (is != "" && err != nil) {
			t.Errorf("%q: %q, %v, want %q", want, got, err, is)
		}
	}
	if _, err := pickVersion(e, nil, "local", ""); err == nil || !strings.Contains(err.Error(), "no PostgreSQL server is installed") {
		t.Errorf("without one installed: %v", err)
	}
}

func TestACAIsOfferedPerVersion(t *testing.T) {
	t.Parallel()
	e := engine.Engine{Spec: engine.Spec{Names: []string{"old"}, CAs: func(version string) []string {
		if version == "1" {
			return []string{"rds-ca-rsa2048-g1", "rds-ca-2019"}
		}
		return []string{"rds-ca-ecc384-g1"}
	}}}
	any := engine.Engine{Spec: engine.Spec{Names: []string{"any"}}}
	for _, c := range []struct {
		e           engine.Engine
		version, ca string
		ok          bool
	}{{e, "1", "rds-ca-2019", true}, {e, "1", "rds-ca-ecc384-g1", false}, {e, "2", "rds-ca-ecc384-g1", true}, {e, "2", "rds-ca-2019", false}, {any, "1", "rds-ca-rsa4096-g1", true}, {any, "1", "nope", false}} {
		if err := checkCA(c.e, c.version, c.ca); (err == nil) != c.ok || (err != nil && fault.CodeOf(err) != fault.InvalidCombination) {
			t.Errorf("%s %s with %s: %v", c.e.Name(), c.version, c.ca, err)
		}
	}
	if got := fmt.Sprint(SupportedCAs(e.Spec, "1")); got != "[rds-ca-2019 rds-ca-rsa2048-g1]" {
		t.Errorf("not in the order of the guide: %s", got)
	}
}

func TestLoopbackAddresses(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	second := map[byte]int{}
	for n := range 5000 {
		id := fmt.Sprintf("db-%d", n)
		a := LoopbackAddress(id, 0)
		if a != LoopbackAddress(id, 0) || a == LoopbackAddress(id, 1) {
			t.Fatalf("%s: the first choice is not constant, or is the second too", id)
		}
		ip := net.ParseIP(a).To4()
		if ip == nil || ip[0] != 127 || ip[1] < 16 || ip[1] > 239 || ip[3] < 1 || ip[3] > 254 {
			t.Fatalf("%s has %s", id, a)
		}
		seen[a] = true
		second[ip[1]]++
	}
	if len(seen) < 4990 || len(second) < 200 {
		t.Errorf("5000 instances have %d addresses in %d parts", len(seen), len(second))
	}
}

func TestRestartsBackOffToFiveMinutes(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]time.Duration{0: 500 * time.Millisecond, 1: 500 * time.Millisecond, 2: time.Second, 5: 8 * time.Second, 10: 256 * time.Second, 11: 5 * time.Minute, 1 << 30: 5 * time.Minute} {
		if got := restartBackoff(n); got != want {
			t.Errorf("after %d failures it waits %s, want %s", n, got, want)
		}
	}
}

func TestWhatIsShownAsTheStatus(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	base := inventory.Instance{Status: inventory.StatusAvailable, Leaf: inventory.Leaf{CA: "a", Serial: "01"}}
	running := inventory.Rotation{Step: inventory.StepVerify, Generation: "g", CSR: []byte{1}, StartedAt: at}
	for _, c := range []struct {
		sentence string
		change   func(*View)
		want     inventory.Status
	}{
		{"nothing is under way", func(*View) {}, inventory.StatusAvailable},
		{"a rotation is under way", func(v *View) { v.Rotation = &running }, inventory.StatusModifying},
		{"a rotation is STUCK: the database is there", func(v *View) {
			r := running
			r.Stuck.Reason = inventory.StuckReload
			v.Rotation = &r
		}, inventory.StatusAvailable},
		{"a rotation waits for a restart that comes by itself", func(v *View) {
			r := running
			r.Step, r.Hold = inventory.StepRestart, true
			v.Rotation = &r
		}, inventory.StatusAvailable},
		{"a rotation is about to restart it", func(v *View) {
			r := running
			r.Step = inventory.StepRestart
			v.Rotation = &r
		}, inventory.StatusModifying},
		{"a change is wanted at once", func(v *View) { v.Want = inventory.Want{CA: "b", Now: true} }, inventory.StatusModifying},
		{"a change waits for the window", func(v *View) { v.Want = inventory.Want{CA: "b"} }, inventory.StatusAvailable},
		{"its engine cannot be started", func(v *View) { v.Down = "exit status 1" }, inventory.StatusFailed},
		{"it is being deleted", func(v *View) { v.Status = inventory.StatusDeleting; v.Rotation = &running }, inventory.StatusDeleting},
		{"it is being created", func(v *View) { v.Status = inventory.StatusCreating; v.Rotation = &running }, inventory.StatusCreating},
	} {
		v := View{Instance: base}
		c.change(&v)
		if got := v.Shown(); got != c.want {
			t.Errorf("%s: %s, want %s", c.sentence, got, c.want)
		}
	}
}
