package read_test

import (
	"strings"
	"testing"

	"github.com/dbtls/dbtls/internal/clientconfig/read"
)

// secret is what no output may hold. It does not contain the name of a secret,
// which would hide what stands behind it.
const secret = "hunter2-XYZZY"

func TestSecretsAreHiddenAndTheRestStaysReadable(t *testing.T) {
	t.Parallel()
	for sentence, c := range map[string]struct{ in, want string }{
		"a URL":                              {"postgres://app:" + secret + "@db1:5432/shop?sslmode=require", "postgres://app:***@db1:5432/shop?sslmode=require"},
		"a URL without a password":           {"postgres://app@db1:5432/shop?sslmode=require", "postgres://app@db1:5432/shop?sslmode=require"},
		"a URL without a user":               {"jdbc:postgresql://db1:5432/shop", "jdbc:postgresql://db1:5432/shop"},
		"a password with an @":               {"mysql://app:p@" + secret + "@db1/shop", "mysql://app:***@db1/shop"},
		"a password with a slash":            {"mysql://app:p/" + secret + "@db1/shop", "mysql://app:***@db1/shop"},
		"a password with a per cent":         {"mysql://app:%40" + secret + "%@db1/shop", "mysql://app:***@db1/shop"},
		"a password with a question mark":    {"mysql://app:p?x=" + secret + "@db1/shop", "mysql://app:***@db1/shop"},
		"a password with a colon":            {"mysql://app:p:" + secret + "@db1/shop", "mysql://app:***@db1/shop"},
		"a password with a space":            {"mysql://app:my " + secret + "@db1/shop", "mysql://app:***@db1/shop"},
		"a password with a quote":            {`"mysql://app:my"` + secret + `@db1/shop"`, `"mysql://app:***@db1/shop"`},
		"a URL that lost its host":           {"postgres://app:" + secret, "postgres://app:***"},
		"a URL with an IPv6 address":         {"postgres://app:" + secret + "@[2001:db8::1]:5432/shop", "postgres://app:***@[2001:db8::1]:5432/shop"},
		"an IPv6 address alone":              {"postgres://[2001:db8::1]:5432/shop", "postgres://[2001:db8::1]:5432/shop"},
		"several hosts":                      {"mongodb://app:" + secret + "@h1:27017,h2:27017/shop?tls=true", "mongodb://app:***@h1:27017,h2:27017/shop?tls=true"},
		"a token for the web":                {"https://" + secret + "@example.com/x", "https://***@example.com/x"},
		"a user with an @ in a parameter":    {"jdbc:postgresql://db1/shop?user=a@b&password=" + secret + "&ssl=true", "jdbc:postgresql://db1/shop?user=a@b&password=***&ssl=true"},
		"a port that a template gives":       {"jdbc:postgresql://${HOST}:${PORT}/shop", "jdbc:postgresql://${HOST}:${PORT}/shop"},
		"an encoded URL":                     {"jdbc%3Amysql%3A%2F%2Fh%3Fpassword%3D" + secret + "%26useSSL%3Dtrue", "jdbc%3Amysql%3A%2F%2Fh%3Fpassword%3D***%26useSSL%3Dtrue"},
		"Go's MySQL driver":                  {"app:" + secret + "@tcp(db1:3306)/shop?tls=true", "app:***@tcp(db1:3306)/shop?tls=true"},
		"a JDBC URL's parameters":            {"jdbc:sqlserver://db1:1433;user=sa;password=" + secret + ";encrypt=true", "jdbc:sqlserver://db1:1433;user=sa;password=***;encrypt=true"},
		"a password with a semicolon":        {"Server=db1;Password=a;" + secret + ";Encrypt=True", "Server=db1;Password=***;Encrypt=True"},
		"ADO.NET":                            {"Server=tcp:db1,1433;User ID=app;Password=" + secret + ";Encrypt=True;TrustServerCertificate=False", "Server=tcp:db1,1433;User ID=app;Password=***;Encrypt=True;TrustServerCertificate=False"},
		"ADO.NET with quotes":                {`Server=db1;Pwd="a;""` + secret + `";Encrypt=True`, `Server=db1;Pwd="***";Encrypt=True`},
		"ODBC with braces":                   {"Driver={ODBC Driver 18 for SQL Server};Server=db1;UID=sa;PWD={a}}" + secret + "};Encrypt=yes", "Driver={ODBC Driver 18 for SQL Server};Server=db1;UID=sa;PWD={***};Encrypt=yes"},
		"a C# literal":                       {`"User ID=app;" + "Password=` + secret + `;" + "Encrypt=True;"`, `"User ID=app;" + "Password=***;" + "Encrypt=True;"`},
		"a C# concatenation":                 {`"Password=" + "` + secret + `" + ";Encrypt=True"`, `"Password="***" + ";Encrypt=True"`},
		"libpq's words":                      {"host=db1 user=app password=" + secret + " sslmode=verify-full", "host=db1 user=app password=*** sslmode=verify-full"},
		"libpq's secretWordsOf with quotes":  {`host=db1 password='a\'b ` + secret + `' sslmode=require`, `host=db1 password='***' sslmode=require`},
		"a property":                         {"spring.datasource.password=" + secret + "\nspring.datasource.url=jdbc:mysql://h/d", "spring.datasource.password=***\nspring.datasource.url=jdbc:mysql://h/d"},
		"a property with spaces in it":       {"db.password = my " + secret + "\nurl=x", "db.password = ***\nurl=x"},
		"a property over two lines":          {"db.password=my\\\n   " + secret + "\nurl=x", "db.password=***\nurl=x"},
		"an empty property":                  {"password=\nurl=jdbc:mysql://h/d", "password=\nurl=jdbc:mysql://h/d"},
		"YAML":                               {"db:\n  password: " + secret + "\n  host: db1\n", "db:\n  password: ***\n  host: db1\n"},
		"YAML with quotes":                   {"password: \"" + secret + "\" # old\nhost: db1", "password: \"***\" # old\nhost: db1"},
		"YAML's block":                       {"  password: |\n    a\n    " + secret + "\n  host: db1", "  password: ***\n  host: db1"},
		"YAML's flow":                        {"{user: app, password: " + secret + ", host: db1}", "{user: app, password: ***, host: db1}"},
		"YAML of Kubernetes":                 {"- name: DB_PASSWORD\n  value: " + secret + "\n- name: DB_HOST\n  value: db1", "- name: DB_PASSWORD\n  value: ***\n- name: DB_HOST\n  value: db1"},
		"JSON":                               {`{"user":"app","password":"` + secret + `","host":"db1"}`, `{"user":"app","password":"***","host":"db1"}`},
		"JSON in a string":                   {`"{\"password\":\"` + secret + `\",\"host\":\"db1\"}"`, `"{\"password\":\"***\",\"host\":\"db1\"}"`},
		"JSON over two lines":                {"{\"password\":\n  \"" + secret + "\"}", "{\"password\":\n  \"***\"}"},
		"JSON as names and values":           {`{"name":"DB_PASSWORD","value":"` + secret + `"}`, `{"name":"DB_PASSWORD","value":"***"}`},
		"JSON as values and names":           {`{"value":"` + secret + `","name":"DB_PASSWORD"}`, `{"value":"***","name":"DB_PASSWORD"}`},
		"a Java property":                    {`p.setProperty("password", "` + secret + `"); p.put("user", "app");`, `p.setProperty("password", "***"); p.put("user", "app");`},
		"a Java put":                         {`p.put("password", ` + secret + `); p.put("user", "app");`, `p.put("password", ***); p.put("user", "app");`},
		"a Java constant":                    {`String KEY_STORE_PASS = "` + secret + `";`, `String KEY_STORE_PASS = "***";`},
		"a setter":                           {`ds.setPassword("` + secret + `");`, `ds.setPassword("***");`},
		"an secretPlace by position":         {`DriverManager.getConnection("jdbc:mysql://h/d", "app", "` + secret + `")`, `DriverManager.getConnection("jdbc:mysql://h/d", "app", "***")`},
		"Python's by position":               {`cx_Oracle.connect("scott", "` + secret + `", dsn="h")`, `cx_Oracle.connect("scott", "***", dsn="h")`},
		"PHP's by position":                  {`new PDO('mysql:host=h', 'app', '` + secret + `', [PDO::X => true])`, `new PDO('mysql:host=h', 'app', '***', [PDO::X => true])`},
		"Ruby":                               {`password: '` + secret + `', host: 'db1'`, `password: '***', host: 'db1'`},
		"PHP":                                {`'password' => '` + secret + `', 'host' => 'db1'`, `'password' => '***', 'host' => 'db1'`},
		"XML's attribute":                    {`<db user="app" password="` + secret + `" host="db1"/>`, `<db user="app" password="***" host="db1"/>`},
		"XML's element":                      {`<password>` + secret + `</password><host>db1</host>`, `<password>***</password><host>db1</host>`},
		"XML's name and value":               {`<property name="password" value="` + secret + `"/>`, `<property name="password" value="***"/>`},
		"XML's value and name":               {`<property value="` + secret + `" name="password"/>`, `<property value="***" name="password"/>`},
		"XML's named content":                {`<entry key="password">` + secret + `</entry>`, `<entry key="password">***</entry>`},
		"XML's connection string":            {`connectionString="Server=db1;Password=&quot;a;` + secret + `&quot;;Encrypt=True"`, `connectionString="Server=db1;Password=&quot;***&quot;;Encrypt=True"`},
		"XML's URL":                          {`url="jdbc:mysql://h/d?password=` + secret + `&amp;useSSL=true"`, `url="jdbc:mysql://h/d?password=***&amp;useSSL=true"`},
		"a Java option":                      {"java -Djavax.net.ssl.trustStore=t.jks -Djavax.net.ssl.trustStorePassword=" + secret + " App", "java -Djavax.net.ssl.trustStore=t.jks -Djavax.net.ssl.trustStorePassword=***"},
		"MySQL's glued option":               {"mysql -h db1 -uadmin -p" + secret + " --ssl-mode=VERIFY_CA shop", "mysql -h db1 -uadmin -p*** --ssl-mode=VERIFY_CA shop"},
		"MySQL's quotedAt glued option":      {"mysql -h db1 -p'a b" + secret + "' shop", "mysql -h db1 -p*** shop"},
		"MySQL's long option":                {"mysql --password=" + secret + " --host db1", "mysql --password=*** --host db1"},
		"MySQL that asks":                    {"mysql -p -h db1 --ssl-ca=ca.pem", "mysql -p -h db1 --ssl-ca=ca.pem"},
		"MySQL in a list":                    {`["mysql", "-h", "db1", "-p` + secret + `"]`, `["mysql", "-h", "db1", "-p***"]`},
		"MySQL in a list without spaces":     {`["mysql","-hdb1","-p` + secret + `"]`, `["mysql","-hdb1","-p***"]`},
		"MySQL over lines":                   {"mysql \\\n  -h db1 \\\n  -p" + secret + " \\\n  --ssl-mode=REQUIRED", "mysql \\\n  -h db1 \\\n  -p*** \\\n  --ssl-mode=REQUIRED"},
		"psql's port":                        {"psql -h db1 -p 5432 -U app shop", "psql -h db1 -p 5432 -U app shop"},
		"sqlcmd":                             {"sqlcmd -N -S db1 -U sa -P " + secret + " -d shop", "sqlcmd -N -S db1 -U sa -P *** -d shop"},
		"sqlcmd glued":                       {"/opt/mssql-tools/bin/sqlcmd -S db1 -Usa -P" + secret + " -C", "/opt/mssql-tools/bin/sqlcmd -S db1 -Usa -P*** -C"},
		"bcp":                                {"bcp shop.dbo.t out t.bcp -S db1 -U sa -P '" + secret + "'", "bcp shop.dbo.t out t.bcp -S db1 -U sa -P '***'"},
		"PowerShell":                         {"Invoke-Sqlcmd -ServerInstance db1 -Username sa -Password '" + secret + "' -EncryptConnection", "Invoke-Sqlcmd -ServerInstance db1 -Username sa -Password '***' -EncryptConnection"},
		"sqlplus":                            {"sqlplus scott/" + secret + "@//db1:2484/shop", "sqlplus scott/***@//db1:2484/shop"},
		"sqlplus with an @ in the password":  {`sqlplus scott/"p@` + secret + `"@db1`, `sqlplus scott/***@db1`},
		"sqlplus without a service":          {"sqlplus -S scott/" + secret + " @script.sql", "sqlplus -S scott/*** @script.sql"},
		"an Oracle JDBC URL":                 {"jdbc:oracle:thin:scott/" + secret + "@//db1:1521/shop", "jdbc:oracle:thin:scott/***@//db1:1521/shop"},
		"an Oracle JDBC URL without one":     {"jdbc:oracle:thin:@tcps://db1:2484/shop", "jdbc:oracle:thin:@tcps://db1:2484/shop"},
		"mongosh":                            {"mongosh --tls -u app -p " + secret + " db1", "mongosh --tls -u app -p *** db1"},
		"an environment variable":            {"PGPASSWORD=" + secret + " psql -h db1", "PGPASSWORD=*** psql -h db1"},
		"a quotedAt environment variable":    {"export MYSQL_PWD='a'b" + secret + " && mysql -h db1", "export MYSQL_PWD='*** && mysql -h db1"},
		"sqlcmd's environment variable":      {"SQLCMDPASSWORD=" + secret + " sqlcmd -S db1", "SQLCMDPASSWORD=*** sqlcmd -S db1"},
		"a password file":                    {"db1:5432:*:app:" + secret + "\ndb2:*:shop:app:" + secret, "db1:5432:*:app:***\ndb2:*:shop:app:***"},
		"netrc's words":                      {"machine db1 login app password " + secret, "machine db1 login app password ***"},
		"SQL":                                {"CREATE USER app IDENTIFIED BY '" + secret + "' REQUIRE SSL", "CREATE USER app IDENTIFIED BY '***' REQUIRE SSL"},
		"Db2's connect":                      {"db2 connect to shop user app using " + secret, "db2 connect to shop user app using ***"},
		"an account key":                     {"AccountName=x;AccountKey=" + secret + "==;Encrypt=true", "AccountName=x;AccountKey=***;Encrypt=true"},
		"a key of two words":                 {"API key: " + secret, "API key: ***"},
		"the key of a PEM file":              {"-----BEGIN PRIVATE KEY-----\n" + secret + "\n-----END PRIVATE KEY-----\nhost=db1", "-----BEGIN PRIVATE KEY-----***-----END PRIVATE KEY-----\nhost=db1"},
		"key and trust store passwords":      {"trustStorePassword=" + secret + "&clientCertificateKeyStorePassword=" + secret + "&useSSL=true", "trustStorePassword=***&clientCertificateKeyStorePassword=***&useSSL=true"},
		"the file of a password is no one":   {"passfile=/home/app/.pgpass sslmode=require", "passfile=/home/app/.pgpass sslmode=require"},
		"options of TLS are no secrets":      {"sslcert=c.pem sslkey=k.pem sslrootcert=ca.pem SSL_SERVER_DN_MATCH=yes", "sslcert=c.pem sslkey=k.pem sslrootcert=ca.pem SSL_SERVER_DN_MATCH=yes"},
		"an assembly's public key is no one": {"Version=1.0, PublicKeyToken=b77a5c561934e089", "Version=1.0, PublicKeyToken=b77a5c561934e089"},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			got := read.Redact(c.in)
			if strings.Contains(got, secret) || strings.Contains(got, "XYZZY") {
				t.Errorf("the secret is still there: %s", got)
			}
			if got != c.want {
				t.Errorf("\n%s\nwant\n%s", got, c.want)
			}
			if again := read.Redact(got); strings.Contains(again, "XYZZY") {
				t.Errorf("again: %s", again)
			}
		})
	}
}
