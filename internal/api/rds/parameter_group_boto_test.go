package rds_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// botocore knows the API's model: what it cannot read it drops, and errors it
// maps by their codes.
const botoScript = `
import sys, botocore.session
s = botocore.session.get_session()
s.set_credentials("AKIDEXAMPLE", "secret")
c = s.create_client("rds", endpoint_url=sys.argv[1], region_name="us-east-1")
P = lambda op, key, **kw: c.get_paginator(op).paginate(PaginationConfig={"PageSize": 20}, **kw).search(key)
def fails(cls, f, **kw):
    try:
        f(**kw)
    except cls as e:
        print("%s: %s" % (e.response["Error"]["Code"], e.response["Error"]["Message"]))
for k, ops in (("DBParameterGroup", (c.create_db_parameter_group, c.copy_db_parameter_group, c.modify_db_parameter_group, c.reset_db_parameter_group, c.delete_db_parameter_group)),
               ("DBClusterParameterGroup", (c.create_db_cluster_parameter_group, c.copy_db_cluster_parameter_group, c.modify_db_cluster_parameter_group, c.reset_db_cluster_parameter_group, c.delete_db_cluster_parameter_group))):
    create, copy, modify, reset, delete = ops
    name = k + "Name"
    g = create(**{name: "Web", "DBParameterGroupFamily": "plain15", "Description": "d", "Tags": [{"Key": "a", "Value": "b"}]})[k]
    print(g[name], g["DBParameterGroupFamily"], g["Description"], g[k + "Arn"])
    print(copy(**{"Source%sIdentifier" % k: "web", "Target%sIdentifier" % k: "web2", "Target%sDescription" % k: "e"})[k][name])
    print(modify(**{name: "web", "Parameters": [{"ParameterName": "force", "ParameterValue": "true", "ApplyMethod": "pending-reboot"}]})[name])
    low = "describe_db_cluster_parameter" if "Cluster" in k else "describe_db_parameter"
    print(" ".join(P(low + "_groups", k + "s[]." + name)))
    ps = list(P(low + "s", "Parameters[]", **{name: "web"}))
    print(len(ps), len([p for p in ps if p["Source"] == "engine-default"]), [p for p in ps if p["ParameterName"] == "force"])
    print(reset(**{name: "web", "Parameters": [{"ParameterName": "force", "ApplyMethod": "pending-reboot"}]})[name])
    print(reset(**{name: "web", "ResetAllParameters": True})[name])
    fails(c.exceptions.DBParameterGroupAlreadyExistsFault, create, **{name: "web", "DBParameterGroupFamily": "plain15", "Description": "d"})
    fails(c.exceptions.InvalidDBParameterGroupStateFault, delete, **{name: "default.plain15"})
    print(sorted(delete(**{name: "web"})))
    fails(c.exceptions.DBParameterGroupNotFoundFault, delete, **{name: "web"})
for op in ("describe_engine_default_parameters", "describe_engine_default_cluster_parameters"):
    print(len(list(P(op, "EngineDefaults.Parameters[]", DBParameterGroupFamily="plain15"))), c.__getattribute__(op)(DBParameterGroupFamily="shared15")["EngineDefaults"]["Parameters"][0]["ParameterName"])
`

const botoSays = `web plain15 d arn:aws:rds:us-east-1:123456789012:pg:web
web2
web
default.plain15 default.shared15 web web2
44 41 [{'ParameterName': 'force', 'ParameterValue': '1', 'Description': 'Force <TLS>', 'Source': 'user', 'ApplyType': 'static', 'DataType': 'boolean', 'AllowedValues': '0,1', 'IsModifiable': True, 'ApplyMethod': 'pending-reboot'}]
web
web
DBParameterGroupAlreadyExists: Parameter group web already exists
InvalidDBParameterGroupState: The default parameter group default.plain15 cannot be deleted
['ResponseMetadata']
DBParameterGroupNotFound: DBParameterGroup not found: web
web plain15 d arn:aws:rds:us-east-1:123456789012:cluster-pg:web
web2
web
default.plain15 default.shared15 web web2
44 41 [{'ParameterName': 'force', 'ParameterValue': '1', 'Description': 'Force <TLS>', 'Source': 'user', 'ApplyType': 'static', 'DataType': 'boolean', 'AllowedValues': '0,1', 'IsModifiable': True, 'ApplyMethod': 'pending-reboot', 'SupportedEngineModes': ['provisioned']}]
web
web
DBParameterGroupAlreadyExists: Parameter group web already exists
InvalidDBParameterGroupState: The default parameter group default.plain15 cannot be deleted
['ResponseMetadata']
DBParameterGroupNotFound: DBClusterParameterGroup not found: web
44 ciphers
44 force`

func TestBotocoreReadsParameterGroups(t *testing.T) {
	t.Parallel()
	python, err := exec.LookPath("python3")
	if err == nil {
		err = exec.CommandContext(t.Context(), python, "-c", "import botocore.session").Run()
	}
	if err != nil {
		if os.Getenv("DBTLS_REQUIRE_ENGINES") != "" {
			t.Fatalf("botocore is needed: %v", err)
		}
		t.Skip("no botocore on this machine")
	}
	w := groupWorld(t)
	cmd := exec.CommandContext(t.Context(), python, "-c", botoScript, w.url)
	for _, kv := range os.Environ() { // what somebody set for AWS, or a proxy, is not for this
		if !strings.HasPrefix(kv, "AWS_") && !strings.Contains(strings.ToLower(kv), "_proxy=") {
			cmd.Env = append(cmd.Env, kv)
		}
	}
	out, err := cmd.CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != botoSays {
		t.Errorf("%v\n%s\nwant\n%s", err, out, botoSays)
	}
}
