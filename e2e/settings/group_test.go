package settings_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/dbtls/dbtls/e2e/harness"
)

// groupsOfGroups: a copy keeps what it has when the other changes, a reset puts
// instances back, and only what nobody uses is deleted.
func groupsOfGroups(t *testing.T, s *harness.Server) {
	d := simulated(t, s, "grouped", "postgres", "")
	cli(t, s, nil, "create-db-parameter-group", "--db-parameter-group-name", "Strict", "--db-parameter-group-family", d.Family, "--description", "TLS 1.3 alone")
	d.Group = "strict"
	set := func(group, value string) {
		_, err := d.api.ModifyDBParameterGroup(t.Context(), &rds.ModifyDBParameterGroupInput{DBParameterGroupName: &group,
			Parameters: []types.Parameter{{ParameterName: aws.String("ssl_min_protocol_version"), ParameterValue: &value, ApplyMethod: types.ApplyMethodImmediate}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	set("strict", "TLSv1.3")
	cli(t, s, nil, "copy-db-parameter-group", "--source-db-parameter-group-identifier", "strict", "--target-db-parameter-group-identifier", "copy", "--target-db-parameter-group-description", "of strict")
	set("strict", "TLSv1.2")
	copied := "copy"
	d.mustModify(t, func(in *rds.ModifyDBInstanceInput) { in.DBParameterGroupName = &copied })
	d.reboot(t)
	d.await(t, "in sync", settled)
	old := only(0x0303)
	if got, err := old(t, d); err != nil || got != refused {
		t.Errorf("with the copy a client of TLS 1.2 gets %q, %v, want a refusal", got, err)
	}
	_, err := d.api.DeleteDBParameterGroup(t.Context(), &rds.DeleteDBParameterGroupInput{DBParameterGroupName: &copied})
	wantFault(t, "delete a group in use", err, "InvalidDBParameterGroupState", d.Name)
	cli(t, s, nil, "reset-db-parameter-group", "--db-parameter-group-name", copied, "--reset-all-parameters")
	d.await(t, "reset", settled)
	if got, err := old(t, d); err != nil || got != "TLS 1.2" {
		t.Errorf("after the reset a client of TLS 1.2 gets %q, %v", got, err)
	}
	cli(t, s, nil, "delete-db-parameter-group", "--db-parameter-group-name", "strict")
	_, err = s.AWS(t, "rds", "describe-db-parameter-groups", "--db-parameter-group-name", "strict")
	if err == nil {
		t.Error("a deleted group is described")
	}
}

// groupRefusals: a request that has one bad change changes nothing.
func groupRefusals(t *testing.T, s *harness.Server) {
	api, str := s.RDS(t, ""), aws.String
	group := "whole"
	if _, err := api.CreateDBParameterGroup(t.Context(), &rds.CreateDBParameterGroupInput{DBParameterGroupName: &group, DBParameterGroupFamily: str("postgres16"), Description: str("d")}); err != nil {
		t.Fatal(err)
	}
	good := types.Parameter{ParameterName: str("rds.force_ssl"), ParameterValue: str("0"), ApplyMethod: types.ApplyMethodImmediate}
	with := func(name, value string, method types.ApplyMethod) []types.Parameter {
		return []types.Parameter{good, {ParameterName: &name, ParameterValue: &value, ApplyMethod: method}}
	}
	now, later := types.ApplyMethodImmediate, types.ApplyMethodPendingReboot
	var many []types.Parameter
	for n := range 21 {
		many = append(many, types.Parameter{ParameterName: str(fmt.Sprintf("p%d", n)), ParameterValue: str("1"), ApplyMethod: now})
	}
	for what, c := range map[string]struct {
		group      string
		change     []types.Parameter
		code, says string
	}{
		"an unknown parameter":               {group, with("ssl_colour", "red", now), "InvalidParameterValue", "Could not find parameter with name: ssl_colour"},
		"a value that is none":               {group, with("ssl_min_protocol_version", "TLSv1", now), "InvalidParameterValue", "TLSv1.2"},
		"a value with a line end":            {group, with("ssl_ciphers", "HIGH\nssl=off", now), "InvalidParameterValue", "ssl_ciphers"},
		"ciphers that select nothing":        {group, with("ssl_ciphers", "NONE-SUCH", later), "InvalidParameterValue", "ssl_ciphers"},
		"a method that is none":              {group, with("ssl_min_protocol_version", "TLSv1.2", "soon"), "InvalidParameterValue", "soon"},
		"a parameter twice":                  {group, with("rds.force_ssl", "1", now), "InvalidParameterCombination", "rds.force_ssl"},
		"what dbtls places":                  {group, with("ssl_key_file", "/etc/passwd", later), "InvalidParameterValue", "cannot be modified"},
		"twenty-one parameters":              {group, many, "InvalidParameterValue", "20"},
		"no parameters":                      {group, []types.Parameter{}, "MissingParameter", "Parameters"},
		"a default group":                    {"default.postgres16", []types.Parameter{good}, "InvalidParameterValue", "default.postgres16 cannot be modified"},
		"a group nobody has":                 {"nobody", []types.Parameter{good}, "DBParameterGroupNotFound", "nobody"},
		"a maximum below the minimum at all": {group, append(with("ssl_min_protocol_version", "TLSv1.3", now), types.Parameter{ParameterName: str("ssl_max_protocol_version"), ParameterValue: str("TLSv1.2"), ApplyMethod: now}), "InvalidParameterCombination", "ssl_max_protocol_version"},
	} {
		_, err := api.ModifyDBParameterGroup(t.Context(), &rds.ModifyDBParameterGroupInput{DBParameterGroupName: &c.group, Parameters: c.change})
		wantFault(t, what, err, c.code, c.says)
	}
	out, err := api.DescribeDBParameters(t.Context(), &rds.DescribeDBParametersInput{DBParameterGroupName: &group, Source: str("user")})
	if err != nil || len(out.Parameters) != 0 {
		t.Errorf("after refusals the group sets %v, %v, want nothing", out, err)
	}
	_, err = api.ModifyDBInstance(t.Context(), &rds.ModifyDBInstanceInput{DBInstanceIdentifier: &simulated(t, s, "other-family", "postgres", "14").Name, DBParameterGroupName: &group})
	wantFault(t, "a group of another family", err, "InvalidParameterCombination", "postgres14")
}
