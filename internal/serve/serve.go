package serve

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/dbtls/dbtls/internal/api/dms"
	"github.com/dbtls/dbtls/internal/api/native"
	"github.com/dbtls/dbtls/internal/api/rds"
	"github.com/dbtls/dbtls/internal/auth"
	"github.com/dbtls/dbtls/internal/authority"
	"github.com/dbtls/dbtls/internal/awswire/sigv4"
	"github.com/dbtls/dbtls/internal/clock"
	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/engines"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/fleet"
	"github.com/dbtls/dbtls/internal/forcetls"
	"github.com/dbtls/dbtls/internal/hostfs"
	"github.com/dbtls/dbtls/internal/jobs"
	"github.com/dbtls/dbtls/internal/migration"
	"github.com/dbtls/dbtls/internal/overview"
	"github.com/dbtls/dbtls/internal/params"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/probe"
	"github.com/dbtls/dbtls/internal/provider"
	"github.com/dbtls/dbtls/internal/rotation"
	"github.com/dbtls/dbtls/internal/secrets"
	"github.com/dbtls/dbtls/internal/status"
	"github.com/dbtls/dbtls/internal/store"
	"github.com/dbtls/dbtls/internal/watch"
)

// grace is how long a reload or start may take to show on the wire.
const grace = 15 * time.Second

// Run serves until ctx ends. It prints one line, "ready https://…", on stdout
// when requests are answered.
func Run(ctx context.Context, o Options, stdout io.Writer, log *slog.Logger) error {
	if err := o.check(); err != nil {
		return err
	}
	if err := makeData(o.Data); err != nil {
		return fmt.Errorf("make data directory: %w", err)
	}
	lock, err := hostfs.Lock(filepath.Join(o.Data, "lock"))
	if err != nil {
		return err
	}
	defer lock.Release()
	places, done, err := openProviders(o, log)
	if err != nil {
		return err
	}
	defer done()
	s, box, err := OpenState(ctx, o, log)
	if err != nil {
		return err
	}
	defer s.Close()
	clients, err := openEvidence(ctx, o.Data, log)
	if err != nil {
		return err
	}
	defer clients.Close()
	srv, err := assemble(ctx, o, s, clients, box, places, log)
	if err != nil {
		return err
	}
	return srv.run(ctx, stdout)
}

// makeData makes the data directory one that engines' users can pass through
// and not list, whatever the umask is; one that is there keeps its mode.
func makeData(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if err := os.MkdirAll(dir, 0o711); err != nil {
		return err
	}
	return os.Chmod(dir, 0o711)
}

// server is everything, wired.
type server struct {
	opts     Options
	log      *slog.Logger
	store    *store.Store
	evidence *store.Evidence
	guard    *clock.Guard
	cas      *authority.Service
	fleet    *fleet.Service
	params   *params.Service
	loop     *jobs.Loop
	moves    *migration.Service
	tests    *jobs.Loop // of moves; its own, since hosts that do not answer keep workers busy
	force    *forcetls.Service
	forced   *jobs.Loop // of force; its own, since an undo must not wait for instances
	watch    *watch.Service
	tls      *ownTLS
	key      auth.Key
	calls    *callLog
	gate     *gate
}

func assemble(ctx context.Context, o Options, s *store.Store, clients *store.Evidence, box *secrets.Box, places map[string]provider.Provider, log *slog.Logger) (*server, error) {
	srv := &server{opts: o, log: log, store: s, evidence: clients}
	users, err := auth.LoadUsers(ctx, s, box)
	if err != nil {
		return nil, err
	}
	if srv.key, err = users.First(ctx, time.Now()); err != nil {
		return nil, err
	}
	if srv.guard, err = clock.NewGuard(ctx, s, clock.Read); err != nil {
		return nil, err
	}
	if srv.cas, err = authority.New(ctx, s, box, srv.guard, authority.Options{Regions: o.Regions, Life2019: o.Life2019}, log); err != nil {
		return nil, err
	}
	srv.wire(places, box)
	if srv.tls, err = loadOwnTLS(ctx, s, box, o.Listen); err != nil {
		return nil, err
	}
	report := func(ctx context.Context) (status.Report, error) {
		r, err := status.Collect(ctx, s, time.Now())
		if c := srv.guard.Check(ctx); c != nil {
			r.Clock = fault.Public(c)
		}
		return r, err
	}
	srv.calls = newCallLog(s, mostCalls, log)
	srv.gate = &gate{
		users: users, verifier: &sigv4.Verifier{Secret: users.Secret}, cas: srv.cas, metrics: newMetrics(report, srv.watch.Figures, log),
		rds:    &rds.API{Account: o.Account, Fleet: srv.fleet, Authority: srv.cas, Params: srv.params, Store: s, Log: log},
		dms:    &dms.API{Account: o.Account, Migration: srv.moves, Log: log},
		native: &native.API{Fleet: srv.fleet, Migration: srv.moves, ForceTLS: srv.force, Evidence: srv.evidence, Watch: srv.watch, Guard: srv.guard, Users: users, Store: s, Wake: srv.loop.Wake, Log: log},
		store:  s, calls: srv.calls, log: log,
		console: srv.newConsole(users),
	}
	srv.gate.native.Console = srv.gate.console
	srv.gate.native.Overview = &overview.Service{Store: s, Authority: srv.cas, Engine: engines.Index(engines.All())}
	return srv, nil
}

