package rds_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/events"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/store"
)

func TestWhatIsNotBuiltIsRefusedByName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.refused(400, "InvalidAction", "CreateDBProxy", "CreateDBProxy")
	w.refused(400, "InvalidAction", "Nonsense", "Nonsense")
	w.refused(400, "MissingParameter", "Action", "")
	w.refused(400, "InvalidParameterValue", "2012-01-01", "DescribeDBInstances", "Version", "2012-01-01")
	for action, params := range map[string][]string{
		"CreateDBInstance": shop("shop"), "ModifyDBInstance": {"DBInstanceIdentifier", "shop"}, "DeleteDBInstance": {"DBInstanceIdentifier", "shop", "SkipFinalSnapshot", "true"},
		"DescribeDBInstances": nil, "DescribeCertificates": nil, "DescribeDBEngineVersions": nil, "DescribeEvents": nil, "ModifyCertificates": {"CertificateIdentifier", "rds-ca-2019"},
	} {
		w.refused(400, "InvalidParameterValue", "KmsKeyId", action, append(params, "KmsKeyId", "x")...)
	}
	w.refused(400, "InvalidParameterValue", "MultiAZ=true", "CreateDBInstance", shop("shop", "MultiAZ", "true")...)
	w.refused(400, "InvalidParameterValue", "StorageEncrypted=true", "CreateDBInstance", shop("shop", "StorageEncrypted", "true")...)
	w.refused(400, "InvalidParameterValue", "db.simulated", "CreateDBInstance", shop("shop", "DBInstanceClass", "db.simulated")...)
	if got := w.ok("DescribeDBInstances").all("DBInstanceIdentifier"); len(got) != 0 {
		t.Errorf("refused, and there are %v", got)
	}
	w.ok("CreateDBInstance", shop("shop", "MultiAZ", "false", "BackupRetentionPeriod", "0")...) // asks for what is so anyway
}

