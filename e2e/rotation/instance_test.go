package rotation_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/dbtls/dbtls/e2e/harness"
)

// db is one instance under test and where to find everything about it.
type db struct {
	harness.Instance
	srv      *harness.Server
	state    *state
	resource string
	home     string
}

func create(t *testing.T, s *harness.Server, st *state, name, engine string) *db {
	t.Helper()
	t.Cleanup(func() {
		if t.Failed() {
			lines := strings.Split(s.Log(), "\n")
			t.Logf("the server's log ends with:\n%s", strings.Join(lines[max(0, len(lines)-40):], "\n"))
		}
	})
	i := s.Create(t, name, engine)
	id := st.resource(t, name)
	return &db{Instance: i, srv: s, state: st, resource: id, home: home(s.Dir, id)}
}

func (d *db) pid() int { return enginePID(d.home) }

// kill kills the main process of the server and returns its id. A process id
// of 0 would mean this process and its friends.
func (d *db) kill(t *testing.T) int {
	t.Helper()
	pid := d.pid()
	if pid == 0 {
		t.Fatalf("the server of %s does not run", d.Name)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatalf("kill the server of %s: %v", d.Name, err)
	}
	return pid
}

// mustLast is the newest rotation.
func (d *db) mustLast(t *testing.T) rotation {
	t.Helper()
	r, err := d.state.last(d.resource)
	if err != nil {
		t.Fatalf("read rotation of %s: %v", d.Name, err)
	}
	return r
}

func (d *db) row(t *testing.T) (row struct {
	CA, Serial, Pending, Bridge string
	Until                       time.Time
	Rotation                    *rotationRow
}) {
	t.Helper()
	for _, i := range d.srv.Status(t).Instances {
		if i.Name != d.Name {
			continue
		}
		row.CA, row.Serial, row.Pending, row.Bridge, row.Until = i.CA, i.Serial, i.Pending, i.Bridge, i.Until
		if r := i.Rotation; r != nil {
			row.Rotation = &rotationRow{r.Reason, r.Step, r.Stuck, r.Detail, r.Proven, r.Tries}
		}
		return row
	}
	t.Fatalf("status has no %s", d.Name)
	return row
}

type rotationRow struct {
	Reason, Step, Stuck, Detail string
	Proven                      bool
	Tries                       int
}

func (d *db) describe(t *testing.T) types.DBInstance {
	t.Helper()
	out, err := d.srv.RDS(t, "").DescribeDBInstances(t.Context(), &rds.DescribeDBInstancesInput{DBInstanceIdentifier: &d.Name})
	if err != nil {
		t.Fatal(err)
	}
	return out.DBInstances[0]
}

// told reports whether an event of the instance has all the words.
func (d *db) told(t *testing.T, words ...string) bool {
	t.Helper()
	out, err := d.srv.RDS(t, "").DescribeEvents(t.Context(), &rds.DescribeEventsInput{
		SourceIdentifier: &d.Name, SourceType: types.SourceTypeDbInstance, Duration: aws.Int32(60), MaxRecords: aws.Int32(100)})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range out.Events {
		has := func(w string) bool { return !strings.Contains(aws.ToString(e.Message), w) }
		if !slices.ContainsFunc(words, has) {
			return true
		}
	}
	return false
}

// must runs a dbtls command that has to succeed.
func (d *db) must(t *testing.T, args ...string) string {
	t.Helper()
	out, stderr, code := d.srv.CLI(t, args...)
	if code != 0 {
		t.Fatalf("dbtls %q: exit code %d: %s", args, code, stderr)
	}
	return out
}

func read(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// write replaces a file's content; owner and mode stay.
func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// modify is ModifyDBInstance.
func (d *db) modify(t *testing.T, set func(*rds.ModifyDBInstanceInput)) error {
	in := &rds.ModifyDBInstanceInput{DBInstanceIdentifier: &d.Name}
	set(in)
	_, err := d.srv.RDS(t, "").ModifyDBInstance(t.Context(), in)
	return err
}

// window is a PreferredMaintenanceWindow that begins so long from now.
func window(from time.Duration) string {
	at := func(t time.Time) string { return strings.ToLower(t.UTC().Format("Mon:15:04")) }
	begin := time.Now().Add(from)
	return fmt.Sprintf("%s-%s", at(begin), at(begin.Add(2*time.Hour)))
}

const (
	open   = -time.Hour
	closed = 12 * time.Hour
)

// stays fails when something becomes true within a time.
func stays(t *testing.T, d time.Duration, what string, changed func() bool) {
	t.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); pause(50 * time.Millisecond) {
		if changed() {
			t.Fatalf("not so for %s: %s", d, what)
		}
	}
}
