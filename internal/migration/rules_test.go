package migration

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/pki"
)

// table is the engine by mode table of the DMS User Guide ("Using SSL"), by
// EngineName: what an endpoint can be set to.
func table() map[string][]pki.SSLMode {
	none, require, verifyCA, full := pki.SSLNone, pki.SSLRequire, pki.SSLVerifyCA, pki.SSLVerifyFull
	return map[string][]pki.SSLMode{
		"mysql": {none, verifyCA, full}, "mariadb": {none, verifyCA, full}, "aurora": {none, verifyCA, full},
		"sqlserver": {none, require, full}, "azuredb": {none, require, full},
		"postgres": {none, require, verifyCA, full}, "aurora-postgresql": {none, require, verifyCA, full},
		"redshift": {none}, "oracle": {none, verifyCA}, "sybase": {none, full},
		"mongodb": {none, require, full}, "docdb": {none, require, full}, "db2": {none, verifyCA},
	}
}

func TestEveryCellOfTheModeTableIsTakenOrRefusedNamingTheModes(t *testing.T) {
	t.Parallel()
	s := newService(t)
	var names []string
	for _, row := range s.EndpointTypes() {
		if row.Type == inventory.EndpointTarget {
			names = append(names, row.Name)
		}
		if row.Display == "" {
			t.Errorf("%s has no display name", row.Name)
		}
	}
	if len(names) != len(table()) {
		t.Errorf("the engines are %q", names)
	}
	pem := &inventory.ImportedCertificate{Name: "ca", PEM: "x"}
	wallet := &inventory.ImportedCertificate{Name: "wallet"}
	for name, modes := range table() {
		f, ok := s.engine(name)
		if !ok {
			t.Errorf("%s is not there", name)
			continue
		}
		good, bad := pem, wallet
		if f.as.Wallet {
			good, bad = wallet, pem
		}
		for _, mode := range allModes() {
			var c *inventory.ImportedCertificate
			if verifies(mode) {
				c = good
			}
			err := f.checkTLS(mode, c)
			if slices.Contains(modes, mode) != (err == nil) {
				t.Errorf("%s %s: %v", name, mode, err)
			}
			if !slices.Contains(modes, mode) {
				says := "the modes of this engine are " + words(modes)
				if f.as.AlwaysTLS {
					says = "use TLS all the same and there is nothing to set"
				}
				refusedWith(t, name+" "+string(mode), err, fault.InvalidCombination, says)
				continue
			}
			if verifies(mode) {
				refusedWith(t, name+" without a certificate", f.checkTLS(mode, nil), fault.InvalidCombination, "needs the CA certificate")
				refusedWith(t, name+" with the other kind", f.checkTLS(mode, bad), fault.InvalidCombination, "wallet")
			} else {
				refusedWith(t, name+" with one that has no effect", f.checkTLS(mode, good), fault.InvalidCombination, "would have no effect")
			}
		}
	}
}

func TestRedshiftIsATargetThatSpeaksTLSAllTheSame(t *testing.T) {
	t.Parallel()
	s := newService(t)
	f, _ := s.engine("redshift")
	if f.wire(pki.SSLNone) != pki.SSLRequire {
		t.Error("mode none is plain on the wire")
	}
	in := endpointInput("r", "redshift")
	in.Type = text("source")
	_, err := s.CreateEndpoint(t.Context(), by(), in)
	refusedWith(t, "a source", err, fault.InvalidCombination, "target only")
	pg, _ := s.engine("postgres")
	if pg.wire(pki.SSLNone) != pki.SSLNone {
		t.Error("another engine's mode none is not plain")
	}
}

