package rds_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dbtls/dbtls/internal/api/rds"
	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/params"
	"github.com/dbtls/dbtls/internal/store"
)

// catalogue has a parameter of each sort and enough others for three pages.
func catalogue(string) []engine.Parameter {
	all := []engine.Parameter{
		{Name: "ciphers", ApplyType: engine.Dynamic, DataType: "string"},
		{Name: "fixed", Description: "Cannot change", Default: "on", ApplyType: engine.Static, DataType: "boolean", Allowed: []string{"off", "on"}, Locked: "dbtls keeps it"},
		{Name: "force", Description: "Force <TLS>", Default: "0", ApplyType: engine.Static, DataType: "boolean", Allowed: []string{"0", "1"}, Cluster: true},
		{Name: "level", Default: "1", ApplyType: engine.Dynamic, DataType: "integer", Allowed: []string{"1-9"}, MinVersion: "15.3"},
	}
	for n := range 40 {
		all = append(all, engine.Parameter{Name: fmt.Sprintf("more%02d", n), ApplyType: engine.Dynamic, DataType: "string"})
	}
	return all
}

// groupWorld is the API with nothing but parameter groups behind it.
func groupWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t}
	var err error
	w.store, err = store.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	w.must(err)
	t.Cleanup(func() { w.store.Close() })
	make := func(name string, clustered bool) engine.Engine {
		major := func(v string) string { m, _, _ := strings.Cut(v, "."); return m }
		return engine.Engine{Spec: engine.Spec{Names: []string{name}, Clustered: clustered, Major: major, Versions: []string{"15.4"},
			Family: func(v string) string { return name + major(v) }, Parameters: catalogue}}
	}
	groups := &params.Service{Account: account, Store: w.store, Engines: []engine.Engine{make("plain", false), make("shared", true)}, Wake: func() { w.woken++ }}
	api := &rds.API{Account: account, Params: groups, Store: w.store, Log: slog.New(slog.DiscardHandler)}
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		api.Serve(rw, r, body, rds.Caller{User: "admin", Region: region, RequestID: "request-1"})
	}))
	t.Cleanup(srv.Close)
	w.url = srv.URL
	return w
}

// kinds are the two families of actions: the same ones under other words.
func kinds() map[string]inventory.GroupKind {
	return map[string]inventory.GroupKind{"DB": inventory.GroupInstance, "DBCluster": inventory.GroupCluster}
}

// made makes a group and returns its name parameter.
func (w *world) made(prefix, name, family string) []string {
	w.t.Helper()
	w.ok("Create"+prefix+"ParameterGroup", prefix+"ParameterGroupName", name, "DBParameterGroupFamily", family, "Description", "for tests")
	return []string{prefix + "ParameterGroupName", name}
}

// one is the parameters of a request that changes one parameter of a group.
func one(group []string, name, value, method string) []string {
	return slices.Concat(group, []string{"Parameters.Parameter.1.ParameterName", name, "Parameters.Parameter.1.ParameterValue", value, "Parameters.Parameter.1.ApplyMethod", method})
}

