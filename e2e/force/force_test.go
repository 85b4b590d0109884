package force_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/dbtls/dbtls/e2e/harness"
)

// TestRealServers takes a real PostgreSQL and a real MariaDB through an owner's
// week: the plan, a change that nobody confirms, one over a power cut of dbtls,
// one that stays, and exceptions.
func TestRealServers(t *testing.T) {
	t.Parallel()
	engines := harness.Engines(t)
	s := harness.Start(t, harness.Data(t))
	all := make([]*database, len(engines))
	var wg sync.WaitGroup
	for n, engine := range engines {
		wg.Go(func() { all[n] = open(t, s, products()[engine]) })
	}
	wg.Wait()
	each := func(name string, f func(*testing.T, *database)) {
		t.Run(name, func(t *testing.T) {
			for _, d := range all {
				t.Run(d.engine, func(t *testing.T) { t.Parallel(); f(t, d) })
			}
		})
	}
	held := map[string]*witness{}
	for _, d := range all {
		held[d.Name] = d.witness(t)
	}
	each("the plan names who would be refused", planNames)
	each("not confirmed it is undone", func(t *testing.T, d *database) { undone(t, d); held[d.Name].lives(t) })
	t.Run("also when dbtls is dead at the deadline", func(t *testing.T) { undoneAfterKill(t, s, all) })
	each("confirmed it stays", func(t *testing.T, d *database) { confirmed(t, d); held[d.Name].lives(t) })
	each("an exception has an end", exceptions)
	each("a call of AWS leaves its event", calls)
}

// open makes an instance with a group of its own.
func open(t *testing.T, s *harness.Server, p product) *database {
	makeGroup(t, s, p, types.ApplyMethodImmediate)
	i := s.Create(t, "db-"+p.engine, p.engine, func(in *rds.CreateDBInstanceInput) { in.DBParameterGroupName = &p.group })
	return &database{product: p, Instance: i, srv: s, roots: s.Root(t, ca)}
}

// witness is a TLS session that is open all the time.
type witness struct {
	*session
	d  *database
	id string
}

func (d *database) witness(t *testing.T) *witness {
	t.Helper()
	s, id, err := d.connect(t, d.User, "witness", true)
	if err != nil {
		t.Fatal(err)
	}
	return &witness{s, d, id}
}

func (w *witness) lives(t *testing.T) {
	t.Helper()
	if id, err := w.ask(w.d.id); err != nil || id != w.id {
		t.Errorf("the TLS session of %s that was open all the time is %q, %v, was %q", w.d.Name, id, err, w.id)
	}
}

// planNames: MariaDB's open sessions tell who is plain, PostgreSQL's log does so
// of those that have gone.
func planNames(t *testing.T, d *database) {
	if d.engine == "mariadb" { // it tells clients apart by their users
		if _, err := harness.MariaDB(t, d.Instance, d.roots, fmt.Sprintf("CREATE USER offender@'%%' IDENTIFIED BY '%s'", d.Password)); err != nil {
			t.Fatal(err)
		}
	}
	// PostgreSQL's log tells of every login from the first on; counters do not tell
	// what was before they were read.
	want := map[string]int{"postgres": 0, "mariadb": 3}[d.engine]
	harness.Poll(t, patience, fmt.Sprintf("before anybody comes without TLS the plan for %s ends with %d", d.Name, want), func() bool {
		_, code := d.plan(t)
		return code == want
	})
	user, application := d.User, "exporter"
	if d.engine == "postgres" {
		d.wantLetIn(t, "at first")
	} else {
		user, application = "offender", "" // what it calls itself is the client's program
		s, _, err := d.connect(t, user, application, false)
		if err != nil {
			t.Fatal(err)
		}
		defer s.in.Close()
	}
	p, code := d.awaitVerdict(t, "REFUSED", user, application)
	i := p.Instances[0]
	if code != 1 || i.Effect != "at once" || !strings.Contains(i.Means, d.means) || !slices.ContainsFunc(i.Clients, func(c struct{ Verdict, User, Source, Application string }) bool {
		return c.Verdict == "UNAFFECTED" && c.User == d.User
	}) {
		t.Errorf("exit code %d, the plan is %+v", code, i)
	}
	text, code := d.force(t, "on", "--plan")
	if code != 1 || !strings.Contains(text, "REFUSED") || !strings.Contains(text, d.means) {
		t.Errorf("for people the plan is, exit code %d:\n%s", code, text)
	}
	said, code := d.force(t, "on")
	if code != 1 || !strings.Contains(said, "user "+user+" from 127.0.0.1") || !strings.Contains(said, "--refuse-clients") {
		t.Errorf("without consent: exit code %d: %s", code, said)
	}
	if err := d.exporter(t); err != nil {
		t.Errorf("a change that was refused refuses a client: %v", err)
	}
}

// consent is to what the plan may say of this test's own clients.
func consent(more ...string) []string {
	return append([]string{"on", "--refuse-clients", "--accept-unknown"}, more...)
}

