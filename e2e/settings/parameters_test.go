package settings_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/dbtls/dbtls/e2e/harness"
)

// family is a parameter group family as the API lists it.
type family struct {
	Engine, Name      string
	Versions          []string // oldest first
	Clustered         bool
	Instance, Cluster []types.Parameter // what each kind of group has
}

// families asks for every engine version there is, and for the parameters of
// its family.
func families(t *testing.T, api *rds.Client) []family {
	t.Helper()
	byName := map[string]*family{}
	var order []string
	pages := rds.NewDescribeDBEngineVersionsPaginator(api, &rds.DescribeDBEngineVersionsInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range page.DBEngineVersions {
			name := aws.ToString(v.DBParameterGroupFamily)
			if byName[name] == nil {
				byName[name] = &family{Engine: aws.ToString(v.Engine), Name: name, Clustered: strings.HasPrefix(aws.ToString(v.Engine), "aurora-")}
				order = append(order, name)
			}
			byName[name].Versions = append(byName[name].Versions, aws.ToString(v.EngineVersion))
		}
	}
	var all []family
	for _, name := range order {
		f := byName[name]
		pages := rds.NewDescribeEngineDefaultParametersPaginator(api, &rds.DescribeEngineDefaultParametersInput{DBParameterGroupFamily: &f.Name})
		for pages.HasMorePages() {
			page, err := pages.NextPage(t.Context())
			if err != nil {
				t.Fatalf("parameters of %s: %v", f.Name, err)
			}
			f.Instance = append(f.Instance, page.EngineDefaults.Parameters...)
		}
		out, err := api.DescribeEngineDefaultClusterParameters(t.Context(), &rds.DescribeEngineDefaultClusterParametersInput{DBParameterGroupFamily: &f.Name})
		if err != nil {
			t.Fatalf("cluster parameters of %s: %v", f.Name, err)
		}
		f.Cluster = out.EngineDefaults.Parameters
		all = append(all, *f)
	}
	return all
}

// TestEveryParameterHasItsEffect takes the API at its word: what it lists as
// modifiable must change what a client sees, what it lists as not modifiable
// must be refused with the reason.
func TestEveryParameterHasItsEffect(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.Data(t))
	api := s.RDS(t, "")
	all := families(t, api)
	if len(all) < 40 {
		t.Errorf("only %d families: %v", len(all), all)
	}
	used := map[string]map[string]bool{}
	for _, f := range all {
		if used[f.Engine] == nil {
			used[f.Engine] = map[string]bool{}
		}
		for _, p := range slices.Concat(f.Instance, f.Cluster) {
			name := aws.ToString(p.ParameterName)
			e, ok := effects[f.Engine][name]
			switch {
			case !aws.ToBool(p.IsModifiable):
				continue
			case !ok:
				t.Errorf("%s: nothing tests the effect of %s, which the API lists as modifiable", f.Name, name)
			case e.distinct() != nil:
				t.Errorf("%s: the test of %s cannot fail: %v", f.Name, name, e.distinct())
			}
			used[f.Engine][name] = true
		}
	}
	for engine, params := range effects {
		for name := range params {
			if !used[engine][name] {
				t.Errorf("%s: there is a test of %s, which no family lists as modifiable", engine, name)
			}
		}
	}
	t.Run("simulated", func(t *testing.T) {
		for _, f := range all {
			t.Run(f.Name, func(t *testing.T) {
				t.Parallel()
				refusesLocked(t, api, f)
				if len(effects[f.Engine]) > 0 {
					f.instance(t, s).show(t, f)
				}
			})
		}
	})
}

// name turns a family into an identifier.
func (f family) name() string { return "x-" + strings.ReplaceAll(f.Name, ".", "-") }

