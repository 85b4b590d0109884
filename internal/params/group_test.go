package params_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/params"
)

func names(groups []inventory.Group) []string {
	var out []string
	for _, g := range groups {
		out = append(out, g.Name)
	}
	return out
}

func TestFamiliesAreThoseOfTheVersionsAnEngineHas(t *testing.T) {
	t.Parallel()
	var got []string
	for _, f := range newWorld(t).Families() {
		got = append(got, f.Name+" "+f.Engine.Name()+" "+f.Version)
	}
	want := []string{"bare1 bare 1.4", "bare2 bare 2.0", "plain1 plain 1.4", "plain2 plain 2.0", "shared1 shared 1.4", "shared2 shared 2.0"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAVersionFoundOnAMachineHasAFamilyToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Found = func(engine string) []string {
		return map[string][]string{"plain": {"1.10", "9.1"}}[engine] // newer than any that is known
	}
	got := map[string]string{}
	for _, f := range w.Families() {
		got[f.Name] = f.Version
	}
	if len(got) != 7 || got["plain1"] != "1.10" || got["plain9"] != "9.1" || got["shared1"] != "1.4" {
		t.Errorf("got %v, want plain9 as well, and 1.10 as the newest of plain1", got)
	}
	if g, err := w.Get(t.Context(), ref(inventory.GroupInstance, "default.plain9")); err != nil || g.Family != "plain9" {
		t.Errorf("its default group: %+v, %v", g, err)
	}
}

func TestAGroupIsFoundByItsNameInAnyCaseAndByItsARN(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made, err := w.Create(t.Context(), alice, params.CreateInput{Kind: inventory.GroupInstance, Region: region, Name: "Web-1", Family: "plain1", Description: "d", Tags: []inventory.Tag{{Key: "k", Value: "v"}}})
	w.must(err)
	if made.Name != "web-1" || made.Version != 1 || made.CreatedAt.IsZero() {
		t.Errorf("made %+v", made)
	}
	arn := "arn:aws:rds:us-east-1:123456789012:pg:web-1"
	for _, name := range []string{"web-1", "WEB-1", arn} {
		g, err := w.Get(t.Context(), ref(inventory.GroupInstance, name))
		if err != nil || g.Name != "web-1" || g.Family != "plain1" || g.Description != "d" || len(g.Tags) != 1 {
			t.Errorf("%s: %+v, %v", name, g, err)
		}
	}
	for _, name := range []string{"web-2", "default.nothing9", "", "arn:aws:rds:eu-west-1:123456789012:pg:web-1", "arn:aws:rds:us-east-1:123456789012:cluster-pg:web-1"} {
		_, err := w.Get(t.Context(), ref(inventory.GroupInstance, name))
		refused(t, name, err, fault.GroupNotFound, "DBParameterGroup not found: "+strings.ToLower(name))
	}
	_, err = w.Get(t.Context(), ref(inventory.GroupCluster, "web-1"))
	refused(t, "the other kind", err, fault.GroupNotFound, "DBClusterParameterGroup not found: web-1")
	w.group(inventory.GroupCluster, "web-1", "plain1") // a name may be used once in each kind
	all, err := w.List(t.Context(), inventory.GroupInstance, region)
	w.must(err)
	if got := names(all); !slices.Equal(got, []string{"default.bare1", "default.bare2", "default.plain1", "default.plain2", "default.shared1", "default.shared2", "web-1"}) {
		t.Errorf("the region has %q", got)
	}
	if all, err := w.List(t.Context(), inventory.GroupInstance, "eu-west-1"); err != nil || len(all) != 6 {
		t.Errorf("another region has %q, %v", names(all), err)
	}
}

func TestABadGroupIsNotMade(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.group(inventory.GroupInstance, "taken", "plain1")
	good := params.CreateInput{Kind: inventory.GroupInstance, Region: region, Name: "web", Family: "plain1", Description: "d"}
	for sentence, c := range map[string]struct {
		edit func(*params.CreateInput)
		code fault.Code
		says string
	}{
		"an empty name":                    {func(in *params.CreateInput) { in.Name = "" }, fault.InvalidParameter, "DBParameterGroupName"},
		"a digit first":                    {func(in *params.CreateInput) { in.Name = "1web" }, fault.InvalidParameter, "a letter first"},
		"a hyphen last":                    {func(in *params.CreateInput) { in.Name = "web-" }, fault.InvalidParameter, "no hyphen at the end"},
		"two hyphens":                      {func(in *params.CreateInput) { in.Name = "we--b" }, fault.InvalidParameter, "no two in a row"},
		"a name of 256 bytes":              {func(in *params.CreateInput) { in.Name = strings.Repeat("a", 256) }, fault.InvalidParameter, "255"},
		"a letter of another alphabet":     {func(in *params.CreateInput) { in.Name = "wéb" }, fault.InvalidParameter, "ASCII"},
		"a name of the defaults":           {func(in *params.CreateInput) { in.Name = "default.web" }, fault.InvalidParameter, "default."},
		"a name that is taken":             {func(in *params.CreateInput) { in.Name = "Taken" }, fault.GroupExists, "Parameter group taken already exists"},
		"an unknown family":                {func(in *params.CreateInput) { in.Family = "plain9" }, fault.InvalidParameter, "plain9 is not a valid parameter group family"},
		"a blank description":              {func(in *params.CreateInput) { in.Description = " " }, fault.InvalidParameter, "Description"},
		"a cluster's group of a bad name":  {func(in *params.CreateInput) { in.Kind, in.Name = inventory.GroupCluster, "-" }, fault.InvalidParameter, "DBClusterParameterGroupName"},
		"a name with a space at the start": {func(in *params.CreateInput) { in.Name = " web" }, fault.InvalidParameter, "not a valid identifier"},
	} {
		in := good
		c.edit(&in)
		_, err := w.Create(t.Context(), alice, in)
		refused(t, sentence, err, c.code, c.says)
	}
	good.Name = strings.Repeat("a", 255)
	_, err := w.Create(t.Context(), alice, good)
	w.must(err)
	if got, err := w.Store.Read(t.Context()).Groups(inventory.GroupInstance, region); err != nil || len(got) != 2 {
		t.Errorf("there are %q, %v", names(got), err)
	}
}

func TestACopyHasTheSettingsAndALifeOfItsOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.group(inventory.GroupInstance, "web", "plain1")
	_, err := w.Modify(t.Context(), alice, ref(inventory.GroupInstance, "web"), []params.Change{{Name: "force", Value: "1", Method: inventory.Immediate}})
	w.must(err)
	in := params.CopyInput{Kind: inventory.GroupInstance, Region: region, Source: "arn:aws:rds:us-east-1:123456789012:pg:web", Target: "Web2", Description: "twin"}
	made, err := w.Copy(t.Context(), alice, in)
	w.must(err)
	if made.Name != "web2" || made.Family != "plain1" || made.Description != "twin" || made.Version != 1 || made.Settings["force"].Value != "1" {
		t.Errorf("the copy is %+v", made)
	}
	_, err = w.ResetAll(t.Context(), alice, ref(inventory.GroupInstance, "web"))
	w.must(err)
	if g, err := w.Get(t.Context(), ref(inventory.GroupInstance, "web2")); err != nil || !maps.Equal(g.Settings, settings{"force": now("1")}) {
		t.Errorf("the copy is now %+v, %v", g, err)
	}
	for sentence, c := range map[string]struct {
		edit func(*params.CopyInput)
		code fault.Code
		says string
	}{
		"a source that is not there": {func(in *params.CopyInput) { in.Source, in.Target = "none", "x" }, fault.GroupNotFound, "none"},
		"a default group":            {func(in *params.CopyInput) { in.Source, in.Target = "default.plain1", "x" }, fault.InvalidParameter, "default.plain1 cannot be copied"},
		"a target that is there":     {func(in *params.CopyInput) {}, fault.GroupExists, "web2"},
		"a bad target":               {func(in *params.CopyInput) { in.Target = "x-" }, fault.InvalidParameter, "x-"},
		"no description":             {func(in *params.CopyInput) { in.Target, in.Description = "x", "" }, fault.InvalidParameter, "Description"},
	} {
		bad := in
		c.edit(&bad)
		_, err := w.Copy(t.Context(), alice, bad)
		refused(t, sentence, err, c.code, c.says)
	}
}

