package sqlserver_test

import (
	"context"
	"crypto/tls"
	"database/sql"
	"database/sql/driver"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	mssql "github.com/microsoft/go-mssqldb"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/engine/sqlserver"
	"github.com/dbtls/dbtls/internal/pki/pkitest"
)

const (
	ca       = "rds-ca-rsa2048-g1"
	version  = "16.00.4245.2.v1"
	password = "s3cret-Pässword"
)

// server is a simulated instance on a port of its own.
type server struct {
	engine engine.Engine
	host   *engine.Host
	world  *pkitest.Hierarchy
	port   int
	caFile string
}

// serve starts an instance; set are its parameters beside the defaults.
func serve(t *testing.T, version string, set map[string]string) *server {
	t.Helper()
	world, pair := certificate(t)
	return serveChain(t, version, set, world, pair)
}

// certificate is a chain over the bridge and, as long as chains of RSA keys
// are, a flight of more than one packet.
func certificate(t *testing.T) (*pkitest.Hierarchy, tls.Certificate) {
	t.Helper()
	world := pkitest.New(t, "us-east-1", time.Now())
	chain, key := world.Bridge(t, "rds-ca-2019", ca, "127.0.0.1")
	pair, size := pkitest.TLS(chain, key), 0
	for _, c := range world.Crosses {
		pair.Certificate = append(pair.Certificate, c.Raw)
		size += len(c.Raw)
	}
	if size < 4096 {
		t.Fatalf("%d bytes of certificates are no long flight", size)
	}
	return world, pair
}

func serveChain(t *testing.T, version string, set map[string]string, world *pkitest.Hierarchy, pair tls.Certificate) *server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{engine: sqlserver.Editions()[1], world: world, port: l.Addr().(*net.TCPAddr).Port}
	s.host = &engine.Host{
		Version: version, Address: "127.0.0.1", Port: s.port,
		Parameters:  s.engine.Spec.Values(version, set),
		Certificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &pair, nil },
		Login:       func(u, p string) bool { return u == "admin" && p == password },
		Sessions:    &engine.Sessions{},
	}
	ctx, cancel := context.WithCancel(context.Background())
	var clients sync.WaitGroup
	clients.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			clients.Go(func() {
				defer c.Close()
				if err := s.engine.Simulator.Serve(ctx, c, s.host); err != nil {
					t.Errorf("Serve = %v, want nil for whatever a client does", err)
				}
			})
		}
	})
	t.Cleanup(func() {
		cancel()
		_ = l.Close()
		clients.Wait()
	})
	s.caFile = caFile(t, world)
	return s
}