func undone(t *testing.T, d *database) {
	said := d.mustForce(t, consent("--confirm-within", "5s")...)
	if !strings.Contains(said, "UNDONE at") || !strings.Contains(said, "dbtls force-tls "+d.group+" confirm") {
		t.Errorf("it does not say how to confirm: %s", said)
	}
	d.wantRefused(t, "forced")
	if said := d.mustForce(t); !strings.Contains(said, "UNDONE at") {
		t.Errorf("what waits is %s", said)
	}
	d.wantLetIn(t, "after the deadline")
	if said := d.mustForce(t); !strings.Contains(said, "nothing waits") {
		t.Errorf("afterwards waits %s", said)
	}
	wantEvents(t, d.srv, types.SourceTypeDbParameterGroup, d.group, "was undone ("+d.parameter+"): nobody confirmed it until")
	wantEvents(t, d.srv, types.SourceTypeDbInstance, d.Name, "[security]: TLS is forced from now on", "REFUSED: user ", d.means,
		"TLS is not forced any more: clients without TLS are let in again (undo of forced TLS by dbtls)")
}

func undoneAfterKill(t *testing.T, s *harness.Server, all []*database) {
	for _, d := range all {
		d.mustForce(t, consent("--confirm-within", "4s")...)
	}
	applied := time.Now()
	for _, d := range all {
		d.wantRefused(t, "before dbtls is killed")
	}
	s.Kill(t)
	before := time.Since(applied) < 4*time.Second
	if !before {
		t.Log("NOT TESTED: the machine is so slow that the deadline passed before dbtls was killed")
	}
	harness.Poll(t, patience, "the deadline has passed", func() bool { return time.Since(applied) > 5*time.Second })
	for _, d := range all {
		if err := d.exporter(t); before && err == nil {
			t.Errorf("%s lets plain clients in, though dbtls died before the deadline", d.Name)
		}
	}
	s.Restart(t)
	for _, d := range all {
		d.wantLetIn(t, "after a start")
		if said := d.mustForce(t); !strings.Contains(said, "nothing waits") {
			t.Errorf("after a start waits %s", said)
		}
	}
}

func confirmed(t *testing.T, d *database) {
	d.mustForce(t, consent("--confirm-within", "5s")...)
	if said := d.mustForce(t, "confirm"); !strings.Contains(said, "stays: confirmed by") {
		t.Errorf("confirmed is %s", said)
	}
	at := time.Now()
	d.wantRefused(t, "confirmed")
	harness.Poll(t, patience, "the deadline would have passed", func() bool { return time.Since(at) > 6*time.Second })
	d.wantRefused(t, "after what was the deadline")
	if said, code := d.force(t, "undo"); code != 1 || !strings.Contains(said, "confirmed or undone already") {
		t.Errorf("an undo of what is confirmed: exit code %d: %s", code, said)
	}
	if _, code := d.force(t, "on", "--plan"); code != 0 {
		t.Errorf("a plan for what is so already ends with %d", code)
	}
}

// exceptions begins forced and ends so.
func exceptions(t *testing.T, d *database) {
	until := time.Now().Add(8 * time.Second).UTC().Truncate(time.Second)
	said, code := d.force(t, consent("--except", "exporter@127.0.0.0/8="+until.Format(time.RFC3339))...)
	if d.engine != "postgres" {
		if code != 1 || !strings.Contains(said, "cannot let single clients in") {
			t.Errorf("an engine without exceptions: exit code %d: %s", code, said)
		}
		return
	}
	if code != 0 {
		t.Fatalf("an exception: exit code %d: %s", code, said)
	}
	if _, err := harness.Psql(t, d.Instance, d.roots, fmt.Sprintf("CREATE ROLE exporter LOGIN PASSWORD '%s'", d.Password)); err != nil {
		t.Fatal(err)
	}
	harness.Poll(t, patience, "who is excepted gets in without TLS", func() bool { return d.once(t, "exporter", "exporter", false) == nil })
	if time.Now().After(until) {
		t.Error("the exception let somebody in after its end")
	}
	if err := d.exporter(t); err == nil || !strings.Contains(err.Error(), d.words) {
		t.Errorf("who is not excepted: %v", err)
	}
	harness.Poll(t, patience, "after its end the client is refused", func() bool {
		err := d.once(t, "exporter", "exporter", false)
		return err != nil && strings.Contains(err.Error(), d.words)
	})
	if time.Now().Before(until) {
		t.Error("the exception ended before its end")
	}
	if err := d.once(t, "exporter", "exporter", true); err != nil {
		t.Errorf("with TLS the client is not let in: %v", err)
	}
	wantEvents(t, d.srv, types.SourceTypeDbInstance, d.Name, "The exception from forced TLS for user exporter from 127.0.0.0/8 has ended")
}

// calls begins forced: off and on again by the API alone.
func calls(t *testing.T, d *database) {
	setParameter(t, d.srv, d.product, d.off, types.ApplyMethodImmediate)
	d.wantLetIn(t, "off by the API")
	wantEvents(t, d.srv, types.SourceTypeDbInstance, d.Name, "TLS is not forced any more: clients without TLS are let in again (ModifyDBParameterGroup by admin)")
	d.srv.Wait(t, d.Name, func(db types.DBInstance) bool {
		return aws.ToString(db.DBParameterGroups[0].ParameterApplyStatus) == "in-sync"
	})
	setParameter(t, d.srv, d.product, d.on, types.ApplyMethodImmediate)
	d.wantRefused(t, "on by the API")
	wantEvents(t, d.srv, types.SourceTypeDbInstance, d.Name, "TLS is forced from now on; open sessions live on (ModifyDBParameterGroup by admin)")
}
