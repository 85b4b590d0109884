package drivers

import "github.com/dbtls/dbtls/internal/clientconfig"

// The words of sslmode, and the option by which a scan of the client's host
// says whether the default root file is there ("present", "absent").
const (
	sslMode     = "sslmode"
	sslRootCert = "sslrootcert"
	rootFile    = "rootfile"
	// defaultRoot is the file libpq trusts when nothing names one; "~" is the
	// home of the user who connects.
	defaultRoot = "~/.postgresql/root.crt"

	libpqDocs = "https://www.postgresql.org/docs/current/libpq-ssl.html"
	libpqConn = "https://www.postgresql.org/docs/current/libpq-connect.html"

	strictFix = "write sslmode=verify-full with sslrootcert=FILE, the trust bundle"
)

// libpq lists the C library, its command-line tools, the drivers that are made
// with it, and the drivers that read the same strings by their own rules.
func libpq() []clientconfig.Driver {
	all := []clientconfig.Driver{{
		ID: "libpq", Name: "libpq (psql, pg_dump and what is linked with it)", Engine: "postgres",
		Rules: ruled("libpq", libpqDocs, append(libpqSystemRoots(), libpqModes()...)...),
	}}
	return append(append(all, libpqLinked()...), libpqAlikes()...)
}

// libpqLinked are drivers that hand everything to libpq. Their versions say
// nothing of the library's, so what depends on that stays unknown.
func libpqLinked() []clientconfig.Driver {
	linked := func(id, name string, packages ...string) clientconfig.Driver {
		rules := append([]clientconfig.Rule{{
			ID: "system", When: when(valueIs(sslRootCert, "system")), Then: untold(),
			Why: "sslrootcert=system means the system's roots and verify-full with libpq 16 and later, a file called \"system\" before; which libpq it is linked with is not known",
			Fix: "write sslmode=verify-full as well: libpq before 16 then refuses instead of not verifying", Source: libpqConn,
		}}, libpqModes()...)
		return clientconfig.Driver{ID: id, Name: name, Engine: "postgres", Packages: packages, Rules: ruled(id, libpqDocs, rules...)}
	}
	return []clientconfig.Driver{
		linked("psycopg2", "psycopg2 (libpq)", "pypi:psycopg2", "pypi:psycopg2-binary"),
		linked("psycopg", "psycopg 3 (libpq)", "pypi:psycopg", "pypi:psycopg-binary", "pypi:psycopg-c"),
		linked("ruby-pg", "Ruby pg (libpq)", "gem:pg"),
		linked("php-pgsql", "PHP pgsql and PDO_PGSQL (libpq)", "composer:ext-pgsql", "composer:ext-pdo_pgsql"),
	}
}

// libpqSystemRoots are the rules that depend on libpq's own version.
func libpqSystemRoots() []clientconfig.Rule {
	return []clientconfig.Rule{
		{
			ID: "system-weak", Since: "16", When: when(valueIs(sslRootCert, "system"), valueIs(sslMode, "disable", "allow", "prefer", "require", "verify-ca")),
			Then: untold(), Source: libpqConn,
			Why: "sslrootcert=system allows sslmode=verify-full alone: libpq refuses this combination and does not connect",
			Fix: "write sslmode=verify-full",
		},
		{
			ID: "system", Since: "16", When: when(valueIs(sslRootCert, "system"), valueIs(sslMode, "verify-full")),
			Then: full(clientconfig.EncryptsAlways, from(clientconfig.TrustSystem)), Source: libpqConn,
			Why: "sslrootcert=system verifies chain and name against the system's roots, which hold no CA of a database service",
		},
		{
			ID: "system", Since: "16", When: when(valueIs(sslRootCert, "system"), valueAbsent(sslMode)),
			Then: full(clientconfig.EncryptsAlways, from(clientconfig.TrustSystem)), Source: libpqConn,
			Why: "sslrootcert=system makes verify-full the default and verifies against the system's roots, which hold no CA of a database service",
		},
		{
			ID: "system-as-file", Before: "16", When: when(valueIs(sslRootCert, "system")), Then: untold(), Source: libpqConn,
			Why: "before 16, sslrootcert=system is a file called \"system\" in the working directory: when it is missing, verify-ca and verify-full do not connect and every other mode verifies nothing",
			Fix: "name the trust bundle in sslrootcert, and write sslmode=verify-full",
		},
	}
}

