package read

import (
	"testing"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

// The strings, snippets and command lines about Java of seeds 002 and 003, as
// they stand there, with the seeds' own answers.
const (
	jvmSeedProperties = `Properties properties = new Properties(); properties.setProperty("sslMode", "VERIFY_IDENTITY"); properties.put("user", DB_USER); properties.put("password", DB_PASSWORD);`
	jvmSeedSystem     = `System.setProperty("javax.net.ssl.trustStore", certs); System.setProperty("javax.net.ssl.trustStorePassword", "password");`
	jvmSeedCommand    = `java -Djavax.net.ssl.trustStore=/path_to_truststore/MyTruststore.jks -Djavax.net.ssl.trustStorePassword=my_truststore_password com.companyName.MyApplication`
	jvmSeedClass      = `public class MySQLSSLTest { private static final String DB_USER = "user name"; private static final String DB_PASSWORD = "password"; // This key store has only the prod root ca. private static final String KEY_STORE_FILE_PATH = "file-path-to-keystore"; private static final String KEY_STORE_PASS = "keystore-password"; public static void test(String[] args) throws Exception { Class.forName("com.mysql.jdbc.Driver"); System.setProperty("javax.net.ssl.trustStore", KEY_STORE_FILE_PATH); System.setProperty("javax.net.ssl.trustStorePassword", KEY_STORE_PASS); Properties properties = new Properties(); properties.setProperty("sslMode", "VERIFY_IDENTITY"); properties.put("user", DB_USER); properties.put("password", DB_PASSWORD); Connection connection = DriverManager.getConnection("jdbc:mysql://jagdeeps-ssl-test.cni62e2e7kwh.us-east-1.rds.amazonaws.com:3306",properties); Statement stmt=connection.createStatement(); ResultSet rs=stmt.executeQuery("SELECT 1 from dual"); return; } }`
	jvmSeedSQLServer  = `String connectionUrl = "jdbc:sqlserver://dbinstance.rds.amazon.com;" + "databaseName=ExampleDB;integratedSecurity=true;" + "encrypt=true;trustServerCertificate=false";`
)

func TestTheSeedsTextsGiveTheSeedsAnswers(t *testing.T) {
	t.Parallel()
	v8 := map[string]Hint{"mysql-connector-j": {Version: "8.0.33", From: "pom.xml:12"}}
	for sentence, c := range map[string]struct {
		text  string
		hints map[string]Hint
		want  jvmAnswer
	}{
		"seed 002: VERIFY_IDENTITY with Connector/J 8.0 requires verification": {jvmSeedProperties, v8,
			jvmAnswer{driver: "mysql-connector-j", encrypts: jvmAlways, verifies: jvmName, note: "no JDBC URL"}},
		"seed 002: so it does without a hint, for sslMode implies 8.0.13": {jvmSeedProperties, nil,
			jvmAnswer{driver: "mysql-connector-j", encrypts: jvmAlways, verifies: jvmName, note: "older driver ignores"}},
		"seed 002: setProperty names the trust store": {jvmSeedSystem, nil,
			jvmAnswer{driver: "java", encrypts: clientconfig.EncryptsUnknown, verifies: jvmUnknown, trust: jvmTrust(clientconfig.TrustKeystore, "${certs}")}},
		"seed 002: the command line names the trust store": {jvmSeedCommand, nil,
			jvmAnswer{driver: "java", encrypts: clientconfig.EncryptsUnknown, verifies: jvmUnknown, trust: jvmTrust(clientconfig.TrustKeystore, "/path_to_truststore/MyTruststore.jks")}},
		"seed 002: MySQLSSLTest validates the server certificate": {jvmSeedClass, v8,
			jvmAnswer{driver: "mysql-connector-j", encrypts: jvmAlways, verifies: jvmName, trust: jvmTrust(clientconfig.TrustKeystore, "file-path-to-keystore"),
				host: "jagdeeps-ssl-test.cni62e2e7kwh.us-east-1.rds.amazonaws.com", port: "3306", user: "user name", note: "com.mysql.jdbc.Driver"}},
		"seed 002: MySQLSSLTest does so without a hint": {jvmSeedClass, nil,
			jvmAnswer{driver: "mysql-connector-j", encrypts: jvmAlways, verifies: jvmName, note: "older driver ignores"}},
		"seed 002: MySQLSSLTest with 5.1, whose class it names, does not": {jvmSeedClass, nil,
			jvmAnswer{driver: "mysql-connector-j", version: "5.1.49", encrypts: jvmMaybe, verifies: jvmDates}},
		"seed 002: from 5.1.38 on the default encrypts and looks at the dates": {"jdbc:mysql://mysql-database.rds.amazonaws.com/", map[string]Hint{"mysql-connector-j": {Version: "5.1.38"}},
			jvmAnswer{encrypts: jvmMaybe, verifies: jvmDates}},
		"seed 002: from 8.0.9 on too": {"jdbc:mysql://mysql-database.rds.amazonaws.com/", map[string]Hint{"mysql-connector-j": {Version: "8.0.9"}},
			jvmAnswer{encrypts: jvmMaybe, verifies: jvmDates}},
		"seed 003: encrypt=true;trustServerCertificate=false must be verified": {jvmSeedSQLServer, nil,
			jvmAnswer{driver: "mssql-jdbc", encrypts: jvmAlways, verifies: jvmName, host: "dbinstance.rds.amazon.com", trust: jvmTrust(clientconfig.TrustJava, "")}},
		"seed 003: trustStore= names the store": {"jdbc:sqlserver://dbinstance.rds.amazon.com;encrypt=true;trustStore=path-to-certificate-trust-store-file", nil,
			jvmAnswer{encrypts: jvmAlways, verifies: jvmName, trust: jvmTrust(clientconfig.TrustKeystore, "path-to-certificate-trust-store-file")}},
		"seed 003: trustServerCertificate=true skips validation": {"jdbc:sqlserver://dbinstance.rds.amazon.com;encrypt=true;trustServerCertificate=true", nil,
			jvmAnswer{encrypts: jvmAlways, verifies: jvmNothing}},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			s := jvmOne(t, jvmLine(c.text, c.hints))
			c.want.check(t, s)
			for _, password := range []string{"my_truststore_password", "keystore-password"} {
				if jvmShows(s, password) {
					t.Errorf("%q is shown in %+v", password, s)
				}
			}
		})
	}
}