func TestAnEndpointIsRefusedNamingTheParameterAndTheRule(t *testing.T) {
	t.Parallel()
	s := newService(t)
	foreign := "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
	for sentence, c := range map[string]struct {
		change func(*CreateEndpointInput)
		code   fault.Code
		says   string
	}{
		"an identifier with an underscore":   {func(in *CreateEndpointInput) { in.Name = text("a_b") }, fault.InvalidParameter, "EndpointIdentifier"},
		"an identifier with a hyphen last":   {func(in *CreateEndpointInput) { in.Name = text("a-") }, fault.InvalidParameter, "no hyphen at the end"},
		"neither source nor target":          {func(in *CreateEndpointInput) { in.Type = text("both") }, fault.InvalidParameter, "source or target"},
		"an engine nobody knows":             {func(in *CreateEndpointInput) { in.Engine = text("fancydb") }, fault.InvalidParameter, "aurora, aurora-postgresql"},
		"an engine of AWS that is not built": {func(in *CreateEndpointInput) { in.Engine = text("kafka") }, fault.NotBuilt, "not built"},
		"no server":                          {func(in *CreateEndpointInput) { in.Host = nil }, fault.InvalidParameter, "ServerName must be provided"},
		"a server with its port":             {func(in *CreateEndpointInput) { in.Host = text("db.example:5432") }, fault.InvalidParameter, "a port goes into Port"},
		"a URL as server":                    {func(in *CreateEndpointInput) { in.Host = text("postgres://db") }, fault.InvalidParameter, "ServerName"},
		"no port":                            {func(in *CreateEndpointInput) { in.Port = nil }, fault.InvalidParameter, "Port"},
		"a port too high":                    {func(in *CreateEndpointInput) { in.Port = number(65536) }, fault.InvalidParameter, "Port"},
		"no user":                            {func(in *CreateEndpointInput) { in.User = nil }, fault.InvalidParameter, "The parameter Username must be provided and must not be blank."},
		"no password":                        {func(in *CreateEndpointInput) { in.Password = nil }, fault.InvalidParameter, "The parameter Password must be provided and must not be blank."},
		"a blank password":                   {func(in *CreateEndpointInput) { in.Password = text("") }, fault.InvalidParameter, "The parameter Password must be provided and must not be blank."},
		"a password with a line end":         {func(in *CreateEndpointInput) { in.Password = text("hush\n") }, fault.InvalidParameter, "control character"},
		"an attribute nobody knows":          {func(in *CreateEndpointInput) { in.Attributes = text("legacyTLS=true;initstmt=x") }, fault.NotBuilt, `"initstmt"`},
		"a mode nobody knows":                {func(in *CreateEndpointInput) { in.Mode = text("prefer") }, fault.InvalidParameter, "none, require, verify-ca, verify-full"},
		"a certificate of another service":   {func(in *CreateEndpointInput) { in.Mode, in.Certificate = text("verify-ca"), &foreign }, fault.InvalidParameter, `it is of the service "acm", and DMS wants a certificate of its own import`},
		"an RDS CA": {func(in *CreateEndpointInput) {
			in.Mode, in.Certificate = text("verify-ca"), text("arn:aws:rds:us-east-1::cert:rds-ca-rsa2048-g1")
		}, fault.InvalidParameter, "import-certificate"},
		"a certificate of another region": {func(in *CreateEndpointInput) {
			in.Mode, in.Certificate = text("verify-ca"), text("arn:aws:dms:eu-west-1:123456789012:cert:ABC")
		}, fault.InvalidParameter, "import the certificate in us-east-1 too"},
		"a certificate of another account": {func(in *CreateEndpointInput) {
			in.Mode, in.Certificate = text("verify-ca"), text("arn:aws:dms:us-east-1:210987654321:cert:ABC")
		}, fault.InvalidParameter, `account "210987654321"`},
		"an endpoint's ARN as certificate": {func(in *CreateEndpointInput) {
			in.Mode, in.Certificate = text("verify-ca"), text("arn:aws:dms:us-east-1:123456789012:endpoint:ABC")
		}, fault.InvalidParameter, "does not name a certificate"},
		"words as certificate": {func(in *CreateEndpointInput) { in.Mode, in.Certificate = text("verify-ca"), text("mine") }, fault.InvalidParameter, `Invalid certificate ARN "mine"`},
		"a certificate that is not there": {func(in *CreateEndpointInput) {
			in.Mode, in.Certificate = text("verify-ca"), text("arn:aws:dms:us-east-1:123456789012:cert:ABC")
		}, fault.ResourceNotFound, "Certificate"},
		"a resource identifier with a digit first": {func(in *CreateEndpointInput) { in.ResourceID = "1a" }, fault.InvalidParameter, "ResourceIdentifier"},
		"a resource identifier too long":           {func(in *CreateEndpointInput) { in.ResourceID = strings.Repeat("a", 32) }, fault.InvalidParameter, "1 to 31"},
		"a reserved tag":                           {func(in *CreateEndpointInput) { in.Tags = []inventory.Tag{{Key: "AWS:x"}} }, fault.InvalidParameter, "reserved"},
		"a tag twice":                              {func(in *CreateEndpointInput) { in.Tags = []inventory.Tag{{Key: "x"}, {Key: "x"}} }, fault.InvalidParameter, "twice"},
	} {
		in := endpointInput("orders", "postgres")
		c.change(&in)
		_, err := s.CreateEndpoint(t.Context(), by(), in)
		refusedWith(t, sentence, err, c.code, c.says)
		if err != nil && (strings.Contains(err.Error(), "hush") || strings.Contains(err.Error(), "horse")) {
			t.Errorf("%s: the password is in the error", sentence)
		}
	}
	if all, err := s.Endpoints(t.Context(), region); err != nil || len(all) != 0 {
		t.Errorf("a refused endpoint was made: %v %v", all, err)
	}
}

