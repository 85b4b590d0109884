package rds

import (
	"slices"
	"strings"

	"github.com/dbtls/dbtls/internal/awswire/query"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/fleet"
)

// describeDBEngineVersions lists the engine versions that instances can be
// created with: those found on this machine, and those that can be simulated.
func describeDBEngineVersions(a *API, c *call) ([]byte, error) {
	want, err := decodeEngineVersions(c)
	if err != nil {
		return nil, err
	}
	page, err := query.ParsePage(c.p)
	if err != nil {
		return nil, err
	}
	if err := c.known(); err != nil {
		return nil, err
	}
	if want.engine != "" && !a.Fleet.HasEngine(want.engine) {
		return nil, fault.New(fault.InvalidParameter, "Unrecognized engine name: %s", want.engine)
	}
	var found []fleet.EngineVersion
	for _, v := range a.Fleet.EngineVersions() {
		if want.matches(v) {
			found = append(found, v)
		}
	}
	slices.SortFunc(found, func(x, y fleet.EngineVersion) int { return strings.Compare(versionKey(x), versionKey(y)) })
	part, marker := query.Paginate(found, page, versionKey)
	x := c.reply("DescribeDBEngineVersions")
	x.List("DBEngineVersions", "DBEngineVersion", len(part), func(n int) { writeEngineVersion(x, part[n]) })
	x.OptText("Marker", marker)
	return x.Finish(), nil
}

func versionKey(v fleet.EngineVersion) string { return v.Engine + " " + v.Version }

// engineVersionQuery is what the request selects by; empty matches all.
type engineVersionQuery struct {
	engine, version, family string
	defaultOnly             bool
	filters                 map[string][]string
}

func decodeEngineVersions(c *call) (q engineVersionQuery, err error) {
	q.engine, _ = c.p.String("Engine")
	q.version, _ = c.p.String("EngineVersion")
	q.family, _ = c.p.String("DBParameterGroupFamily")
	if q.defaultOnly, _, err = c.p.Bool("DefaultOnly"); err != nil {
		return q, err
	}
	// All versions here are available ones, and none has character sets or
	// time zones to list: these ask for nothing more.
	for _, name := range []string{"IncludeAll", "ListSupportedCharacterSets", "ListSupportedTimezones"} {
		if _, _, err = c.p.Bool(name); err != nil {
			return q, err
		}
	}
	q.filters, err = query.Filters(c.p, "db-parameter-group-family", "engine", "engine-mode", "engine-version", "status")
	return q, err
}

func (q engineVersionQuery) matches(v fleet.EngineVersion) bool {
	return (q.engine == "" || q.engine == v.Engine) &&
		(q.version == "" || q.version == v.Version || strings.HasPrefix(v.Version, q.version+".")) &&
		(q.family == "" || q.family == v.Family) &&
		(!q.defaultOnly || v.Default) &&
		passes(q.filters, "engine", v.Engine) &&
		passes(q.filters, "engine-version", v.Version) &&
		passes(q.filters, "db-parameter-group-family", v.Family) &&
		passes(q.filters, "engine-mode", "provisioned") &&
		passes(q.filters, "status", "available")
}

// passes reports whether a filter, if it is given, has the value.
func passes(filters map[string][]string, name, value string) bool {
	values, given := filters[name]
	return !given || slices.Contains(values, value)
}

func writeEngineVersion(x *query.XML, v fleet.EngineVersion) {
	x.Text("Engine", v.Engine)
	x.Text("MajorEngineVersion", v.Major)
	x.Text("EngineVersion", v.Version)
	x.Text("DBParameterGroupFamily", v.Family)
	x.Text("DBEngineDescription", v.Description)
	x.Text("DBEngineVersionDescription", v.Description+" "+v.Version)
	x.List("ValidUpgradeTarget", "UpgradeTarget", 0, nil)
	x.Bool("SupportsLogExportsToCloudwatchLogs", false)
	x.Bool("SupportsReadReplica", false) // CreateDBInstanceReadReplica is not built; clusters have readers
	x.List("SupportedFeatureNames", "member", 0, nil)
	x.Text("Status", "available")
	x.Bool("SupportsParallelQuery", false)
	x.Bool("SupportsGlobalDatabases", false)
	x.Bool("SupportsBabelfish", false)
	x.Bool("SupportsCertificateRotationWithoutRestart", v.HotReload)
	x.TextList("SupportedCACertificateIdentifiers", "member", v.CAs)
}
