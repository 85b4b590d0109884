package rotation_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"

	"github.com/dbtls/dbtls/e2e/harness"
)

// client is one session of an application.
type client interface {
	// ID runs a statement and returns the server's id of the session.
	ID(ctx context.Context) (int64, error)
	Close()
}

type pgClient struct{ *pgx.Conn }

func (c pgClient) ID(ctx context.Context) (id int64, err error) {
	err = c.QueryRow(ctx, "SELECT pg_backend_pid()").Scan(&id)
	return id, err
}

func (c pgClient) Close() { c.Conn.Close(context.Background()) }

type myClient struct {
	db   *sql.DB
	conn *sql.Conn
}

func (c myClient) ID(ctx context.Context) (id int64, err error) {
	err = c.conn.QueryRowContext(ctx, "SELECT connection_id()").Scan(&id)
	return id, err
}

func (c myClient) Close() { c.conn.Close(); c.db.Close() }

// once refuses a second dial: database/sql would quietly replace a session
// that was dropped.
type once struct {
	driver.Connector
	used atomic.Bool
}

func (o *once) Connect(ctx context.Context) (driver.Conn, error) {
	if o.used.Swap(true) {
		return nil, errors.New("the session was dropped")
	}
	return o.Connector.Connect(ctx)
}

// connect opens one session in verify-full with nothing but roots trusted.
func connect(ctx context.Context, i harness.Instance, roots *x509.CertPool) (client, error) {
	conf := &tls.Config{RootCAs: roots, ServerName: i.Address}
	if i.Engine == "postgres" {
		c, err := pgx.ParseConfig(fmt.Sprintf("host=%s port=%d user=%s password=%s dbname=postgres sslmode=verify-full", i.Address, i.Port, i.User, i.Password))
		if err != nil {
			return nil, err
		}
		c.TLSConfig, c.Fallbacks = conf, nil
		conn, err := pgx.ConnectConfig(ctx, c)
		if err != nil {
			return nil, err
		}
		return pgClient{conn}, nil
	}
	c := mysql.NewConfig()
	c.Net, c.Addr, c.User, c.Passwd, c.TLS = "tcp", endpoint(i), i.User, i.Password, conf
	c.Logger = &mysql.NopLogger{}
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(&once{Connector: connector})
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return myClient{db, conn}, nil
}

// pool reads the roots of one PEM file.
func pool(t *testing.T, file string) *x509.CertPool {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	p := x509.NewCertPool()
	if !p.AppendCertsFromPEM(text) {
		t.Fatalf("no certificate in %q", file)
	}
	return p
}

// load is an application at work: sessions held all the time, and two kinds of
// clients that connect, ask and leave, each trusting one root at a time.
type load struct {
	inst       harness.Instance
	old, new   atomic.Pointer[x509.CertPool]
	statements atomic.Int64
	logins     atomic.Int64

	mu       sync.Mutex
	failures []error
	stop     context.CancelFunc
	wg       sync.WaitGroup
}

const (
	heldSessions = 4
	heldEvery    = 10 * time.Millisecond
	loginEvery   = 15 * time.Millisecond
)

// startLoad begins with every client trusting roots.
func startLoad(t *testing.T, i harness.Instance, roots *x509.CertPool) *load {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	l := &load{inst: i, stop: stop}
	t.Cleanup(l.end)
	l.old.Store(roots)
	l.new.Store(roots)
	for range heldSessions {
		c, err := connect(ctx, i, roots)
		if err != nil {
			t.Fatalf("open session at %s: %v", i.Name, err)
		}
		l.wg.Go(func() { l.hold(ctx, c) })
	}
	l.wg.Go(func() { l.visit(ctx, &l.old, "old root") })
	l.wg.Go(func() { l.visit(ctx, &l.new, "new root") })
	return l
}

// hold uses one session all the time; it must stay the same one.
func (l *load) hold(ctx context.Context, c client) {
	defer c.Close()
	first, err := c.ID(context.Background())
	for ; ; l.statements.Add(1) {
		if err != nil {
			l.fail(fmt.Errorf("held session: %w", err))
			return
		}
		if !rest(ctx, heldEvery) {
			return
		}
		var id int64
		if id, err = c.ID(context.Background()); err == nil && id != first {
			err = fmt.Errorf("session %d became %d", first, id)
		}
	}
}

// visit connects, asks once and leaves, again and again.
func (l *load) visit(ctx context.Context, roots *atomic.Pointer[x509.CertPool], who string) {
	for rest(ctx, loginEvery) {
		if err := l.call(roots.Load()); err != nil {
			l.fail(fmt.Errorf("new session, %s: %w", who, err))
		}
		l.logins.Add(1)
	}
}

func (l *load) call(roots *x509.CertPool) error {
	ctx, cancel := context.WithTimeout(context.Background(), dialPatience)
	defer cancel()
	c, err := connect(ctx, l.inst, roots)
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = c.ID(ctx)
	return err
}

func (l *load) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failures = append(l.failures, fmt.Errorf("%s: %w", time.Now().Format("15:04:05.000"), err))
}

// rest paces the load; false when it is over.
func rest(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

func (l *load) end() { l.stop(); l.wg.Wait() }

// judge ends the load and fails for every statement that failed.
func (l *load) judge(t *testing.T) {
	t.Helper()
	l.end()
	for n, err := range l.failures {
		if n == 10 {
			t.Errorf("%s: and %d more failures", l.inst.Name, len(l.failures)-n)
			break
		}
		t.Errorf("%s: %v", l.inst.Name, err)
	}
	t.Logf("%s: %d statements in %d held sessions, %d logins, %d failures", l.inst.Name, l.statements.Load(), heldSessions, l.logins.Load(), len(l.failures))
	if l.statements.Load() < 100 || l.logins.Load() < 50 {
		t.Errorf("%s: that is no load", l.inst.Name)
	}
}
