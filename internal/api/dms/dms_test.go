package dms_test

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/api/dms"
	"github.com/dbtls/dbtls/internal/awswire/jsonrpc"
	"github.com/dbtls/dbtls/internal/engines"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/migration"
	"github.com/dbtls/dbtls/internal/pki/pkitest"
	"github.com/dbtls/dbtls/internal/secrets"
	"github.com/dbtls/dbtls/internal/store"
)

// world is the API over an empty state; nobody runs the tests that it begins.
type world struct {
	t     *testing.T
	api   *dms.API
	may   func(action string) error
	asked []string
	done  []string // "target code" of every call
	woken int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	box, _, err := secrets.NewEnvelope(make([]byte, secrets.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t}
	log := slog.New(slog.DiscardHandler)
	w.api = &dms.API{Account: "123456789012", Log: log, Migration: &migration.Service{
		Account: "123456789012", Store: s, Box: box, Engines: engines.All(), Wake: func() { w.woken++ }, Log: log}}
	return w
}

// object is a JSON object.
type object = map[string]any

// raw makes a call with a body as it is.
func (w *world) raw(target, body string) (int, object) {
	w.t.Helper()
	r := httptest.NewRequestWithContext(w.t.Context(), "POST", "/", nil)
	r.Header.Set(jsonrpc.TargetHeader, target)
	rec := httptest.NewRecorder()
	w.api.Serve(rec, r, []byte(body), dms.Caller{User: "ann", Region: "us-east-1", RequestID: "request-1",
		May: func(action string) error {
			w.asked = append(w.asked, action)
			if w.may == nil {
				return nil
			}
			return w.may(action)
		},
		Done: func(target, code string) { w.done = append(w.done, target+" "+code) }})
	var out object
	if err := json.Unmarshal(rec.Body.Bytes(), &out); err != nil {
		w.t.Fatalf("%s: %v: %s", target, err, rec.Body)
	}
	return rec.Code, out
}

func (w *world) call(action string, in object) (int, object) {
	w.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.raw("AmazonDMSv20160101."+action, string(body))
}

// ok is a call that has to succeed; it returns what path leads to.
func (w *world) ok(action string, in object, path ...string) any {
	w.t.Helper()
	status, out := w.call(action, in)
	if status != 200 {
		w.t.Fatalf("%s: %d %v", action, status, out)
	}
	var v any = out
	for _, name := range path {
		v = v.(object)[name]
	}
	return v
}

func (w *world) refused(code, says, action string, in object) object {
	w.t.Helper()
	status, out := w.call(action, in)
	if status != 400 || out["__type"] != code || !strings.Contains(fmt.Sprint(out["message"]), says) {
		w.t.Errorf("%s %v: %d %v, want %s with %q", action, in, status, out, code, says)
	}
	return out
}

func endpoint(name string, more ...any) object {
	in := object{"EndpointIdentifier": name, "EndpointType": "source", "EngineName": "postgres", "ServerName": "127.0.0.1", "Port": 5432,
		"Username": "ann", "Password": "correct-horse-99"}
	for n := 0; n+1 < len(more); n += 2 {
		in[more[n].(string)] = more[n+1]
	}
	return in
}

func rootPEM(t *testing.T) string {
	t.Helper()
	h := pkitest.New(t, "us-east-1", time.Now())
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: h.TrustStore("rds-ca-ecc384-g1")[0].Raw}))
}

func filter(name string, values ...string) []object {
	return []object{{"Name": name, "Values": values}}
}

