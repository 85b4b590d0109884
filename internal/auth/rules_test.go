package auth_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/dbtls/dbtls/internal/api/dms"
	"github.com/dbtls/dbtls/internal/api/native"
	"github.com/dbtls/dbtls/internal/api/rds"
	"github.com/dbtls/dbtls/internal/auth"
	"github.com/dbtls/dbtls/internal/fault"
)

// decisions are who may call what beyond looking, written down a second time:
// a slip in the table of the rules shows here.
func decisions() map[string]map[string][]string {
	return map[string]map[string][]string{
		"rds": {
			auth.RoleOperator: {
				"CreateDBInstance", "ModifyDBInstance", "DeleteDBInstance",
				"CreateDBParameterGroup", "CopyDBParameterGroup", "ModifyDBParameterGroup", "ResetDBParameterGroup", "DeleteDBParameterGroup",
				"CreateDBClusterParameterGroup", "CopyDBClusterParameterGroup", "ModifyDBClusterParameterGroup", "ResetDBClusterParameterGroup", "DeleteDBClusterParameterGroup",
				"RebootDBInstance", "StartDBInstance", "StopDBInstance", "ApplyPendingMaintenanceAction", "CreateDBInstanceReadReplica", "PromoteReadReplica",
				"CreateDBCluster", "ModifyDBCluster", "DeleteDBCluster", "RebootDBCluster", "StartDBCluster", "StopDBCluster", "FailoverDBCluster",
				"AddTagsToResource", "RemoveTagsFromResource",
			},
			auth.RoleAdmin: {"ModifyCertificates"},
		},
		dms.Service: {
			auth.RoleOperator: {
				"ImportCertificate", "DeleteCertificate", "CreateEndpoint", "ModifyEndpoint", "DeleteEndpoint",
				"CreateReplicationInstance", "ModifyReplicationInstance", "DeleteReplicationInstance",
				"TestConnection", "DeleteConnection", "RefreshSchemas", "AddTagsToResource", "RemoveTagsFromResource",
			},
		},
		native.Service: {
			auth.RoleReporter: {"ReportClients", "ConsoleLink"},
			auth.RoleReadOnly: {"ReadStatus", "ReadAudit", "ReadPlan", "ReadConnections", "ReadReports", "ReadLint", "ReadCertificate", "ReadSessions", "ReadForcedTLS"},
			auth.RoleOperator: {"Rotate", "Freeze", "Unfreeze", "WatchEndpoint", "ForceTLS", "ConfirmForcedTLS", "UndoForcedTLS"},
			auth.RoleAdmin:    {"AcceptClock", "ListUsers", "AddUser", "RotateUserKey", "RemoveUser"},
		},
	}
}

func TestEveryActionHasADecisionAndItIsTheOneWrittenHere(t *testing.T) {
	t.Parallel()
	all := map[string][]string{"rds": rds.Actions(), dms.Service: dms.Actions(), native.Service: native.Actions()}
	for service, actions := range all {
		if len(actions) < 8 {
			t.Errorf("%s has only the actions %v", service, actions)
		}
		for _, action := range actions {
			want := ""
			for role, names := range decisions()[service] {
				if slices.Contains(names, action) {
					want = role
				}
			}
			if service != native.Service && (strings.HasPrefix(action, "Describe") || strings.HasPrefix(action, "List")) {
				want = auth.RoleReadOnly
			}
			least, decided := auth.Least(service, action)
			if want == "" || !decided {
				t.Errorf("%s:%s: nobody has decided who may call it; name it in rules.go and here", service, action)
			} else if least != want {
				t.Errorf("%s:%s takes role %s, want %s", service, action, least, want)
			}
			if least == auth.RoleReadOnly && !auth.Reads(action) {
				t.Errorf("%s:%s is for read-only users and changes something", service, action)
			}
		}
	}
}

func TestARoleMayWhatTheRoleBeforeItMayAndNoMore(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		sentence, service, action string
		roles                     []string // that may
	}{
		{"everybody looks", "rds", "DescribeDBInstances", []string{"read-only", "operator", "admin"}},
		{"everybody looks, at what is not built yet too", "rds", "ListTagsForResource", []string{"read-only", "operator", "admin"}},
		{"operators change instances", "rds", "DeleteDBInstance", []string{"operator", "admin"}},
		{"administrators choose the default CA", "rds", "ModifyCertificates", []string{"admin"}},
		{"an action nobody has decided on is shut", "rds", "RebuildEverything", []string{"admin"}},
		{"a prefix is one at the beginning only", "rds", "UnDescribe", []string{"admin"}},
		{"an empty action is shut", "rds", "", []string{"admin"}},
		{"a service nobody has decided on is shut", "ec2", "DescribeInstances", []string{"admin"}},
		{"an action of another service does not count", "dbtls", "CreateDBInstance", []string{"admin"}},
		{"everybody reads the status", "dbtls", "ReadStatus", []string{"read-only", "operator", "admin"}},
		{"operators freeze", "dbtls", "Freeze", []string{"operator", "admin"}},
		{"users are seen by administrators only", "dbtls", "ListUsers", []string{"admin"}},
	} {
		for _, role := range append(auth.Roles(), "", "Admin", "root") {
			want := slices.Contains(c.roles, role)
			if got := auth.Allowed(role, c.service, c.action); got != want {
				t.Errorf("%s: %q may %s:%s is %t", c.sentence, role, c.service, c.action, got)
			}
			err := auth.User{Name: "ann", Role: role}.May(c.service, c.action)
			if (err == nil) != want {
				t.Errorf("%s: %q is told %v", c.sentence, role, err)
			}
			if err != nil && fault.CodeOf(err) != fault.AccessDenied {
				t.Errorf("%s: the code is %s", c.sentence, fault.CodeOf(err))
			}
		}
	}
}

func TestARefusalNamesActionRoleAndWayOut(t *testing.T) {
	t.Parallel()
	got := fault.Public(auth.User{Name: "ann", Role: auth.RoleReadOnly}.May("rds", "CreateDBInstance"))
	want := "User: ann is not authorized to perform: rds:CreateDBInstance with role read-only; it takes role operator, which an administrator gives: dbtls user add NAME --role operator"
	if got != want {
		t.Errorf("%s", got)
	}
}

func TestWhatReadsIsKnownByItsFirstWord(t *testing.T) {
	t.Parallel()
	for action, want := range map[string]bool{
		"DescribeDBInstances": true, "ListTagsForResource": true, "ListUsers": true, "ReadStatus": true, "GetX": true,
		"CreateDBInstance": false, "Rotate": false, "AddUser": false, "": false, "UnDescribe": false,
	} {
		if auth.Reads(action) != want {
			t.Errorf("%q reads is %t", action, !want)
		}
	}
}
