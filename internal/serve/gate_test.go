package serve

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/api/native"
	"github.com/dbtls/dbtls/internal/auth"
	"github.com/dbtls/dbtls/internal/awswire/sigv4"
	"github.com/dbtls/dbtls/internal/provider"
	"github.com/dbtls/dbtls/internal/store"
)

// gateWorld is the front door of a wired server, without the engines.
type gateWorld struct {
	t    *testing.T
	srv  *server
	http *httptest.Server
	keys map[string]auth.Key // by user
}

func newGateWorld(t *testing.T) *gateWorld {
	t.Helper()
	o := good()
	o.Data, o.Regions = t.TempDir(), []string{"us-east-1"}
	log := slog.New(slog.DiscardHandler)
	s, box, err := OpenState(t.Context(), o, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	clients, err := openEvidence(t.Context(), o.Data, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { clients.Close() })
	srv, err := assemble(t.Context(), o, s, clients, box, map[string]provider.Provider{}, log)
	if err != nil {
		t.Fatal(err)
	}
	w := &gateWorld{t: t, srv: srv, http: httptest.NewServer(srv.gate.handler()), keys: map[string]auth.Key{"admin": srv.key}}
	if err := srv.publish(w.http.Listener.Addr().String()); err != nil {
		t.Fatal(err)
	}
	go srv.calls.run()
	t.Cleanup(srv.calls.close)
	t.Cleanup(w.http.Close)
	for name, role := range map[string]string{"rita": auth.RoleReadOnly, "otto": auth.RoleOperator} {
		issued, err := srv.gate.users.Add(t.Context(), store.AuditRecord{At: time.Now(), Actor: "test"}, name, role)
		if err != nil {
			t.Fatal(err)
		}
		w.keys[name] = issued.Key
	}
	return w
}

// ask is one request; body starts with "Action=" for RDS, else it is the method
// and path of dbtls's own API, then a space and its JSON.
type ask struct{ user, service, body string }

func (a ask) request(url string, key auth.Key) *http.Request {
	method, path, text, kind := http.MethodPost, "/", a.body, "application/x-www-form-urlencoded; charset=utf-8"
	if !strings.HasPrefix(a.body, "Action=") {
		parts := append(strings.SplitN(a.body, " ", 3), "")
		method, path, text, kind = parts[0], parts[1], parts[2], "application/json"
	} else {
		text += "&Version=2014-10-31"
	}
	r, _ := http.NewRequest(method, url+path, strings.NewReader(text))
	r.Header.Set("Content-Type", kind)
	sigv4.Sign(r, []byte(text), sigv4.Key{AccessKeyID: key.AccessKeyID, SecretAccessKey: key.SecretAccessKey}, "us-east-1", a.service, time.Now())
	return r
}

func (w *gateWorld) call(a ask, key auth.Key) (int, string) {
	w.t.Helper()
	resp, err := w.http.Client().Do(a.request(w.http.URL, key))
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// rds and own make asks.
func rdsAsk(user, action string) ask { return ask{user, "rds", "Action=" + action} }
func ownAsk(user, call string) ask   { return ask{user, native.Service, call} }

func (w *gateWorld) wants(a ask, status int, says ...string) {
	w.t.Helper()
	got, text := w.call(a, w.keys[a.user])
	for _, s := range says {
		if got != status || !strings.Contains(text, s) {
			w.t.Errorf("%s %s: %d %s, want %d with %q", a.user, a.body, got, text, status, s)
			return
		}
	}
	if got != status {
		w.t.Errorf("%s %s: %d %s, want %d", a.user, a.body, got, text, status)
	}
}

func TestEachRoleMayWhatItMayOverHTTP(t *testing.T) {
	t.Parallel()
	w := newGateWorld(t)
	denied := func(action, role, least string) string {
		return " is not authorized to perform: " + action + " with role " + role + "; it takes role " + least
	}
	for _, user := range []string{"rita", "otto", "admin"} {
		w.wants(rdsAsk(user, "DescribeEvents"), 200, "DescribeEventsResult")
		w.wants(rdsAsk(user, "DescribeDBInstances"), 200, "DescribeDBInstancesResult")
		w.wants(ownAsk(user, "GET /api/v1/status"), 200, `"serving"`)
		w.wants(ownAsk(user, "GET /api/v1/audit?calls=1"), 200, `"action"`)
		w.wants(rdsAsk(user, "MakeCoffee"), 400, "InvalidAction")
	}
	w.wants(rdsAsk("rita", "DeleteDBInstance&DBInstanceIdentifier=shop"), 403, "<Code>AccessDenied</Code>", "User: rita"+denied("rds:DeleteDBInstance", "read-only", "operator"))
	w.wants(rdsAsk("otto", "DeleteDBInstance&DBInstanceIdentifier=shop&SkipFinalSnapshot=true"), 404, "DBInstanceNotFound")
	w.wants(rdsAsk("otto", "ModifyCertificates&RemoveCustomerOverride=true"), 403, "<Code>AccessDenied</Code>", "User: otto"+denied("rds:ModifyCertificates", "operator", "admin"))
	w.wants(ownAsk("rita", `POST /api/v1/freeze {"reason":"x"}`), 403, `"AccessDenied"`, denied("dbtls:Freeze", "read-only", "operator"))
	w.wants(ownAsk("otto", `POST /api/v1/freeze {"reason":"x"}`), 200)
	w.wants(ownAsk("otto", "POST /api/v1/clock/accept"), 403, denied("dbtls:AcceptClock", "operator", "admin"))
	w.wants(ownAsk("otto", "GET /api/v1/users"), 403, denied("dbtls:ListUsers", "operator", "admin"))
	w.wants(ownAsk("otto", `POST /api/v1/users {"name":"x","role":"admin"}`), 403, denied("dbtls:AddUser", "operator", "admin"))
	w.wants(ownAsk("otto", "POST /api/v1/users/otto/rotate-key"), 403, denied("dbtls:RotateUserKey", "operator", "admin"))
	w.wants(ownAsk("rita", "DELETE /api/v1/users/otto"), 403, denied("dbtls:RemoveUser", "read-only", "admin"))
	w.wants(ownAsk("admin", "GET /api/v1/users"), 200, "rita", "otto")
	if n := len(w.srv.gate.users.List()); n != 3 {
		t.Errorf("%d users: a refused call did something", n)
	}
}

func TestAUsersKeyCountsFromTheAnswerToTheAnswer(t *testing.T) {
	t.Parallel()
	w := newGateWorld(t)
	issue := func(call string) auth.Key {
		t.Helper()
		status, text := w.call(ownAsk("admin", call), w.keys["admin"])
		var k native.UserKey
		if err := json.Unmarshal([]byte(text), &k); err != nil || status != 200 {
			t.Fatalf("%s: %d %s", call, status, text)
		}
		return auth.Key{AccessKeyID: k.AccessKeyID, SecretAccessKey: k.SecretAccessKey}
	}
	w.keys["ann"] = issue(`POST /api/v1/users {"name":"ann","role":"operator"}`)
	w.wants(rdsAsk("ann", "DescribeEvents"), 200)
	old := w.keys["ann"]
	w.keys["ann"] = issue("POST /api/v1/users/ann/rotate-key")
	w.wants(rdsAsk("ann", "DescribeEvents"), 200)
	if status, text := w.call(rdsAsk("ann", "DescribeEvents"), old); status != 403 || !strings.Contains(text, "InvalidClientTokenId") {
		t.Errorf("with the old key: %d %s", status, text)
	}
	w.wants(ownAsk("admin", "DELETE /api/v1/users/ann"), 200)
	w.wants(rdsAsk("ann", "DescribeEvents"), 403, "InvalidClientTokenId")
	w.wants(ownAsk("admin", "DELETE /api/v1/users/admin"), 400, "rotate-key admin")

	before, err := ReadClient(w.srv.opts.Data)
	if err != nil || before.AccessKeyID != w.keys["admin"].AccessKeyID {
		t.Fatalf("%s, %v", before.AccessKeyID, err)
	}
	fresh := issue("POST /api/v1/users/admin/rotate-key")
	w.wants(rdsAsk("admin", "DescribeEvents"), 403, "InvalidClientTokenId")
	after, err := ReadClient(w.srv.opts.Data)
	if err != nil || after.AccessKeyID != fresh.AccessKeyID || after.SecretAccessKey != fresh.SecretAccessKey {
		t.Errorf("client.json has key %s, %v", after.AccessKeyID, err)
	}
	before.AccessKeyID, before.SecretAccessKey = after.AccessKeyID, after.SecretAccessKey
	if before != after {
		t.Errorf("client.json was %+v", before)
	}
	w.keys["admin"] = fresh
	w.wants(rdsAsk("admin", "DescribeEvents"), 200)
}

// recorded waits until so many calls are on record and gives those after skip
// as "actor action target detail".
func (w *gateWorld) recorded(n int) []string {
	w.t.Helper()
	for end := time.Now().Add(10 * time.Second); ; {
		calls, err := w.srv.store.Read(w.t.Context()).Calls(0, 1000)
		if err != nil {
			w.t.Fatal(err)
		}
		if len(calls) >= n || time.Now().After(end) {
			return lines(w.t, calls)
		}
		<-time.After(10 * time.Millisecond)
	}
}

func lines(t *testing.T, records []store.AuditRecord) []string {
	t.Helper()
	var all []string
	for _, c := range records {
		if len(c.RequestID) != 36 || time.Since(c.At) > time.Minute {
			t.Errorf("%+v has no request id, or another time", c)
		}
		all = append(all, fmt.Sprintf("%s|%s|%s|%s", c.Actor, c.Action, c.Target, c.Detail))
	}
	return all
}

func TestEveryCallIsOnRecord(t *testing.T) {
	t.Parallel()
	w := newGateWorld(t)
	was, err := w.srv.store.Read(t.Context()).AuditLog(0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range []ask{
		rdsAsk("rita", "DescribeDBInstances"),
		rdsAsk("rita", "DescribeDBInstances&DBInstanceIdentifier=shop"),
		rdsAsk("rita", "DescribeDBInstances&DBInstanceIdentifier=a%1B%5B2J"),
		ownAsk("otto", "GET /api/v1/status"),
		ownAsk("otto", "GET /api/v1/instances/shop/rotate/plan"),
		ownAsk("otto", "GET /api/v1/nonsense"),
		rdsAsk("otto", "MakeCoffee"),
		{"otto", "ec2", "Action=DescribeEvents"},
		{"otto", "rds", "GET /api/v1/status"},
		rdsAsk("rita", "DeleteDBInstance&DBInstanceIdentifier=shop"),
		rdsAsk("otto", "DeleteDBInstance&DBInstanceIdentifier=shop&SkipFinalSnapshot=true"),
		rdsAsk("otto", "ModifyDBInstance"),
		ownAsk("otto", "POST /api/v1/instances/shop/rotate"),
		ownAsk("rita", `POST /api/v1/freeze {"reason":"x"}`),
		ownAsk("rita", "GET /api/v1/users"),
		ownAsk("admin", `POST /api/v1/users {"name":"rita","role":"admin"}`),
		ownAsk("admin", `POST /api/v1/freeze {"reason":"mine"}`),
	} {
		w.call(a, w.keys[a.user])
	}
	want := []string{
		"rita|DescribeDBInstances||", "rita|DescribeDBInstances|shop|refused: DBInstanceNotFound",
		"rita|DescribeDBInstances|a?[2J|refused: InvalidParameterValue",
		"otto|ReadStatus||", "otto|ReadPlan|shop|refused: InstanceNotFound", "otto|unknown||refused: NotFound",
		"otto|unknown||refused: InvalidAction", "otto|unknown||refused: SignatureDoesNotMatch",
		"otto|authenticate|127.0.0.1|refused: SignatureDoesNotMatch, access key " + w.keys["otto"].AccessKeyID + "; more of these within a minute are not recorded",
	}
	if got := w.recorded(len(want)); !slices.Equal(got, want) {
		t.Errorf("calls are\n%s", strings.Join(got, "\n"))
	}
	now, err := w.srv.store.Read(t.Context()).AuditLog(was[len(was)-1].ID, 1000)
	if err != nil {
		t.Fatal(err)
	}
	want = []string{
		"rita|DeleteDBInstance|shop|refused: AccessDenied, role read-only", "otto|DeleteDBInstance|shop|refused: DBInstanceNotFound",
		"otto|ModifyDBInstance||refused: MissingParameter", "otto|Rotate|shop|refused: InstanceNotFound",
		"rita|Freeze||refused: AccessDenied, role read-only", "rita|ListUsers||refused: AccessDenied, role read-only",
		"admin|AddUser|rita|refused: UserExists", "admin|freeze|all instances|mine",
	}
	if got := lines(t, now); !slices.Equal(got[:len(got)-1], want[:len(want)-1]) || !strings.HasPrefix(got[len(got)-1], "admin|freeze|") {
		t.Errorf("audited are\n%s", strings.Join(got, "\n"))
	}
}

func TestOnlyAKnownKeysFailuresAreOnRecordAndOnceAMinute(t *testing.T) {
	t.Parallel()
	w := newGateWorld(t)
	key := w.keys["otto"]
	key.SecretAccessKey = strings.Repeat("x", 40)
	for range 3 {
		if status, _ := w.call(rdsAsk("", "DescribeEvents"), key); status != 403 {
			t.Fatalf("%d with a wrong secret", status)
		}
	}
	w.call(rdsAsk("", "DescribeEvents"), auth.Key{AccessKeyID: "AKIAUNKNOWN", SecretAccessKey: "x"})
	w.call(ownAsk("", "GET /api/v1/status"), auth.Key{AccessKeyID: "AKIAUNKNOWN", SecretAccessKey: "x"})
	w.wants(rdsAsk("rita", "DescribeEvents"), 200)
	got := w.recorded(2)
	if len(got) != 2 || !strings.HasPrefix(got[0], "otto|authenticate|127.0.0.1|refused: SignatureDoesNotMatch") || got[1] != "rita|DescribeEvents||" {
		t.Errorf("%q", got)
	}
	var f failures
	at := time.Unix(1_790_000_000, 0)
	for _, c := range []struct {
		key   string
		after time.Duration
		want  bool
	}{{"a", 0, true}, {"a", time.Second, false}, {"b", time.Second, true}, {"a", 59 * time.Second, false}, {"a", 60 * time.Second, true}, {"a", 61 * time.Second, false}, {"a", -time.Hour, true}} {
		if got := f.first(c.key, "code", at.Add(c.after)); got != c.want {
			t.Errorf("%s after %s: %t", c.key, c.after, got)
		}
	}
}

func TestMetricsFromElsewhereTakeASignature(t *testing.T) {
	t.Parallel()
	w := newGateWorld(t)
	h := w.srv.gate.handler()
	scrape := func(from string, key auth.Key) int {
		r := ownAsk("", "GET /metrics").request("http://dbtls.example", key)
		r.RemoteAddr = from + ":4711"
		r.Body = io.NopCloser(bytes.NewReader(nil))
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		return rec.Code
	}
	for from, want := range map[string]int{"127.0.0.1": 200, "::1": 200, "192.0.2.7": 401} {
		if strings.Contains(from, ":") {
			from = "[" + from + "]"
		}
		if got := scrape(from, auth.Key{AccessKeyID: "AKIAUNKNOWN", SecretAccessKey: "x"}); got != want {
			t.Errorf("unsigned from %s: %d", from, got)
		}
	}
	if got := scrape("192.0.2.7", w.keys["rita"]); got != 200 {
		t.Errorf("signed: %d", got)
	}
	if got := w.recorded(1); !slices.Equal(got, []string{"rita|ReadMetrics||"}) {
		t.Errorf("%q", got)
	}
}

func TestATargetIsFitToBePrinted(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "", "shop": "shop", "a\x1b[2Jb\n": "a?[2Jb?", "zoë": "zoë", "a\xffb": "a?b", "a\u202eb": "a?b",
		strings.Repeat("a", 300): strings.Repeat("a", longest), strings.Repeat("ë", 200): strings.Repeat("ë", longest/2),
		"x" + strings.Repeat("ë", 200): "x" + strings.Repeat("ë", longest/2-1) + "?",
	} {
		if got := clean(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}

func TestCallsPastTheirTimeAreDroppedByTheChores(t *testing.T) {
	t.Parallel()
	w := newGateWorld(t)
	now := time.Now()
	old := store.AuditRecord{At: now.Add(-callRetention - time.Hour), Actor: "ann", Action: "old"}
	young := store.AuditRecord{At: now.Add(-callRetention + time.Hour), Actor: "ann", Action: "young"}
	err := w.srv.store.Write(t.Context(), func(tx *store.Tx) error { return tx.InsertCalls([]store.AuditRecord{old, young}) })
	if err != nil {
		t.Fatal(err)
	}
	if err := tidy(t.Context(), w.srv.store, w.srv.cas, now); err != nil {
		t.Fatal(err)
	}
	left, err := w.srv.store.Read(t.Context()).Calls(0, 10)
	if err != nil || len(left) != 1 || left[0].Action != "young" {
		t.Errorf("%+v, %v", left, err)
	}
}
