package mysql

import (
	"slices"
	"strings"
	"testing"

	"github.com/dbtls/dbtls/internal/engine"
)

func names(all []engine.Parameter) string {
	var out []string
	for _, p := range all {
		out = append(out, p.Name)
	}
	return strings.Join(out, " ")
}

func TestCatalogueByVersion(t *testing.T) {
	t.Parallel()
	const full = "performance_schema require_secure_transport ssl_ca ssl_cert ssl_cipher ssl_key tls_version"
	for _, c := range []struct {
		spec    engine.Spec
		version string
		want    string
		tls     engine.ApplyType
		tlsMay  string
		forced  string // default
	}{
		{MariaDB().Spec, "10.3.39", "performance_schema ssl_ca ssl_cert ssl_cipher ssl_key", "", "", ""},
		{MariaDB().Spec, "10.4.34", "performance_schema ssl_ca ssl_cert ssl_cipher ssl_key tls_version", engine.Static, "TLSv1.2,TLSv1.3", ""},
		{MariaDB().Spec, "11.8.3", full, engine.Static, "TLSv1.2,TLSv1.3", "0"},
		{MySQL().Spec, "5.7.44", full, engine.Static, "TLSv1.2", "0"},
		{MySQL().Spec, "8.4.6", full, engine.Dynamic, "TLSv1.2,TLSv1.3", "0"},
		{MySQL().Spec, "9.7.4", full, engine.Dynamic, "TLSv1.2,TLSv1.3", "0"},
		{Aurora().Spec, "5.7.mysql_aurora.2.11.6", full, engine.Static, "TLSv1.2", "OFF"},
		{Aurora().Spec, "8.0.mysql_aurora.3.05.2", full, engine.Static, "TLSv1.2,TLSv1.3", "OFF"},
	} {
		all := c.spec.Parameters(c.version)
		if got := names(all); got != c.want {
			t.Errorf("%s %s has %s, want %s", c.spec.Names[0], c.version, got, c.want)
		}
		for _, p := range all {
			if p.Name == "tls_version" && (p.ApplyType != c.tls || p.Default != c.tlsMay || p.Cluster != c.spec.Clustered) {
				t.Errorf("%s %s: %+v", c.spec.Names[0], c.version, p)
			}
			if p.Name == "require_secure_transport" && (p.ApplyType != engine.Dynamic || p.Default != c.forced || p.Cluster != c.spec.Clustered) {
				t.Errorf("%s %s: %+v", c.spec.Names[0], c.version, p)
			}
			if p.Description == "" || strings.HasPrefix(p.Name, "ssl_") && p.Name != "ssl_cipher" != (p.Locked != "") {
				t.Errorf("%s %s: %+v", c.spec.Names[0], c.version, p)
			}
			if p.Default != "" {
				if v, err := p.Canonical(p.Default); err != nil || v != p.Default {
					t.Errorf("%s %s: the default of %s is %q, %v", c.spec.Names[0], c.version, p.Name, v, err)
				}
			}
		}
	}
}

func TestParametersThatCameLaterAreNotTold(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]string{
		"10.4.5": "performance_schema", "10.4.6": "performance_schema tls_version",
		"10.5.1": "performance_schema tls_version", "10.5.2": "performance_schema require_secure_transport tls_version",
	} {
		var got []string
		for name := range mariadbTraits(version).values(version, nil) {
			got = append(got, name)
		}
		slices.Sort(got)
		if strings.Join(got, " ") != want {
			t.Errorf("version %s is told %v, want %s", version, got, want)
		}
	}
}

func TestValuesThatAreRefused(t *testing.T) {
	t.Parallel()
	for _, p := range MySQL().Spec.Parameters("8.4.6") {
		for _, value := range map[string][]string{
			"require_secure_transport": {"", "2", "on\nskip-grant-tables", `1"`},
			"tls_version":              {"", "TLSv1.1", "TLSv1.2:TLSv1.3", "TLSv1.2,TLSv1.2,x"},
			"ssl_cipher":               {"", "ALL", "NULL-SHA256", "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-SHA", "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256"},
			"performance_schema":       {"", "x", "01"},
		}[p.Name] {
			if v, err := p.Canonical(value); err == nil {
				t.Errorf("%s = %q is taken as %q", p.Name, value, v)
			}
		}
	}
}

func TestCipherListKeepsBothKindsOfKeys(t *testing.T) {
	t.Parallel()
	if err := checkCiphers("ECDHE-RSA-AES128-GCM-SHA256"); err == nil || !strings.Contains(err.Error(), "ECDHE-ECDSA-AES128-GCM-SHA256") {
		t.Errorf("checkCiphers = %v, want what to add", err)
	}
	if err := checkCiphers("ECDHE-ECDSA-AES256-GCM-SHA384,ECDHE-RSA-AES256-GCM-SHA384"); err != nil {
		t.Errorf("checkCiphers = %v", err)
	}
}

func TestVersionsAndTheirCAs(t *testing.T) {
	t.Parallel()
	for _, e := range []engine.Engine{MariaDB(), MySQL(), Aurora()} {
		families, reload, restart := e.Spec.Families(), 0, 0
		for i, v := range e.Spec.Versions {
			if i > 0 && engine.CompareVersions(e.Spec.Versions[i-1], v) >= 0 {
				t.Errorf("%s: %s is not after %s", e.Name(), v, e.Spec.Versions[i-1])
			}
			if e.Spec.HotReload(v) {
				reload++
			} else {
				restart++
			}
			if e.Simulator == nil || len(e.Spec.Parameters(families[e.Spec.Family(v)])) == 0 {
				t.Errorf("%s %s cannot be played", e.Name(), v)
			}
		}
		if reload == 0 || restart == 0 {
			t.Errorf("%s: %d versions reload, %d do not; want some of both", e.Name(), reload, restart)
		}
	}
	if got := MySQL().Spec.CAs("5.7.44"); len(got) != 3 || slices.Contains(got, "rds-ca-ecc384-g1") {
		t.Errorf("CAs of MySQL 5.7: %v", got)
	}
	if got := MariaDB().Spec.CAs("10.11.13"); got != nil {
		t.Errorf("CAs of MariaDB 10.11: %v, want all", got)
	}
}

func TestMySQLVersion(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		"/opt/mysql/bin/mysqld  Ver 9.7.4-2 for Linux on x86_64 ((Debian))":                   "9.7.4",
		"/usr/sbin/mysqld  Ver 8.4.2 for Linux on x86_64 (MySQL Community Server - GPL)":      "8.4.2",
		"/usr/sbin/mysqld  Ver 8.0.15 for Linux on x86_64 (MySQL Community Server - GPL)":     "",
		"/usr/sbin/mysqld  Ver 5.7.44 for Linux on x86_64 (MySQL Community Server (GPL))":     "",
		"mariadbd  Ver 10.11.19-MariaDB-0+deb12u1 for debian-linux-gnu on x86_64 (Debian 12)": "",
	} {
		if got := mysqlVersion(line); got != want {
			t.Errorf("mysqlVersion(%q) = %q, want %q", line, got, want)
		}
	}
}