// wire joins fleet, rotation and the loop that drives both.
func (srv *server) wire(places map[string]provider.Provider, box *secrets.Box) {
	w, all := &work{store: srv.store}, engines.All()
	srv.loop = jobs.NewLoop(w, srv.opts.Parallel, srv.log)
	srv.forceTLS(all)
	srv.params = &params.Service{Account: srv.opts.Account, Store: srv.store, Engines: all, Wake: srv.wake, Listener: srv.force,
		Found: func(engine string) []string { return installed(places, engine) }}
	c := fleet.Config{
		Account: srv.opts.Account, EndpointDomain: srv.opts.EndpointDomain,
		Store: srv.store, Evidence: srv.evidence, Box: box, Authority: srv.cas, Params: srv.params, Engines: all,
		Providers: places, Default: srv.opts.Provider, Wake: srv.wake, Log: srv.log,
	}
	srv.force.Params = srv.params
	w.rotation = rotation.New(rotation.Config{
		Account: srv.opts.Account, Overlap: srv.opts.Overlap, Grace: grace,
		Store: srv.store, Authority: srv.cas, Guard: srv.guard,
		Provider: c.Provider, Engine: engines.Index(all), Dial: probe.Dial, Clients: srv.clients, Log: srv.log,
	})
	c.Rotation = w.rotation
	srv.fleet = fleet.New(c)
	w.fleet = srv.fleet
	srv.moves = &migration.Service{Account: srv.opts.Account, Store: srv.store, Box: box, Engines: all, Log: srv.log, Known: srv.caCertificates}
	srv.watch = srv.watcher(c)
	srv.tests = jobs.NewLoop(migration.Work{Service: srv.moves}, migration.Workers, srv.log)
	srv.moves.Wake = srv.tests.Wake
}

// forceTLS makes what forces TLS, and the loop that drives it; its Params are to
// be set.
func (srv *server) forceTLS(all []engine.Engine) {
	srv.force = &forcetls.Service{Account: srv.opts.Account, Store: srv.store, Evidence: srv.evidence, Engines: all, Clock: srv.guard.Check, Log: srv.log}
	srv.forced = jobs.NewLoop(forcetls.Work{Service: srv.force}, forcetls.Workers, srv.log)
	srv.force.Wake = srv.wake
}

// wake makes due work be looked at now: a change of a parameter group leaves some
// to the instances' loop and some to that of forced TLS.
func (srv *server) wake() {
	srv.loop.Wake()
	srv.forced.Wake()
}

// caCertificates are those of a region's CAs that are there.
func (srv *server) caCertificates(region string) (certs []*x509.Certificate) {
	for _, p := range pki.Profiles() {
		if ca, ok := srv.cas.Get(region, p.ID); ok {
			certs = append(certs, ca.Root, ca.Issuing)
		}
	}
	return certs
}

func (srv *server) run(ctx context.Context, stdout io.Writer) error {
	ln, err := net.Listen("tcp", srv.opts.Listen)
	if err != nil {
		return fault.Wrap(err, fault.InvalidParameter, "cannot listen on %s; is it in use? choose another --listen", srv.opts.Listen)
	}
	defer ln.Close()
	if err := srv.publish(ln.Addr().String()); err != nil {
		return err
	}
	srv.openConsole(ln.Addr())
	ctx, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { srv.cas.Run(ctx) })
	wg.Go(func() { srv.loop.Run(ctx) })
	wg.Go(func() { srv.tests.Run(ctx) })
	wg.Go(func() { srv.watch.Run(ctx) })
	wg.Go(func() { srv.forced.Run(ctx) })
	wg.Go(func() { chores(ctx, srv.store, srv.guard, srv.cas, srv.log) })
	wg.Go(func() {
		if err := srv.fleet.Supervise(ctx); err != nil {
			srv.log.Error("supervise", "error", err)
		}
	})
	go srv.calls.run()
	fmt.Fprintf(stdout, "ready https://%s\n", ln.Addr())
	err = srv.serveHTTP(ctx, ln)
	srv.calls.close() // no more requests: what they left is written
	stop()
	wg.Wait()
	return err
}

// serveHTTP answers until ctx ends, then lets requests under way finish.
func (srv *server) serveHTTP(ctx context.Context, ln net.Listener) error {
	h := &http.Server{
		Handler: srv.gate.handler(), TLSConfig: srv.tls.config(),
		ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, IdleTimeout: 2 * time.Minute,
		ErrorLog: log.New(io.Discard, "", 0), // handshake noise of strangers
	}
	h.RegisterOnShutdown(srv.gate.console.Close) // its streams have no end of their own
	done := make(chan error, 1)
	go func() { done <- h.ServeTLS(ln, "", "") }()
	select {
	case err := <-done:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := h.Shutdown(grace); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("stop serving: %w", err)
	}
	return nil
}
