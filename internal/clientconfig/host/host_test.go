package host

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/clientconfig/scan"
	"github.com/dbtls/dbtls/internal/engines"
	"github.com/dbtls/dbtls/internal/evidence"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/pki/pkitest"
)

const secret = "hunter2-XYZZY"

// serve answers the SSLRequests of PostgreSQL's clients with a chain.
func serve(t *testing.T, chain tls.Certificate) (port string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				if _, err := io.ReadFull(c, make([]byte, 8)); err != nil {
					return
				}
				c.Write([]byte("S"))
				secure := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{chain}})
				secure.SetDeadline(time.Now().Add(5 * time.Second))
				secure.Read(make([]byte, 1)) // until the client has gone
			}()
		}
	}()
	_, port, err = net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func TestAHostTellsWhatItsClientsDoAndNoPassword(t *testing.T) {
	t.Parallel()
	h := pkitest.New(t, "us-east-1", time.Now())
	chain, key := h.Leaf(t, "rds-ca-2019", "localhost")
	port := serve(t, pkitest.TLS(chain, key))
	dir := t.TempDir()
	for name, text := range map[string]string{
		"old.pem": string(pki.EncodeCertsPEM(h.TrustStore("rds-ca-2019")...)),
		"new.pem": string(pki.EncodeCertsPEM(h.TrustStore("rds-ca-ecc384-g1")...)),
		"run.sh": "psql 'host=localhost port=" + port + " user=app password=" + secret + " sslmode=verify-full sslrootcert=old.pem'\n" +
			"psql 'host=LOCALHOST port=" + port + " sslmode=verify-ca sslrootcert=new.pem'\n" +
			"psql 'host=127.0.0.1 port=" + port + " sslmode=verify-full sslrootcert=old.pem'\n" + // which is not in the certificate
			"psql 'host=localhost port=" + port + " sslmode=require'\n" +
			"psql 'host=/run/postgresql user=app sslmode=disable'\n" +
			"psql 'host=localhost port=" + port + " sslmode=verify-full sslrootcert=gone.pem'\n" +
			"psql 'user=${APP_USER} dbname=x sslmode=disable'\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	urls := engines.NewURLs()
	var databases []engines.URL
	for _, text := range []string{"postgres://localhost:" + port, "mariadb://127.0.0.1:1"} {
		u, err := urls.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		databases = append(databases, u)
	}
	a, err := Collect(t.Context(), Question{Paths: []string{dir}, Application: "shop", Databases: databases})
	if err != nil {
		t.Fatal(err)
	}
	all := a.Report.Clients
	if len(all) != 6 || a.Report.Application != "shop" || a.Report.Host == "" || !slices.Contains(a.Report.Sources, "127.0.0.1") {
		t.Fatalf("%+v", a)
	}
	old, wrong, named, loose, gone, any := all[0], all[1], all[2], all[3], all[4], all[5]
	if old.Where != filepath.Join(dir, "run.sh")+":1" || old.User != "app" || !old.StoreRead || !old.Trusts(pki.Fingerprint(h.TrustStore("rds-ca-2019")[0])) ||
		!slices.Contains(old.Databases, "localhost:"+port) || !slices.Contains(old.Databases, "127.0.0.1:"+port) ||
		!slices.Equal(old.Tried, []evidence.Tried{{Database: "localhost:" + port}}) {
		t.Errorf("%+v", old)
	}
	if len(wrong.Tried) != 1 || wrong.Tried[0].Refused == "" || wrong.Databases[0] != "localhost:"+port {
		t.Errorf("%+v", wrong)
	}
	if len(named.Tried) != 0 { // that database was dialled by another name
		t.Errorf("%+v", named)
	}
	if loose.StoreRead || len(loose.Tried) != 0 || loose.Verifies != "nothing" && loose.TrustPath == "" {
		t.Errorf("%+v", loose)
	}
	if gone.StoreRead || len(gone.Anchors) != 0 || gone.TrustPath == "" {
		t.Errorf("%+v", gone)
	}
	if any.User != "" || !slices.Equal(any.Databases, old.Databases) { // it names no host, so it is for the one of its protocol
		t.Errorf("%+v", any)
	}
	notes := strings.Join(a.Notes, "\n")
	for _, want := range []string{"run.sh:5 connects over a socket", "gone.pem, is not known: there is no such file", "mariadb://127.0.0.1:1 was not tried"} {
		if !strings.Contains(notes, want) {
			t.Errorf("the notes lack %q: %s", want, notes)
		}
	}
	if text, err := json.Marshal(a); err != nil || strings.Contains(string(text), secret) {
		t.Errorf("a password is told: %s, %v", text, err)
	}
}

func TestNothingToTellIsAnError(t *testing.T) {
	t.Parallel()
	for sentence, paths := range map[string][]string{"an empty directory": {t.TempDir()}, "a path that is not there": {"/nonexistent"}} {
		if a, err := Collect(t.Context(), Question{Paths: paths}); err == nil {
			t.Errorf("%s: %+v", sentence, a)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if a, err := Collect(ctx, Question{Paths: []string{"testdata"}}); err == nil {
		t.Errorf("after its end: %+v", a)
	}
}

func TestSourcesThatAreGivenCount(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "run.sh")
	if err := os.WriteFile(path, []byte("psql 'host=127.0.0.1 sslmode=disable'\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	a, err := Collect(t.Context(), Question{Paths: []string{path}, Sources: []string{"203.0.113.7"}})
	if err != nil || !slices.Equal(a.Report.Sources, []string{"203.0.113.7"}) {
		t.Errorf("%+v, %v", a, err)
	}
	for source, good := range map[string]bool{"203.0.113.7": true, "2001:db8::1": true, "local": true, "::ffff:203.0.113.7": false, "2001:DB8::1": false, "app1": false, "": false} {
		if err := CheckSource(source); (err == nil) != good {
			t.Errorf("%q: %v", source, err)
		}
	}
}

func TestTheUsualPlacesAreThoseThatExist(t *testing.T) {
	t.Parallel()
	env := map[string]string{"PGSERVICEFILE": "/srv/services.conf", "TNS_ADMIN": "/opt/tns", "PGSYSCONFDIR": "/etc/pg", "ODBCINI": "/etc/odbc.ini"}
	there := []string{"/etc/mysql", "/etc/odbc.ini", "/srv/services.conf", "/etc/pg/pg_service.conf", "/home/a/.my.cnf", "/home/a/.pg_service.conf"}
	got := places("/home/a", func(name string) string { return env[name] }, func(path string) bool { return slices.Contains(there, path) })
	slices.Sort(got)
	slices.Sort(there)
	if !slices.Equal(got, there) {
		t.Errorf("%v, want %v", got, there)
	}
}

func TestTheEnvironmentConfiguresClients(t *testing.T) {
	t.Parallel()
	found := environment([]string{"PGHOST=db1", "PGSSLMODE=verify-full", "PGSSLROOTCERT=/it's/root.pem", "PGPASSWORD=" + secret, "PATH=/bin",
		"DATABASE_URL=postgres://app:" + secret + "@db2/shop?sslmode=require", "HTTP_PROXY=http://proxy:3128", "AWS_ENDPOINT_URL=https://dbtls:7443"}, scan.Options{})
	if len(found) != 2 || found[0].File != "environment variable DATABASE_URL" || found[0].Host != "db2" || found[1].Host != "db1" || found[1].Trust.Path != "/it's/root.pem" {
		t.Fatalf("%+v", found)
	}
	if text, err := json.Marshal(found); err != nil || strings.Contains(string(text), secret) {
		t.Errorf("a password is told: %s, %v", text, err)
	}
	if found := environment([]string{"PGHOME=/x", "PGPASSFILE=/y"}, scan.Options{}); len(found) != 0 {
		t.Errorf("nothing is configured: %+v", found)
	}
}

func TestProgramsTellTheirVersions(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"psql (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n":                                          "libpq 15.18",
		"mariadb  Ver 15.1 Distrib 10.11.19-MariaDB, for debian-linux-gnu (x86_64) using  EditLine\n": "mariadb-cli 10.11.19",
		"mysql  Ver 15.1 Distrib 10.11.19-MariaDB, for debian-linux-gnu (x86_64)\n":                   "mariadb-cli 10.11.19",
		"mariadb from 11.4.2-MariaDB, client 15.2 for Linux (x86_64)\n":                               "mariadb-cli 11.4.2",
		"mysql  Ver 8.0.36 for Linux on x86_64 (MySQL Community Server - GPL)\n":                      "mysql-cli 8.0.36",
		"mysql  Ver 14.14 Distrib 5.7.44, for Linux (x86_64) using  EditLine wrapper\n":               "mysql-cli 5.7.44",
		"something else 1.2": " ",
		"":                   " ",
	} {
		id, version := programVersion(text)
		if id+" "+version != want {
			t.Errorf("%q is %s %s", text, id, version)
		}
	}
}

func FuzzProgramVersion(f *testing.F) {
	f.Add("mysql  Ver 8.0.36 for Linux")
	f.Add("mariadb from 11.4.2-MariaDB, client 15.2")
	f.Add("psql (PostgreSQL) 15.18")
	f.Fuzz(func(t *testing.T, text string) {
		id, version := programVersion(text)
		if (id == "") != (version == "") || !strings.Contains(text, version) || strings.Trim(version, "0123456789.") != "" {
			t.Fatalf("%q %q", id, version)
		}
	})
}
