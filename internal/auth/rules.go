package auth

import (
	"slices"
	"strings"

	"github.com/dbtls/dbtls/internal/fault"
)

// The roles. Each may do what the one before it may.
const (
	RoleReporter = "reporter"  // tells what a client's host is configured to do, and reads nothing
	RoleReadOnly = "read-only" // looks at everything but secrets and users
	RoleOperator = "operator"  // changes databases and their certificates
	RoleAdmin    = "admin"     // decides who may call and what counts for all
)

// Roles lists the roles, the least first.
func Roles() []string { return []string{RoleReporter, RoleReadOnly, RoleOperator, RoleAdmin} }

// rank orders roles; one that nobody knows is below all.
func rank(role string) int { return slices.Index(Roles(), role) }

// rule says who may call some actions. A name that ends in * stands for every
// action that begins so.
type rule struct {
	least   string
	actions []string
}

// rules are all of who may call what, by the service that requests are signed
// for. An action that no rule names is for administrators: a new one is shut
// until somebody decides.
var rules = map[string][]rule{
	"rds": {
		{RoleReadOnly, []string{"Describe*", "List*", "Get*"}},
		{RoleOperator, []string{
			"CreateDBInstance", "ModifyDBInstance", "DeleteDBInstance",
			"RebootDBInstance", "StartDBInstance", "StopDBInstance", "ApplyPendingMaintenanceAction",
			"CreateDBInstanceReadReplica", "PromoteReadReplica",
			"CreateDBCluster", "ModifyDBCluster", "DeleteDBCluster",
			"RebootDBCluster", "StartDBCluster", "StopDBCluster", "FailoverDBCluster",
			"CreateDBParameterGroup", "CopyDBParameterGroup", "ModifyDBParameterGroup",
			"ResetDBParameterGroup", "DeleteDBParameterGroup",
			"CreateDBClusterParameterGroup", "CopyDBClusterParameterGroup", "ModifyDBClusterParameterGroup",
			"ResetDBClusterParameterGroup", "DeleteDBClusterParameterGroup",
			"AddTagsToResource", "RemoveTagsFromResource",
		}},
		// The default CA is policy: it decides for every instance to come, and
		// with it what all clients have to trust.
		{RoleAdmin, []string{"ModifyCertificates"}},
	},
	"dms": {
		{RoleReadOnly, []string{"Describe*", "List*"}},
		{RoleOperator, []string{
			"ImportCertificate", "DeleteCertificate", "CreateEndpoint", "ModifyEndpoint", "DeleteEndpoint",
			"CreateReplicationInstance", "ModifyReplicationInstance", "DeleteReplicationInstance",
			"TestConnection", "DeleteConnection", "RefreshSchemas", "AddTagsToResource", "RemoveTagsFromResource",
		}},
	},
	"dbtls": {
		// The role whose key lies on application hosts can do this alone.
		{RoleReporter, []string{"ReportClients", "ConsoleLink"}},
		{RoleReadOnly, []string{"ReadStatus", "ReadAudit", "ReadPlan", "ReadMetrics", "ReadConnections", "ReadReports", "ReadLint", "ReadCertificate", "ReadSessions", "ReadForcedTLS"}},
		{RoleOperator, []string{"Rotate", "Freeze", "Unfreeze", "WatchEndpoint", "ForceTLS", "ConfirmForcedTLS", "UndoForcedTLS"}},
		// Accepting the clock makes the server trust a time that it found
		// wrong: every lifetime depends on it.
		{RoleAdmin, []string{"AcceptClock", "ListUsers", "AddUser", "RotateUserKey", "RemoveUser"}},
	},
}

// Least is the least role that may call an action. decided is false for an
// action that no rule names; it is for administrators.
func Least(service, action string) (role string, decided bool) {
	for _, r := range rules[service] {
		for _, name := range r.actions {
			prefix, all := strings.CutSuffix(name, "*")
			if name == action || all && strings.HasPrefix(action, prefix) {
				return r.least, true
			}
		}
	}
	return RoleAdmin, false
}

// Allowed reports whether a role may call an action of a service.
func Allowed(role, service, action string) bool {
	least, _ := Least(service, action)
	return rank(role) >= rank(least)
}

// Reads reports whether an action changes nothing, by its first word. Such
// calls are kept for a time, others stay in the audit log for good.
func Reads(action string) bool {
	for _, verb := range []string{"Describe", "List", "Get", "Read"} {
		if strings.HasPrefix(action, verb) {
			return true
		}
	}
	return false
}

// May refuses what the user's role does not allow, with AccessDenied.
func (u User) May(service, action string) error {
	if Allowed(u.Role, service, action) {
		return nil
	}
	least, _ := Least(service, action)
	return fault.New(fault.AccessDenied, "User: %s is not authorized to perform: %s:%s with role %s; it takes role %s, which an administrator gives: dbtls user add NAME --role %s",
		u.Name, service, action, u.Role, least, least)
}
