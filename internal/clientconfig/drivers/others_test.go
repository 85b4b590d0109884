package drivers

import (
	"strings"
	"testing"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

// native are the drivers of libpq's, MySQL's and MongoDB's families.
func native() []clientconfig.Driver { return append(append(libpq(), mysqlClients()...), others()...) }

func TestNativeRulesSayWhereTheyAreFrom(t *testing.T) {
	t.Parallel()
	for _, d := range native() {
		for _, r := range d.Rules {
			if !strings.HasPrefix(r.ID, d.ID+"/") || r.Why == "" || !strings.HasPrefix(r.Source, "https://") && r.Source != "seed 002" ||
				r.Proof != clientconfig.Measured && r.Proof != clientconfig.Documented {
				t.Errorf("rule %q of %s: source %q, proof %q, why %q", r.ID, d.ID, r.Source, r.Proof, r.Why)
			}
			if r.Since != "" && r.Before != "" && clientconfig.CompareVersions(r.Since, r.Before) >= 0 {
				t.Errorf("rule %q holds from %s to before %s, which is never", r.ID, r.Since, r.Before)
			}
			if len(r.When) == 0 {
				t.Errorf("rule %q holds always: a value that nobody knows would not stay unknown", r.ID)
			}
		}
	}
}

func TestNativeRulesAreWhole(t *testing.T) {
	t.Parallel()
	for _, d := range native() {
		for _, r := range d.Rules {
			for _, c := range r.When {
				said := 0
				for _, ok := range []bool{len(c.Is) > 0, c.Absent, c.Given} {
					if ok {
						said++
					}
				}
				if said != 1 || c.Option != strings.ToLower(c.Option) {
					t.Errorf("rule %q: condition %+v", r.ID, c)
				}
			}
			verifies := r.Then.Verifies == clientconfig.VerifiesChain || r.Then.Verifies == clientconfig.VerifiesName
			if verifies == (r.Then.Trust.Kind == clientconfig.TrustNone) && r.Then.Verifies != clientconfig.VerifiesUnknown {
				t.Errorf("rule %q verifies %s with the trust store %+v", r.ID, r.Then.Verifies, r.Then.Trust)
			}
			if r.Then.Trust.Kind == clientconfig.TrustFile && r.Then.Trust.Path == "" && r.TrustOption == "" {
				t.Errorf("rule %q trusts a file that nothing names", r.ID)
			}
		}
	}
}

// TestEveryNativeRuleCanHold makes the options of each rule and asks whether a
// rule before it takes them all.
func TestEveryNativeRuleCanHold(t *testing.T) {
	t.Parallel()
	for _, d := range native() {
		for _, r := range d.Rules {
			if !reached(d, r) {
				t.Errorf("rule %q can never decide: rules before it take all it is for", r.ID)
			}
		}
	}
}

func reached(d clientconfig.Driver, r clientconfig.Rule) bool {
	options := map[string]string{}
	for _, c := range r.When {
		switch {
		case c.Given:
			options[c.Option] = "/some/file.pem"
		case len(c.Is) > 0:
			options[c.Option] = c.Is[0]
		}
	}
	versions := []string{r.Since}
	if r.Since == "" {
		versions = []string{"0.1", "99"}
	}
	for _, v := range versions {
		if answer := clientconfig.Evaluate(d, clientconfig.Settings{Version: v, Options: options}); len(answer.Outcomes) > 0 && answer.Outcomes[0].Rule == r.ID {
			return true
		}
	}
	return false
}

func TestUnknownValuesStayUnknown(t *testing.T) {
	t.Parallel()
	for _, d := range native() {
		deciding := map[string]bool{}
		for _, r := range d.Rules {
			for _, c := range r.When {
				if len(c.Is) > 0 {
					deciding[c.Option] = true
				}
			}
		}
		for option := range deciding {
			answer := clientconfig.Evaluate(d, clientconfig.Settings{Options: map[string]string{option: "?"}})
			if option == "transport" || option == "rootfile" || strings.Contains(option, ".") || option == "gssencmode" || option == "sslrootcert" || option == "tlsinsecure" {
				continue // says something beside another option
			}
			if answer.Verifies == clientconfig.VerifiesName || answer.Verifies == clientconfig.VerifiesChain {
				t.Errorf("%s with %s of an unknown value verifies %q", d.ID, option, answer.Verifies)
			}
		}
	}
}

// TestTrapsOfTheFamily are what people were bitten by.
func TestTrapsOfTheFamily(t *testing.T) {
	t.Parallel()
	index := Index()
	for about, c := range map[string]struct {
		driver, version string
		options         map[string]string
		encrypts        clientconfig.Encrypts
		verifies        clientconfig.Verifies
		trust           clientconfig.TrustKind
	}{
		"every Lambda fails: the profile Amazon RDS brings its own roots":     {"mysql2-node", "3.9.0", map[string]string{"ssl": "profile", "ssl.profile": "Amazon RDS"}, "always", "chain", "bundled"},
		"a minor update changed the roots: they are another package's":        {"mysql2-node", "3.12.0", map[string]string{"ssl": "profile", "ssl.profile": "Amazon RDS"}, "always", "chain", "bundled"},
		"require verified anyway: a root file was there":                      {"lib-pq", "1.10.9", map[string]string{"sslmode": "require", "sslrootcert": "/r"}, "always", "chain", "file"},
		"require changes its meaning when the default root file exists":       {"libpq", "15", map[string]string{"sslmode": "require", "rootfile": "present"}, "always", "chain", "file"},
		"MariaDB 11.4 verifies by default":                                    {"mariadb-cli", "11.4.1", nil, "always", "chain and name", "server"},
		"MariaDB 11.3 does not":                                               {"mariadb-cli", "11.3.2", nil, "maybe", "nothing", ""},
		"PyMySQL's ssl_ca alone verifies nothing":                             {"pymysql", "1.0.2", map[string]string{"ssl_ca": "/r"}, "maybe", "nothing", ""},
		"node-postgres: require is stricter than libpq's":                     {"node-postgres", "8.11", map[string]string{"sslmode": "require"}, "always", "chain and name", "bundled"},
		"Npgsql 8: require verifies nothing, where 5 verified":                {"npgsql", "8.0.1", map[string]string{"sslmode": "require"}, "always", "nothing", ""},
		"a verify-full that nobody checked is unknown (a driver not in here)": {"mysql-url", "", map[string]string{"sslmode": "verify-full"}, "unknown", "unknown", "unknown"},
	} {
		t.Run(about, func(t *testing.T) {
			t.Parallel()
			got := clientconfig.Evaluate(index[c.driver], clientconfig.Settings{Version: c.version, Options: c.options}).Effect
			if got.Encrypts != c.encrypts || got.Verifies != c.verifies || got.Trust.Kind != c.trust {
				t.Errorf("%+v, want %s, %s, %s", got, c.encrypts, c.verifies, c.trust)
			}
		})
	}
}