func TestCreateDBInstance(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.ok("CreateDBInstance", shop("Shop", "EngineVersion", "15", "CACertificateIdentifier", "RDS-CA-ECC384-G1", "PreferredMaintenanceWindow", "Sun:03:00-Sun:04:00",
		"DeletionProtection", "true", "AllocatedStorage", "5", "DBName", "shop", "Port", "5433", "Tags.Tag.1.Key", "team", "Tags.Tag.1.Value", "web")...)
	for name, want := range map[string]string{
		"DBInstanceIdentifier": "shop", "DBInstanceStatus": "creating", "Engine": "postgres", "EngineVersion": "15.18", "DBInstanceClass": "db.local", "MasterUsername": "admin1",
		"CACertificateIdentifier": "rds-ca-ecc384-g1", "PreferredMaintenanceWindow": "sun:03:00-sun:04:00", "DeletionProtection": "true", "AllocatedStorage": "5", "DBName": "shop",
		"DBInstanceArn": "arn:aws:rds:us-east-1:123456789012:db:shop", "Key": "team", "Value": "web",
	} {
		if got := r.one(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if strings.Contains(r.text, "secret99") || strings.Contains(r.text, "<Endpoint>") {
		t.Errorf("the reply has the password, or an endpoint before there is one: %s", r.text)
	}
	if w.woken != 1 {
		t.Errorf("the loop was woken %d times", w.woken)
	}
	if got := w.ok("CreateDBInstance", shop("till")...).one("CACertificateIdentifier"); got != "rds-ca-rsa2048-g1" {
		t.Errorf("the default CA is %q", got)
	}
}

func TestABadCreateDBInstanceIsRefusedAndMakesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fleetOf("there")
	for _, c := range []struct {
		code, says, name, value string
	}{
		{"DBInstanceAlreadyExists", "there", "DBInstanceIdentifier", "THERE"},
		{"InvalidParameterValue", "DBInstanceIdentifier", "DBInstanceIdentifier", "1shop"},
		{"MissingParameter", "Engine", "Engine", ""},
		{"InvalidParameterValue", "oracle", "Engine", "oracle"},
		{"InvalidParameterCombination", "99", "EngineVersion", "99"},
		{"InvalidParameterValue", "MasterUsername", "MasterUsername", "root"},
		{"InvalidParameterValue", "MasterUserPassword", "MasterUserPassword", "short"},
		{"InvalidParameterValue", "DBName", "DBName", "a-b"},
		{"InvalidParameterValue", "5999", "Port", "5999"},
		{"InvalidParameterValue", "1149", "Port", "1149"},
		{"InvalidParameterValue", "-1", "Port", "-1"},
		{"StorageQuotaExceeded", "GiB", "AllocatedStorage", "11"},
		{"InvalidParameterValue", "AllocatedStorage", "AllocatedStorage", "0"},
		{"InvalidParameterValue", "PreferredMaintenanceWindow", "PreferredMaintenanceWindow", "always"},
	} {
		w.refused(400, c.code, c.says, "CreateDBInstance", shop("shop", c.name, c.value)...)
	}
	w.refused(404, "CertificateNotFound", "rds-ca-2031", "CreateDBInstance", shop("shop", "CACertificateIdentifier", "rds-ca-2031")...)
	w.refused(400, "InvalidParameterCombination", "rds-ca-ecc384-g1", "CreateDBInstance", shop("shop", "EngineVersion", "13.9", "CACertificateIdentifier", "rds-ca-ecc384-g1")...)
	w.refused(400, "InvalidParameterValue", "twice", "CreateDBInstance", shop("shop", "Tags.Tag.1.Key", "a", "Tags.Tag.2.Key", "a")...)
	if got := w.ok("DescribeDBInstances").all("DBInstanceIdentifier"); len(got) != 1 {
		t.Errorf("there are %v", got)
	}
}

func TestDescribeDBInstancesPagesAndFilters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var names []string
	for n := range 45 {
		names = append(names, fmt.Sprintf("db%02d", n))
	}
	w.fleetOf(names...)
	w.ok("CreateDBInstance", shop("maria", "Engine", "mariadb")...)
	names = append(names, "maria")
	var seen []string
	var sizes []int
	for marker := ""; ; {
		r := w.ok("DescribeDBInstances", "MaxRecords", "20", "Marker", marker)
		seen, sizes = append(seen, r.all("DBInstanceIdentifier")...), append(sizes, len(r.all("DBInstanceIdentifier")))
		if marker = r.one("Marker"); marker == "" {
			break
		}
	}
	if !slices.Equal(seen, names) || !slices.Equal(sizes, []int{20, 20, 6}) {
		t.Errorf("pages of %v: %v", sizes, seen)
	}
	id := w.ok("DescribeDBInstances", "DBInstanceIdentifier", "DB07").one("DbiResourceId")
	for _, c := range []struct {
		sentence string
		params   []string
		want     []string
	}{
		{"by name", []string{"DBInstanceIdentifier", "db03"}, []string{"db03"}},
		{"by ARN", []string{"DBInstanceIdentifier", "arn:aws:rds:us-east-1:123456789012:db:db03"}, []string{"db03"}},
		{"by two names", filter("db-instance-id", "db03", "DB04"), []string{"db03", "db04"}},
		{"by an ARN in a filter", filter("db-instance-id", "arn:aws:rds:us-east-1:123456789012:db:db05"), []string{"db05"}},
		{"by resource id", filter("dbi-resource-id", id), []string{"db07"}},
		{"by engine", filter("engine", "mariadb"), []string{"maria"}},
		{"by a cluster that nothing is in", filter("db-cluster-id", "c"), nil},
		{"by a name that a filter excludes", append(filter("engine", "mariadb"), "DBInstanceIdentifier", "db03"), nil},
	} {
		if got := w.ok("DescribeDBInstances", c.params...).all("DBInstanceIdentifier"); !sameSet(got, c.want) {
			t.Errorf("%s: %v, want %v", c.sentence, got, c.want)
		}
	}
	w.refused(404, "DBInstanceNotFound", "nope", "DescribeDBInstances", "DBInstanceIdentifier", "nope")
	w.refused(400, "InvalidParameterValue", "color", "DescribeDBInstances", filter("color", "red")...)
	w.refused(400, "InvalidParameterValue", "MaxRecords", "DescribeDBInstances", "MaxRecords", "19")
	w.refused(400, "InvalidParameterValue", "marker", "DescribeDBInstances", "Marker", "guess")
}

func filter(name string, values ...string) []string {
	params := []string{"Filters.Filter.1.Name", name}
	for n, v := range values {
		params = append(params, fmt.Sprintf("Filters.Filter.1.Values.Value.%d", n+1), v)
	}
	return params
}

