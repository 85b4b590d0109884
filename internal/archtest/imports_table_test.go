package archtest

// mayImport is the map of the module: for each package that ships, the
// module's own packages that it may import. Order: nothing below imports
// anything further down. A new edge is a decision about the design, so write
// it here together with the reason in the commit message.
func mayImport() map[string][]string {
	table := map[string][]string{
		// A library of its own, for others too: nothing internal.
		"wallet": {},

		// What knows nothing of databases.
		"internal/fault":           {},
		"internal/jobs":            {},
		"internal/awswire/query":   {}, // the wire codecs know no resource
		"internal/awswire/jsonrpc": {},
		"internal/awswire/sigv4":   {},
		"internal/hostfs":          {"fault"},
		"internal/secrets":         {"fault", "hostfs"},

		// Pure rules: certificates, what is trusted, what an instance is.
		"internal/pki":         {"fault"},
		"internal/pki/pkitest": {"pki"},
		"internal/trust":       {"fault", "pki"},
		"internal/trust/store": {"fault", "pki", "wallet"},
		"internal/inventory":   {"fault", "pki"},

		// What is true of a product, and how one is dialled.
		"internal/engine":           {"fault", "pki"},
		"internal/engine/discover":  {"engine"},
		"internal/engine/mysql":     {"engine", "engine/discover", "fault", "pki"},
		"internal/engine/postgres":  {"engine", "engine/discover", "fault", "pki"},
		"internal/engine/redshift":  {"engine", "engine/postgres", "fault", "pki"},
		"internal/engine/tds":       {"engine", "fault"}, // what SQL Server and ASE have in common
		"internal/engine/sqlserver": {"engine", "engine/tds", "fault", "pki"},
		"internal/engine/ase":       {"engine", "engine/tds", "fault", "pki"},
		"internal/engine/oracle":    {"engine", "fault", "pki"},
		"internal/engine/db2":       {"engine", "fault", "pki"},
		"internal/engine/mongodb":   {"engine", "fault", "pki"},
		"internal/engines": {"engine", "engine/ase", "engine/db2", "engine/mongodb", "engine/mysql", "engine/oracle",
			"engine/postgres", "engine/redshift", "engine/sqlserver"},
		"internal/probe":             {"engine", "fault", "pki"},
		"internal/engine/enginetest": {"engine", "fault", "pki", "pki/pkitest", "probe"},

		// What people do with trust stores and wallets, by hand.
		"internal/trust/store/storefile": {"fault", "hostfs", "pki", "trust/store"},
		"internal/guide":                 {"fault"},
		"internal/walletcli":             {"fault", "hostfs", "pki", "wallet"},

		// What clients' configurations really do.
		"internal/clientconfig":         {},
		"internal/clientconfig/drivers": {"clientconfig"},
		"internal/clientconfig/read":    {"clientconfig"},
		"internal/clientconfig/scan":    {"clientconfig", "clientconfig/drivers", "clientconfig/read", "fault", "hostfs", "pki", "trust/store", "trust/store/storefile"},

		"internal/clientconfig/host": {"clientconfig", "clientconfig/scan", "engine", "engines", "evidence", "fault", "pki", "probe", "trust/store/storefile"},

		// What a change of a CA does to each client, from evidence.
		"internal/forecast": {"clientconfig", "evidence"},

		// State.
		"internal/evidence": {}, // who connects: nouns and rules, pure
		"internal/store":    {"evidence", "fault", "inventory", "pki"},
		"internal/auth":     {"fault", "secrets", "store"},
		"internal/clock":    {"fault", "store"},
		"internal/events":   {"fault", "inventory", "store"},

		// Where databases live.
		"internal/provider":           {"engine", "fault", "pki"},
		"internal/provider/local":     {"engine", "fault", "hostfs", "pki", "provider"},
		"internal/provider/simulated": {"engine", "fault", "hostfs", "pki", "provider"},

		// What should be.
		"internal/authority": {"clock", "events", "fault", "inventory", "pki", "secrets", "store", "trust"},
		"internal/rotation":  {"authority", "clock", "engine", "events", "evidence", "fault", "inventory", "pki", "probe", "provider", "store"},
		"internal/params":    {"engine", "events", "fault", "inventory", "store"},
		"internal/status":    {"fault", "inventory", "rotation", "store"},
		// Who connects: the watching; and what forcing TLS would do to them.
		"internal/watch":    {"engine", "events", "evidence", "fault", "inventory", "jobs", "provider", "rotation", "store"},
		"internal/forcetls": {"engine", "events", "evidence", "fault", "inventory", "jobs", "params", "store"},
		"internal/fleet":    {"authority", "clientconfig", "clock", "engine", "events", "evidence", "fault", "forecast", "inventory", "params", "pki", "provider", "rotation", "secrets", "store"},
		"internal/overview": {"authority", "engine", "fault", "inventory", "rotation", "store"},
		// Migration endpoints: a connection test is a probe and an engine's login.
		"internal/migration": {"engine", "events", "fault", "inventory", "jobs", "pki", "probe", "secrets", "store", "wallet"},
		// The way back: a copy of the state and the keys.
		"internal/backup": {"fault", "hostfs", "inventory", "store"},
	}

	// The edges of the program: they may use the whole domain, and not each
	// other. No transport reaches a database's files or its wire.
	domain := []string{
		"auth", "authority", "clock", "engine", "events", "clientconfig", "evidence", "fault", "fleet", "forcetls", "forecast", "inventory",
		"jobs", "migration", "overview", "params", "pki", "provider", "rotation", "status", "store", "trust", "watch",
	}
	table["internal/console"] = []string{"fault"}
	table["internal/api"] = []string{"events", "fault"} // what they share
	table["internal/api/rds"] = append([]string{"api", "awswire/query", "awswire/sigv4"}, domain...)
	table["internal/api/dms"] = append([]string{"api", "awswire/jsonrpc"}, domain...)
	table["internal/api/native"] = append([]string{"api", "awswire/sigv4", "clientconfig/scan", "console", "guide"}, domain...)
	table["internal/serve"] = append([]string{
		"api/dms", "api/rds", "api/native", "awswire/jsonrpc", "awswire/query", "awswire/sigv4", "console", "engines", "hostfs", "probe", "provider/local", "provider/simulated", "secrets",
	}, domain...)
	table["cmd/dbtls"] = append([]string{"serve", "backup", "clientconfig/host", "clientconfig/scan", "trust/store", "trust/store/storefile", "guide", "wallet", "walletcli"}, table["internal/serve"]...)
	return table
}