func TestAGroupIsDeletedWhenNothingUsesIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, n := range []string{"used", "free", "old"} {
		w.group(inventory.GroupInstance, n, "plain1")
	}
	w.group(inventory.GroupCluster, "used", "plain1")
	w.group(inventory.GroupCluster, "free", "plain1")
	w.instance("a", func(i *inventory.Instance) { i.Group = "used" })
	w.cluster("c", "plain", "used")
	for sentence, c := range map[string]struct {
		ref  params.Ref
		code fault.Code
		says string
	}{
		"an instance has it":         {ref(inventory.GroupInstance, "used"), fault.InvalidGroupState, "still members of this parameter group used, so the group cannot be deleted: a is one"},
		"a cluster has it":           {ref(inventory.GroupCluster, "used"), fault.InvalidGroupState, "c is one"},
		"a default one":              {ref(inventory.GroupInstance, "default.plain1"), fault.InvalidGroupState, "default.plain1 cannot be deleted"},
		"one that is not there":      {ref(inventory.GroupInstance, "none"), fault.GroupNotFound, "none"},
		"one of another version now": {params.Ref{Kind: inventory.GroupInstance, Region: region, Name: "old", IfVersion: 2}, fault.InvalidGroupState, "version 1, not 2"},
	} {
		refused(t, sentence, w.Delete(t.Context(), alice, c.ref), c.code, c.says)
	}
	w.must(w.Delete(t.Context(), alice, ref(inventory.GroupInstance, "FREE")))
	w.must(w.Delete(t.Context(), alice, ref(inventory.GroupCluster, "free")))
	_, err := w.Get(t.Context(), ref(inventory.GroupInstance, "free"))
	refused(t, "it is gone", err, fault.GroupNotFound, "free")
	log, err := w.Store.Read(t.Context()).AuditLog(0, 100)
	w.must(err)
	last := log[len(log)-1]
	if len(log) != 7 || last.Action != "DeleteDBClusterParameterGroup" || last.Target != "free" || last.Actor != "alice" || last.RequestID != "r1" {
		t.Errorf("%d records, the last is %+v", len(log), last)
	}
}