func TestModifyDBInstance(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fleetOf("shop")
	w.refused(400, "InvalidDBInstanceState", "creating", "ModifyDBInstance", "DBInstanceIdentifier", "shop", "CACertificateIdentifier", "rds-ca-ecc384-g1")
	w.available("shop", "rds-ca-rsa2048-g1")
	modify := func(params ...string) reply {
		t.Helper()
		return w.ok("ModifyDBInstance", append([]string{"DBInstanceIdentifier", "shop"}, params...)...)
	}
	pending := func(r reply) string { // the first is PendingModifiedValues'
		all := r.all("CACertificateIdentifier")
		if len(all) == 2 {
			return all[0]
		}
		return ""
	}
	r := modify("CACertificateIdentifier", "rds-ca-ecc384-g1")
	if pending(r) != "rds-ca-ecc384-g1" || r.one("DBInstanceStatus") != "available" {
		t.Errorf("in the window: pending %q, status %s", pending(r), r.one("DBInstanceStatus"))
	}
	r = modify("ApplyImmediately", "true")
	if pending(r) != "rds-ca-ecc384-g1" || r.one("DBInstanceStatus") != "modifying" {
		t.Errorf("now, after all: pending %q, status %s", pending(r), r.one("DBInstanceStatus"))
	}
	r = modify("CACertificateIdentifier", "rds-ca-rsa2048-g1")
	if pending(r) != "" || r.one("DBInstanceStatus") != "available" {
		t.Errorf("never mind: pending %q, status %s", pending(r), r.one("DBInstanceStatus"))
	}
	r = modify("DeletionProtection", "true", "PreferredMaintenanceWindow", "sat:23:45-sun:00:15")
	if r.one("DeletionProtection") != "true" || r.one("PreferredMaintenanceWindow") != "sat:23:45-sun:00:15" {
		t.Errorf("%s", r.text)
	}
	if r.one("CAIdentifier") != "rds-ca-rsa2048-g1" || r.one("ValidTill") == "" {
		t.Errorf("the certificate is not shown: %s", r.text)
	}
	w.refused(400, "InvalidParameterCombination", "CACertificateIdentifier", "ModifyDBInstance", "DBInstanceIdentifier", "shop", "CertificateRotationRestart", "false")
	w.refused(404, "CertificateNotFound", "nope", "ModifyDBInstance", "DBInstanceIdentifier", "shop", "CACertificateIdentifier", "nope")
	w.refused(400, "InvalidParameterValue", "ApplyImmediately", "ModifyDBInstance", "DBInstanceIdentifier", "shop", "ApplyImmediately", "maybe")
	w.refused(404, "DBInstanceNotFound", "nope", "ModifyDBInstance", "DBInstanceIdentifier", "nope")
}

func TestAThirdCAInsideAnOverlapNeedsConsent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fleetOf("shop")
	w.available("shop", "rds-ca-rsa2048-g1")
	w.must(w.store.Write(t.Context(), func(tx *store.Tx) error {
		i, err := tx.InstanceByName(region, "shop")
		if err != nil {
			return err
		}
		i.Bridge = inventory.Bridge{CA: "rds-ca-2019", Until: time.Now().Add(time.Hour)}
		return tx.UpdateInstance(i)
	}))
	to := func(ca string) []string {
		return []string{"DBInstanceIdentifier", "shop", "CACertificateIdentifier", ca, "ApplyImmediately", "true"}
	}
	w.refused(400, "InvalidParameterCombination", "--drop-cover", "ModifyDBInstance", to("rds-ca-ecc384-g1")...)
	w.ok("ModifyDBInstance", to("rds-ca-2019")...) // the way back
}

func TestDeleteDBInstance(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fleetOf("shop", "till")
	w.available("shop", "rds-ca-rsa2048-g1")
	id := []string{"DBInstanceIdentifier", "shop"}
	w.refused(400, "InvalidParameterCombination", "required", "DeleteDBInstance", id...)
	w.refused(400, "InvalidParameterCombination", "FinalDBSnapshotIdentifier", "DeleteDBInstance", append(id, "SkipFinalSnapshot", "true", "FinalDBSnapshotIdentifier", "copy")...)
	w.refused(400, "DBSnapshotAlreadyExists", "taken", "DeleteDBInstance", append(id, "FinalDBSnapshotIdentifier", "taken")...)
	w.refused(400, "InvalidParameterValue", "FinalDBSnapshotIdentifier", "DeleteDBInstance", append(id, "FinalDBSnapshotIdentifier", "../x")...)
	w.refused(400, "InvalidDBInstanceState", "creating", "DeleteDBInstance", "DBInstanceIdentifier", "till", "FinalDBSnapshotIdentifier", "copy")
	w.ok("ModifyDBInstance", append(id, "DeletionProtection", "true")...)
	w.refused(400, "InvalidParameterCombination", "protect", "DeleteDBInstance", append(id, "SkipFinalSnapshot", "true")...)
	w.ok("ModifyDBInstance", append(id, "DeletionProtection", "false")...)
	if got := w.ok("DeleteDBInstance", append(id, "FinalDBSnapshotIdentifier", "copy")...).one("DBInstanceStatus"); got != "deleting" {
		t.Errorf("its status is %s", got)
	}
	w.refused(400, "InvalidDBInstanceState", "already being deleted", "DeleteDBInstance", append(id, "SkipFinalSnapshot", "true")...)
	w.ok("DeleteDBInstance", "DBInstanceIdentifier", "till", "SkipFinalSnapshot", "true", "DeleteAutomatedBackups", "true")
}

