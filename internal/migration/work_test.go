package migration

import (
	"context"
	"net"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/jobs"
	"github.com/dbtls/dbtls/internal/probe"
)

// poll waits until ok holds.
func poll(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); <-time.After(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within 20 s: %s", what)
		}
	}
}

// running drives the service's work as the server does; stop ends it.
func running(t *testing.T, s *Service) (stop func()) {
	t.Helper()
	loop := jobs.NewLoop(Work{s}, Workers, s.Log)
	s.Wake = loop.Wake
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); loop.Run(ctx) }()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop
}

func only(t *testing.T, s *Service) Connection {
	t.Helper()
	all, err := s.Connections(t.Context(), region)
	if err != nil || len(all) != 1 {
		t.Fatalf("%d connections, %v", len(all), err)
	}
	return all[0]
}

func TestATestIsDoneByTheLoopAndIsOfTheSettingsItWasMadeWith(t *testing.T) {
	t.Parallel()
	s, w := newService(t), world(t)
	i := mustInstance(t, s)
	host, port, _ := playing(t, s, w, "15.00.4335.1.v1")
	in := endpointInput("orders", "sqlserver")
	in.Host, in.Port, in.Database = &host, &port, nil
	e := mustEndpoint(t, s, in)
	running(t, s)
	begin := func() Connection {
		t.Helper()
		c, err := s.TestConnection(t.Context(), by(), region, i.ARN, e.ARN)
		if err != nil || c.Status != inventory.ConnectionTesting || c.EndpointName != "orders" || c.InstanceName != "worker" {
			t.Fatalf("%+v %v", c, err)
		}
		return c
	}
	begin()
	poll(t, "the test ends", func() bool { return only(t, s).Status != inventory.ConnectionTesting })
	if c := only(t, s); c.Status != inventory.ConnectionSuccessful || c.Stale || c.Message() != "" || c.EndedAt.IsZero() {
		t.Fatalf("%s %+v", c.Message(), c)
	}
	if _, err := s.ModifyEndpoint(t.Context(), by(), region, e.ARN, EndpointInput{Password: text("wrong-horse-98")}); err != nil {
		t.Fatal(err)
	}
	if c := only(t, s); c.Status != inventory.ConnectionSuccessful || !c.Stale || c.Message() == "" {
		t.Errorf("after a change: %q %+v", c.Message(), c)
	}
	begin()
	poll(t, "the second test ends", func() bool { return only(t, s).Status == inventory.ConnectionFailed })
	c, err := s.ConnectionByName(t.Context(), region, "WORKER", "Orders")
	if err != nil || c.Stale || c.Outcome.Code != string(probe.LoginRefused) || len(c.Outcome.Report) == 0 {
		t.Errorf("%+v %v", c, err)
	}
	events, _, err := s.Events(t.Context(), EventQuery{Region: region, SourceType: SourceInstance, Source: "worker", To: time.Now().Add(time.Minute), Limit: 10, Categories: []string{Failure, Notification}})
	if err != nil || len(events) != 2 || events[1].Categories[0] != Failure {
		t.Errorf("events %+v %v", events, err)
	}
	if _, err := s.DeleteConnection(t.Context(), by(), region, i.ARN, e.ARN); err != nil {
		t.Error(err)
	}
	_, err = s.DeleteConnection(t.Context(), by(), region, i.ARN, e.ARN)
	refusedWith(t, "deleted twice", err, fault.ResourceNotFound, "worker")
}

// What a restart cuts off is tested again, and nothing of a
// test outlives it.
func TestTestsOfHostsThatNeverAnswerLeaveNothingBehindAndBeginAgain(t *testing.T) {
	s := newService(t)
	i := mustInstance(t, s)
	accepted := make(chan struct{}, 1000)
	hold := make(chan struct{})
	defer close(hold)
	host, port := listen(t, func(net.Conn) { accepted <- struct{}{}; <-hold })
	const tests = 200
	for n := range tests {
		in := endpointInput("e"+strconv.Itoa(n), "postgres")
		in.Host, in.Port = &host, &port
		e := mustEndpoint(t, s, in)
		if _, err := s.TestConnection(t.Context(), by(), region, i.ARN, e.ARN); err != nil {
			t.Fatal(err)
		}
	}
	before := runtime.NumGoroutine()
	stop := running(t, s)
	for range Workers {
		<-accepted
	}
	began := time.Now()
	all, err := s.Connections(t.Context(), region)
	if took := time.Since(began); err != nil || len(all) != tests || took > 2*time.Second {
		t.Errorf("a listing of %d meanwhile takes %v, %v", len(all), took, err)
	}
	began = time.Now()
	stop()
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("the stop takes %v", took)
	}
	open, err := s.Store.Read(t.Context()).OpenConnections()
	if err != nil || len(open) != tests {
		t.Errorf("%d of %d tests are still to do, %v", len(open), tests, err)
	}
	// The listener's goroutines, one for each connection, are the test's own.
	poll(t, "the goroutines of the tests end", func() bool { return runtime.NumGoroutine() <= before+Workers+20 })
	running(t, s)
	for range Workers {
		<-accepted
	}
}

