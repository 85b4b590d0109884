package api_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/dbtls/dbtls/e2e/harness"
)

func TestCertificatesAndTheDefaultOfNewInstances(t *testing.T) {
	s := harness.Start(t, harness.Data(t), "--regions", "us-east-1,eu-central-1")
	here, there := s.RDS(t, ""), s.RDS(t, "eu-central-1")

	t.Run("describe shows every CA with the root's thumbprint and dates", func(t *testing.T) {
		out, err := here.DescribeCertificates(t.Context(), &rds.DescribeCertificatesInput{})
		if err != nil {
			t.Fatal(err)
		}
		if got := aws.ToString(out.DefaultCertificateForNewLaunches); got != "rds-ca-rsa2048-g1" {
			t.Errorf("the default is %q, want rds-ca-rsa2048-g1", got)
		}
		if got := ids(out.Certificates); !slices.Equal(got, allCAs) {
			t.Errorf("got CAs %v, want %v", got, allCAs)
		}
		for _, c := range out.Certificates {
			wantCertificate(t, s, c)
		}
	})
	t.Run("the aws command shows the same", func(t *testing.T) {
		var got, one struct {
			DefaultCertificateForNewLaunches string
			Certificates                     []map[string]any
		}
		awsJSON(t, s, &got, "rds", "describe-certificates")
		want := []string{"CertificateArn", "CertificateIdentifier", "CertificateType", "CustomerOverride", "Thumbprint", "ValidFrom", "ValidTill"}
		if len(got.Certificates) != 4 || !slices.Equal(keys(got.Certificates[0]), want) || got.DefaultCertificateForNewLaunches != "rds-ca-rsa2048-g1" {
			t.Errorf("got %+v, want 4 CAs with the fields %v and the default", got, want)
		}
		awsJSON(t, s, &one, "rds", "describe-certificates", "--certificate-identifier", "RDS-CA-ECC384-g1")
		if len(one.Certificates) != 1 || one.Certificates[0]["CertificateIdentifier"] != "rds-ca-ecc384-g1" {
			t.Errorf("an identifier in capitals gave %+v", one.Certificates)
		}
	})
	t.Run("an unknown one is CertificateNotFound to both", func(t *testing.T) {
		_, err := here.DescribeCertificates(t.Context(), &rds.DescribeCertificatesInput{CertificateIdentifier: aws.String("rds-ca-2015")})
		wantFault(t, err, "CertificateNotFound", 404, "rds-ca-2015")
		var modelled *types.CertificateNotFoundFault
		if !errors.As(err, &modelled) {
			t.Errorf("got %T, want types.CertificateNotFoundFault", err)
		}
		_, err = s.AWS(t, "rds", "modify-certificates", "--certificate-identifier", "rds-ca-2015")
		wantCLIFault(t, err, "CertificateNotFound", "rds-ca-2015")
	})
	t.Run("the override is one region's, a new instance takes it, and it can be removed", func(t *testing.T) {
		override(t, s, here, there)
	})
	t.Run("an override needs to be one or the other", func(t *testing.T) {
		_, err := here.ModifyCertificates(t.Context(), &rds.ModifyCertificatesInput{})
		wantFault(t, err, "InvalidParameterCombination", 400, "either")
		_, err = here.ModifyCertificates(t.Context(), &rds.ModifyCertificatesInput{CertificateIdentifier: &allCAs[0], RemoveCustomerOverride: aws.Bool(true)})
		wantFault(t, err, "InvalidParameterCombination", 400, "either")
	})
}

func ids(list []types.Certificate) []string {
	var out []string
	for _, c := range list {
		out = append(out, aws.ToString(c.CertificateIdentifier))
	}
	return out
}

