package truststore_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"

	"github.com/dbtls/dbtls/e2e/harness"
)

// The one test of trust: stores of every format made from one bundle make
// every client accept the databases, and the wrong root makes it refuse them.
func TestEveryClientDecidesByTheStoreItIsGiven(t *testing.T) {
	w := start(t)
	dir := t.TempDir()
	good, wrong := map[string]string{}, map[string]string{}
	wrongRoot := w.server.Root(t, otherCA)
	for _, f := range []string{"pem", "pkcs7", "pkcs7-pem", "pkcs12", "pkcs12-legacy", "pkcs12-plain", "jks", "wallet"} {
		good[f], wrong[f] = filepath.Join(dir, "good-"+f), filepath.Join(dir, "wrong-"+f)
		dbtls(t, "fetch", "--region", "global", "--format", f, "--out", good[f], "--password", password, "--data", w.server.Dir)
		dbtls(t, "build", "--format", f, "--out", wrong[f], "--password", password, wrongRoot)
	}
	wrong["der"] = filepath.Join(dir, "wrong-der")
	dbtls(t, "build", "--format", "der", "--out", wrong["der"], wrongRoot)

	t.Run("dbtls truststore verify", func(t *testing.T) {
		for _, i := range w.databases {
			for f, store := range good {
				dbtls(t, "verify", store, url(i), "--password", password)
				t.Logf("%s accepted with %s", i.Engine, f)
			}
			for f, store := range wrong {
				out, _, code := run(t, nil, harness.Binary(t), "truststore", "verify", store, url(i), "--password", password)
				if code != 1 || !strings.Contains(out, "REFUSED (Untrusted)") || !strings.Contains(out, "Root CA") {
					t.Errorf("%s with the wrong root in %s: exit code %d: %s", i.Engine, f, code, out)
				}
			}
		}
	})
	t.Run("Java", func(t *testing.T) {
		list := javas(t)
		classes := compile(t)
		for _, java := range list {
			for _, f := range []string{"pkcs12", "pkcs12-legacy", "pkcs12-plain", "jks"} {
				for n, line := range jdbc(t, java, classes, w.databases, good[f]) {
					if !strings.HasPrefix(line, "ok\t") || line == "ok\t" || line == "ok\tf" {
						t.Errorf("%s, %s, %s: %s", java, f, w.databases[n].Engine, line)
					}
				}
			}
			for n, line := range jdbc(t, java, classes, w.databases, wrong["jks"]) {
				if !strings.HasPrefix(line, "refused\t") || !strings.Contains(line, "certification path") {
					t.Errorf("%s, wrong root, %s: %s", java, w.databases[n].Engine, line)
				}
			}
		}
	})
	t.Run("psql and mariadb", func(t *testing.T) { programs(t, w, good, wrong) })
	t.Run("Go", func(t *testing.T) {
		for _, i := range w.databases {
			if err := goClient(t, i, good["pem"]); err != nil {
				t.Errorf("%s: %v", i.Engine, err)
			}
			if err := goClient(t, i, wrong["pem"]); err == nil || !strings.Contains(err.Error(), "unknown authority") {
				t.Errorf("%s with the wrong root: %v", i.Engine, err)
			}
		}
	})
}

// programs reads the formats that the programs do not know through openssl, as
// a user would.
func programs(t *testing.T, w world, good, wrong map[string]string) {
	for _, f := range []string{"pem", "pkcs7", "pkcs7-pem"} {
		for _, i := range w.databases {
			if out, err := harness.Query(t, i, asPEM(t, f, good[f]), "select 1"); err != nil || out != "1" {
				t.Errorf("%s with %s: %q, %v", i.Engine, f, out, err)
			}
			if _, err := harness.Query(t, i, asPEM(t, f, wrong[f]), "select 1"); err == nil {
				t.Errorf("%s accepted with the wrong root in %s", i.Engine, f)
			}
		}
	}
	for _, i := range w.databases {
		der := filepath.Join(t.TempDir(), "root.der")
		dbtls(t, "build", "--out", der, "--format", "der", w.server.Root(t, caOf(i.Engine)))
		if out, err := harness.Query(t, i, asPEM(t, "der", der), "select 1"); err != nil || out != "1" {
			t.Errorf("%s with der: %q, %v", i.Engine, out, err)
		}
	}
}

func asPEM(t *testing.T, format, path string) string {
	switch format {
	case "der":
		return write(t, "ca.pem", must(t, "openssl", "x509", "-inform", "DER", "-in", path))
	case "pkcs7":
		return write(t, "ca.pem", must(t, "openssl", "pkcs7", "-print_certs", "-inform", "DER", "-in", path))
	case "pkcs7-pem":
		return write(t, "ca.pem", must(t, "openssl", "pkcs7", "-print_certs", "-in", path))
	}
	return path
}

func goClient(t *testing.T, i harness.Instance, roots string) error {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if i.Engine == "postgres" {
		c, err := pgx.Connect(ctx, fmt.Sprintf("host=%s port=%d user=%s password=%s dbname=postgres sslmode=verify-full sslrootcert=%s", i.Address, i.Port, i.User, i.Password, roots))
		if err != nil {
			return err
		}
		defer c.Close(ctx)
		return c.Ping(ctx)
	}
	pem, err := os.ReadFile(roots)
	if err != nil {
		return err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	cfg := mysql.NewConfig()
	cfg.User, cfg.Passwd, cfg.Net, cfg.Addr = i.User, i.Password, "tcp", fmt.Sprintf("%s:%d", i.Address, i.Port)
	cfg.TLS = &tls.Config{RootCAs: pool, ServerName: i.Address}
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		return err
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	return db.PingContext(ctx)
}