// simulated is the newest version of the family that can be simulated, "" when
// none can: those found on this machine cannot. A request that is refused for
// something else says which.
func (f family) simulated(t *testing.T, api *rds.Client) string {
	for _, v := range slices.Backward(f.Versions) {
		_, err := api.CreateDBInstance(t.Context(), &rds.CreateDBInstanceInput{DBInstanceIdentifier: aws.String("try"), DBInstanceClass: aws.String("db.simulated"),
			Engine: &f.Engine, EngineVersion: &v, MasterUsername: aws.String("admin1"), MasterUserPassword: aws.String("short")})
		if err == nil || !strings.Contains(err.Error(), "Cannot find version") {
			return v
		}
	}
	return ""
}

// instance makes a simulated instance, in a cluster where the engine lives in
// clusters only, with groups of its own.
func (f family) instance(t *testing.T, s *harness.Server) *database {
	t.Helper()
	group := f.name()
	version := f.simulated(t, s.RDS(t, ""))
	if version == "" {
		t.Skipf("%s is found on this machine only: TestRealServers has it", f.Name)
	}
	createGroups(t, s.RDS(t, ""), f, group)
	cluster := ""
	if f.Clustered {
		_, err := s.RDS(t, "").CreateDBCluster(t.Context(), &rds.CreateDBClusterInput{DBClusterIdentifier: &group, Engine: &f.Engine, EngineVersion: &version,
			DBClusterParameterGroupName: &group, MasterUsername: aws.String("admin1"), MasterUserPassword: aws.String("correct-horse-99")})
		if err != nil {
			t.Fatalf("create cluster of %s: %v", f.Engine, err)
		}
		cluster = group
	}
	d := simulated(t, s, f.name(), f.Engine, version, func(in *rds.CreateDBInstanceInput) {
		in.DBParameterGroupName = &group
		if cluster != "" {
			in.DBClusterIdentifier, in.MasterUsername, in.MasterUserPassword = &cluster, nil, nil
		}
	})
	d.Group = group
	return d
}

func createGroups(t *testing.T, api *rds.Client, f family, name string) {
	t.Helper()
	_, err := api.CreateDBParameterGroup(t.Context(), &rds.CreateDBParameterGroupInput{DBParameterGroupName: &name, DBParameterGroupFamily: &f.Name, Description: aws.String("for tests")})
	if err == nil {
		_, err = api.CreateDBClusterParameterGroup(t.Context(), &rds.CreateDBClusterParameterGroupInput{DBClusterParameterGroupName: &name, DBParameterGroupFamily: &f.Name, Description: aws.String("for tests")})
	}
	if err != nil {
		t.Fatalf("create groups of %s: %v", f.Name, err)
	}
}

// refusesLocked: groups of both kinds refuse what is not modifiable.
func refusesLocked(t *testing.T, api *rds.Client, f family) {
	name := f.name() + "-locked"
	createGroups(t, api, f, name)
	change := func(p types.Parameter) []types.Parameter {
		return []types.Parameter{{ParameterName: p.ParameterName, ParameterValue: aws.String("1"), ApplyMethod: types.ApplyMethodPendingReboot}}
	}
	check := func(kind string, p types.Parameter, err error) {
		begin := "The parameter " + aws.ToString(p.ParameterName) + " cannot be modified: "
		wantFault(t, f.Name+", "+kind+" group", err, "InvalidParameterValue", begin)
		if _, reason, _ := strings.Cut(fmt.Sprint(err), begin); len(strings.Fields(reason)) < 4 {
			t.Errorf("%s: the reason why %s is not modifiable is %q", f.Name, aws.ToString(p.ParameterName), reason)
		}
	}
	for _, p := range f.Instance {
		if !aws.ToBool(p.IsModifiable) {
			_, err := api.ModifyDBParameterGroup(t.Context(), &rds.ModifyDBParameterGroupInput{DBParameterGroupName: &name, Parameters: change(p)})
			check("DB", p, err)
		}
	}
	for _, p := range f.Cluster {
		if !aws.ToBool(p.IsModifiable) {
			_, err := api.ModifyDBClusterParameterGroup(t.Context(), &rds.ModifyDBClusterParameterGroupInput{DBClusterParameterGroupName: &name, Parameters: change(p)})
			check("DB cluster", p, err)
		}
	}
}