func TestAttributesAreReadAnyWayPeopleWriteThem(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]bool{
		"": false, ";": false, "legacyTLS=true": true, " legacytls = TRUE ; ": true, "legacyTLS=false;": false,
	} {
		if got, err := parseAttributes(given); err != nil || got.legacyTLS != want {
			t.Errorf("%q: %t, %v", given, got.legacyTLS, err)
		}
	}
	for given, says := range map[string]string{
		"legacyTLS": "NAME=VALUE", "=true": "NAME=VALUE", "legacyTLS=1": "true or false", "legacyTLS=true;LEGACYtls=true": "twice",
		strings.Repeat(";", 3000): "3000 characters",
	} {
		if _, err := parseAttributes(given); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%.40q: %v", given, err)
		}
	}
}

// FuzzAttributes: what is taken can be written again and means the same.
func FuzzAttributes(f *testing.F) {
	for _, seed := range []string{"", "legacyTLS=true", "legacyTLS=true;x=1", ";;=;"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, given string) {
		a, err := parseAttributes(given)
		if err != nil {
			return
		}
		b, err := parseAttributes(given + ";")
		if err != nil || a != b {
			t.Fatalf("%q: %v, then %v %v", given, a, b, err)
		}
	})
}

func TestAMessageNamesEverythingAndKeepsTheFixWhateverTheServerSends(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 5000)
	c := Connection{Connection: inventory.Connection{Status: inventory.ConnectionFailed, Outcome: inventory.TestOutcome{
		Stage: "chain", Code: "UnknownCA", Reason: long, Fix: "import the root", Missing: "CN=" + long, SHA256: strings.Repeat("ab", 32),
		Possible: "require", Blind: true, Report: []byte(`{"chain":[{"subject":"CN=` + long + `"}]}`)}}}
	m := c.Message()
	if n := len([]rune(m)); n > maxMessage {
		t.Errorf("%d characters", n)
	}
	for _, part := range []string{"UnknownCA at stage chain: xxx", "Missing certificate: CN=xxx", "SHA-256 abab", "Received: CN=xxx", "Strictest mode that would work: require (verify modes need an imported certificate)", "Fix: import the root."} {
		if !strings.Contains(m, part) {
			t.Errorf("%q is not in %q", part, m)
		}
	}
	c.Stale, c.ChangedAt = true, time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	if m := c.Message(); !strings.HasPrefix(m, "This test is of the endpoint's settings from before they changed at 2026-06-01T12:00:00Z; test again. UnknownCA") {
		t.Errorf("%q", m)
	}
	good := Connection{Connection: inventory.Connection{Status: inventory.ConnectionSuccessful}}
	if m := good.Message(); m != "" {
		t.Errorf("a success says %q", m)
	}
	good.Outcome.Warnings = []string{legacyWarning}
	if m := good.Message(); !strings.HasPrefix(m, "Warning: the attribute legacyTLS=true allows") {
		t.Errorf("%q", m)
	}
}
