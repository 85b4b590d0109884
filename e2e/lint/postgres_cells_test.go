package lint_test

func psqlCells() []*cell {
	const info = "'host={host} port={port} user={user} password={password} dbname=postgres'"
	with := func(more string) string { return info[:len(info)-1] + " " + more + "'" }
	shared := cell{by: "psql", engine: postgres, driver: "libpq"}
	all := group(shared, info, with("sslmode=disable"), with("sslmode=allow"), with("sslmode=prefer"), with("sslmode=require"),
		with("sslmode=require sslrootcert={ca}"),
		with("sslmode=prefer sslrootcert={ca}"), with("sslmode=allow sslrootcert={ca}"),
		with("sslmode=verify-ca sslrootcert={ca}"), with("sslmode=verify-full sslrootcert={ca}"),
		with("requiressl=1"), with("sslmode=require requiressl=0"),
		"postgres://{user}:{password}@{host}:{port}/postgres", "postgresql://{user}:{password}@{host}:{port}/postgres?sslmode=require",
		"postgresql://{user}:{password}@{host}:{port}/postgres?ssl=true", "postgresql://{user}:{password}@{host}:{port}/postgres?sslmode=verify-full&sslrootcert={ca}",
		"postgresql://{user}:{password}@{host}:{port}/postgres?sslmode=verify-ca&sslrootcert={ca}")
	trusting, absent := shared, shared
	trusting.home, trusting.rootFile, absent.rootFile = "trusting", "present", "absent"
	all = append(all, group(trusting, info, with("sslmode=require"), with("sslmode=prefer"), with("sslmode=allow"), with("sslmode=verify-ca"), with("sslmode=verify-full"))...)
	all = append(all, group(absent, info, with("sslmode=require"), with("sslmode=prefer"), with("sslmode=allow"),
		with("sslmode=require sslrootcert={home}/missing.pem"))...)
	for _, env := range [][]string{{"PGSSLMODE=disable"}, {"PGSSLMODE=require"}, {"PGSSLMODE=require", "PGSSLROOTCERT={ca}"},
		{"PGSSLMODE=verify-full", "PGSSLROOTCERT={ca}"}, {"PGREQUIRESSL=1"}} {
		c := shared
		c.env = env
		all = append(all, group(c, info)...)
	}
	return all
}

func libpqPythonCells() []*cell {
	const arguments = `host="{host}", port={port}, user="{user}", password="{password}", dbname="postgres"`
	var all []*cell
	for _, kind := range []string{"psycopg", "psycopg2"} {
		shared := cell{by: "python", kind: kind, engine: postgres, driver: kind}
		all = append(all, group(shared, kind+".connect("+arguments+")", kind+".connect("+arguments+`, sslmode="disable")`,
			kind+".connect("+arguments+`, sslmode="require")`, kind+".connect("+arguments+`, sslmode="require", sslrootcert="{ca}")`,
			kind+".connect("+arguments+`, sslmode="verify-ca", sslrootcert="{ca}")`,
			kind+`.connect("postgresql://{user}:{password}@{host}:{port}/postgres?sslmode=verify-full&sslrootcert={ca}")`)...)
	}
	return all
}

func otherPythonPostgresCells() []*cell {
	const dsn = "postgresql://{user}:{password}@{host}:{port}/postgres"
	all := group(cell{by: "python", kind: "asyncpg", engine: postgres, driver: "asyncpg"}, `asyncpg.connect("`+dsn+`")`,
		`asyncpg.connect("`+dsn+`", ssl=False)`, `asyncpg.connect("`+dsn+`", ssl=True)`, `asyncpg.connect("`+dsn+`", ssl="require")`, `asyncpg.connect("`+dsn+`", ssl="prefer")`,
		`asyncpg.connect("`+dsn+`?sslmode=disable")`, `asyncpg.connect("`+dsn+`?sslmode=require")`, `asyncpg.connect("`+dsn+`?sslmode=require&sslrootcert={ca}")`,
		`asyncpg.connect("`+dsn+`?sslmode=verify-ca&sslrootcert={ca}")`, `asyncpg.connect("`+dsn+`?sslmode=verify-full&sslrootcert={ca}")`)
	return all
}

