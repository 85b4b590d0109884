package sqlserver_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/pki/pkitest"
)

// tsql runs FreeTDS's client with these settings of its configuration file.
func tsql(t *testing.T, s *server, settings, query string) string {
	t.Helper()
	program, err := exec.LookPath("tsql")
	if err != nil {
		if os.Getenv("DBTLS_REQUIRE_ENGINES") != "" {
			t.Fatal("FreeTDS's tsql is not installed, and DBTLS_REQUIRE_ENGINES is set")
		}
		t.Skip("FreeTDS's tsql is not installed")
	}
	conf := filepath.Join(t.TempDir(), "freetds.conf")
	text := fmt.Sprintf("[db]\nhost = 127.0.0.1\nport = %d\n%s\n", s.port, strings.ReplaceAll(settings, ";", "\n"))
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	c := exec.CommandContext(ctx, program, "-S", "db", "-U", "admin", "-P", password, "-o", "fhq")
	c.Env = append(os.Environ(), "FREETDSCONF="+conf, "LC_ALL=C.UTF-8")
	c.Stdin = strings.NewReader(query + "\ngo\nexit\n")
	out, _ := c.CombinedOutput() // the text says more than the code
	return string(out)
}

func TestFreeTDSIsEncryptedByWhatBothSidesWant(t *testing.T) {
	t.Parallel()
	world, pair := certificate(t)
	free := serveChain(t, version, nil, world, pair)
	forced := serveChain(t, version, map[string]string{"rds.force_ssl": "1"}, world, pair)
	stranger := caFile(t, pkitest.New(t, "eu-west-1", time.Now()))
	verified := ";check certificate hostname = no;ca file = " + free.caFile
	for name, c := range map[string]struct {
		server   *server
		settings string
		want     string // the answer, or part of what is said instead
	}{
		"nothing wanted, nothing forced": {free, "encryption = off", "FALSE"},
		"the login only":                 {free, "encryption = request", "FALSE"},
		"all":                            {free, "encryption = require", "TRUE"},
		"all, verified":                  {free, "encryption = require" + verified, "TRUE"},
		"all, TDS 7.1":                   {free, "encryption = require;tds version = 7.1", "TRUE"},
		"all, TDS 7.2":                   {free, "encryption = require;tds version = 7.2", "TRUE"},
		"all, TDS 7.3":                   {free, "encryption = require;tds version = 7.3", "TRUE"},
		"nothing, where all is forced":   {forced, "encryption = off", "TRUE"},
		"the login, where all is forced": {forced, "encryption = request", "TRUE"},
		"another CA":                     {free, "encryption = require;check certificate hostname = no;ca file = " + stranger, "connection failed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := tsql(t, c.server, c.settings, seedOne)
			if !strings.Contains(out, c.want) {
				t.Errorf("tsql says %q, want %q", out, c.want)
			}
		})
	}
}