func TestCertificatesAndTheirDefault(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.ok("DescribeCertificates")
	want := []string{"rds-ca-2019", "rds-ca-rsa2048-g1", "rds-ca-ecc384-g1", "rds-ca-rsa4096-g1"}
	if !slices.Equal(r.all("CertificateIdentifier"), want) || r.one("DefaultCertificateForNewLaunches") != "rds-ca-rsa2048-g1" {
		t.Errorf("%s", r.text)
	}
	if prints := r.all("Thumbprint"); len(prints) != 4 || len(prints[0]) != 40 {
		t.Errorf("thumbprints are %v", prints)
	}
	if got := w.ok("ModifyCertificates", "CertificateIdentifier", "rds-ca-ecc384-g1"); got.one("CustomerOverride") != "true" || got.one("CustomerOverrideValidTill") == "" {
		t.Errorf("%s", got.text)
	}
	r = w.ok("DescribeCertificates", "CertificateIdentifier", "rds-ca-ecc384-g1")
	if r.one("CustomerOverride") != "true" || r.one("DefaultCertificateForNewLaunches") != "rds-ca-ecc384-g1" || len(r.all("CertificateIdentifier")) != 1 {
		t.Errorf("%s", r.text)
	}
	if got := w.ok("CreateDBInstance", shop("shop")...).one("CACertificateIdentifier"); got != "rds-ca-ecc384-g1" {
		t.Errorf("a new instance gets %s", got)
	}
	w.refused(400, "InvalidParameterCombination", "", "ModifyCertificates")
	w.refused(400, "InvalidParameterCombination", "", "ModifyCertificates", "CertificateIdentifier", "rds-ca-2019", "RemoveCustomerOverride", "true")
	w.refused(404, "CertificateNotFound", "nope", "ModifyCertificates", "CertificateIdentifier", "nope")
	w.refused(404, "CertificateNotFound", "nope", "DescribeCertificates", "CertificateIdentifier", "nope")
	w.ok("ModifyCertificates", "RemoveCustomerOverride", "true")
	if got := w.ok("DescribeCertificates"); got.one("DefaultCertificateForNewLaunches") != "rds-ca-rsa2048-g1" || slices.Contains(got.all("CustomerOverride"), "true") {
		t.Errorf("%s", got.text)
	}
}

func TestDescribeDBEngineVersions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct {
		params, want []string
	}{
		{nil, []string{"10.11.6", "13.9", "15.18"}},
		{[]string{"Engine", "postgres"}, []string{"13.9", "15.18"}},
		{[]string{"Engine", "postgres", "DefaultOnly", "true"}, []string{"15.18"}},
		{[]string{"Engine", "postgres", "EngineVersion", "15"}, []string{"15.18"}},
		{[]string{"Engine", "postgres", "EngineVersion", "1"}, nil},
		{[]string{"DBParameterGroupFamily", "postgres13"}, []string{"13.9"}},
		{filter("engine", "mariadb"), []string{"10.11.6"}},
		{filter("status", "deprecated"), nil},
		{filter("engine-mode", "provisioned"), []string{"10.11.6", "13.9", "15.18"}},
	} {
		if got := w.ok("DescribeDBEngineVersions", c.params...).all("EngineVersion"); !sameSet(got, c.want) {
			t.Errorf("%v: %v, want %v", c.params, got, c.want)
		}
	}
	r := w.ok("DescribeDBEngineVersions", "Engine", "postgres", "EngineVersion", "13.9")
	if r.one("SupportsCertificateRotationWithoutRestart") != "true" || r.one("MajorEngineVersion") != "13" ||
		!strings.Contains(r.text, "<SupportedCACertificateIdentifiers><member>rds-ca-2019</member><member>rds-ca-rsa2048-g1</member></SupportedCACertificateIdentifiers>") {
		t.Errorf("%s", r.text)
	}
	w.refused(400, "InvalidParameterValue", "oracle", "DescribeDBEngineVersions", "Engine", "oracle")
}