func TestTheLifeOfAParameterGroup(t *testing.T) {
	t.Parallel()
	for prefix, kind := range kinds() {
		t.Run(prefix, func(t *testing.T) {
			t.Parallel()
			w := groupWorld(t)
			noun := prefix + "ParameterGroup"
			r := w.ok("Create"+noun, noun+"Name", "Web", "DBParameterGroupFamily", "plain15", "Description", "of <us>", "Tags.Tag.1.Key", "team", "Tags.Tag.1.Value", "web")
			for name, want := range map[string]string{noun + "Name": "web", "DBParameterGroupFamily": "plain15", "Description": "of <us>",
				noun + "Arn": "arn:aws:rds:us-east-1:123456789012:" + string(kind) + ":web"} {
				if got := r.one(name); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
			group := []string{noun + "Name", "WEB"}
			if got := w.ok("Modify"+noun, one(group, "level", "7", "immediate")...).one(noun + "Name"); got != "web" {
				t.Errorf("modified %q", got)
			}
			if got := w.ok("Describe"+prefix+"Parameters", append(group, "Source", "user")...).all("ParameterName"); !slices.Equal(got, []string{"level"}) {
				t.Errorf("set are %q", got)
			}
			r = w.ok("Copy"+noun, "Source"+noun+"Identifier", r.one(noun+"Arn"), "Target"+noun+"Identifier", "web2", "Target"+noun+"Description", "twin")
			if r.one(noun+"Name") != "web2" || r.one("Description") != "twin" {
				t.Errorf("the copy is %s", r.text)
			}
			if got := w.ok("Describe" + noun + "s").all(noun + "Name"); !slices.Equal(got, []string{"default.plain15", "default.shared15", "web", "web2"}) {
				t.Errorf("there are %q", got)
			}
			if got := w.ok("Reset"+noun, append(group, "ResetAllParameters", "true")...).one(noun + "Name"); got != "web" {
				t.Errorf("reset %q", got)
			}
			if got := w.ok("Describe"+prefix+"Parameters", append(group, "Source", "user")...).all("ParameterName"); len(got) != 0 {
				t.Errorf("set are %q", got)
			}
			if r := w.ok("Delete"+noun, group...); strings.Contains(r.text, "Result>") {
				t.Errorf("a deletion has output: %s", r.text)
			}
			w.refused(404, "DBParameterGroupNotFound", noun+" not found: web", "Describe"+noun+"s", group...)
			if got := w.ok("Describe"+noun+"s", noun+"Name", "web2").all(noun + "Name"); !slices.Equal(got, []string{"web2"}) {
				t.Errorf("found %q", got)
			}
			stored, err := w.store.Read(t.Context()).Group(kind, region, "web2")
			if err != nil || stored.Settings["level"].Value != "7" {
				t.Errorf("the copy is kept as %+v, %v", stored, err)
			}
		})
	}
}

func TestABadRequestOnAParameterGroupIsRefused(t *testing.T) {
	t.Parallel()
	for prefix := range kinds() {
		t.Run(prefix, func(t *testing.T) {
			t.Parallel()
			w := groupWorld(t)
			noun := prefix + "ParameterGroup"
			web := w.made(prefix, "web", "plain15")
			none, byDefault := []string{noun + "Name", "none"}, []string{noun + "Name", "default.plain15"}
			create := func(name, family, description string) []string {
				return []string{noun + "Name", name, "DBParameterGroupFamily", family, "Description", description}
			}
			copyOf := func(source, target, description string) []string {
				return []string{"Source" + noun + "Identifier", source, "Target" + noun + "Identifier", target, "Target" + noun + "Description", description}
			}
			for sentence, c := range map[string]struct {
				status             int
				code, says, action string
				params             []string
			}{
				"create: no name":                   {400, "MissingParameter", noun + "Name", "Create" + noun, create("", "plain15", "d")},
				"create: no family":                 {400, "MissingParameter", "DBParameterGroupFamily", "Create" + noun, create("x", "", "d")},
				"create: no description":            {400, "MissingParameter", "Description", "Create" + noun, create("x", "plain15", "")},
				"create: a bad name":                {400, "InvalidParameterValue", noun + "Name", "Create" + noun, create("default.x", "plain15", "d")},
				"create: an unknown family":         {400, "InvalidParameterValue", "plain9 is not a valid", "Create" + noun, create("x", "plain9", "d")},
				"create: it is there":               {400, "DBParameterGroupAlreadyExists", "web already exists", "Create" + noun, create("WEB", "plain15", "d")},
				"create: a tag twice":               {400, "InvalidParameterValue", "twice", "Create" + noun, append(create("x", "plain15", "d"), "Tags.Tag.1.Key", "a", "Tags.Tag.2.Key", "a")},
				"create: a parameter not built":     {400, "InvalidParameterValue", "Color", "Create" + noun, append(create("x", "plain15", "d"), "Color", "red")},
				"copy: no source":                   {400, "MissingParameter", "Source" + noun, "Copy" + noun, copyOf("", "x", "d")},
				"copy: no target":                   {400, "MissingParameter", "Target" + noun, "Copy" + noun, copyOf("web", "", "d")},
				"copy: no description":              {400, "MissingParameter", "Description", "Copy" + noun, copyOf("web", "x", "")},
				"copy: no such source":              {404, "DBParameterGroupNotFound", "none", "Copy" + noun, copyOf("none", "x", "d")},
				"copy: a default group":             {400, "InvalidParameterValue", "cannot be copied", "Copy" + noun, copyOf("default.plain15", "x", "d")},
				"copy: the target is there":         {400, "DBParameterGroupAlreadyExists", "web", "Copy" + noun, copyOf("web", "web", "d")},
				"copy: a parameter not built":       {400, "InvalidParameterValue", "Color", "Copy" + noun, append(copyOf("web", "x", "d"), "Color", "red")},
				"modify: no group":                  {400, "MissingParameter", noun + "Name", "Modify" + noun, one(nil, "level", "2", "immediate")},
				"modify: no such group":             {404, "DBParameterGroupNotFound", "none", "Modify" + noun, one(none, "level", "2", "immediate")},
				"modify: a default group":           {400, "InvalidParameterValue", "The parameter group default.plain15 cannot be modified", "Modify" + noun, one(byDefault, "level", "2", "immediate")},
				"modify: no parameters":             {400, "MissingParameter", "Parameters", "Modify" + noun, web},
				"modify: no name":                   {400, "MissingParameter", "Parameters.Parameter.1.ParameterName", "Modify" + noun, append(web, "Parameters.Parameter.1.ParameterValue", "1", "Parameters.Parameter.1.ApplyMethod", "immediate")},
				"modify: no value":                  {400, "MissingParameter", "Parameters.Parameter.1.ParameterValue", "Modify" + noun, append(web, "Parameters.Parameter.1.ParameterName", "level", "Parameters.Parameter.1.ApplyMethod", "immediate")},
				"modify: no method":                 {400, "MissingParameter", "Parameters.Parameter.1.ApplyMethod", "Modify" + noun, append(web, "Parameters.Parameter.1.ParameterName", "level", "Parameters.Parameter.1.ParameterValue", "2")},
				"modify: a static one at once":      {400, "InvalidParameterCombination", "cannot use immediate apply method for static parameter", "Modify" + noun, one(web, "force", "1", "immediate")},
				"modify: an unknown one":            {400, "InvalidParameterValue", "Could not find parameter with name: forse", "Modify" + noun, one(web, "forse", "1", "immediate")},
				"modify: a locked one":              {400, "InvalidParameterValue", "dbtls keeps it", "Modify" + noun, one(web, "fixed", "off", "pending-reboot")},
				"modify: a bad value":               {400, "InvalidParameterValue", "allowed: 1-9", "Modify" + noun, one(web, "level", "10", "immediate")},
				"modify: an unknown method":         {400, "InvalidParameterValue", "pending-reboot", "Modify" + noun, one(web, "level", "2", "later")},
				"modify: a member that is not read": {400, "InvalidParameterValue", "Parameters.Parameter.1.Source", "Modify" + noun, append(one(web, "level", "2", "immediate"), "Parameters.Parameter.1.Source", "user")},
				"reset: no such group":              {404, "DBParameterGroupNotFound", "none", "Reset" + noun, none},
				"reset: a default group":            {400, "InvalidParameterValue", "cannot be modified", "Reset" + noun, byDefault},
				"reset: all and some":               {400, "InvalidParameterCombination", "ResetAllParameters", "Reset" + noun, append(web, "ResetAllParameters", "true", "Parameters.Parameter.1.ParameterName", "level", "Parameters.Parameter.1.ApplyMethod", "immediate")},
				"reset: neither all nor some":       {400, "InvalidParameterCombination", "ResetAllParameters", "Reset" + noun, append(web, "ResetAllParameters", "false")},
				"reset: with a value":               {400, "InvalidParameterValue", "ParameterValue", "Reset" + noun, one(web, "level", "2", "immediate")},
				"reset: a static one at once":       {400, "InvalidParameterCombination", "static parameter", "Reset" + noun, append(web, "Parameters.Parameter.1.ParameterName", "force", "Parameters.Parameter.1.ApplyMethod", "immediate")},
				"reset: neither true nor false":     {400, "InvalidParameterValue", "ResetAllParameters", "Reset" + noun, append(web, "ResetAllParameters", "yes")},
				"delete: no such group":             {404, "DBParameterGroupNotFound", "none", "Delete" + noun, none},
				"delete: a default group":           {400, "InvalidDBParameterGroupState", "default.plain15", "Delete" + noun, byDefault},
				"delete: a parameter not built":     {400, "InvalidParameterValue", "Color", "Delete" + noun, append(web, "Color", "red")},
				"groups: no such group":             {404, "DBParameterGroupNotFound", "none", "Describe" + noun + "s", none},
				"groups: a filter":                  {400, "InvalidParameterValue", "Unrecognized filter name", "Describe" + noun + "s", filter("family", "x")},
				"groups: a small page":              {400, "InvalidParameterValue", "MaxRecords", "Describe" + noun + "s", []string{"MaxRecords", "19"}},
				"parameters: no group":              {400, "MissingParameter", noun + "Name", "Describe" + prefix + "Parameters", nil},
				"parameters: no such group":         {404, "DBParameterGroupNotFound", "none", "Describe" + prefix + "Parameters", none},
				"parameters: an unknown source":     {400, "InvalidParameterValue", "engine-default", "Describe" + prefix + "Parameters", append(web, "Source", "me")},
				"parameters: an unknown filter":     {400, "InvalidParameterValue", "Unrecognized filter name", "Describe" + prefix + "Parameters", append(web, filter("name", "x")...)},
				"parameters: a guessed marker":      {400, "InvalidParameterValue", "marker", "Describe" + prefix + "Parameters", append(web, "Marker", "guess")},
			} {
				t.Run(sentence, func(t *testing.T) { w.refused(c.status, c.code, c.says, c.action, c.params...) })
			}
			g, err := w.store.Read(t.Context()).Group(kinds()[prefix], region, "web")
			if all, err2 := w.store.Read(t.Context()).Groups(kinds()[prefix], region); err != nil || err2 != nil || len(all) != 1 || g.Version != 1 {
				t.Errorf("refused, and there are %v (%v, %v)", all, err, err2)
			}
			if w.woken != 0 {
				t.Errorf("woken %d times", w.woken)
			}
		})
	}
	w := groupWorld(t)
	for action, filters := range map[string][]string{"DescribeEngineDefaultParameters": filter("name", "x"), "DescribeEngineDefaultClusterParameters": filter("parameter-name", "force")} {
		w.refused(400, "MissingParameter", "DBParameterGroupFamily", action)
		w.refused(400, "InvalidParameterValue", "plain9", action, "DBParameterGroupFamily", "plain9")
		w.refused(400, "InvalidParameterValue", "Unrecognized filter name", action, append(filters, "DBParameterGroupFamily", "plain15")...)
		w.refused(400, "InvalidParameterValue", "Color", action, "DBParameterGroupFamily", "plain15", "Color", "red")
	}
}

func TestAGroupInUseIsNotDeleted(t *testing.T) {
	t.Parallel()
	w := groupWorld(t)
	web := w.made("DB", "web", "plain15")
	w.must(w.store.Write(t.Context(), func(tx *store.Tx) error {
		return tx.InsertInstance(inventory.Instance{ResourceID: "db-1", Region: region, Name: "shop", Engine: "plain", Version: "15.4", Group: "web"})
	}))
	w.refused(400, "InvalidDBParameterGroupState", "still members of this parameter group web", "DeleteDBParameterGroup", web...)
}

func TestParametersAreShownAsAWSShowsThem(t *testing.T) {
	t.Parallel()
	w := groupWorld(t)
	web, all := w.made("DB", "web", "plain15"), w.made("DBCluster", "all", "shared15")
	w.ok("ModifyDBParameterGroup", one(web, "ciphers", "", "immediate")...)
	w.ok("ModifyDBClusterParameterGroup", one(all, "force", "true", "pending-reboot")...)
	for sentence, c := range map[string]struct {
		action string
		params []string
		want   string // all that is in the list
	}{
		"one that is left to the engine but was set": {"DescribeDBParameters", append(filter("parameter-name", "ciphers"), web...),
			`<Parameter><ParameterName>ciphers</ParameterName><ParameterValue></ParameterValue><Source>user</Source><ApplyType>dynamic</ApplyType><DataType>string</DataType><IsModifiable>true</IsModifiable><ApplyMethod>immediate</ApplyMethod></Parameter>`},
		"one that is left to the engine": {"DescribeDBParameters", append(filter("parameter-name", "more07", "none"), web...),
			`<Parameter><ParameterName>more07</ParameterName><Source>engine-default</Source><ApplyType>dynamic</ApplyType><DataType>string</DataType><IsModifiable>true</IsModifiable><ApplyMethod>pending-reboot</ApplyMethod></Parameter>`},
		"a locked one": {"DescribeDBParameters", append(filter("parameter-name", "fixed"), web...),
			`<Parameter><ParameterName>fixed</ParameterName><ParameterValue>on</ParameterValue><Description>Cannot change</Description><Source>system</Source><ApplyType>static</ApplyType><DataType>boolean</DataType><AllowedValues>off,on</AllowedValues><IsModifiable>false</IsModifiable><ApplyMethod>pending-reboot</ApplyMethod></Parameter>`},
		"a cluster's": {"DescribeDBClusterParameters", all,
			`<Parameter><ParameterName>force</ParameterName><ParameterValue>1</ParameterValue><Description>Force &lt;TLS&gt;</Description><Source>user</Source><ApplyType>static</ApplyType><DataType>boolean</DataType><AllowedValues>0,1</AllowedValues><IsModifiable>true</IsModifiable><SupportedEngineModes><member>provisioned</member></SupportedEngineModes><ApplyMethod>pending-reboot</ApplyMethod></Parameter>`},
		"a family's": {"DescribeEngineDefaultParameters", append(filter("parameter-name", "level"), "DBParameterGroupFamily", "plain15"),
			`<Parameter><ParameterName>level</ParameterName><ParameterValue>1</ParameterValue><Source>system</Source><ApplyType>dynamic</ApplyType><DataType>integer</DataType><AllowedValues>1-9</AllowedValues><IsModifiable>true</IsModifiable><MinimumEngineVersion>15.3</MinimumEngineVersion></Parameter>`},
		"a family's, for clusters": {"DescribeEngineDefaultClusterParameters", []string{"DBParameterGroupFamily", "shared15"},
			`<Parameter><ParameterName>force</ParameterName><ParameterValue>0</ParameterValue><Description>Force &lt;TLS&gt;</Description><Source>system</Source><ApplyType>static</ApplyType><DataType>boolean</DataType><AllowedValues>0,1</AllowedValues><IsModifiable>true</IsModifiable><SupportedEngineModes><member>provisioned</member></SupportedEngineModes></Parameter>`},
	} {
		if got := w.ok(c.action, c.params...); !strings.Contains(got.text, "<Parameters>"+c.want+"</Parameters>") {
			t.Errorf("%s: %s", sentence, got.text)
		}
	}
}

func TestParametersAndGroupsAreListedInPages(t *testing.T) {
	t.Parallel()
	w := groupWorld(t)
	web := w.made("DB", "web", "plain15")
	for n := range 30 {
		w.made("DBCluster", fmt.Sprintf("group%02d", n), "plain15")
	}
	for _, c := range []struct {
		action, element string
		params          []string
		sizes           []int
		first, last     string
	}{
		{"DescribeDBParameters", "ParameterName", web, []int{20, 20, 4}, "ciphers", "more39"},
		{"DescribeDBParameters", "ParameterName", append(web, "Source", "engine-default"), []int{20, 20, 1}, "ciphers", "more39"},
		{"DescribeEngineDefaultParameters", "ParameterName", []string{"DBParameterGroupFamily", "plain15"}, []int{20, 20, 4}, "ciphers", "more39"},
		{"DescribeEngineDefaultClusterParameters", "ParameterName", []string{"DBParameterGroupFamily", "plain15"}, []int{20, 20, 4}, "ciphers", "more39"},
		{"DescribeDBClusterParameterGroups", "DBClusterParameterGroupName", nil, []int{20, 12}, "default.plain15", "group29"},
		{"DescribeDBParameterGroups", "DBParameterGroupName", nil, []int{3}, "default.plain15", "web"},
	} {
		var seen []string
		var sizes []int
		for marker := ""; ; {
			r := w.ok(c.action, append(c.params, "MaxRecords", "20", "Marker", marker)...)
			part := r.all(c.element)
			seen, sizes = append(seen, part...), append(sizes, len(part))
			if marker = r.one("Marker"); marker == "" {
				break
			}
		}
		if !slices.Equal(sizes, c.sizes) || seen[0] != c.first || seen[len(seen)-1] != c.last || !slices.IsSorted(seen) {
			t.Errorf("%s %v: pages of %v: %v", c.action, c.params, sizes, seen)
		}
	}
}

func TestResetOfSomeParametersLeavesTheOthers(t *testing.T) {
	t.Parallel()
	w := groupWorld(t)
	web := w.made("DB", "web", "plain15")
	w.ok("ModifyDBParameterGroup", append(one(web, "level", "7", "immediate"),
		"Parameters.Parameter.2.ParameterName", "force", "Parameters.Parameter.2.ParameterValue", "1", "Parameters.Parameter.2.ApplyMethod", "pending-reboot")...)
	w.ok("ResetDBParameterGroup", append(web, "Parameters.Parameter.1.ParameterName", "force", "Parameters.Parameter.1.ApplyMethod", "pending-reboot")...)
	if got := w.ok("DescribeDBParameters", append(web, "Source", "user")...).all("ParameterName"); !slices.Equal(got, []string{"level"}) {
		t.Errorf("set are %q", got)
	}
	w.ok("ResetDBParameterGroup", web...) // all, as when AWS is told no more
	if got := w.ok("DescribeDBParameters", append(web, "Source", "user")...).all("ParameterName"); len(got) != 0 {
		t.Errorf("set are %q", got)
	}
}
