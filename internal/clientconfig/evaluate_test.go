package clientconfig

import (
	"strings"
	"testing"
	"time"
)

func TestCompareVersions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		a, b string
		want int
	}{
		"by number":             {"5.1.38", "5.1.100", -1},
		"a missing part is 0":   {"8", "8.0.0", 0},
		"none is before all":    {"", "0.1", -1},
		"none equals none":      {"", "", 0},
		"a suffix is passed":    {"42.7.1-SNAPSHOT", "42.7.1", 0},
		"a v is passed":         {"v1.10.0", "1.9.9", 1},
		"letters after numbers": {"10.2.0.jre11", "10.2", 0},
		"not a version at all":  {"latest", "1", -1},
	} {
		if got := CompareVersions(c.a, c.b); got != c.want || CompareVersions(c.b, c.a) != -c.want {
			t.Errorf("%s: %q and %q are %d", name, c.a, c.b, got)
		}
	}
}

// example has a mode, and a default that changed with version 2.
func example() Driver {
	return Driver{ID: "example", Name: "Example", Rules: []Rule{
		{ID: "example/full", When: []Condition{{Option: "mode", Is: []string{"full"}}}, Then: Effect{EncryptsAlways, VerifiesName, Trust{Kind: TrustFile, Path: "~/root.crt"}}, TrustOption: "root"},
		{ID: "example/off", When: []Condition{{Option: "mode", Is: []string{"off"}}}, Then: Effect{Encrypts: EncryptsNever, Verifies: VerifiesNothing}},
		{ID: "example/default-1", Before: "2", When: []Condition{{Option: "mode", Absent: true}}, Then: Effect{Encrypts: EncryptsMaybe, Verifies: VerifiesNothing}},
		{ID: "example/default-2", Since: "2", When: []Condition{{Option: "mode", Absent: true}}, Then: Effect{Encrypts: EncryptsAlways, Verifies: VerifiesNothing}},
	}}
}

func TestTheFirstRuleThatHoldsDecides(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		version string
		options map[string]string
		want    Effect
	}{
		"by value, any case":            {"1", map[string]string{"mode": "FULL"}, Effect{EncryptsAlways, VerifiesName, Trust{TrustFile, "~/root.crt"}}},
		"the store that was named":      {"1", map[string]string{"mode": "full", "root": "/r.pem"}, Effect{EncryptsAlways, VerifiesName, Trust{TrustFile, "/r.pem"}}},
		"the default before":            {"1.9", nil, Effect{Encrypts: EncryptsMaybe, Verifies: VerifiesNothing}},
		"the default since":             {"2.0", map[string]string{"mode": ""}, Effect{Encrypts: EncryptsAlways, Verifies: VerifiesNothing}},
		"what no rule is for":           {"2", map[string]string{"mode": "new"}, Effect{EncryptsUnknown, VerifiesUnknown, Trust{Kind: TrustUnknown}}},
		"no version, all agree":         {"", map[string]string{"mode": "off"}, Effect{Encrypts: EncryptsNever, Verifies: VerifiesNothing}},
		"no version, and they disagree": {"", nil, Effect{Encrypts: EncryptsUnknown, Verifies: VerifiesNothing}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := Evaluate(example(), Settings{Version: c.version, Options: c.options})
			if got.Effect != c.want {
				t.Errorf("%+v, want %+v", got.Effect, c.want)
			}
		})
	}
	all := Evaluate(example(), Settings{}).Outcomes
	if len(all) != 2 || all[0].Before != "2" || all[1].Since != "2" || all[1].Before != "" {
		t.Errorf("the outcomes by version are %+v", all)
	}
}

func TestAStoreBesideTheOptionsCounts(t *testing.T) {
	t.Parallel()
	s := Settings{Version: "1", Options: map[string]string{"mode": "full"}, Trust: Trust{TrustKeystore, "/my.jks"}}
	if got := Evaluate(example(), s).Trust; got != s.Trust {
		t.Errorf("it verifies against %+v", got)
	}
	s.Options["mode"] = "off"
	if got := Evaluate(example(), s).Trust; got.Kind != TrustNone {
		t.Errorf("it verifies nothing, against %+v", got)
	}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	until := time.Date(2027, 2, 1, 0, 0, 0, 0, time.UTC)
	bridge, without := Change{From: "old-ca", To: "new-ca", Until: until}, Change{From: "old-ca", To: "new-ca"}
	full := Effect{EncryptsAlways, VerifiesName, Trust{TrustFile, "/roots.pem"}}
	for name, c := range map[string]struct {
		effect  Effect
		holding Holding
		change  Change
		want    Verdict
		until   time.Time
		why     string
	}{
		"both roots":                    {full, Holding{Known: true, From: true, To: true}, without, Safe, time.Time{}, "holds the root of new-ca"},
		"the old root over the bridge":  {full, Holding{Known: true, From: true}, bridge, Safe, until, "until 2027-02-01"},
		"the old root and no bridge":    {full, Holding{Known: true, From: true}, without, Breaks, time.Time{}, "lacks the root of new-ca"},
		"neither root":                  {full, Holding{Known: true}, bridge, Breaks, time.Time{}, "lacks the root of new-ca"},
		"a store nobody looked at":      {full, Holding{}, bridge, Unknown, time.Time{}, "nobody looked"},
		"it verifies nothing":           {Effect{EncryptsAlways, VerifiesNothing, Trust{}}, Holding{}, without, DoesNotVerify, time.Time{}, "impostor"},
		"it looks at dates":             {Effect{EncryptsMaybe, VerifiesDates, Trust{}}, Holding{}, without, DoesNotVerify, time.Time{}, "dates"},
		"it does not encrypt":           {Effect{EncryptsNever, VerifiesNothing, Trust{}}, Holding{}, without, DoesNotVerify, time.Time{}, "does not encrypt"},
		"whether it verifies is open":   {Effect{EncryptsAlways, VerifiesUnknown, Trust{}}, Holding{}, without, Unknown, time.Time{}, "not known"},
		"it cannot take the new key":    {full, Holding{Known: true, To: true, Rejects: "it knows RSA alone"}, bridge, Breaks, time.Time{}, "RSA alone"},
		"it takes no certificate of it": {Effect{EncryptsAlways, VerifiesNothing, Trust{}}, Holding{Rejects: "it knows RSA alone"}, bridge, Breaks, time.Time{}, "RSA alone"},
		"it pins the server":            {Effect{EncryptsAlways, VerifiesName, Trust{Kind: TrustServer}}, Holding{}, bridge, Unknown, time.Time{}, "pinned"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := Judge(c.effect, c.holding, c.change)
			if got.Verdict != c.want || !got.Until.Equal(c.until) || !strings.Contains(got.Why, c.why) {
				t.Errorf("%+v, want %s until %s because %q", got, c.want, c.until, c.why)
			}
		})
	}
}
