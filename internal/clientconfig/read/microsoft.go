package read

import (
	"strings"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

// The drivers of Microsoft's family, and those whose strings have its form.
const (
	idSQLCmd       = "sqlcmd"
	idBCP          = "bcp"
	idInvokeSQLCmd = "invoke-sqlcmd"
	idGoSQLCmd     = "go-sqlcmd"
	idMDS          = "microsoft-data-sqlclient"
	idSDS          = "system-data-sqlclient"
	idSSMS         = "ssms"
	idMSODBC       = "msodbcsql"
	idMSOLEDB      = "msoledbsql"
	idNativeClient = "sqlncli"
	idOldODBC      = "sqlsrv32"
	idTedious      = "tedious"
	idNodeMSSQL    = "mssql"
	idGoMSSQL      = "go-mssqldb"
	idFreeTDS      = "freetds"
	idPsqlODBC     = "psqlodbc"
	idMySQLODBC    = "mysql-odbc"
	idMariaODBC    = "mariadb-odbc"
	idDb2CLI       = "db2-cli"
	idDb2JDBC      = "db2-jdbc"
	idJConnect     = "jconnect"
)

func microsoftLines() []Line {
	return []Line{mssCommandLine, mssURLLine, db2JDBCLine, mssStringLine, mssProgramLine, ssmsLine}
}

func microsoftFiles() []File {
	return []File{
		{Name: "command lines of SQL Server's clients", Is: isMSSScript, Read: readMSSCommands},
		{Name: "connection strings of ADO.NET, ODBC and OLE DB", Is: isMSSText, Read: readMSSStrings},
		{Name: "FreeTDS configuration", Is: isFreeTDSFile, Read: readFreeTDSFile},
		{Name: "ODBC data sources", Is: isODBCFile, Read: readODBCFile},
		{Name: "Db2 data sources", Is: func(path string) bool { return base(path) == "db2dsdriver.cfg" }, Read: readDb2File},
		{Name: "JavaScript program that uses SQL Server", Is: hasExtension(".js", ".ts", ".mjs", ".cjs", ".mts", ".cts"), Read: readNodeMSSQL},
		{Name: "Python program that uses SQL Server", Is: hasExtension(".py"), Read: readPyMSSQL},
	}
}

// mssClient is a client whose options are known by name.
func mssClient() client { return client{options: map[string]string{}} }

// versioned gives settings the version that the text itself tells.
func versioned(s clientconfig.Settings, version, from string) []clientconfig.Settings {
	if version != "" {
		s.Version, s.From = version, from
	}
	return []clientconfig.Settings{s}
}

// mssServer reads "tcp:host\instance,port".
func mssServer(value string) (host, port string) {
	value = strings.TrimSpace(value)
	for _, protocol := range []string{"tcp:", "np:", "lpc:", "admin:"} {
		if len(value) > len(protocol) && strings.EqualFold(value[:len(protocol)], protocol) {
			value = value[len(protocol):]
		}
	}
	host, port, _ = strings.Cut(value, ",")
	host, _, _ = strings.Cut(host, `\`)
	return strings.TrimSpace(host), strings.TrimSpace(port)
}

// mssURLLine reads sqlserver://user:password@host:port?encrypt=true, which is
// go-mssqldb's own, and mssql+pyodbc://, mssql+pymssql:// of SQLAlchemy.
func mssURLLine(text string, hints map[string]Hint) []clientconfig.Settings {
	text = strings.TrimSpace(bounded(text))
	u, ok := parseURL(text)
	if !ok || strings.ContainsAny(text, " \n\"'") {
		return nil
	}
	switch u.scheme {
	case "sqlserver", "mssql", "azuresql":
		c := u.client()
		c.database = ""
		for _, p := range u.query {
			mssOption(&c, strings.ToLower(p.name), p.value)
		}
		return []clientconfig.Settings{c.settings(idGoMSSQL, hints, text)}
	case "mssql+pymssql":
		c := u.client()
		c.options["config"] = "elsewhere"
		return []clientconfig.Settings{c.settings(idFreeTDS, hints, text)}
	case "mssql+pyodbc", "mssql+aioodbc":
		return pyODBCURL(u, hints, text)
	}
	return nil
}

// pyODBCURL reads SQLAlchemy's way to name an ODBC driver: ?driver=… with its
// options, or a whole connection string in odbc_connect.
func pyODBCURL(u dbURL, hints map[string]Hint, text string) []clientconfig.Settings {
	if connect := u.get("odbc_connect"); connect != "" {
		return mssString(connect, hints, text)
	}
	c := u.client()
	for _, p := range u.query {
		mssOption(&c, strings.ToLower(p.name), p.value)
	}
	id, version := odbcDriver(strings.ReplaceAll(u.get("driver"), "+", " "))
	if id == "" {
		return nil
	}
	return versioned(c.settings(id, hints, text), version, "the driver's name")
}

// mssOption takes one option by any of its names, in lower case.
func mssOption(c *client, name, value string) {
	switch strings.ReplaceAll(name, " ", "") {
	case "server", "datasource", "addr", "address", "networkaddress", "servername", "hostname":
		host, port := mssServer(value)
		fill2(&c.host, host)
		fill2(&c.port, port)
	case "port", "tds_port":
		fill2(&c.port, strings.TrimSpace(value))
	case "database", "initialcatalog", "dbalias":
		fill2(&c.database, value)
	case "userid", "uid", "user", "username":
		fill2(&c.user, value)
	case "encrypt", "useencryptionfordata":
		c.options["encrypt"] = mssMode(value)
	case "trustservercertificate":
		c.options["trustservercertificate"] = yes(value)
	case "hostnameincertificate":
		c.options["hostnameincertificate"] = safePath(value)
	case "servercertificate":
		c.options["servercertificate"] = safePath(value)
	case "certificate":
		c.options["certificate"] = safePath(value)
	case "authentication":
		c.options["authentication"] = safeWord(value)
	}
}

// mssMode is what an option about encryption says; "true" and its like are
// folded, the words (mandatory, strict) stay.
func mssMode(value string) string {
	value = strings.TrimSpace(value)
	if strings.EqualFold(value, "disable") {
		return "disable"
	}
	return yes(value)
}

// fill2 sets what is not set.
func fill2(field *string, value string) {
	if *field == "" {
		*field = value
	}
}