func TestDescribeEventsPagesSelectsAndBounds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := time.Now()
	w.must(w.store.Write(t.Context(), func(tx *store.Tx) error {
		for n := range 50 {
			name, category := "shop", events.Maintenance
			if n%2 == 1 {
				name, category = "till", events.Failure
			}
			e := events.Instance(account, inventory.Instance{Region: region, Name: name}, now.Add(time.Duration(n-50)*time.Minute), category, "event %d <&>", n)
			if err := tx.InsertEvent(e); err != nil {
				return err
			}
		}
		return tx.InsertEvent(events.CA(region, "rds-ca-2019", now.Add(-30*time.Minute), events.Notification, "expired"))
	}))
	pages := func(params ...string) (messages []string, sizes []int) {
		t.Helper()
		for marker := ""; ; {
			r := w.ok("DescribeEvents", append(slices.Clone(params), "MaxRecords", "20", "Marker", marker)...)
			messages, sizes = append(messages, r.all("Message")...), append(sizes, len(r.all("Message")))
			if marker = r.one("Marker"); marker == "" {
				return messages, sizes
			}
		}
	}
	all, sizes := pages()
	if len(all) != 51 || !slices.Equal(sizes, []int{20, 20, 11}) || all[0] != "event 0 <&>" {
		t.Errorf("pages of %v: %v", sizes, all)
	}
	if some, sizes := pages("EventCategories.EventCategory.1", "failure"); len(some) != 25 || !slices.Equal(sizes, []int{20, 5}) {
		t.Errorf("failures, in pages of %v: %v", sizes, some)
	}
	stamp := func(minutes int) string {
		return now.Add(time.Duration(minutes) * time.Minute).UTC().Format(time.RFC3339)
	}
	for _, c := range []struct {
		sentence string
		params   []string
		want     int
	}{
		{"of one instance", []string{"SourceType", "db-instance", "SourceIdentifier", "SHOP"}, 25},
		{"of one instance by ARN", []string{"SourceType", "db-instance", "SourceIdentifier", "arn:aws:rds:us-east-1:123456789012:db:till"}, 25},
		{"of CAs", []string{"SourceType", "certificate-authority"}, 1},
		{"of a type that has none", []string{"SourceType", "db-cluster"}, 0},
		{"of the last ten minutes", []string{"Duration", "10"}, 9},
		{"of two categories", []string{"EventCategories.EventCategory.1", "failure", "EventCategories.EventCategory.2", "notification"}, 26},
		{"of a period that begins", []string{"StartTime", stamp(-600), "EndTime", stamp(-41)}, 10},
		{"from a time for some minutes", []string{"StartTime", stamp(-600), "Duration", "30"}, 0},
	} {
		got, _ := pages(c.params...)
		if diff := len(got) - c.want; diff < -1 || diff > 1 || (c.want%5 == 0 && c.want != 10 && diff != 0) { // seconds are cut off
			t.Errorf("%s: %d events, want %d", c.sentence, len(got), c.want)
		}
	}
	w.refused(400, "InvalidParameterCombination", "source type", "DescribeEvents", "SourceIdentifier", "shop")
	w.refused(400, "InvalidParameterValue", "db-nonsense", "DescribeEvents", "SourceType", "db-nonsense")
	w.refused(400, "InvalidParameterValue", "Duration", "DescribeEvents", "Duration", "20161")
	w.refused(400, "InvalidParameterCombination", "before", "DescribeEvents", "StartTime", stamp(0), "EndTime", stamp(-1))
	w.refused(400, "InvalidParameterValue", "marker", "DescribeEvents", "Marker", "guess")
}

func TestEveryChangeIsAudited(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fleetOf("shop")
	w.available("shop", "rds-ca-rsa2048-g1")
	w.ok("ModifyDBInstance", "DBInstanceIdentifier", "shop", "CACertificateIdentifier", "rds-ca-ecc384-g1")
	w.ok("ModifyCertificates", "CertificateIdentifier", "rds-ca-2019")
	w.ok("DeleteDBInstance", "DBInstanceIdentifier", "shop", "SkipFinalSnapshot", "true")
	records, err := w.store.Read(t.Context()).AuditLog(0, 100)
	w.must(err)
	var actions []string
	for _, r := range records {
		if r.Actor != "admin" || r.RequestID != "request-1" || strings.Contains(r.Detail, "secret99") {
			t.Errorf("%+v", r)
		}
		actions = append(actions, r.Action)
	}
	if !slices.Equal(actions, []string{"CreateDBInstance", "ModifyDBInstance", "ModifyCertificates", "DeleteDBInstance"}) {
		t.Errorf("audited are %v", actions)
	}
}
