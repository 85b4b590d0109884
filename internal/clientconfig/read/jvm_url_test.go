package read

import (
	"testing"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

func TestJDBCURLsAreReadAsTheirDriversDo(t *testing.T) {
	t.Parallel()
	const h = "db.example.com"
	root := jvmTrust(clientconfig.TrustFile, "~/.postgresql/root.crt")
	cacerts := jvmTrust(clientconfig.TrustJava, "")
	for sentence, c := range map[string]struct {
		url  string
		want jvmAnswer
	}{
		"Connector/J 5.1.37 does not encrypt by itself": {"jdbc:mysql://db.example.com:3306/shop",
			jvmAnswer{driver: "mysql-connector-j", version: "5.1.37", encrypts: jvmNever, verifies: jvmNothing, host: h, port: "3306"}},
		"Connector/J 5.1.38 encrypts when offered and looks at the dates (seed 002)": {"jdbc:mysql://db.example.com/shop",
			jvmAnswer{version: "5.1.38", encrypts: jvmMaybe, verifies: jvmDates}},
		"Connector/J 8.0.9 does so too (seed 002)": {"jdbc:mysql://db.example.com/shop",
			jvmAnswer{version: "8.0.9", encrypts: jvmMaybe, verifies: jvmDates}},
		"Connector/J without a known version is unknown": {"jdbc:mysql://db.example.com/shop",
			jvmAnswer{encrypts: clientconfig.EncryptsUnknown, verifies: jvmUnknown}},
		"Connector/J 5.1 with useSSL=true verifies the chain when it encrypts": {"jdbc:mysql://db.example.com/shop?useSSL=true",
			jvmAnswer{version: "5.1.49", encrypts: jvmMaybe, verifies: jvmChain, trust: cacerts}},
		"Connector/J 8 with useSSL=true looks at the dates": {"jdbc:mysql://db.example.com/shop?useSSL=true",
			jvmAnswer{version: "8.0.33", encrypts: jvmMaybe, verifies: jvmDates}},
		"Connector/J 5.1 ignores verifyServerCertificate without useSSL": {"jdbc:mysql://db.example.com/shop?verifyServerCertificate=true",
			jvmAnswer{version: "5.1.49", encrypts: jvmMaybe, verifies: jvmDates}},
		"Connector/J 8 takes verifyServerCertificate as VERIFY_CA": {"jdbc:mysql://db.example.com/shop?verifyServerCertificate=true&trustCertificateKeyStoreUrl=file:///etc/ca.jks&trustCertificateKeyStorePassword=hunter2-SECRET",
			jvmAnswer{version: "8.4.0", encrypts: jvmAlways, verifies: jvmChain, trust: jvmTrust(clientconfig.TrustKeystore, "/etc/ca.jks")}},
		"Connector/J 5.1 ignores sslMode": {"jdbc:mysql://db.example.com/shop?sslMode=VERIFY_IDENTITY",
			jvmAnswer{version: "5.1.49", encrypts: jvmMaybe, verifies: jvmDates}},
		"sslMode=VERIFY_CA lets any name pass": {"jdbc:mysql://db.example.com/shop?user=app&password=hunter2-SECRET&sslmode=verify_ca",
			jvmAnswer{version: "9.1.0", encrypts: jvmAlways, verifies: jvmChain, trust: cacerts, user: "app"}},
		"sslMode=REQUIRED does not verify": {"jdbc:mysql://app:hunter2-SECRET@db.example.com:3307/shop?sslMode=REQUIRED",
			jvmAnswer{version: "9.1.0", encrypts: jvmAlways, verifies: jvmDates, host: h, port: "3307", user: "app"}},
		"sslMode outranks useSSL=false": {"jdbc:mysql://db.example.com/shop?useSSL=false&sslMode=VERIFY_IDENTITY",
			jvmAnswer{version: "8.0.28", encrypts: jvmAlways, verifies: jvmName}},
		"an sslMode that nobody knows is unknown": {"jdbc:mysql://db.example.com/shop?sslMode=STRICT",
			jvmAnswer{version: "8.0.28", encrypts: clientconfig.EncryptsUnknown, verifies: jvmUnknown}},
		"a placeholder is unknown": {"jdbc:mysql://${DB_HOST}:${DB_PORT}/shop?sslMode=${SSL_MODE}",
			jvmAnswer{version: "8.0.28", encrypts: clientconfig.EncryptsUnknown, verifies: jvmUnknown, host: "${DB_HOST}", port: "${DB_PORT}", note: "placeholder"}},
		"a placeholder's default counts": {"jdbc:mysql://${DB_HOST:db.example.com}:${DB_PORT:3306}/shop?sslMode=${SSL_MODE:VERIFY_CA}",
			jvmAnswer{version: "8.0.28", encrypts: jvmAlways, verifies: jvmChain, host: h, port: "3306", note: "defaults"}},
		"several servers are one client": {"jdbc:mysql:loadbalance://db.example.com:3306,db2.example.com:3307/shop?sslMode=VERIFY_CA",
			jvmAnswer{version: "8.0.28", encrypts: jvmAlways, verifies: jvmChain, host: h, note: "db2.example.com:3307"}},
		"an address may be keyed": {"jdbc:mysql://address=(protocol=tcp)(host=db.example.com)(port=3306)(user=app)(password=hunter2-SECRET)/shop?sslMode=VERIFY_CA",
			jvmAnswer{version: "8.0.28", encrypts: jvmAlways, verifies: jvmChain, host: h, port: "3306", user: "app"}},
		"keys may be parted by commas and hold options": {"jdbc:mysql://(host=db.example.com,port=3306,sslMode=VERIFY_IDENTITY)/shop",
			jvmAnswer{version: "8.0.28", encrypts: jvmAlways, verifies: jvmName, host: h}},
		"a list of servers may follow a login": {"jdbc:mysql://app:hunter2-SECRET@[db.example.com:3306,db2.example.com]/shop?sslMode=DISABLED",
			jvmAnswer{version: "8.0.28", encrypts: jvmNever, verifies: jvmNothing, host: h, user: "app"}},
		"permitMysqlScheme makes it MariaDB's": {"jdbc:mysql://db.example.com/shop?permitMysqlScheme&sslMode=REQUIRED",
			jvmAnswer{driver: "mariadb-connector-j", version: "3.3.0", encrypts: jvmAlways, verifies: jvmNothing}},
		"MariaDB 2 ignores sslMode": {"jdbc:mariadb://db.example.com/shop?sslMode=verify-full",
			jvmAnswer{driver: "mariadb-connector-j", version: "2.7.6", encrypts: jvmNever, verifies: jvmNothing}},
		"MariaDB 2 with useSsl alone verifies all": {"jdbc:mariadb://db.example.com/shop?useSsl",
			jvmAnswer{version: "2.7.6", encrypts: jvmAlways, verifies: jvmName, trust: cacerts}},
		"MariaDB 2.0 checked no name": {"jdbc:mariadb://db.example.com/shop?useSSL=true&serverSslCert=/etc/ca.pem",
			jvmAnswer{version: "2.0.3", encrypts: jvmAlways, verifies: jvmChain, trust: jvmTrust(clientconfig.TrustFile, "/etc/ca.pem")}},
		"MariaDB 2 with trustServerCertificate verifies nothing": {"jdbc:mariadb://db.example.com/shop?useSsl=true&trustServerCertificate=true",
			jvmAnswer{version: "2.7.6", encrypts: jvmAlways, verifies: jvmNothing}},
		"MariaDB 3 is plain by default": {"jdbc:mariadb://db.example.com/shop", jvmAnswer{version: "3.5.1", encrypts: jvmNever, verifies: jvmNothing}},
		"MariaDB 3 verify-full with its own file": {"jdbc:mariadb:replication://db.example.com/shop?sslMode=verify-full&serverSslCert=file:///etc/ca.pem",
			jvmAnswer{version: "3.1.0", encrypts: jvmAlways, verifies: jvmName, trust: jvmTrust(clientconfig.TrustFile, "/etc/ca.pem")}},
		"MariaDB 3.3 knows no trustStore": {"jdbc:mariadb://db.example.com/shop?sslMode=verify-ca&trustStore=/etc/ca.jks",
			jvmAnswer{version: "3.3.0", encrypts: jvmAlways, verifies: jvmChain, trust: cacerts}},
		"MariaDB 3.5 knows it": {"jdbc:mariadb://db.example.com/shop?sslMode=verify-ca&trustStore=/etc/ca.jks&trustStorePassword=hunter2-SECRET",
			jvmAnswer{version: "3.5.0", encrypts: jvmAlways, verifies: jvmChain, trust: jvmTrust(clientconfig.TrustKeystore, "/etc/ca.jks")}},
		"MariaDB 4 without sslMode is not known": {"jdbc:mariadb://db.example.com/shop",
			jvmAnswer{version: "4.0.0", encrypts: clientconfig.EncryptsUnknown, verifies: jvmUnknown}},
		"pgjdbc prefers TLS and verifies nothing": {"jdbc:postgresql://db.example.com:5432/shop",
			jvmAnswer{driver: "pgjdbc", version: "42.7.3", encrypts: jvmMaybe, verifies: jvmNothing, port: "5432"}},
		"pgjdbc before 42.2.5 did not": {"jdbc:postgresql://db.example.com/shop", jvmAnswer{version: "42.2.4", encrypts: jvmNever, verifies: jvmNothing}},
		"pgjdbc's require verifies nothing though a root file is named": {"jdbc:postgresql://db.example.com/shop?sslmode=require&sslrootcert=/etc/ca.pem",
			jvmAnswer{encrypts: jvmAlways, verifies: jvmNothing}},
		"pgjdbc's ssl=true is verify-full": {"jdbc:postgresql://db.example.com/shop?ssl=true",
			jvmAnswer{version: "42.5.5", encrypts: jvmAlways, verifies: jvmName, trust: root}},
		"pgjdbc's ssl=true was the chain alone": {"jdbc:postgresql://db.example.com/shop?ssl=true",
			jvmAnswer{version: "42.1.4", encrypts: jvmAlways, verifies: jvmChain, trust: cacerts}},
		"pgjdbc's factory outranks verify-full": {"jdbc:postgresql://db.example.com/shop?sslmode=verify-full&sslfactory=org.postgresql.ssl.NonValidatingFactory",
			jvmAnswer{encrypts: jvmAlways, verifies: jvmNothing}},
		"pgjdbc's Java factory verifies even in require": {"jdbc:postgresql://db.example.com/shop?sslmode=require&sslfactory=org.postgresql.ssl.DefaultJavaSSLFactory",
			jvmAnswer{version: "42.5.5", encrypts: jvmAlways, verifies: jvmChain, trust: cacerts}},
		"pgjdbc with a factory of one's own is unknown": {"jdbc:postgresql://db.example.com/shop?sslmode=verify-full&sslfactory=com.example.F",
			jvmAnswer{version: "42.5.5", encrypts: clientconfig.EncryptsUnknown, verifies: jvmUnknown}},
		"pgjdbc tells case in names": {"jdbc:postgresql://db.example.com/shop?sslMode=verify-full",
			jvmAnswer{version: "42.5.5", encrypts: jvmMaybe, verifies: jvmNothing, note: "sslmode is meant"}},
		"pgjdbc ignores an option of MySQL": {"jdbc:postgresql://db.example.com/shop?useSSL=true",
			jvmAnswer{version: "42.5.5", encrypts: jvmMaybe, verifies: jvmNothing, note: "useSSL is no option"}},
		"pgjdbc with a service is unknown": {"jdbc:postgresql:///?service=shop", jvmAnswer{version: "42.5.5", encrypts: clientconfig.EncryptsUnknown, verifies: jvmUnknown, note: "service"}},
		"SQL Server's flip is at 10.2, before": {"jdbc:sqlserver://db.example.com:1433;databaseName=shop",
			jvmAnswer{driver: "mssql-jdbc", version: "9.4.1", encrypts: jvmMaybe, verifies: jvmNothing, host: h, port: "1433"}},
		"SQL Server's flip is at 10.2, after": {"jdbc:sqlserver://db.example.com;databaseName=shop",
			jvmAnswer{version: "10.2.0", encrypts: jvmAlways, verifies: jvmName, trust: cacerts}},
		"SQL Server with trustServerCertificate": {"jdbc:sqlserver://db.example.com;encrypt=true;trustServerCertificate=true;user=app;password={hunter2-SECRET;}}x}",
			jvmAnswer{encrypts: jvmAlways, verifies: jvmNothing, user: "app"}},
		"SQL Server with its own store": {`jdbc:sqlserver://db.example.com\INST;encrypt=true;trustStore=C:\ca.jks;trustStorePassword=hunter2-SECRET`,
			jvmAnswer{encrypts: jvmAlways, verifies: jvmName, trust: jvmTrust(clientconfig.TrustKeystore, `C:\ca.jks`), host: h}},
		"SQL Server strict ignores trustServerCertificate": {"jdbc:sqlserver://db.example.com;encrypt=strict;trustServerCertificate=true",
			jvmAnswer{version: "12.8.1", encrypts: jvmAlways, verifies: jvmName, note: "ignores"}},
		"SQL Server strict asked nobody before 12.4": {"jdbc:sqlserver://db.example.com;encrypt=strict",
			jvmAnswer{version: "12.2.0", encrypts: jvmAlways, verifies: jvmDates}},
		"SQL Server's server may be an option": {"jdbc:sqlserver://;serverName={db.example.com};port=1433;encrypt=false",
			jvmAnswer{encrypts: jvmMaybe, verifies: jvmNothing, host: h, port: "1433"}},
		"Oracle by tcp": {"jdbc:oracle:thin:app/hunter2-SECRET@db.example.com:1521:ORCL",
			jvmAnswer{driver: "ojdbc", encrypts: jvmNever, verifies: jvmNothing, host: h, port: "1521", user: "app"}},
		"Oracle by tcps checks the chain": {"jdbc:oracle:thin:@tcps://db.example.com:2484/shop?wallet_location=/etc/wallet",
			jvmAnswer{version: "19.3", encrypts: jvmAlways, verifies: jvmChain, trust: jvmTrust(clientconfig.TrustWallet, "/etc/wallet"), port: "2484"}},
		"Oracle by tcps of 23 is not known": {"jdbc:oracle:thin:@tcps://db.example.com:2484/shop",
			jvmAnswer{version: "23.4", encrypts: clientconfig.EncryptsUnknown, verifies: jvmUnknown}},
		"Oracle with a description": {"jdbc:oracle:thin:@(DESCRIPTION=(ADDRESS=(PROTOCOL=TCPS)(HOST=db.example.com)(PORT=2484))(CONNECT_DATA=(SID=ORCL))(SECURITY=(SSL_SERVER_DN_MATCH=TRUE)))",
			jvmAnswer{encrypts: jvmAlways, verifies: jvmName, host: h, port: "2484"}},
		"Oracle with a name": {"jdbc:oracle:thin:@shop_high?TNS_ADMIN=/etc/wallet",
			jvmAnswer{encrypts: clientconfig.EncryptsUnknown, verifies: jvmUnknown, note: "tnsnames.ora"}},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			c.want.check(t, jvmOne(t, jvmLine(c.url, nil)))
		})
	}
}

func TestServersWithOptionsOfTheirOwnAreToldApart(t *testing.T) {
	t.Parallel()
	all := jvmLine("jdbc:mysql://(host=a,sslMode=VERIFY_IDENTITY),(host=b,sslMode=DISABLED)/shop", nil)
	if len(all) != 2 {
		t.Fatalf("got %+v, want two", all)
	}
	jvmAnswer{host: "a", version: "9.0", encrypts: jvmAlways, verifies: jvmName}.check(t, all[0])
	jvmAnswer{host: "b", version: "9.0", encrypts: jvmNever, verifies: jvmNothing}.check(t, all[1])
}

func TestOtherURLsAreLeftToOthers(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "jdbc:", "jdbc:h2:mem:x", "jdbc:db2://h/db", "postgres://u@h/db", "mysql -h db", "javac X.java", "ADO.NET Server=x;"} {
		if all := jvmLine(text, nil); all != nil {
			t.Errorf("%q is read as %+v", text, all)
		}
	}
}
