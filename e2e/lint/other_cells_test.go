package lint_test

func sqlserverCells() []*cell {
	const url = "sqlserver://{user}:{password}@{host}:{port}"
	all := group(cell{by: "go", kind: "sqlserver", engine: sqlserver, driver: "go-mssqldb"}, url, url+"?encrypt=disable", url+"?encrypt=false", url+"?encrypt=true", url+"?encrypt=strict",
		url+"?encrypt=true&TrustServerCertificate=true", url+"?encrypt=true&TrustServerCertificate=false", url+"?encrypt=true&certificate={ca}", url+"?encrypt=strict&TrustServerCertificate=true",
		url+"?encrypt=false&TrustServerCertificate=false", url+"?TrustServerCertificate=true", url+"?TrustServerCertificate=false", url+"?encrypt=mandatory", url+"?encrypt=optional",
		"server={host};port={port};user id={user};password={password};encrypt=true;trustservercertificate=true", "server={host};port={port};user id={user};password={password}")
	const options = `server: "{host}", authentication: { type: "default", options: { userName: "{user}", password: "{password}" } }, options: { port: {port}`
	tedious := func(more string) string { return "new Connection({ " + options + more + " } })" }
	all = append(all, group(cell{by: "node", kind: "tedious", engine: sqlserver, driver: "tedious", host: "localhost"}, tedious(""), tedious(", encrypt: true"), tedious(", encrypt: false"),
		tedious(`, encrypt: "strict"`), tedious(", encrypt: true, trustServerCertificate: true"), tedious(", encrypt: true, trustServerCertificate: false"),
		tedious(", trustServerCertificate: true"), tedious(`, encrypt: "strict", trustServerCertificate: true`), tedious(`, encrypt: true, cryptoCredentialsDetails: { ca: fs.readFileSync("{ca}") }`))...)
	all = append(all, untold(inFreeTDSConf, cell{by: "python", kind: "pymssql", engine: sqlserver, driver: "freetds"}, `pymssql.connect(server="{host}", port="{port}", user="{user}", password="{password}", conn_properties="", autocommit=True)`)...)
	return all
}

func odbcCells() []*cell {
	const pg = `Driver={PostgreSQL Unicode};Server={host};Port={port};Database=postgres;UID={user};PWD={password}`
	connect := func(s string) string { return `pyodbc.connect("` + s + `", autocommit=True)` }
	psqlodbc := cell{by: "python", kind: "pyodbc-postgres", engine: postgres, driver: "psqlodbc"}
	all := append(untold("the data source can set another default", psqlodbc, connect(pg)), group(psqlodbc, connect(pg+";SSLmode=disable"), connect(pg+";SSLmode=prefer"), connect(pg+";SSLmode=require"),
		connect(pg+";SSLmode=verify-ca;pqopt={sslrootcert={ca}}"), connect(pg+";SSLmode=verify-full;pqopt={sslrootcert={ca}}"))...)
	const my = `Driver={MariaDB Unicode};Server={host};Port={port};UID={user};PWD={password}`
	odbc := cell{by: "python", kind: "pyodbc-mysql", engine: mariadb, driver: "mariadb-odbc"}
	all = append(all, group(odbc, connect(my+";SSLCA={ca};SSLVERIFY=1"), connect(my+";FORCETLS=1;SSLCA={ca};SSLVERIFY=1"))...)
	all = append(all, untold("the C connector inside decides", odbc, connect(my), connect(my+";SSLCA={ca}"), connect(my+";FORCETLS=1"), connect(my+";SSLVERIFY=1"))...)
	const tds = `Driver={FreeTDS};Server={host};Port={port};UID={user};PWD={password};TDS_Version=7.4`
	freetds := cell{by: "python", kind: "pyodbc-sqlserver", engine: sqlserver, driver: "freetds"}
	all = append(all, group(freetds, connect(tds+";Encryption=off"))...)
	return append(all, untold(inFreeTDSConf, freetds, connect(tds), connect(tds+";Encryption=request"), connect(tds+";Encryption=require"), connect(tds+";Encrypt=yes"),
		connect(tds+";Encryption=require;CAFile={ca}"))...)
}

// inFreeTDSConf: the option ca file exists there and in no connection string.
const inFreeTDSConf = "freetds.conf decides what is verified"

func mongoCells() []*cell {
	const uri = "mongodb://{host}:{port}/?directConnection=true&serverSelectionTimeoutMS=2000"
	texts := []string{uri, uri + "&tls=true", uri + "&ssl=true", uri + "&tls=false", uri + "&tls=true&tlsCAFile={ca}", uri + "&tls=true&tlsInsecure=true", uri + "&tls=true&tlsCAFile={ca}&tlsInsecure=true",
		uri + "&tlsCAFile={ca}"}
	more := []string{uri + "&tls=true&tlsAllowInvalidCertificates=true", uri + "&tls=true&tlsAllowInvalidHostnames=true", uri + "&tls=true&tlsCAFile={ca}&tlsAllowInvalidHostnames=true"}
	all := group(cell{by: "go", kind: "mongo", engine: mongo, driver: "mongo-go"}, append(texts, uri+"&tls=true&tlsAllowInvalidCertificates=true", uri+"&tls=true&sslInsecure=true")...)
	for _, text := range append(texts, more...) {
		all = append(all, group(cell{by: "python", kind: "pymongo", engine: mongo, driver: "pymongo"}, `pymongo.MongoClient("`+text+`")`)...)
		all = append(all, group(cell{by: "node", kind: "mongodb", engine: mongo, driver: "mongodb-node", host: "localhost"}, `new MongoClient("`+text+`")`)...)
	}
	return all
}

func oracleCells() []*cell {
	const url = "oracle://{user}:{password}@{host}:{port}/orders?"
	all := group(cell{by: "go", kind: "oracle", engine: oracle, driver: "go-ora"}, url+"", url+"ssl=true", url+"ssl=enable", url+"ssl=true&ssl+verify=false", url+"SSL=true&SSL+VERIFY=true", url+"ssl=false")
	const tcps = "(DESCRIPTION=(ADDRESS=(PROTOCOL=TCPS)(HOST={host})(PORT={port}))(CONNECT_DATA=(SERVICE_NAME=orders))"
	const tcp = "(DESCRIPTION=(ADDRESS=(PROTOCOL=TCP)(HOST={host})(PORT={port}))(CONNECT_DATA=(SERVICE_NAME=orders)))"
	descriptors := []string{tcp, tcps + ")", tcps + "(SECURITY=(SSL_SERVER_DN_MATCH=OFF)))", tcps + "(SECURITY=(SSL_SERVER_DN_MATCH=ON)))"}
	for _, d := range descriptors {
		all = append(all, group(cell{by: "python", kind: "oracledb", engine: oracle, driver: "python-oracledb"}, `oracledb.connect(user="{user}", password="{password}", dsn="`+d+`")`)...)
		all = append(all, group(cell{by: "node", kind: "oracledb", engine: oracle, driver: "node-oracledb", host: "localhost"}, `oracledb.getConnection({ user: "{user}", password: "{password}", connectString: "`+d+`" })`)...)
	}
	return all
}