// wantCertificate compares a row with the root that the bundle host serves.
func wantCertificate(t *testing.T, s *harness.Server, c types.Certificate) {
	t.Helper()
	id := aws.ToString(c.CertificateIdentifier)
	root := parsePEM(t, get(t, s, "/us-east-1/"+id+".pem"))[0]
	if got, want := aws.ToString(c.Thumbprint), thumbprint(root); got != want {
		t.Errorf("%s has thumbprint %s, its root has %s", id, got, want)
	}
	if !c.ValidFrom.Equal(root.NotBefore) || !c.ValidTill.Equal(root.NotAfter) {
		t.Errorf("%s is valid %v to %v, its root %v to %v", id, c.ValidFrom, c.ValidTill, root.NotBefore, root.NotAfter)
	}
	years := map[string]int{"rds-ca-2019": 5, "rds-ca-rsa2048-g1": 40, "rds-ca-rsa4096-g1": 100, "rds-ca-ecc384-g1": 100}[id]
	if end := root.NotBefore.AddDate(years, 0, 0); !root.NotAfter.Equal(end) {
		t.Errorf("%s ends %v, want %d years after its beginning: %v", id, root.NotAfter, years, end)
	}
	if got, want := aws.ToString(c.CertificateArn), "arn:aws:rds:us-east-1::cert:"+id; got != want {
		t.Errorf("got ARN %s, want %s", got, want)
	}
	if aws.ToString(c.CertificateType) != "CA" || aws.ToBool(c.CustomerOverride) || c.CustomerOverrideValidTill != nil {
		t.Errorf("%s: got type %v, override %v until %v, want CA and no override", id, aws.ToString(c.CertificateType), aws.ToBool(c.CustomerOverride), c.CustomerOverrideValidTill)
	}
}

func override(t *testing.T, s *harness.Server, here, there *rds.Client) {
	engine := harness.Engines(t)[0]
	out, err := here.ModifyCertificates(t.Context(), &rds.ModifyCertificatesInput{CertificateIdentifier: aws.String("RDS-CA-ecc384-g1")})
	if err != nil {
		t.Fatal(err)
	}
	c := out.Certificate
	if aws.ToString(c.CertificateIdentifier) != "rds-ca-ecc384-g1" || !aws.ToBool(c.CustomerOverride) || c.CustomerOverrideValidTill == nil || !c.CustomerOverrideValidTill.Equal(*c.ValidTill) {
		t.Errorf("got %+v, want the overriding CA until its own end", c)
	}
	wantDefault(t, here, "rds-ca-ecc384-g1", "rds-ca-ecc384-g1")
	wantDefault(t, there, "rds-ca-rsa2048-g1", "")
	i := s.Create(t, "follows", engine)
	row := s.Wait(t, i.Name, func(types.DBInstance) bool { return true })
	if got := aws.ToString(row.CACertificateIdentifier); got != "rds-ca-ecc384-g1" {
		t.Errorf("a new instance has the CA %s, want the override rds-ca-ecc384-g1", got)
	}
	if _, err := harness.Query(t, i, s.Root(t, "rds-ca-ecc384-g1"), "select 1"); err != nil {
		t.Errorf("a client with that CA's root: %v", err)
	}
	var removed struct{ Certificate map[string]any }
	awsJSON(t, s, &removed, "rds", "modify-certificates", "--remove-customer-override")
	if removed.Certificate["CustomerOverride"] != false || removed.Certificate["CustomerOverrideValidTill"] != nil {
		t.Errorf("the removal answers %v, want a CA without an override", removed.Certificate)
	}
	wantDefault(t, here, "rds-ca-rsa2048-g1", "")
	row = s.Wait(t, i.Name, func(types.DBInstance) bool { return true })
	if got := aws.ToString(row.CACertificateIdentifier); got != "rds-ca-ecc384-g1" || row.PendingModifiedValues.CACertificateIdentifier != nil {
		t.Errorf("the removal changed an instance that exists: %s", got)
	}
	drop(t, s, i.Name)
}