// The traps that people report of clients in general, as JDBC drivers have
// them: by the issue in which they were met.
func TestTheKnownTrapsOfJDBCAreTold(t *testing.T) {
	t.Parallel()
	for sentence, c := range map[string]struct {
		text string
		want jvmAnswer
	}{
		"require verifies nothing, though libpq would with that file (terraform-provider-postgresql#343, lib/pq#424)": {
			"jdbc:postgresql://db/shop?sslmode=require&sslrootcert=/etc/ca.pem",
			jvmAnswer{encrypts: jvmAlways, verifies: jvmNothing}},
		"verify-full is accepted and nothing is verified (crystal-pg#309)": {
			"jdbc:postgresql://db/shop?sslmode=verify-full&sslfactory=org.postgresql.ssl.NonValidatingFactory",
			jvmAnswer{encrypts: jvmAlways, verifies: jvmNothing}},
		"the default of encrypt flipped (SqlClient#1402)": {
			"jdbc:sqlserver://db;databaseName=shop", jvmAnswer{version: "10.2.0", encrypts: jvmAlways, verifies: jvmName}},
		"and the cure that people find (SqlClient#1836)": {
			"jdbc:sqlserver://db;databaseName=shop;trustServerCertificate=true", jvmAnswer{version: "10.2.0", encrypts: jvmAlways, verifies: jvmNothing}},
		"before the flip that cure does nothing": {
			"jdbc:sqlserver://db;databaseName=shop;trustServerCertificate=true", jvmAnswer{version: "9.4.0", encrypts: jvmMaybe, verifies: jvmNothing}},
		"MariaDB's driver verifies by default from no version that is known (mariadb-docker#592)": {
			"jdbc:mariadb://db/shop", jvmAnswer{version: "3.4.0", encrypts: jvmNever, verifies: jvmNothing}},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			c.want.check(t, jvmOne(t, jvmLine(c.text, nil)))
		})
	}
}
