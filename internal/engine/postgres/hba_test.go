package postgres

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
)

func someExceptions(n int) []engine.Exception {
	var all []engine.Exception
	for range n {
		x := engine.Exception{Until: time.Now()}
		if rand.IntN(2) == 0 {
			x.User = fmt.Sprintf("user%d", rand.IntN(1000))
		}
		if x.User == "" || rand.IntN(2) == 0 {
			x.Source = netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(rand.IntN(256))}), 16)
		}
		all = append(all, x)
	}
	return all
}

func TestEveryFileDbtlsWritesProvesTheSame(t *testing.T) {
	t.Parallel()
	for range 200 {
		x := terms{force: rand.IntN(2) == 0, exceptions: someExceptions(rand.IntN(6))}
		text := hbaConf(loginSettings, x)
		if err := hbaProves([]byte(text)); err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		plain := strings.Count("\n"+text, "\nhostnossl ")
		if want := len(exceptionRules(x.exceptions)); (x.force && plain != want) || (!x.force && plain != 1) {
			t.Fatalf("%d lines for plain sessions with %+v in\n%s", plain, x, text)
		}
	}
}

func TestExceptionsAsLines(t *testing.T) {
	t.Parallel()
	_, err := product{forcedSince: "15"}.terms("15.18", map[string]string{paramExceptions: "nonsense"})
	if fault.CodeOf(err) != fault.InvalidParameter {
		t.Errorf("nonsense: %v", err)
	}
	x, err := product{forcedSince: "15"}.terms("15.18", map[string]string{
		paramExceptions: "exporter@10.1.2.3=2030-01-01,+group@*=2030-01-01,*@10.2.0.0/16=2030-01-01,*@2001:db8::/32=2030-01-01,exporter@10.1.2.3=2031-01-01"})
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(hbaConf(loginSettings, x)), " ")
	for _, want := range []string{
		`hostnossl all "exporter" 10.1.2.3/32 scram-sha-256`, `hostnossl all "+group" all scram-sha-256`,
		`hostnossl all all 10.2.0.0/16 scram-sha-256`, `hostnossl all all 2001:db8::/32 scram-sha-256`,
	} {
		if strings.Count(text, want) != 1 {
			t.Errorf("%q is not there once in %s", want, text)
		}
	}
	if strings.Contains(text, "hostnossl all all all") || strings.Index(text, "hostnossl all ") < strings.LastIndex(text, "reject") {
		t.Errorf("everybody is excepted, or an exception comes before the rules of dbtls's roles: %s", text)
	}
	// Nothing is excepted from what is not forced.
	x.force = false
	if text := hbaConf(loginSettings, x); strings.Contains(text, "exporter") {
		t.Errorf("not forced: %s", text)
	}
}

func TestExceptionsThatCannotBe(t *testing.T) {
	t.Parallel()
	for _, who := range []string{"dbtls_agent", "dbtls_superuser", "dbtls_replica", "/^a", "all", strings.Repeat("x", 64), `a"b`, "a\\b"} {
		if err := checkExceptions(who + "@*=2030-01-01"); err == nil {
			t.Errorf("%q is excepted", who)
		}
	}
	if err := checkExceptions("*@*=2030-01-01"); err == nil {
		t.Error("everybody is excepted")
	}
	if err := checkExceptions(""); err != nil {
		t.Errorf("none: %v", err)
	}
}

func TestWhatAChangedFileProves(t *testing.T) {
	t.Parallel()
	for text, proves := range map[string]bool{
		"#\nhostssl all all all trust\n":                     true,
		"hostnossl all all all trust\n":                      true,
		"local all all trust\nlocal all all trust\n":         true,
		"host all all all reject\nhost all all all reject\n": true,
		"hostssl all all all trust\n":                        false,
		"#\nhostnossl all all all trust\n":                   false,
		"host all all all scram-sha-256\n":                   false,
		"host all \"a reject\" all trust reject\n":           false,
		"hostgssenc all all all gss\n":                       false,
		"include other.conf\n":                               false,
		"#\n\"hostssl\" all all all trust\n":                 false,
		"# goes on \\\nhostssl all all all trust\n":          false,
		"#\nhostssl all all all \\\nscram-sha-256\n":         false,
		"#\nhost all all all trust # reject\n":               false,
		"":                                                   false,
	} {
		if err := hbaProves([]byte(text)); (err == nil) != proves {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestForcingSaysWhatAClientIsTold(t *testing.T) {
	t.Parallel()
	for version, end := range map[string]string{"13.23": "SSL off", "14.20": "no encryption", "18.4": "no encryption"} {
		for _, e := range []engine.Engine{New(), Aurora()} {
			f := e.Spec.Force(version)
			if !strings.HasSuffix(f.Refusal, end) || f.Means == "" {
				t.Errorf("%s %s: %+v", e.Name(), version, f)
			}
			names := map[string]engine.Parameter{}
			for _, p := range e.Spec.Parameters(version) {
				names[p.Name] = p
			}
			if p := names[f.Parameter]; p.ApplyType != engine.Dynamic || p.Cluster != e.Spec.Clustered || strings.Join(p.Allowed, ",") != f.Off+","+f.On {
				t.Errorf("%s: %+v is not in the catalogue", e.Name(), f)
			}
			if p := names[f.Exceptions]; p.ApplyType != engine.Dynamic || p.Cluster != e.Spec.Clustered || p.Check == nil {
				t.Errorf("%s: exceptions %+v are not in the catalogue", e.Name(), p)
			}
		}
	}
}

func TestASimulatedServerKnowsExceptionsAndTheirEnd(t *testing.T) {
	t.Parallel()
	end := time.Date(2030, 1, 2, 0, 0, 0, 0, time.UTC)
	d, err := product{forcedSince: "15"}.demands("15.18", map[string]string{paramExceptions: "exporter@10.0.0.0/8=2030-01-01"})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		who     Startup
		at      time.Time
		refused bool
	}{
		"excepted":          {Startup{User: "exporter", Client: "10.1.1.1"}, end.Add(-time.Second), false},
		"excepted no more":  {Startup{User: "exporter", Client: "10.1.1.1"}, end, true},
		"from elsewhere":    {Startup{User: "exporter", Client: "11.1.1.1"}, end.Add(-time.Second), true},
		"somebody else":     {Startup{User: "app", Client: "10.1.1.1"}, end.Add(-time.Second), true},
		"as a read replica": {Startup{User: "exporter", Client: "10.1.1.1", Replication: true}, end.Add(-time.Second), true},
	} {
		if got := d.refuses(c.who, c.at); got != c.refused {
			t.Errorf("%s: refused %t", name, got)
		}
	}
}
