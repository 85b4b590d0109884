// Package force_test forces TLS through the ordinary dbtls program on real
// servers, with the vendors' own clients: who is refused is known before, nobody
// is locked out for good by a change that nobody confirms, and open sessions
// never notice.
package force_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/dbtls/dbtls/e2e/harness"
)

const (
	patience = 30 * time.Second
	ca       = "rds-ca-rsa2048-g1"
)

// product is how an engine forces TLS, and what its clients say.
type product struct {
	engine, group      string
	parameter, on, off string
	words, means       string // of the refusal, and of what dbtls says about it
	id                 string // asks a session for its number
}

func products() map[string]product {
	return map[string]product{
		"postgres": {engine: "postgres", group: "web", parameter: "rds.force_ssl", on: "1", off: "0", words: "no encryption", means: "the client did not use TLS", id: "SELECT pg_backend_pid()"},
		"mariadb":  {engine: "mariadb", group: "maria-tls", parameter: "require_secure_transport", on: "1", off: "0", words: "Access denied", means: "not a wrong password", id: "SELECT connection_id()"},
	}
}

// database is an instance with a parameter group of its own, in which TLS is not
// forced.
type database struct {
	product
	harness.Instance
	srv   *harness.Server
	roots string
}

// family of an engine's newest version that is here.
func family(t *testing.T, api *rds.Client, engine string) string {
	t.Helper()
	out, err := api.DescribeDBEngineVersions(t.Context(), &rds.DescribeDBEngineVersionsInput{Engine: &engine, DefaultOnly: aws.Bool(true)})
	if err != nil || len(out.DBEngineVersions) == 0 {
		t.Fatalf("versions of %s: %v", engine, err)
	}
	return aws.ToString(out.DBEngineVersions[0].DBParameterGroupFamily)
}

// makeGroup makes a parameter group with TLS off.
func makeGroup(t *testing.T, s *harness.Server, p product, method types.ApplyMethod) {
	t.Helper()
	api := s.RDS(t, "")
	_, err := api.CreateDBParameterGroup(t.Context(), &rds.CreateDBParameterGroupInput{DBParameterGroupName: &p.group, DBParameterGroupFamily: aws.String(family(t, api, p.engine)), Description: &p.engine})
	if err != nil {
		t.Fatal(err)
	}
	setParameter(t, s, p, p.off, method)
}

func setParameter(t *testing.T, s *harness.Server, p product, value string, method types.ApplyMethod) {
	t.Helper()
	_, err := s.RDS(t, "").ModifyDBParameterGroup(t.Context(), &rds.ModifyDBParameterGroupInput{DBParameterGroupName: &p.group,
		Parameters: []types.Parameter{{ParameterName: &p.parameter, ParameterValue: &value, ApplyMethod: method}}})
	if err != nil {
		t.Fatal(err)
	}
}

// session is a vendor's client that is logged in and stays so.
type session struct {
	in    io.WriteCloser
	lines chan string
	said  *strings.Builder // its standard error; to be read when lines is closed
}

// command is the vendor's client: with TLS that verifies all, or without TLS.
func (d *database) command(user, application string, tls bool) *exec.Cmd {
	if d.engine == "postgres" {
		mode := "sslmode=disable"
		if tls {
			mode = "sslmode=verify-full sslrootcert=" + d.roots
		}
		c := exec.Command("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", fmt.Sprintf("host=%s port=%d user=%s dbname=postgres connect_timeout=10 application_name=%s %s", d.Address, d.Port, user, application, mode))
		c.Env = append(os.Environ(), "PGPASSWORD="+d.Password)
		return c
	}
	args := []string{"--no-defaults", "--batch", "--unbuffered", "--skip-column-names", "--connect-timeout=10", "--protocol=tcp",
		"--host=" + d.Address, "--port=" + strconv.Itoa(d.Port), "--user=" + user}
	if tls {
		args = append(args, "--ssl-verify-server-cert", "--ssl-ca="+d.roots)
	} else {
		args = append(args, "--skip-ssl")
	}
	c := exec.Command("mariadb", args...)
	c.Env = append(os.Environ(), "MYSQL_PWD="+d.Password)
	return c
}

// connect logs in and says what number the session has.
func (d *database) connect(t *testing.T, user, application string, tls bool) (*session, string, error) {
	t.Helper()
	cmd := d.command(user, application, tls)
	s := &session{lines: make(chan string, 16), said: &strings.Builder{}}
	cmd.Stderr, cmd.WaitDelay = s.said, time.Second
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if s.in, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("no client on this machine: install it, the test needs the real one: %v", err)
	}
	go func() {
		for scan := bufio.NewScanner(out); scan.Scan(); {
			s.lines <- scan.Text()
		}
		cmd.Wait() // how it ended is in said
		close(s.lines)
	}()
	t.Cleanup(func() { s.in.Close() })
	id, err := s.ask(d.id)
	return s, id, err
}

