package lint_test

func mariadbCells() []*cell {
	const line = "mariadb --host={host} --port={port} --user={user} --password={password}"
	return group(cell{by: "mariadb", engine: mariadb, driver: "mariadb-cli"}, line, line+" --ssl", line+" --skip-ssl", line+" --ssl=0 --ssl-ca={ca}", line+" --ssl-ca={ca}",
		line+" --ssl --ssl-ca={ca}", line+" --ssl-verify-server-cert", line+" --ssl-ca={ca} --ssl-verify-server-cert", line+" --ssl-ca={ca} --skip-ssl-verify-server-cert",
		line+" --ssl --ssl-ca={ca} --ssl-verify-server-cert=0", "mariadb -h {host} -P {port} -u {user} -p{password} --ssl-ca={ca}", line+" --tls-version=TLSv1.2")
}

func mysqlCells() []*cell {
	const line = "mysql --host={host} --port={port} --user={user} --password={password}"
	return group(cell{by: "mysql", engine: mysql, driver: "mysql-cli"}, line, line+" --ssl-mode=DISABLED", line+" --ssl-mode=PREFERRED", line+" --ssl-mode=REQUIRED",
		line+" --ssl-mode=VERIFY_CA --ssl-ca={ca}", line+" --ssl-mode=VERIFY_IDENTITY --ssl-ca={ca}", line+" --ssl-ca={ca}", line+" --ssl-mode=REQUIRED --ssl-ca={ca}",
		line+" --ssl-mode=PREFERRED --ssl-ca={ca}", "mysql -h {host} -P {port} -u {user} -p{password} --ssl-ca={ca} --ssl-mode=verify_ca")
}

func mariadbJDBCCells() []*cell {
	const url = "jdbc:mariadb://{host}:{port}/?user={user}&password={password}"
	return group(cell{by: "java", kind: "org.mariadb.jdbc.Driver", engine: mariadb, driver: "mariadb-connector-j"}, url, url+"&useSsl=true", url+"&useSSL=true", url+"&useSsl=false",
		url+"&useSsl=true&trustServerCertificate=true", url+"&useSsl=true&serverSslCert={ca}", url+"&useSsl=true&serverSslCert={ca}&disableSslHostnameVerification=true",
		url+"&useSsl=true&trustStore=file:{store}&trustStorePassword={storepass}", url+"&sslMode=verify-full&serverSslCert={ca}", url+"&sslMode=trust", url+"&sslMode=VERIFY_CA",
		url+"&serverSslCert={ca}", url+"&trustServerCertificate=true", url+"&useSsl=true&disableSslHostnameVerification=true",
		"jdbc:mysql://{host}:{port}/?user={user}&password={password}&useSSL=true", url+"&useSsl=true&requireSSL=true", url+"&useSsl=true&verifyServerCertificate=false")
}

func pythonMySQLCells() []*cell {
	const arguments = `host="{host}", port={port}, user="{user}", password="{password}"`
	connect := func(module, more string) string { return module + ".connect(" + arguments + more + ")" }
	all := group(cell{by: "python", kind: "pymysql", engine: mariadb, driver: "pymysql"}, connect("pymysql", ""), connect("pymysql", `, ssl={"ca": "{ca}"}`), connect("pymysql", `, ssl_ca="{ca}"`),
		connect("pymysql", `, ssl_ca="{ca}", ssl_verify_cert=True`), connect("pymysql", `, ssl_ca="{ca}", ssl_verify_cert=True, ssl_verify_identity=True`),
		connect("pymysql", `, ssl={"ssl": True}`), connect("pymysql", `, ssl={"ca": "{ca}", "check_hostname": False}`), connect("pymysql", `, ssl_disabled=True`),
		connect("pymysql", `, ssl_verify_cert=True`), connect("pymysql", `, ssl_verify_identity=True`), connect("pymysql", `, ssl={}`),
		connect("pymysql", `, ssl={"verify_mode": "required"}`), connect("pymysql", `, ssl={"fake_flag_to_enable_tls": True}`))
	all = append(all, untold("an object made elsewhere decides", cell{by: "python", kind: "pymysql", engine: mariadb, driver: "pymysql"}, connect("pymysql", `, ssl=ssl.create_default_context(cafile="{ca}")`))...)
	return append(all, untold("the C library that it is made with decides", cell{by: "python", kind: "mysqlclient", engine: mariadb, driver: "mysqlclient"}, connect("MySQLdb", ""), connect("MySQLdb", `, ssl={"ca": "{ca}"}`))...)
}

func goMySQLCells() []*cell {
	const dsn = "{user}:{password}@tcp({host}:{port})/"
	return group(cell{by: "go", kind: "mysql", engine: mariadb, driver: "go-sql-driver-mysql"}, dsn, dsn+"?tls=false", dsn+"?tls=true", dsn+"?tls=skip-verify", dsn+"?tls=preferred",
		dsn+"?tls=1", dsn+"?tls=True", dsn+"?tls=preferred&allowFallbackToPlaintext=true", dsn+"?tls=skip-verify&allowFallbackToPlaintext=true", dsn+"?tls=true&allowFallbackToPlaintext=true")
}

func nodeMySQLCells() []*cell {
	const object = `host: "{host}", port: {port}, user: "{user}", password: "{password}"`
	const url = "mysql://{user}:{password}@{host}:{port}/"
	create := func(more string) string { return "mysql.createConnection({ " + object + more + " })" }
	texts := []string{create(""), create(", ssl: {}"), create(`, ssl: { ca: fs.readFileSync("{ca}") }`), create(", ssl: { rejectUnauthorized: false }"), create(", ssl: { rejectUnauthorized: true }"),
		create(", ssl: false")}
	one := cell{by: "node", kind: "mysql2", engine: mariadb, driver: "mysql2-node", host: "localhost"}
	all := group(one, append(texts, create(`, ssl: { ca: fs.readFileSync("{ca}"), verifyIdentity: true }`), create(`, ssl: { verifyIdentity: true }`),
		`mysql.createConnection("`+url+`")`, `mysql.createConnection('`+url+`?ssl={"rejectUnauthorized":true}')`, `mysql.createConnection('`+url+`?ssl={"rejectUnauthorized":false}')`,
		`mysql.createConnection("`+url+`?sslmode=require")`)...)
	all = append(all, refusing(one, create(", ssl: true"), `mysql.createConnection("`+url+`?ssl=true")`)...)
	one.kind, one.driver = "mysql", "mysql-node"
	all = append(all, group(one, append(texts, create(", ssl: true"))...)...)
	mariadb := func(more string) string {
		return "mariadb.createConnection({ " + object + ", connectTimeout: 10000" + more + " })"
	}
	one.kind, one.driver = "mariadb", "mariadb-node"
	return append(all, group(one, mariadb(""), mariadb(", ssl: true"), mariadb(", ssl: false"), mariadb(", ssl: { rejectUnauthorized: false }"), mariadb(", ssl: {}"),
		mariadb(`, ssl: { ca: fs.readFileSync("{ca}") }`), `mariadb.createConnection("mariadb://{user}:{password}@{host}:{port}/information_schema?ssl=true&connectTimeout=10000")`,
		`mariadb.createConnection("mariadb://{user}:{password}@{host}:{port}/information_schema?connectTimeout=10000")`)...)
}
