package plan_test

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/dbtls/dbtls/e2e/harness"
)

// client is a real one: how it is configured, and how it connects.
type client struct {
	name  string
	files map[string]string // its configuration, by path below its directory
	env   []string
	argv  []string
}

// connect runs the client and says whether it came in.
func (c client) connect(t testing.TB) (in bool, said string) {
	t.Helper()
	out, errs, code := run(t, c.env, c.argv[0], c.argv[1:]...)
	return code == 0, out + errs
}

// holds checks what all clients of a list do now.
func hold(t *testing.T, when string, all []client, refused ...string) {
	t.Helper()
	for _, c := range all {
		in, said := c.connect(t)
		if want := !slices.Contains(refused, c.name); in != want {
			t.Errorf("%s: client %s is in: %t, want %t; it says %s", when, c.name, in, want, said)
		}
	}
}

// shell is a client whose command stands in a script.
func shell(name string, env []string, argv ...string) client {
	quoted := make([]string, len(argv))
	for n, a := range argv {
		quoted[n] = "'" + a + "'"
	}
	quoted[0] = argv[0]
	return client{name: name, env: env, argv: argv, files: map[string]string{"run.sh": strings.Join(quoted, " ") + "\n"}}
}

// java is a client of a JDBC driver, configured by a URL in an application's
// properties.
func (w *world) java(name, jar, artifact, url string) client {
	store := []string{"-Djavax.net.ssl.trustStore=" + w.jks, "-Djavax.net.ssl.trustStorePassword=changeit"}
	group, id, _ := strings.Cut(artifact, ":")
	return client{name: name, env: []string{"DATABASE_PASSWORD=" + password},
		argv: slices.Concat([]string{"java"}, store, []string{"-cp", jar + ":" + w.dir, "Connect", url}),
		files: map[string]string{
			"application.properties": "spring.datasource.url=" + url + "\nspring.datasource.password=" + password + "\n",
			"pom.xml":                fmt.Sprintf("<project><dependencies><dependency><groupId>%s</groupId><artifactId>%s</artifactId><version>%s</version></dependency></dependencies></project>\n", group, id, version(jar)),
			"jvm.sh":                 "java " + strings.Join(store, " ") + " -cp " + jar + " Connect '" + url + "'\n",
		}}
}

// version is that of a jar, by its name.
func version(jar string) string {
	return strings.TrimSuffix(jar[strings.LastIndex(jar, "-")+1:], ".jar")
}

// five are the clients of a MariaDB, each with a user of its own: the server's
// counters name no application.
func (w *world) five(i harness.Instance) []client {
	env := []string{"MYSQL_PWD=" + password}
	maria := func(name string, more ...string) client {
		return shell(name, env, slices.Concat([]string{"mariadb", "--no-defaults", "--protocol=tcp", "--host=" + i.Address,
			fmt.Sprintf("--port=%d", i.Port), "--user=" + name}, more, []string{"--execute=SELECT 1"})...)
	}
	url := fmt.Sprintf("jdbc:mariadb://%s:%d/?user=both&useSsl=true&trustStore=%s", i.Address, i.Port, w.jks)
	return []client{
		maria("old", "--ssl-verify-server-cert", "--ssl-ca="+w.old),
		w.java("both", mariadbJar, "org.mariadb.jdbc:mariadb-java-client", url),
		maria("blind", "--ssl"),
		maria("plain", "--skip-ssl"),
		maria("rsa", "--ssl-verify-server-cert", "--ssl-ca="+w.both, "--ssl-cipher=ECDHE-RSA-AES256-GCM-SHA384", "--tls-version=TLSv1.2"),
	}
}

// four are the clients of a PostgreSQL, told apart by what they call themselves.
func (w *world) four(i harness.Instance) []client {
	env := []string{"PGPASSWORD=" + password, "HOME=" + w.dir}
	psql := func(name, mode string) client {
		return shell(name, env, "psql", "-XAtq", "-c", "SELECT 1",
			fmt.Sprintf("host=%s port=%d user=%s dbname=postgres application_name=%s connect_timeout=10 %s", i.Address, i.Port, i.User, name, mode))
	}
	url := fmt.Sprintf("jdbc:postgresql://%s:%d/postgres?user=%s&ApplicationName=both&assumeMinServerVersion=9.0&sslmode=verify-full&sslfactory=org.postgresql.ssl.DefaultJavaSSLFactory", i.Address, i.Port, i.User)
	both := w.java("both", postgresJar, "org.postgresql:postgresql", url)
	delete(both.files, "application.properties") // its factory takes the store that the command names
	return []client{
		psql("old", "sslmode=verify-full sslrootcert="+w.old),
		both,
		psql("blind", "sslmode=require"),
		psql("plain", "sslmode=disable"),
	}
}

const (
	mariadbJar  = "/usr/share/java/mariadb-java-client-2.7.6.jar"
	postgresJar = "/usr/share/java/postgresql-42.5.5.jar"
)

// needClients fails or skips as harness.Engines does.
func needClients(t *testing.T) {
	t.Helper()
	if got := harness.Engines(t); len(got) < 2 {
		t.Skip("SKIPPED: it takes PostgreSQL and MariaDB on this machine")
	}
	for _, program := range []string{"psql", "mariadb", "java", "javac"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("no %s on this machine: install it, the test needs a real client", program)
		}
	}
}

// tell lets each client's host report it, in a run of its own.
func (w *world) tell(t *testing.T, i harness.Instance, all []client, application string) {
	t.Helper()
	for _, c := range all {
		dir := i.Name + "-" + c.name
		path := ""
		for name, text := range c.files {
			path = w.write(t, dir+"/"+name, text)
		}
		out := w.report(t, path[:strings.LastIndex(path, "/")], "--app", application+c.name, "--database", fmt.Sprintf("%s://%s:%d", i.Engine, i.Address, i.Port))
		if !strings.Contains(out, "the server took report") {
			t.Errorf("report of %s: %s", c.name, out)
		}
	}
}