func TestAResultOfATestThatIsOverIsNotKept(t *testing.T) {
	t.Parallel()
	s := newService(t)
	i := mustInstance(t, s)
	e := mustEndpoint(t, s, endpointInput("orders", "postgres"))
	c, err := s.TestConnection(t.Context(), by(), region, i.ARN, e.ARN)
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.TestConnection(t.Context(), by(), region, i.ARN, e.ARN)
	if err != nil || again.Run != c.Run {
		t.Errorf("a test under way begins again: %v", err)
	}
	if _, err := s.ModifyEndpoint(t.Context(), by(), region, e.ARN, EndpointInput{Port: number(1)}); err != nil {
		t.Fatal(err)
	}
	other, err := s.TestConnection(t.Context(), by(), region, i.ARN, e.ARN)
	if err != nil || other.Run == c.Run {
		t.Errorf("a test of new settings is the old one: %v", err)
	}
	write(t, s, c, e)
	if now := only(t, s); now.Status != inventory.ConnectionTesting || now.Run != other.Run {
		t.Errorf("the old test's result is kept: %+v", now)
	}
	write(t, s, other, e)
	if now := only(t, s); now.Status != inventory.ConnectionSuccessful || !now.Stale {
		t.Errorf("a result of old settings is not marked: %+v", now)
	}
	if _, err := s.DeleteEndpoint(t.Context(), by(), region, e.ARN); err != nil {
		t.Fatal(err)
	}
	write(t, s, other, e)
	if all, err := s.Connections(t.Context(), region); err != nil || len(all) != 0 {
		t.Errorf("a deleted endpoint's test is back: %v %v", all, err)
	}
}

// A refresh needs a login, and one that fails keeps what was
// known.
func TestARefreshOfSchemasThatFailsKeepsTheListAndSaysWhy(t *testing.T) {
	t.Parallel()
	s := newService(t)
	i := mustInstance(t, s)
	e := mustEndpoint(t, s, endpointInput("orders", "postgres"))
	ora := endpointInput("ora", "oracle")
	o := mustEndpoint(t, s, ora)
	_, err := s.RefreshSchemas(t.Context(), by(), region, i.ARN, o.ARN)
	refusedWith(t, "an engine without a reader", err, InvalidState, "Oracle")
	_, err = s.Schemas(t.Context(), region, e.ARN)
	refusedWith(t, "never read", err, InvalidState, "RefreshSchemas")
	putSchemas(t, s, inventory.SchemaList{Region: region, Endpoint: e.ARN, Instance: i.ARN, Status: inventory.RefreshSuccessful, Schemas: []string{"public"}, Listed: true})
	host, port := listen(t, offering("N", func(net.Conn) {}))
	if _, err := s.ModifyEndpoint(t.Context(), by(), region, e.ARN, EndpointInput{Host: &host, Port: &port, Mode: text("require")}); err != nil {
		t.Fatal(err)
	}
	running(t, s)
	l, err := s.RefreshSchemas(t.Context(), by(), region, i.ARN, e.ARN)
	if err != nil || l.Status != inventory.RefreshRunning {
		t.Fatal(l, err)
	}
	poll(t, "the refresh ends", func() bool { l, _ = s.Schemas(t.Context(), region, e.ARN); return l.Status != inventory.RefreshRunning })
	if l.Status != inventory.RefreshFailed || len(l.Schemas) != 1 || !l.Listed || l.Failure == "" {
		t.Errorf("%+v", l)
	}
}