func pgjdbcCells() []*cell {
	const url = "jdbc:postgresql://{host}:{port}/postgres?user={user}&password={password}"
	return group(cell{by: "java", kind: "org.postgresql.Driver", engine: postgres, driver: "pgjdbc"}, url, url+"&ssl=true", url+"&ssl=false", url+"&ssl=true&sslmode=require",
		url+"&sslmode=disable", url+"&sslmode=allow", url+"&sslmode=prefer", url+"&sslmode=require", url+"&sslmode=require&sslrootcert={ca}",
		url+"&sslmode=verify-ca", url+"&sslmode=verify-ca&sslrootcert={ca}", url+"&sslmode=verify-full&sslrootcert={ca}", url+"&ssl=true&sslrootcert={ca}",
		url+"&ssl=true&sslfactory=org.postgresql.ssl.NonValidatingFactory", url+"&sslmode=require&sslfactory=org.postgresql.ssl.DefaultJavaSSLFactory",
		url+"&sslmode=verify-full&sslfactory=org.postgresql.ssl.DefaultJavaSSLFactory", url+"&sslmode=verify-full&sslfactory=org.postgresql.ssl.NonValidatingFactory",
		url+"&sslfactory=org.postgresql.ssl.DefaultJavaSSLFactory", url+"&sslmode=prefer&sslrootcert={ca}",
		url+"&sslmode=verify-ca&sslfactory=org.postgresql.ssl.DefaultJavaSSLFactory")
}

func goPostgresCells() []*cell {
	const url = "postgres://{user}:{password}@{host}:{port}/postgres"
	modes := []string{url, url + "?sslmode=disable", url + "?sslmode=require", url + "?sslmode=require&sslrootcert={ca}",
		url + "?sslmode=verify-ca&sslrootcert={ca}", url + "?sslmode=verify-full&sslrootcert={ca}", url + "?sslmode=verify-full", url + "?sslmode=verify-ca"}
	all := group(cell{by: "go", kind: "pgx", engine: postgres, driver: "pgx"},
		append(modes, url+"?sslmode=allow", url+"?sslmode=prefer", url+"?sslmode=prefer&sslrootcert={ca}")...)
	return append(all, group(cell{by: "go", kind: "postgres", engine: postgres, driver: "lib-pq"}, modes...)...)
}

func nodePostgresCells() []*cell {
	const url = "postgres://{user}:{password}@{host}:{port}/postgres"
	const object = `host: "{host}", port: {port}, user: "{user}", password: "{password}", database: "postgres"`
	client := func(s string) string { return `new Client({ connectionString: "` + s + `" })` }
	all := group(cell{by: "node", kind: "pg", engine: postgres, driver: "node-postgres", host: "localhost"}, client(url), client(url+"?ssl=true"), client(url+"?sslmode=disable"),
		client(url+"?sslmode=prefer"), client(url+"?sslmode=require"), client(url+"?sslmode=verify-ca"), client(url+"?sslmode=verify-full"), client(url+"?sslmode=no-verify"),
		client(url+"?sslmode=require&sslrootcert={ca}"), client(url+"?sslmode=require&uselibpqcompat=true"), client(url+"?sslmode=prefer&uselibpqcompat=true"),
		client(url+"?sslmode=require&uselibpqcompat=true&sslrootcert={ca}"), client(url+"?sslmode=verify-full&uselibpqcompat=true&sslrootcert={ca}"),
		`new Client({ `+object+` })`, `new Client({ `+object+`, ssl: true })`, `new Client({ `+object+`, ssl: false })`, `new Client({ `+object+`, ssl: { rejectUnauthorized: false } })`,
		`new Client({ `+object+`, ssl: { ca: fs.readFileSync("{ca}") } })`, `new Client({ connectionString: "`+url+`?sslmode=require", ssl: { rejectUnauthorized: false } })`,
		`new Client({ `+object+`, ssl: { rejectUnauthorized: true } })`)
	return append(all, group(cell{by: "node", kind: "postgres", engine: postgres, driver: "postgres-js", host: "localhost"},
		`postgres("`+url+`")`, `postgres("`+url+`?sslmode=require")`, `postgres("`+url+`?sslmode=prefer")`, `postgres("`+url+`?sslmode=verify-full")`, `postgres("`+url+`?sslmode=verify-ca")`,
		`postgres("`+url+`", { ssl: "require" })`, `postgres("`+url+`", { ssl: true })`, `postgres("`+url+`", { ssl: "prefer" })`,
		`postgres("`+url+`", { ssl: "verify-full" })`, `postgres("`+url+`", { ssl: { rejectUnauthorized: false } })`)...)
}
