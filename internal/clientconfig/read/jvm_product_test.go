package read

import (
	"slices"
	"testing"

	"github.com/dbtls/dbtls/internal/clientconfig/drivers"
)

// What is read and what is asked for must be the same: an option that no rule
// asks for would be read in vain, one that is never read could never matter.
func TestTheOptionsThatAreReadAreThoseOfTheRules(t *testing.T) {
	t.Parallel()
	for _, p := range jvmProducts() {
		asked := map[string]bool{}
		offer := drivers.Index()[p.id].Offer
		if offer.Ciphers != "" {
			asked[offer.Ciphers], asked[offer.Protocols] = true, true
		}
		for _, r := range drivers.Index()[p.id].Rules {
			for _, c := range r.When {
				asked[c.Option] = true
			}
			if r.TrustOption != "" {
				asked[r.TrustOption] = true
			}
		}
		if len(asked) == 0 {
			t.Fatalf("%s has no rules", p.id)
		}
		read := map[string]bool{}
		for _, folded := range p.options {
			read[folded] = true
			if !asked[folded] {
				t.Errorf("%s: %q is read, and no rule asks for it", p.id, folded)
			}
		}
		for option := range asked {
			if !read[option] && option != jvmRuntimeStore { // which is no option, but of the runtime
				t.Errorf("%s: a rule asks for %q, which is not read", p.id, option)
			}
		}
	}
}

func TestJarsTellDriversAndVersions(t *testing.T) {
	t.Parallel()
	for file, want := range map[string][]string{
		"lib/mysql-connector-java-5.1.49-bin.jar":  {"mysql-connector-j", "5.1.49"},
		"mysql-connector-j-8.4.0.jar":              {"mysql-connector-j", "8.4.0"},
		`C:\lib\mssql-jdbc-12.4.2.jre11.jar`:       {"mssql-jdbc", "12.4.2.jre11"},
		"/usr/share/java/postgresql.jar":           {"pgjdbc", ""},
		"/usr/share/java/postgresql-42.5.5.jar":    {"pgjdbc", "42.5.5"},
		"/usr/share/java/mariadb-java-client.jar":  {"mariadb-connector-j", ""},
		"ojdbc11-21.9.0.0.jar":                     {"ojdbc", "21.9.0.0"},
		"postgresql-utils.jar":                     {"", ""},
		"app.jar":                                  {"", ""},
		"/usr/share/java/postgresql-42.5.5.jar.sh": {"", ""},
	} {
		if id, version := jvmByJar(file); !slices.Equal([]string{id, version}, want) {
			t.Errorf("%s is %s %q, want %q", file, id, version, want)
		}
	}
}