func TestResolveFindsTheGroupForAnInstanceOrACluster(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.group(inventory.GroupInstance, "web", "plain1")
	w.group(inventory.GroupCluster, "web", "plain1")
	for sentence, c := range map[string]struct {
		kind         inventory.GroupKind
		name, family string
		want         string
		code         fault.Code
		says         string
	}{
		"none given is the default":              {inventory.GroupInstance, "", "plain1", "default.plain1", "", ""},
		"the default by name":                    {inventory.GroupInstance, "Default.Plain1", "plain1", "default.plain1", "", ""},
		"the default of a family nobody lists":   {inventory.GroupInstance, "", "plain7", "default.plain7", "", ""},
		"one that somebody made":                 {inventory.GroupInstance, "WEB", "plain1", "web", "", ""},
		"a cluster's":                            {inventory.GroupCluster, "web", "plain1", "web", "", ""},
		"one of another family":                  {inventory.GroupInstance, "web", "plain2", "", fault.InvalidCombination, "The Parameter Group web with DBParameterGroupFamily plain1 cannot be used for this instance. Please use a Parameter Group with DBParameterGroupFamily plain2"},
		"the default of another family":          {inventory.GroupInstance, "default.plain2", "plain1", "", fault.InvalidCombination, "default.plain2"},
		"one that is not there":                  {inventory.GroupInstance, "none", "plain1", "", fault.GroupNotFound, "DBParameterGroup not found: none"},
		"the default of nothing":                 {inventory.GroupInstance, "default.none", "plain1", "", fault.GroupNotFound, "default.none"},
		"a cluster's that is not there":          {inventory.GroupCluster, "none", "plain1", "", fault.ClusterGroupNotFound, "DBClusterParameterGroup not found: none"},
		"a cluster's of another family":          {inventory.GroupCluster, "web", "shared1", "", fault.InvalidCombination, "plain1"},
		"a cluster's default when none is given": {inventory.GroupCluster, "", "shared1", "default.shared1", "", ""},
	} {
		g, err := w.Resolve(w.Store.Read(t.Context()), c.kind, region, c.name, c.family)
		if c.code != "" {
			refused(t, sentence, err, c.code, c.says)
		} else if err != nil || g.Name != c.want || g.Family != c.family || g.Kind != c.kind {
			t.Errorf("%s: %+v, %v", sentence, g, err)
		}
	}
}