// libpqModes are the rules of sslmode that every version shares.
func libpqModes() []clientconfig.Rule {
	rules := []clientconfig.Rule{
		{
			ID: "socket", When: when(valueIs("transport", "unix")), Then: plain(), Source: libpqConn,
			Why: "a Unix socket is never encrypted and does not leave the machine",
		},
		{
			ID: "gssencmode-require", When: when(valueIs("gssencmode", "require")), Then: blind(clientconfig.EncryptsAlways), Source: libpqConn,
			Why: "gssencmode=require encrypts with Kerberos: no TLS, no certificate",
		},
		{
			ID: "disable", When: when(valueIs(sslMode, "disable")), Then: plain(),
			Why: "sslmode=disable never encrypts", Fix: strictFix,
		},
	}
	rules = append(rules, libpqOpportunistic()...)
	rules = append(rules, libpqRequire()...)
	for _, m := range []struct{ mode, why, fix string }{
		{"verify-ca", "sslmode=verify-ca verifies the chain and not the name: any database of the same CA passes for this one", "write sslmode=verify-full"},
		{"verify-full", "sslmode=verify-full verifies chain and name", ""},
	} {
		then := chained(clientconfig.EncryptsAlways, inFile(defaultRoot))
		if m.mode == "verify-full" {
			then.Verifies = clientconfig.VerifiesName
		}
		rules = append(rules, clientconfig.Rule{
			ID: m.mode, When: when(valueIs(sslMode, m.mode)), Then: then, TrustOption: sslRootCert, Why: m.why, Fix: m.fix,
		})
	}
	return rules
}

// libpqOpportunistic are allow, prefer and the default, which is prefer. With a
// root file, a certificate that does not verify makes libpq connect again
// without TLS.
func libpqOpportunistic() (rules []clientconfig.Rule) {
	const falls = "encrypts when the server offers it, and verifies the chain because a root file is there; when that fails it connects again without TLS, so nothing is protected, and a server that forces TLS is out of reach"
	for _, m := range []struct {
		id   string
		cond clientconfig.Condition
	}{
		{"allow", valueIs(sslMode, "allow")}, {"prefer", valueIs(sslMode, "prefer")}, {"default", valueAbsent(sslMode)},
	} {
		name := "sslmode=" + m.id
		if m.id == "default" {
			name = "sslmode is prefer by default: it"
		}
		rules = append(rules,
			clientconfig.Rule{
				ID: m.id + "-missing-file", When: when(m.cond, valueIs(rootFile, "absent")), Then: blind(clientconfig.EncryptsMaybe), Fix: strictFix,
				Why: name + " encrypts when it can and verifies nothing; the root file is not there",
			},
			clientconfig.Rule{
				ID: m.id + "-root-file", When: when(m.cond, valueGiven(sslRootCert)), Then: chained(clientconfig.EncryptsMaybe, inFile("")), TrustOption: sslRootCert,
				Why: name + " " + falls, Fix: strictFix,
			},
			clientconfig.Rule{
				ID: m.id + "-default-root-file", When: when(m.cond, valueIs(rootFile, "present")), Then: chained(clientconfig.EncryptsMaybe, inFile(defaultRoot)),
				Why: name + " " + falls, Fix: strictFix,
			},
			clientconfig.Rule{
				ID: m.id, When: when(m.cond), Then: blind(clientconfig.EncryptsMaybe), Fix: strictFix,
				Why: name + " encrypts when it can and verifies nothing: whoever is in the middle can prevent the encryption",
			})
	}
	return rules
}

// libpqRequire are the rules of require, whose meaning depends on a file.
func libpqRequire() []clientconfig.Rule {
	required := func(id string, then clientconfig.Effect, why string, more ...clientconfig.Condition) clientconfig.Rule {
		return clientconfig.Rule{
			ID: id, When: append(when(valueIs(sslMode, "require")), more...), Then: then, TrustOption: sslRootCert,
			Why: why, Fix: strictFix,
		}
	}
	return []clientconfig.Rule{
		required("require-missing-file", blind(clientconfig.EncryptsAlways),
			"sslmode=require verifies the chain when the root file is there; it is not, so it verifies nothing, and says nothing", valueIs(rootFile, "absent")),
		required("require-root-file", chained(clientconfig.EncryptsAlways, inFile("")),
			"sslmode=require with a root file verifies the chain as verify-ca does", valueGiven(sslRootCert)),
		required("require-default-root-file", chained(clientconfig.EncryptsAlways, inFile(defaultRoot)),
			"sslmode=require verifies the chain as verify-ca does, because "+defaultRoot+" is there", valueIs(rootFile, "present")),
		required("require", blind(clientconfig.EncryptsAlways),
			"sslmode=require encrypts and verifies nothing, unless "+defaultRoot+" is there where it runs: then it verifies the chain"),
	}
}
