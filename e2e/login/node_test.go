package login_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/dbtls/dbtls/internal/pki"
)

// nodeDrivers fetches the clients that only npm has. Without npm, or without its
// registry, the tests of them are skipped, saying so.
func nodeDrivers(t *testing.T, packages ...string) (env []string) {
	t.Helper()
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("SKIPPED: %v", err)
		}
	}
	dir := t.TempDir()
	args := append([]string{"install", "--prefix", dir, "--no-audit", "--no-fund", "--no-save", "--ignore-scripts"}, packages...)
	if out, err := exec.Command("npm", args...).CombinedOutput(); err != nil {
		t.Skipf("SKIPPED: npm install %v: %v: %s", packages, err, out)
	}
	return append(os.Environ(), "NODE_PATH="+filepath.Join(dir, "node_modules"), "NODE_NO_WARNINGS=1")
}

// node runs a script; what it prints is its result, an error's message included.
func node(t *testing.T, env []string, script string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "node", append([]string{"-e", script}, args...)...)
	cmd.Env = env
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("node: %v: %s", err, out)
	}
	return strings.TrimSpace(string(out))
}

// roots writes the root of a CA of the server's world, and one of another world.
func (s *server) roots(t *testing.T, other *server) (good, wrong string) {
	t.Helper()
	dir := t.TempDir()
	for _, w := range []struct {
		s    *server
		path *string
	}{{s, &good}, {other, &wrong}} {
		*w.path = filepath.Join(dir, fmt.Sprint(w.s.port), "roots.pem")
		if err := os.MkdirAll(filepath.Dir(*w.path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(*w.path, pki.EncodeCertsPEM(w.s.world.TrustStore(ca)...), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return good, wrong
}

const tediousScript = `
const { Connection, Request } = require('tedious');
const [port, ca, encrypt, user, password] = process.argv.slice(1);
const c = new Connection({ server: '127.0.0.1',
  authentication: { type: 'default', options: { userName: user, password } },
  options: { port: +port, encrypt: encrypt === 'strict' ? 'strict' : encrypt === 'true', trustServerCertificate: false,
    cryptoCredentialsDetails: { ca: require('fs').readFileSync(ca) }, connectTimeout: 15000, columnEncryptionSetting: false } });
c.on('error', () => {});
c.connect(e => {
  if (e) { console.log('ERROR ' + e.message + ' ' + (e.cause ? e.cause.message : '')); return process.exit(0); }
  let seen = '';
  const r = new Request('select ENCRYPT_OPTION from SYS.DM_EXEC_CONNECTIONS where SESSION_ID = @@SPID', (e) => {
    console.log(e ? 'ERROR ' + e.message : seen); c.close(); process.exit(0); });
  r.on('row', cols => { seen += 'ENCRYPT_OPTION ' + cols[0].value; });
  c.execSqlBatch(r);
});`

func TestTediousAgainstASimulatedSQLServer(t *testing.T) {
	t.Parallel()
	env := nodeDrivers(t, "tedious@18.6.1")
	e := product(t, "sqlserver-se")
	s, other := simulate(t, e, nil), simulate(t, e, nil)
	forced := simulate(t, e, map[string]string{"rds.force_ssl": "1"})
	good, wrong := s.roots(t, other)
	forcedRoot, _ := forced.roots(t, other)
	for name, c := range map[string]struct {
		to                      *server
		ca, encrypt, word, want string
	}{
		"asked for TLS":               {s, good, "true", password, "ENCRYPT_OPTION TRUE"},
		"strict (TDS 8.0)":            {s, good, "strict", password, "ENCRYPT_OPTION TRUE"},
		"asked for none":              {s, good, "false", password, "ENCRYPT_OPTION FALSE"},
		"the root of another CA":      {s, wrong, "true", password, "certificate"},
		"strict and another root":     {s, wrong, "strict", password, "certificate"},
		"a wrong password":            {s, good, "true", "wrong", "Login failed"},
		"forced, and asked for TLS":   {forced, forcedRoot, "true", password, "ENCRYPT_OPTION TRUE"},
		"forced, and asked for none ": {forced, forcedRoot, "false", password, "ERROR"}, // tedious itself gives up
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := node(t, env, tediousScript, strconv.Itoa(c.to.port), c.ca, c.encrypt, user, c.word)
			if !strings.Contains(out, c.want) {
				t.Errorf("tedious says %q, want %q", out, c.want)
			}
		})
	}
}

const oracleScript = `
const oracledb = require('oracledb');
const [port, user, password] = process.argv.slice(1);
oracledb.getConnection({ user, password,
  connectString: '(DESCRIPTION=(ADDRESS=(PROTOCOL=TCPS)(HOST=127.0.0.1)(PORT=' + port + '))(CONNECT_DATA=(SERVICE_NAME=orders))(SECURITY=(SSL_SERVER_DN_MATCH=OFF)))' })
  .then(() => console.log('logged in'), e => console.log('ERROR ' + e.message));`

// A simulated Oracle is a listener: the farthest a client comes is that its
// service is not known there, over TLS that it has verified.
func TestOraclesThinClientReachesASimulatedListener(t *testing.T) {
	t.Parallel()
	env := nodeDrivers(t, "oracledb@6.10.0")
	e := product(t, "oracle-ee")
	s, other := simulate(t, e, nil), simulate(t, e, nil)
	good, wrong := s.roots(t, other)
	trusting := func(path string) []string { return append(env[:len(env):len(env)], "NODE_EXTRA_CA_CERTS="+path) }
	if out := node(t, trusting(good), oracleScript, strconv.Itoa(s.port), user, password); !strings.Contains(out, "is not registered with the listener") {
		t.Errorf("with the right root: %q", out)
	}
	if out := node(t, trusting(wrong), oracleScript, strconv.Itoa(s.port), user, password); !strings.Contains(out, "ERROR") || strings.Contains(out, "not registered") {
		t.Errorf("with another root: %q", out)
	}
}