func TestSettingsAreThoseOfTheInstancesVersionGroupAndCluster(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	set := func(kind inventory.GroupKind, name, family string, changes ...params.Change) {
		w.group(kind, name, family)
		_, err := w.Modify(t.Context(), alice, ref(kind, name), changes)
		w.must(err)
	}
	set(inventory.GroupInstance, "web", "plain1", params.Change{Name: "recent", Value: "3", Method: inventory.Immediate}, params.Change{Name: "ciphers", Value: "a", Method: inventory.Immediate})
	set(inventory.GroupInstance, "member", "shared1", params.Change{Name: "ciphers", Value: "m", Method: inventory.Immediate})
	set(inventory.GroupCluster, "all", "shared1", params.Change{Name: "force", Value: "true", Method: inventory.Immediate})
	w.cluster("c", "shared", "all")
	for sentence, c := range map[string]struct {
		inst inventory.Instance
		want applied // Next at a reboot
		size int     // of the catalogue
	}{
		"its own group":                      {inventory.Instance{Engine: "plain", Version: "1.4", Group: "web"}, applied{"ciphers": "a", "recent": "3"}, 5},
		"an engine by its other name":        {inventory.Instance{Engine: "plain-alias", Version: "1.4", Group: "web"}, applied{"ciphers": "a", "recent": "3"}, 5},
		"not what its version lacks":         {inventory.Instance{Engine: "plain", Version: "1.2", Group: "web"}, applied{"ciphers": "a"}, 4},
		"a default group":                    {inventory.Instance{Engine: "plain", Version: "1.4", Group: "default.plain1"}, applied{}, 5},
		"no group, from before there were":   {inventory.Instance{Engine: "plain", Version: "1.4"}, applied{}, 5},
		"an engine without parameters":       {inventory.Instance{Engine: "bare", Version: "1.4", Group: "default.bare1"}, applied{}, 0},
		"a member of a cluster":              {inventory.Instance{Engine: "shared", Version: "1.4", Group: "member", Cluster: "cluster-c"}, applied{"ciphers": "m", "force": "1"}, 5},
		"a member with the default group":    {inventory.Instance{Engine: "shared", Version: "1.4", Group: "default.shared1", Cluster: "cluster-c"}, applied{"force": "1"}, 5},
		"a later version counts by numbers":  {inventory.Instance{Engine: "plain", Version: "1.10", Group: "web"}, applied{"ciphers": "a", "recent": "3"}, 5},
		"the version that brought it has it": {inventory.Instance{Engine: "plain", Version: "1.3", Group: "web"}, applied{"ciphers": "a", "recent": "3"}, 5},
	} {
		c.inst.Region = region
		catalogue, got, err := w.Settings(w.Store.Read(t.Context()), c.inst)
		if err != nil || len(catalogue) != c.size || !maps.Equal(params.Next(catalogue, nil, got, true), c.want) {
			t.Errorf("%s: %d rows, %v, %v", sentence, len(catalogue), got, err)
		}
	}
	for sentence, i := range map[string]inventory.Instance{
		"an unknown engine":     {Region: region, Engine: "other", Group: "web"},
		"a lost group":          {Region: region, Engine: "plain", Version: "1.4", Group: "lost"},
		"a lost cluster":        {Region: region, Engine: "plain", Version: "1.4", Cluster: "lost"},
		"an instance elsewhere": {Region: "eu-west-1", Engine: "plain", Version: "1.4", Group: "web"},
	} {
		if _, _, err := w.Settings(w.Store.Read(t.Context()), i); err == nil {
			t.Errorf("%s has settings", sentence)
		}
	}
}
