package drivers

import (
	"slices"
	"strings"
	"testing"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

func TestRulesOfTheJVMDriversAreWhole(t *testing.T) {
	t.Parallel()
	for _, d := range jvm() {
		for _, r := range d.Rules {
			if !strings.HasPrefix(r.ID, d.ID+"/") || r.Why == "" || r.Proof == "" {
				t.Errorf("rule %q of %q lacks its driver's prefix, a reason or a proof", r.ID, d.ID)
			}
			if !strings.HasPrefix(r.Source, "https://") && !strings.HasPrefix(r.Source, "seed ") {
				t.Errorf("rule %q has the source %q, want a URL or a seed", r.ID, r.Source)
			}
			if r.Before != "" && clientconfig.CompareVersions(r.Since, r.Before) >= 0 {
				t.Errorf("rule %q is for no version: since %q, before %q", r.ID, r.Since, r.Before)
			}
			verifies := r.Then.Verifies == clientconfig.VerifiesChain || r.Then.Verifies == clientconfig.VerifiesName
			if verifies != (r.Then.Trust.Kind != clientconfig.TrustNone) && d.ID != "java" {
				t.Errorf("rule %q verifies %q against %q", r.ID, r.Then.Verifies, r.Then.Trust.Kind)
			}
			if weak := r.Then.Verifies != clientconfig.VerifiesName && d.ID != "java"; weak && r.Fix == "" {
				t.Errorf("rule %q verifies %q and has no fix", r.ID, r.Then.Verifies)
			}
			for _, c := range r.When {
				if c.Option != strings.ToLower(c.Option) {
					t.Errorf("rule %q asks for %q, want lower case", r.ID, c.Option)
				}
			}
		}
	}
}

// Every rule must be the answer to something: with its own options, in its
// first version, it must be the one that decides.
func TestEveryRuleOfTheJVMDriversDecidesSomething(t *testing.T) {
	t.Parallel()
	for _, d := range jvm() {
		for _, r := range d.Rules {
			s := clientconfig.Settings{Driver: d.ID, Version: cmpVersion(r.Since), Options: map[string]string{}}
			for _, c := range r.When {
				switch {
				case c.Absent:
				case c.Given:
					s.Options[c.Option] = "x"
				default:
					s.Options[c.Option] = c.Is[0]
				}
			}
			if got := clientconfig.Evaluate(d, s).Outcomes[0]; got.Rule != r.ID || got.Effect.Verifies != r.Then.Verifies {
				t.Errorf("%v of %s %q is decided by %q, want %q", s.Options, d.ID, s.Version, got.Rule, r.ID)
			}
		}
	}
}

func cmpVersion(since string) string {
	if since == "" {
		return "0.1"
	}
	return since
}

func TestTheDefaultsOfConnectorJChangeWithItsVersion(t *testing.T) {
	t.Parallel()
	got := clientconfig.Evaluate(jvmMySQL(), clientconfig.Settings{})
	var spans []string
	for _, o := range got.Outcomes {
		spans = append(spans, o.Since+"-"+o.Before+" "+string(o.Encrypts)+", "+string(o.Verifies))
	}
	want := []string{
		"-5.1.38 never, nothing",
		"5.1.38-6 maybe, validity dates only",
		"6-8.0.9 unknown, unknown",
		"8.0.9- maybe, validity dates only",
	}
	if !slices.Equal(spans, want) {
		t.Errorf("got %q, want %q", spans, want)
	}
}