func TestAnEndpointIsMadeShownChangedAndDeleted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	cert := w.ok("ImportCertificate", object{"CertificateIdentifier": "ca", "CertificatePem": rootPEM(t), "Tags": []object{{"Key": "team", "Value": "a"}}}, "Certificate").(object)
	if cert["CertificateOwner"] != "123456789012" || cert["KeyLength"] != 256.0 || cert["ValidToDate"].(float64) < 1e9 || cert["CertificateWallet"] != nil {
		t.Errorf("%v", cert)
	}
	made := w.ok("CreateEndpoint", endpoint("Orders", "ResourceIdentifier", "mine", "SslMode", "verify-full", "CertificateArn", cert["CertificateArn"]), "Endpoint").(object)
	if made["EndpointArn"] != "arn:aws:dms:us-east-1:123456789012:endpoint:mine" || made["EndpointType"] != "SOURCE" || made["Status"] != "active" ||
		made["SslMode"] != "verify-full" || made["EngineDisplayName"] != "PostgreSQL" || made["EndpointIdentifier"] != "Orders" {
		t.Errorf("%v", made)
	}
	if text := fmt.Sprint(made); strings.Contains(text, "horse") || strings.Contains(text, "Password") {
		t.Errorf("the password is in %s", text)
	}
	out := w.refused("ResourceAlreadyExistsFault", "Orders", "CreateEndpoint", endpoint("orders"))
	if out != nil && out["resourceArn"] != made["EndpointArn"] {
		t.Errorf("%v", out)
	}
	w.refused("InvalidResourceStateFault", "in use", "DeleteCertificate", object{"CertificateArn": cert["CertificateArn"]})
	arn := made["EndpointArn"]
	changed := w.ok("ModifyEndpoint", object{"EndpointArn": arn, "SslMode": "require", "Port": 5433}, "Endpoint").(object)
	if changed["SslMode"] != "require" || changed["CertificateArn"] != nil || changed["Port"] != 5433.0 {
		t.Errorf("%v", changed)
	}
	found := w.ok("DescribeEndpoints", object{"Filters": append(filter("endpoint-id", "ORDERS", "x"), filter("engine-name", "postgres")...)}, "Endpoints").([]any)
	if len(found) != 1 {
		t.Errorf("%v", found)
	}
	w.refused("ResourceNotFoundFault", "endpoint-id", "DescribeEndpoints", object{"Filters": append(filter("endpoint-id", "orders"), filter("engine-name", "mysql")...)})
	if gone := w.ok("DeleteEndpoint", object{"EndpointArn": arn}, "Endpoint", "Status"); gone != "deleting" {
		t.Errorf("%v", gone)
	}
	w.refused("ResourceNotFoundFault", "endpoint-arn", "DescribeEndpoints", object{"Filters": filter("endpoint-arn", arn.(string))})
	w.ok("DeleteCertificate", object{"CertificateArn": cert["CertificateArn"]})
	if all := w.ok("DescribeEndpoints", object{}, "Endpoints").([]any); len(all) != 0 {
		t.Errorf("%v", all)
	}
}

func TestAConnectionIsTestingUntilSomebodyHasTestedIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rep := w.ok("CreateReplicationInstance", object{"ReplicationInstanceIdentifier": "Worker", "ReplicationInstanceClass": "dms.t3.micro", "MultiAZ": false}, "ReplicationInstance").(object)
	if rep["ReplicationInstanceStatus"] != "creating" || rep["ReplicationInstanceIdentifier"] != "worker" || rep["AllocatedStorage"] != 50.0 {
		t.Errorf("%v", rep)
	}
	all := w.ok("DescribeReplicationInstances", object{"Filters": filter("replication-instance-class", "dms.t3.micro")}, "ReplicationInstances").([]any)
	if len(all) != 1 || all[0].(object)["ReplicationInstanceStatus"] != "available" {
		t.Errorf("%v", all)
	}
	end := w.ok("CreateEndpoint", endpoint("orders"), "Endpoint", "EndpointArn")
	pair := object{"ReplicationInstanceArn": rep["ReplicationInstanceArn"], "EndpointArn": end}
	c := w.ok("TestConnection", pair, "Connection").(object)
	if c["Status"] != "testing" || c["EndpointIdentifier"] != "orders" || c["ReplicationInstanceIdentifier"] != "worker" || c["LastFailureMessage"] != nil || w.woken != 1 {
		t.Errorf("%v, woken %d", c, w.woken)
	}
	two := append(filter("endpoint-arn", end.(string)), filter("replication-instance-arn", rep["ReplicationInstanceArn"].(string))...)
	if list := w.ok("DescribeConnections", object{"Filters": two}, "Connections").([]any); len(list) != 1 {
		t.Errorf("%v", list)
	}
	two[1]["Values"] = []string{"arn:other"}
	w.refused("ResourceNotFoundFault", "connection", "DescribeConnections", object{"Filters": two})
	w.refused("InvalidResourceStateFault", "RefreshSchemas", "DescribeSchemas", object{"EndpointArn": end})
	if s := w.ok("RefreshSchemas", pair, "RefreshSchemasStatus").(object); s["Status"] != "refreshing" || s["LastRefreshDate"] != nil {
		t.Errorf("%v", s)
	}
	if s := w.ok("DescribeRefreshSchemasStatus", object{"EndpointArn": end}, "RefreshSchemasStatus", "Status"); s != "refreshing" {
		t.Errorf("%v", s)
	}
	w.refused("InvalidResourceStateFault", "refreshing", "DescribeSchemas", object{"EndpointArn": end})
	if s := w.ok("DeleteConnection", pair, "Connection", "Status"); s != "deleting" {
		t.Errorf("%v", s)
	}
	w.refused("ResourceNotFoundFault", "orders", "DeleteConnection", pair)
	w.refused("ResourceNotFoundFault", "NONE", "TestConnection", object{"ReplicationInstanceArn": rep["ReplicationInstanceArn"], "EndpointArn": "arn:aws:dms:us-east-1:123456789012:endpoint:NONE"})
	w.refused("InvalidParameterValueException", "not the ARN", "TestConnection", object{"ReplicationInstanceArn": end, "EndpointArn": end})
	if s := w.ok("DeleteReplicationInstance", object{"ReplicationInstanceArn": rep["ReplicationInstanceArn"]}, "ReplicationInstance", "ReplicationInstanceStatus"); s != "deleting" {
		t.Errorf("%v", s)
	}
}