// wantDefault checks the default and which CA, if any, is marked as override.
func wantDefault(t *testing.T, c *rds.Client, want, overridden string) {
	t.Helper()
	out, err := c.DescribeCertificates(t.Context(), &rds.DescribeCertificatesInput{})
	if err != nil {
		t.Fatal(err)
	}
	if got := aws.ToString(out.DefaultCertificateForNewLaunches); got != want {
		t.Errorf("the default is %s, want %s", got, want)
	}
	marked := ""
	for _, c := range out.Certificates {
		if aws.ToBool(c.CustomerOverride) {
			marked += aws.ToString(c.CertificateIdentifier)
		}
	}
	if marked != overridden {
		t.Errorf("overrides: %q, want %q", marked, overridden)
	}
}

// seedSample is the Aurora User Guide's answer to
// `aws rds describe-db-engine-versions --default-only --engine postgres`.
const seedSample = `{ "DBEngineVersions": [ { "Engine": "postgres", "MajorEngineVersion": "13", "EngineVersion": "13.4", "DBParameterGroupFamily": "postgres13", "DBEngineDescription": "PostgreSQL", "DBEngineVersionDescription": "PostgreSQL 13.4-R1", "ValidUpgradeTarget": [], "SupportsLogExportsToCloudwatchLogs": false, "SupportsReadReplica": true, "SupportedFeatureNames": [ "Lambda" ], "Status": "available", "SupportsParallelQuery": false, "SupportsGlobalDatabases": false, "SupportsBabelfish": false, "SupportsCertificateRotationWithoutRestart": true, "SupportedCACertificateIdentifiers": [ "rds-ca-2019", "rds-ca-rsa2048-g1", "rds-ca-ecc384-g1", "rds-ca-rsa4096-g1" ] } ] }`

func TestEngineVersionsHaveTheGuidesShape(t *testing.T) {
	t.Parallel()
	engines := harness.Engines(t)
	s := harness.Start(t, harness.Data(t))
	var sample struct{ DBEngineVersions []map[string]any }
	if err := json.Unmarshal([]byte(seedSample), &sample); err != nil {
		t.Fatal(err)
	}
	for _, e := range engines {
		var got struct{ DBEngineVersions []map[string]any }
		awsJSON(t, s, &got, "rds", "describe-db-engine-versions", "--default-only", "--engine", e)
		if len(got.DBEngineVersions) != 1 {
			t.Fatalf("%s has the default versions %v, want one", e, got.DBEngineVersions)
		}
		row, want := got.DBEngineVersions[0], sample.DBEngineVersions[0]
		if g, w := keys(row), keys(want); !slices.Equal(g, w) {
			t.Errorf("%s has the fields\n%v, the guide's sample has\n%v", e, g, w)
		}
		cas, _ := json.Marshal(row["SupportedCACertificateIdentifiers"])
		order, _ := json.Marshal(want["SupportedCACertificateIdentifiers"])
		if string(cas) != string(order) {
			t.Errorf("%s supports %s, want %s", e, cas, order)
		}
		if row["Engine"] != e || row["Status"] != "available" || row["SupportsCertificateRotationWithoutRestart"] != true {
			t.Errorf("%s: got %v, want an available version that swaps certificates without restart", e, row)
		}
	}
	t.Run("what is selected by", func(t *testing.T) { engineVersionFilters(t, s.RDS(t, ""), engines) })
}