// show sees the effect of each parameter of the family on the instance.
func (d *database) show(t *testing.T, f family) {
	t.Helper()
	rows := map[string]types.Parameter{}
	atCluster := map[string]bool{}
	for _, p := range f.Instance {
		rows[aws.ToString(p.ParameterName)] = p
	}
	if f.Clustered {
		for _, p := range f.Cluster {
			rows[aws.ToString(p.ParameterName)], atCluster[aws.ToString(p.ParameterName)] = p, true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		p, e := rows[name], effects[f.Engine][name]
		if !aws.ToBool(p.IsModifiable) || (e.needsData && !d.Real) || e.seen == nil {
			continue
		}
		for _, value := range e.then {
			values := map[string]string{name: value[0]}
			maps.Copy(values, e.given)
			d.set(t, atCluster[name], p.ApplyType, values)
			if got, err := e.seen(t, d); err != nil || got != value[1] {
				t.Errorf("%s %s with %s=%s: a client sees %q, %v, want %q", d.Engine, d.Version, name, value[0], got, err, value[1])
			}
		}
		d.reset(t, atCluster[name], name, p, e.given)
	}
}

// set changes parameters in the instance's group, or its cluster's, and has
// them take effect: at once, or by a reboot.
func (d *database) set(t *testing.T, cluster bool, applyType *string, values map[string]string) {
	t.Helper()
	method := types.ApplyMethodImmediate
	if aws.ToString(applyType) == "static" {
		method = types.ApplyMethodPendingReboot
	}
	var changes []types.Parameter
	for name, value := range values {
		changes = append(changes, types.Parameter{ParameterName: &name, ParameterValue: &value, ApplyMethod: method})
	}
	var err error
	if cluster {
		_, err = d.api.ModifyDBClusterParameterGroup(t.Context(), &rds.ModifyDBClusterParameterGroupInput{DBClusterParameterGroupName: &d.Group, Parameters: changes})
	} else {
		_, err = d.api.ModifyDBParameterGroup(t.Context(), &rds.ModifyDBParameterGroupInput{DBParameterGroupName: &d.Group, Parameters: changes})
	}
	if err != nil {
		t.Fatalf("set %v of %s: %v", values, d.Family, err)
	}
	row := d.await(t, "told", func(row types.DBInstance) bool { return apply(row) != "applying" })
	if apply(row) == pendingReboot {
		if method == types.ApplyMethodImmediate {
			t.Errorf("%s waits for a reboot with %v, which are dynamic", d.Name, values)
		}
		d.reboot(t)
	}
	d.await(t, "in sync", settled)
}

// reset puts parameters back, for the next one to be seen alone.
func (d *database) reset(t *testing.T, cluster bool, name string, p types.Parameter, given map[string]string) {
	t.Helper()
	method := types.ApplyMethodImmediate
	if aws.ToString(p.ApplyType) == "static" {
		method = types.ApplyMethodPendingReboot // by the next reboot, which is the next parameter's
	}
	changes := []types.Parameter{{ParameterName: &name, ApplyMethod: method}}
	for other := range given {
		changes = append(changes, types.Parameter{ParameterName: &other, ApplyMethod: method})
	}
	var err error
	if cluster {
		_, err = d.api.ResetDBClusterParameterGroup(t.Context(), &rds.ResetDBClusterParameterGroupInput{DBClusterParameterGroupName: &d.Group, Parameters: changes, ResetAllParameters: aws.Bool(false)})
	} else {
		_, err = d.api.ResetDBParameterGroup(t.Context(), &rds.ResetDBParameterGroupInput{DBParameterGroupName: &d.Group, Parameters: changes, ResetAllParameters: aws.Bool(false)})
	}
	if err != nil {
		t.Fatalf("reset %s of %s: %v", name, d.Family, err)
	}
}