func caFile(t *testing.T, world *pkitest.Hierarchy) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "ca.pem")
	var b []byte
	for _, c := range world.TrustStore(ca) {
		b = append(b, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// open returns one connection of go-mssqldb with these settings.
func (s *server) open(t *testing.T, settings string) (*sql.Conn, error) {
	t.Helper()
	db, err := sql.Open("sqlserver", fmt.Sprintf("server=127.0.0.1;port=%d;user id=admin;password=%s;dial timeout=10;%s", s.port, password, settings))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	return db.Conn(ctx)
}

// one runs a query of one row and one column.
func one(t *testing.T, c *sql.Conn, query string) string {
	t.Helper()
	var v string
	if err := c.QueryRowContext(t.Context(), query).Scan(&v); err != nil {
		t.Errorf("%s: %v", query, err)
	}
	return v
}

const seedOne = "select ENCRYPT_OPTION from SYS.DM_EXEC_CONNECTIONS where SESSION_ID = @@SPID"

func TestGoDriverIsEncryptedByWhatBothSidesWant(t *testing.T) {
	t.Parallel()
	world, pair := certificate(t)
	free := serveChain(t, version, nil, world, pair)
	forced := serveChain(t, version, map[string]string{"rds.force_ssl": "1"}, world, pair)
	old := serveChain(t, "15.00.4335.1.v1", nil, world, pair)
	stranger := caFile(t, pkitest.New(t, "eu-west-1", time.Now()))
	trusting := "certificate=" + free.caFile
	for name, c := range map[string]struct {
		server   *server
		settings string
		want     string // ENCRYPT_OPTION
		tls      string // version of the session
		fails    string // part of the error
	}{
		"nothing wanted, nothing forced":       {free, "encrypt=disable", "FALSE", "", ""},
		"the login only":                       {free, "encrypt=false;" + trusting, "FALSE", "", ""},
		"nothing wanted, in small packets":     {free, "encrypt=disable;packet size=512", "FALSE", "", ""},
		"all, without verifying":               {free, "encrypt=true;trustservercertificate=true", "TRUE", "TLSv1.2", ""},
		"all, verified":                        {free, "encrypt=true;" + trusting, "TRUE", "TLSv1.2", ""},
		"all, in packets longer than a record": {free, "encrypt=true;packet size=32767;" + trusting, "TRUE", "TLSv1.2", ""},
		"TLS first":                            {free, "encrypt=strict;" + trusting, "TRUE", "TLSv1.3", ""},
		"TLS first, of a version without":      {old, "encrypt=strict;certificate=" + old.caFile, "", "", "EOF"},
		"the login only, where all is forced":  {forced, "encrypt=false;" + trusting, "TRUE", "TLSv1.2", ""},
		// This driver goes on with TLS, and with the system's roots.
		"nothing, where all is forced":           {forced, "encrypt=disable", "", "", "failed to verify certificate"},
		"TLS first, where all is forced":         {forced, "encrypt=strict;" + trusting, "TRUE", "TLSv1.3", ""},
		"an older version":                       {old, "encrypt=true;" + trusting, "TRUE", "TLSv1.2", ""},
		"another CA":                             {free, "encrypt=true;certificate=" + stranger, "", "", "failed to verify certificate"},
		"another CA, TLS first":                  {free, "encrypt=strict;certificate=" + stranger, "", "", "failed to verify certificate"},
		"another CA, for the login only":         {free, "encrypt=false;trustservercertificate=false;certificate=" + stranger, "", "", "failed to verify certificate"},
		"another name":                           {free, "encrypt=true;hostnameincertificate=db.example;" + trusting, "", "", "db.example"},
		"another password":                       {free, "encrypt=true;password=wrong;" + trusting, "", "", "Login failed for user 'admin'"},
		"another password, plain":                {free, "encrypt=disable;password=wrong", "", "", "Login failed for user 'admin'"},
		"another password, for the login only":   {free, "encrypt=false;password=wrong;" + trusting, "", "", "Login failed for user 'admin'"},
		"a database and a program of the user's": {free, "encrypt=true;database=orders;app name=Abrechnung;" + trusting, "TRUE", "TLSv1.2", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, err := c.server.open(t, c.settings)
			if c.fails != "" {
				if err == nil || !strings.Contains(err.Error(), c.fails) {
					t.Errorf("error %v, want %q", err, c.fails)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if got := one(t, conn, seedOne); got != c.want {
				t.Errorf("ENCRYPT_OPTION %q, want %q", got, c.want)
			}
			own := session(t, c.server, one(t, conn, "select @@SPID"))
			if own.TLS != c.tls || own.Encrypted != (c.want == "TRUE") || (own.Cipher == "") != (c.tls == "") || own.Client != "127.0.0.1" {
				t.Errorf("session %+v, want TLS %q", own, c.tls)
			}
			if strings.Contains(c.settings, "app name") && own.Program != "Abrechnung" {
				t.Errorf("program %q", own.Program)
			}
		})
	}
}

// session is the open one of that number.
func session(t *testing.T, s *server, id string) engine.Session {
	t.Helper()
	for _, v := range s.host.Sessions.List() {
		if fmt.Sprint(v.ID) == id {
			return v
		}
	}
	t.Errorf("no session %s among %+v", id, s.host.Sessions.List())
	return engine.Session{}
}

func TestTheListingShowsWhoIsEncrypted(t *testing.T) {
	t.Parallel()
	s := serve(t, version, nil)
	secure, err := s.open(t, "encrypt=true;certificate="+s.caFile)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := s.open(t, "encrypt=disable")
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]string{one(t, secure, "select @@spid"): "TRUE", one(t, plain, "select @@spid"): "FALSE"}
	rows, err := secure.QueryContext(t.Context(), "select SESSION_ID,\nENCRYPT_OPTION,\nNET_TRANSPORT,\nAUTH_SCHEME\nfrom SYS.DM_EXEC_CONNECTIONS\n")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for rows.Next() {
		var id, option, transport, scheme string
		if err := rows.Scan(&id, &option, &transport, &scheme); err != nil {
			t.Fatal(err)
		}
		got[id] = option
		if transport != "TCP" || scheme != "SQL" {
			t.Errorf("transport %q, scheme %q", transport, scheme)
		}
	}
	if rows.Err() != nil || len(ids) != 2 || fmt.Sprint(got) != fmt.Sprint(ids) {
		t.Errorf("listing %v, want %v; %v", got, ids, rows.Err())
	}
	// An error of its own makes the driver close a connection, not keep it.
	_ = plain.Raw(func(any) error { return driver.ErrBadConn })
	eventually(t, "the session that left is unlisted", func() bool { return len(s.host.Sessions.List()) == 1 })
}

// eventually asks until it is so.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-ctx.Done():
			t.Fatalf("not within ten seconds: %s", what)
		case <-tick.C:
		}
	}
}

