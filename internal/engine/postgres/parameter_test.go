package postgres

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
)

func TestDefaultsByEngineAndVersion(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		engine  engine.Engine
		version string
		force   string
		min     string // "" where the version has none
		ciphers engine.ApplyType
	}{
		"9.6 reads no TLS setting again": {New(), "9.6.24", "0", "", engine.Static},
		"11 has no protocol limits":      {New(), "11.22", "0", "", engine.Dynamic},
		"14 does not force":              {New(), "14.20", "0", "TLSv1.2", engine.Dynamic},
		"15 forces":                      {New(), "15.18", "1", "TLSv1.2", engine.Dynamic},
		"18 forces":                      {New(), "18.4", "1", "TLSv1.2", engine.Dynamic},
		"Aurora 16 does not force":       {Aurora(), "16.8", "0", "TLSv1.2", engine.Dynamic},
		"Aurora 17 forces":               {Aurora(), "17.4", "1", "TLSv1.2", engine.Dynamic},
	} {
		spec := c.engine.Spec
		values := spec.Values(c.version, nil)
		if values[paramForce] != c.force || values[paramMin] != c.min || values[paramMax] != "" || values[paramCiphers] != "" {
			t.Errorf("%s: defaults %v", name, values)
		}
		for _, p := range spec.Parameters(c.version) {
			if p.Name == paramCiphers && p.ApplyType != c.ciphers {
				t.Errorf("%s: %s is %s", name, p.Name, p.ApplyType)
			}
			if p.Cluster != spec.Clustered {
				t.Errorf("%s: %s is set by the cluster: %t", name, p.Name, p.Cluster)
			}
			if p.Description == "" || (p.Default != "" && !slices.Contains(p.Allowed, p.Default)) {
				t.Errorf("%s: %+v has no description or a default it does not allow", name, p)
			}
		}
	}
}

func TestVersionsAreKnownOldestFirstAndHaveAFamilyEach(t *testing.T) {
	t.Parallel()
	for _, e := range []engine.Engine{New(), Aurora()} {
		if !slices.IsSortedFunc(e.Spec.Versions, engine.CompareVersions) {
			t.Errorf("%s: versions are not oldest first: %v", e.Name(), e.Spec.Versions)
		}
		for family, newest := range e.Spec.Families() {
			if family != e.Name()+e.Spec.Major(newest) {
				t.Errorf("%s: family %q of version %s", e.Name(), family, newest)
			}
		}
	}
	if families := New().Spec.Families(); len(families) != 10 || families["postgres9.6"] == "" || families["postgres18"] == "" {
		t.Errorf("families %v", families)
	}
	if Aurora().Spec.Families()["aurora-postgresql15"] == "" {
		t.Error("no family aurora-postgresql15")
	}
}

func TestWhatIsLockedSaysWhyAndWhatIsNotHasAnEffect(t *testing.T) {
	t.Parallel()
	spec := New().Spec
	for _, p := range spec.Parameters("15.18") {
		if p.Locked != "" {
			continue
		}
		value := map[string]string{paramForce: "0", paramMin: tls13, paramMax: tls12, paramCiphers: "AES128-SHA:ECDHE-ECDSA-AES128-SHA", paramExceptions: "exporter@10.0.0.1=2030-01-01"}[p.Name]
		before, err1 := product{forcedSince: "15"}.terms("15.18", nil)
		after, err2 := product{forcedSince: "15"}.terms("15.18", map[string]string{p.Name: value})
		if value == "" || reflect.DeepEqual(before, after) || err1 != nil || err2 != nil {
			t.Errorf("%s = %q changes nothing of %+v (%v, %v)", p.Name, value, before, err1, err2)
		}
	}
}

func TestTermsThatWouldEndTheServer(t *testing.T) {
	t.Parallel()
	p := product{forcedSince: "15"}
	for name, c := range map[string]struct {
		set  map[string]string
		want terms
		code fault.Code
	}{
		"a maximum below the minimum": {
			map[string]string{paramMin: tls13, paramMax: tls12}, terms{force: true, min: tls13}, fault.InvalidCombination},
		"a cipher list that selects nothing": {
			map[string]string{paramCiphers: "PSK"}, terms{force: true, min: tls12}, fault.InvalidParameter},
		"equal limits are fine": {
			map[string]string{paramMin: tls13, paramMax: tls13, paramForce: "0"}, terms{min: tls13, max: tls13}, ""},
	} {
		got, err := p.terms("15.18", c.set)
		if !reflect.DeepEqual(got, c.want) || fault.CodeOf(err) != c.code {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if got, err := p.terms("11.22", map[string]string{paramMin: tls13, paramMax: tls12}); err != nil || got.min != "" || got.max != "" {
		t.Errorf("a version without limits: %+v, %v", got, err)
	}
}

func TestConninfoQuotesAndVerifies(t *testing.T) {
	t.Parallel()
	s := engine.Settings{ID: `it's`, Primary: &engine.Primary{Address: "127.0.0.9", Port: 5433, User: replicaRole, Password: `/a b'\/pass`, Roots: "/roots.pem"}}
	got := conninfo(s)
	for _, want := range []string{`passfile='/a b\'\\/pass'`, "sslmode='verify-full'", "sslrootcert='/roots.pem'", `application_name='it\'s'`, "port='5433'"} {
		if !strings.Contains(got, want) {
			t.Errorf("%s lacks %s", got, want)
		}
	}
	if strings.Contains(got, " password=") {
		t.Error("there is a password in it")
	}
	line := string(replicaCredential(engine.Primary{Address: "fe80::1", Port: 5432, User: replicaRole}, `a:b\c`))
	if want := `fe80\:\:1:5432:replication:dbtls_replica:a\:b\\c` + "\n"; line != want {
		t.Errorf("credential %q, want %q", line, want)
	}
}