func engineVersionFilters(t *testing.T, c *rds.Client, engines []string) {
	all, err := c.DescribeDBEngineVersions(t.Context(), &rds.DescribeDBEngineVersionsInput{})
	if err != nil {
		t.Fatal(err)
	}
	if len(all.DBEngineVersions) < len(engines) {
		t.Fatalf("got %d versions, want one of each of %v at least", len(all.DBEngineVersions), engines)
	}
	v := all.DBEngineVersions[0]
	for name, value := range map[string]string{"engine": *v.Engine, "engine-version": *v.EngineVersion, "db-parameter-group-family": *v.DBParameterGroupFamily,
		"engine-mode": "provisioned", "status": "available"} {
		got, err := c.DescribeDBEngineVersions(t.Context(), &rds.DescribeDBEngineVersionsInput{Filters: filter(name, value)})
		if err != nil || len(got.DBEngineVersions) == 0 {
			t.Errorf("filter %s=%s: %v, %v", name, value, got, err)
		}
		got, err = c.DescribeDBEngineVersions(t.Context(), &rds.DescribeDBEngineVersionsInput{Filters: filter(name, "no-such")})
		if err != nil || len(got.DBEngineVersions) != 0 {
			t.Errorf("filter %s=no-such: %v, %v, want an empty list", name, got, err)
		}
	}
	_, err = c.DescribeDBEngineVersions(t.Context(), &rds.DescribeDBEngineVersionsInput{Filters: filter("color", "red")})
	wantFault(t, err, "InvalidParameterValue", 400, "Unrecognized filter name: color")
	_, err = c.DescribeDBEngineVersions(t.Context(), &rds.DescribeDBEngineVersionsInput{Engine: aws.String("paradox")})
	wantFault(t, err, "InvalidParameterValue", 400, "paradox")
}

func filter(name string, values ...string) []types.Filter {
	return []types.Filter{{Name: &name, Values: values}}
}

func TestAnExpiredCALeaves(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.Data(t), "--ca-2019-life", "15s")
	c := s.RDS(t, "")
	list, err := c.DescribeCertificates(t.Context(), &rds.DescribeCertificatesInput{})
	if err != nil {
		t.Fatal(err)
	}
	if got := ids(list.Certificates); !slices.Equal(got, allCAs) {
		t.Fatalf("before its end the CAs are %v, want %v", got, allCAs)
	}
	before := get(t, s, "/global/global-bundle.pem")
	s.Stop(t)
	s.Restart(t) // a server that has just made its CAs looks at their ends a minute later
	c = s.RDS(t, "")
	harness.Poll(t, 30*time.Second, "rds-ca-2019 leaves describe-certificates", func() bool {
		list, err := c.DescribeCertificates(t.Context(), &rds.DescribeCertificatesInput{})
		return err == nil && slices.Equal(ids(list.Certificates), allCAs[1:])
	})
	_, err = c.DescribeCertificates(t.Context(), &rds.DescribeCertificatesInput{CertificateIdentifier: &allCAs[0]})
	wantFault(t, err, "CertificateNotFound", 404, "expired")
	in := input("late", harness.Engines(t)[0])
	in.CACertificateIdentifier = &allCAs[0]
	_, err = c.CreateDBInstance(t.Context(), in)
	wantFault(t, err, "CertificateNotFound", 404, "expired")
	_, err = c.ModifyCertificates(t.Context(), &rds.ModifyCertificatesInput{CertificateIdentifier: &allCAs[0]})
	wantFault(t, err, "CertificateNotFound", 404, "expired")
	harness.Poll(t, 10*time.Second, "an event says that rds-ca-2019 has expired", func() bool {
		got, err := c.DescribeEvents(t.Context(), &rds.DescribeEventsInput{SourceType: "certificate-authority", SourceIdentifier: &allCAs[0]})
		return err == nil && len(got.Events) == 1 && aws.ToString(got.Events[0].SourceArn) == "arn:aws:rds:us-east-1::cert:rds-ca-2019"
	})
	if a, b := len(parsePEM(t, before)), len(parsePEM(t, get(t, s, "/global/global-bundle.pem"))); a != 8 || b != 6 {
		t.Errorf("the bundle had %d certificates before and %d after, want 8 and 6", a, b)
	}
	if resp, _ := s.Get(t, "/us-east-1/rds-ca-2019.pem"); resp.StatusCode != 404 {
		t.Errorf("the expired root is still served: %s", resp.Status)
	}
}