func TestWhatWouldHaveNoEffectIsRefusedByName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rep := object{"ReplicationInstanceIdentifier": "w", "ReplicationInstanceClass": "dms.local"}
	with := func(name string, value any) object {
		in := object{name: value}
		for k, v := range rep {
			in[k] = v
		}
		return in
	}
	for _, c := range []struct {
		code, says, action string
		in                 object
	}{
		{"InvalidParameterValueException", "PostgreSQLSettings", "CreateEndpoint", endpoint("a", "PostgreSQLSettings", object{"ServerName": "x"})},
		{"InvalidParameterValueException", "KmsKeyId", "CreateEndpoint", endpoint("a", "KmsKeyId", "x")},
		{"InvalidParameterValueException", "Tags[0].Extra", "CreateEndpoint", endpoint("a", "Tags", []object{{"Key": "a", "Extra": 1}})},
		{"InvalidParameterValueException", "initstmt", "CreateEndpoint", endpoint("a", "ExtraConnectionAttributes", "initstmt=x")},
		{"InvalidParameterCombinationException", "none, verify-ca, verify-full", "CreateEndpoint", endpoint("a", "EngineName", "mysql", "SslMode", "require")},
		{"InvalidParameterCombinationException", "needs the CA certificate", "CreateEndpoint", endpoint("a", "SslMode", "verify-ca")},
		{"InvalidParameterValueException", "acm", "CreateEndpoint", endpoint("a", "SslMode", "verify-ca", "CertificateArn", "arn:aws:acm:us-east-1:1:certificate/x")},
		{"InvalidParameterValueException", "Password must be provided", "CreateEndpoint", endpoint("a", "Password", nil)},
		{"InvalidParameterValueException", "EngineName must be provided", "CreateEndpoint", object{"EndpointIdentifier": "a", "EndpointType": "source"}},
		{"SerializationException", "Port", "CreateEndpoint", endpoint("a", "Port", "5432")},
		{"InvalidParameterValueException", "VpcSecurityGroupIds", "CreateReplicationInstance", with("VpcSecurityGroupIds", []string{"sg"})},
		{"InvalidParameterValueException", "MultiAZ", "CreateReplicationInstance", with("MultiAZ", true)},
		{"InvalidParameterValueException", "EngineVersion", "CreateReplicationInstance", with("EngineVersion", "2.4.5")},
		{"InvalidParameterValueException", "class", "CreateReplicationInstance", object{"ReplicationInstanceIdentifier": "w", "ReplicationInstanceClass": "db.t3.micro"}},
		{"InvalidParameterValueException", "Please provide a value for either", "ImportCertificate", object{"CertificateIdentifier": "a"}},
		{"InvalidCertificateFault", "no PEM block", "ImportCertificate", object{"CertificateIdentifier": "a", "CertificatePem": "hello"}},
		{"SerializationException", "CertificateWallet", "ImportCertificate", object{"CertificateIdentifier": "a", "CertificateWallet": "%%"}},
		{"InvalidParameterValueException", "colour", "DescribeEndpoints", object{"Filters": filter("colour", "blue")}},
		{"InvalidParameterValueException", "between 20 and 100", "DescribeEndpoints", object{"MaxRecords": 19}},
		{"InvalidParameterValueException", "between 1 and 100", "DescribeCertificates", object{"MaxRecords": 101}},
		{"InvalidParameterValueException", "Marker", "DescribeConnections", object{"Marker": "nonsense"}},
		{"UnknownOperationException", "no replication tasks", "CreateReplicationTask", object{}},
		{"UnknownOperationException", "no replication tasks", "DescribeTableStatistics", object{}},
		{"UnknownOperationException", "not built", "CreateEventSubscription", object{}},
		{"InvalidParameterCombinationException", "source type", "DescribeEvents", object{"SourceIdentifier": "w"}},
		{"InvalidParameterCombinationException", "either", "ListTagsForResource", object{}},
	} {
		w.refused(c.code, c.says, c.action, c.in)
	}
	if status, out := w.raw("AmazonRDSv19.CreateEndpoint", "{}"); status != 400 || out["__type"] != "UnknownOperationException" {
		t.Errorf("another API's target: %d %v", status, out)
	}
	if status, out := w.raw("AmazonDMSv20160101.DescribeEndpoints", `{"Marker":"x","Marker":"y"}`); status != 400 || out["__type"] != "SerializationException" {
		t.Errorf("a member given twice: %d %v", status, out)
	}
}

func TestListingsArePagedInTheOrderOfNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	text := rootPEM(t)
	for n := range 23 {
		w.ok("ImportCertificate", object{"CertificateIdentifier": fmt.Sprintf("Cert-%02d", n), "CertificatePem": text})
	}
	var names []string
	marker, pages := "", 0
	for {
		in := object{}
		if marker != "" {
			in["Marker"] = marker
		}
		out := w.ok("DescribeCertificates", in).(object)
		for _, c := range out["Certificates"].([]any) {
			names = append(names, c.(object)["CertificateIdentifier"].(string))
		}
		pages++
		next, more := out["Marker"]
		if !more {
			break
		}
		marker = next.(string)
	}
	if pages != 3 || len(names) != 23 || !slices.IsSorted(names) {
		t.Errorf("%d pages of %q", pages, names)
	}
	types := w.ok("DescribeEndpointTypes", object{"Filters": filter("engine-name", "redshift")}, "SupportedEndpointTypes").([]any)
	if len(types) != 1 || types[0].(object)["EndpointType"] != "target" {
		t.Errorf("%v", types)
	}
	quotas := w.ok("DescribeAccountAttributes", object{}, "AccountQuotas").([]any)
	if !strings.Contains(fmt.Sprint(quotas), "map[AccountQuotaName:Certificates Max:100 Used:23]") {
		t.Errorf("%v", quotas)
	}
	events := w.ok("DescribeEvents", object{"SourceType": "certificate", "MaxRecords": 20}).(object)
	if len(events["Events"].([]any)) != 20 || events["Marker"] == nil {
		t.Errorf("%v", events)
	}
	rest := w.ok("DescribeEvents", object{"SourceType": "certificate", "MaxRecords": 20, "Marker": events["Marker"]}, "Events").([]any)
	if len(rest) != 3 {
		t.Errorf("%v", rest)
	}
}

func TestTagsAreListedForOneAndForSeveral(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.ok("CreateEndpoint", endpoint("a", "Tags", []object{{"Key": "team", "Value": "x"}}), "Endpoint", "EndpointArn")
	b := w.ok("CreateEndpoint", endpoint("b"), "Endpoint", "EndpointArn")
	w.ok("AddTagsToResource", object{"ResourceArn": b, "Tags": []object{{"Key": "team", "Value": "y"}, {"Key": "z"}}})
	w.ok("RemoveTagsFromResource", object{"ResourceArn": b, "TagKeys": []string{"z"}})
	if got := fmt.Sprint(w.ok("ListTagsForResource", object{"ResourceArn": a}, "TagList")); got != "[map[Key:team Value:x]]" {
		t.Error(got)
	}
	if got := fmt.Sprint(w.ok("ListTagsForResource", object{"ResourceArnList": []any{a, b}}, "TagList")); got != fmt.Sprintf("[map[Key:team ResourceArn:%s Value:x] map[Key:team ResourceArn:%s Value:y]]", a, b) {
		t.Error(got)
	}
}

func TestEveryActionIsAskedForBeforeAnythingIsDone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.may = func(string) error { return fault.New(fault.AccessDenied, "not you") }
	for _, action := range dms.Actions() {
		w.refused("AccessDeniedException", "not you", action, endpoint("a"))
	}
	if !slices.Equal(w.asked, dms.Actions()) {
		t.Errorf("asked %q", w.asked)
	}
	if w.done[0] != "a AccessDeniedException" {
		t.Errorf("told %q", w.done[0])
	}
	w.may = nil
	if all := w.ok("DescribeEndpoints", object{}, "Endpoints").([]any); len(all) != 0 {
		t.Errorf("something was done: %v", all)
	}
}