// ask runs a query that answers with one line.
func (s *session) ask(query string) (string, error) {
	if _, err := io.WriteString(s.in, query+";\n"); err != nil {
		for range s.lines { // until it has ended
		}
		return "", fmt.Errorf("the session has ended: %w: %s", err, s.said)
	}
	select {
	case line, more := <-s.lines:
		if !more {
			return "", fmt.Errorf("the session has ended: %s", s.said)
		}
		return line, nil
	case <-time.After(patience):
		return "", fmt.Errorf("no answer to %q within %v", query, patience)
	}
}

// once logs in, and out again.
func (d *database) once(t *testing.T, user, application string, tls bool) error {
	t.Helper()
	s, _, err := d.connect(t, user, application, tls)
	s.in.Close()
	return err
}

// exporter is the plain offender: a client that was forgotten.
func (d *database) exporter(t *testing.T) error { return d.once(t, d.User, "exporter", false) }

// wantRefused waits until plain clients are refused, with the engine's words, and
// checks that TLS works.
func (d *database) wantRefused(t *testing.T, when string) {
	t.Helper()
	var err error
	harness.Poll(t, patience, when+": a plain client is refused by "+d.Name, func() bool { err = d.exporter(t); return err != nil })
	if !strings.Contains(err.Error(), d.words) {
		t.Errorf("%s: a plain client of %s is told %v, want %q", when, d.Name, err, d.words)
	}
	if err := d.once(t, d.User, "web", true); err != nil {
		t.Errorf("%s: a TLS client of %s: %v", when, d.Name, err)
	}
}

// wantLetIn waits until plain clients are let in.
func (d *database) wantLetIn(t *testing.T, when string) {
	t.Helper()
	harness.Poll(t, patience, when+": a plain client is let in by "+d.Name, func() bool { return d.exporter(t) == nil })
}

// plan is what dbtls force-tls --plan --json says.
type plan struct {
	Instances []struct {
		Instance string         `json:"instance"`
		Effect   string         `json:"takes_effect"`
		Counts   map[string]int `json:"clients_by_verdict"`
		Gap      string         `json:"gap"`
		Means    string         `json:"means"`
		Clients  []struct {
			Verdict, User, Source, Application string
		} `json:"clients"`
	} `json:"instances"`
	Pending *struct {
		Deadline time.Time `json:"undone_at"`
	} `json:"pending"`
}

func (d *database) plan(t *testing.T) (plan, int) {
	t.Helper()
	out, errs, code := d.srv.CLI(t, "force-tls", d.Name, "on", "--plan", "--json")
	var p plan
	if err := json.Unmarshal([]byte(out), &p); err != nil || len(p.Instances) == 0 {
		t.Fatalf("the plan for %s: exit code %d: %v: %s%s", d.Name, code, err, out, errs)
	}
	return p, code
}

// awaitVerdict waits until a plan has a verdict on a client, which names it.
func (d *database) awaitVerdict(t *testing.T, verdict, user, application string) (plan, int) {
	t.Helper()
	var p plan
	var code int
	for end := time.Now().Add(patience); ; <-time.After(200 * time.Millisecond) {
		p, code = d.plan(t)
		for _, c := range p.Instances[0].Clients {
			if c.Verdict == verdict && c.User == user && (application == "" || c.Application == application) {
				return p, code
			}
		}
		if time.Now().After(end) {
			t.Fatalf("%s: user %s (%s) is not %s within %v: %+v", d.Name, user, application, verdict, patience, p.Instances[0])
		}
	}
}

// force runs dbtls force-tls GROUP with more words.
func (d *database) force(t *testing.T, more ...string) (string, int) {
	t.Helper()
	out, errs, code := d.srv.CLI(t, append([]string{"force-tls", d.group}, more...)...)
	return out + errs, code
}

// mustForce wants exit code 0.
func (d *database) mustForce(t *testing.T, more ...string) string {
	t.Helper()
	said, code := d.force(t, more...)
	if code != 0 {
		t.Fatalf("dbtls force-tls %s %v: exit code %d: %s", d.group, more, code, said)
	}
	return said
}

// wantEvents waits for texts among the events of the last hour of a source.
func wantEvents(t *testing.T, s *harness.Server, kind types.SourceType, name string, texts ...string) {
	t.Helper()
	all := ""
	for end := time.Now().Add(patience); ; <-time.After(200 * time.Millisecond) {
		out, err := s.RDS(t, "").DescribeEvents(t.Context(), &rds.DescribeEventsInput{SourceIdentifier: &name, SourceType: kind, MaxRecords: aws.Int32(100)})
		if err != nil {
			t.Fatal(err)
		}
		all = ""
		for _, e := range out.Events {
			all += fmt.Sprintf("%s: %s\n", e.EventCategories, aws.ToString(e.Message))
		}
		missing := ""
		for _, text := range texts {
			if !strings.Contains(all, text) {
				missing = text
			}
		}
		if missing == "" {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("no event with %q among those of %s:\n%s", missing, name, all)
		}
	}
}