func TestQueriesOfTheGoDriver(t *testing.T) {
	t.Parallel()
	s := serve(t, version, nil)
	c, err := s.open(t, "encrypt=true;certificate="+s.caFile)
	if err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]string{
		"select 1":                              "1",
		"SELECT N'it''s' AS x;":                 "it's",
		"select @@trancount":                    "0",
		"use [orders]; set nocount on select 7": "7",
		"select local_tcp_port from sys.dm_exec_connections":                                          fmt.Sprint(s.port),
		"select c.[client_net_address] from master.sys.dm_exec_connections as c":                      "127.0.0.1",
		"select 1 from sys.dm_exec_connections where encrypt_option = 'true' and session_id = @@spid": "1",
	} {
		if got := one(t, c, query); got != want {
			t.Errorf("%s = %q, want %q", query, got, want)
		}
	}
	if got := one(t, c, "select @@version"); !strings.HasPrefix(got, "Microsoft SQL Server 2022 - 16.0.4245.2") || !strings.Contains(got, "simulated") {
		t.Errorf("@@version = %q", got)
	}
	var since time.Time
	if err := c.QueryRowContext(t.Context(), "select connect_time from sys.dm_exec_connections").Scan(&since); err != nil || time.Since(since).Abs() > time.Minute {
		t.Errorf("connect_time = %v, %v", since, err)
	}
	if err := c.QueryRowContext(t.Context(), "select 1 from sys.dm_exec_connections where session_id = 1").Scan(new(int)); !errors.Is(err, sql.ErrNoRows) {
		t.Errorf("a listing of none: %v", err)
	}
}

func TestWhatIsNotAnsweredSaysSo(t *testing.T) {
	t.Parallel()
	s := serve(t, version, nil)
	c, err := s.open(t, "encrypt=true;certificate="+s.caFile)
	if err != nil {
		t.Fatal(err)
	}
	refused := func(what string, err error) {
		t.Helper()
		var e mssql.Error
		if !errors.As(err, &e) || e.Number != 50000 || e.Class != 16 || !strings.Contains(e.Message, "simulates") || !strings.Contains(e.Message, what) {
			t.Errorf("error %v, want the refusal of %s", err, what)
		}
	}
	ctx := t.Context()
	_, err = c.ExecContext(ctx, "create table t (a int)")
	refused("create", err)
	_, err = c.ExecContext(ctx, "select 1 drop table t")
	refused("drop", err)
	_, err = c.ExecContext(ctx, "select num_reads from sys.dm_exec_connections")
	refused("num_reads", err)
	_, err = c.ExecContext(ctx, "select 1 from orders")
	refused(`FROM "orders"`, err)
	_, err = c.ExecContext(ctx, "exec sp_who")
	refused("exec", err)
	_, err = c.ExecContext(ctx, "sp_who", sql.Named("p", 1))
	refused("a procedure other than sp_executesql", err)
	_, err = c.ExecContext(ctx, "select encrypt_option from sys.dm_exec_connections where session_id = @id", sql.Named("id", 51))
	refused("@id", err)
	_, err = c.BeginTx(ctx, nil)
	refused("a transaction", err)
	if got := one(t, c, "select 1"); got != "1" {
		t.Errorf("after the refusals: %q", got)
	}
	var v int
	if err := c.QueryRowContext(ctx, "select @@spid", 1).Scan(&v); err != nil || v < 51 {
		t.Errorf("by sp_executesql: %d, %v", v, err)
	}
}
