package read

import (
	"testing"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

func TestProgramsAreReadWithTheirPropertiesAndPlaces(t *testing.T) {
	t.Parallel()
	for sentence, c := range map[string]struct {
		path, text string
		line, col  int
		want       jvmAnswer
	}{
		"a URL joined over lines, from constants below": {"src/A.java", `class A {
  void f() {
    Connection c = DriverManager.getConnection(
        "jdbc:postgresql://" + HOST + ":5432/shop" // the shop
        + "?sslmode=" + MODE + "&password=" + PASS);
  }
  private static final String HOST = "db.example.com", MODE = "verify-ca";
  private static final String PASS = "hunter2-SECRET";
}`, 4, 9, jvmAnswer{driver: "pgjdbc", encrypts: jvmAlways, verifies: jvmChain, host: "db.example.com", port: "5432"}},
		"a URL in a constant, with the properties of its function and no other's": {"src/B.java", `class B {
  static final String URL = "jdbc:mysql://db.example.com/shop";
  void other() { Properties p = new Properties(); p.setProperty("sslMode", "DISABLED"); use(p); }
  void f() {
    Properties p = new Properties();
    p.setProperty("sslMode", "VERIFY_IDENTITY");
    p.put("password", "hunter2-SECRET");
    open(DriverManager.getConnection(URL, p));
  }
}`, 2, 29, jvmAnswer{driver: "mysql-connector-j", version: "9.1.0", encrypts: jvmAlways, verifies: jvmName}},
		"a getConnection with a login takes no properties": {"src/C.java", `class C { void f() {
  Properties p = new Properties(); p.setProperty("sslMode", "VERIFY_IDENTITY");
  DriverManager.getConnection("jdbc:mysql://db.example.com/shop", "app", "hunter2-SECRET");
} }`, 3, 31, jvmAnswer{version: "9.1.0", encrypts: jvmMaybe, verifies: jvmDates}},
		"a commented URL is none": {"src/D.java", `class D { /* "jdbc:mysql://x/y" */ // "jdbc:mysql://x/y"
  String u = "jdbc:mysql://db.example.com/shop?sslMode=REQUIRED"; }`, 2, 14, jvmAnswer{version: "9.1.0", encrypts: jvmAlways, verifies: jvmDates}},
		"Kotlin with a template and an index": {"src/E.kt", `const val HOST = "db.example.com"
fun open(): Connection {
    val props = Properties()
    props["sslmode"] = "verify-full"
    props["sslrootcert"] = "/etc/ca.pem"
    return DriverManager.getConnection("jdbc:postgresql://$HOST/shop", props)
}`, 6, 40, jvmAnswer{driver: "pgjdbc", encrypts: jvmAlways, verifies: jvmName, host: "db.example.com", trust: jvmTrust(clientconfig.TrustFile, "/etc/ca.pem")}},
		"Scala with s\"\" and an environment variable": {"src/F.scala", `object F {
  val host: String = sys.env("DB_HOST")
  val url = s"jdbc:sqlserver://${host};encrypt=true;trustServerCertificate=true"
}`, 3, 14, jvmAnswer{driver: "mssql-jdbc", encrypts: jvmAlways, verifies: jvmNothing}},
		"Hikari with properties": {"src/G.java", `class G { DataSource make() {
  HikariConfig config = new HikariConfig();
  config.setJdbcUrl("jdbc:mysql://db.example.com/shop");
  config.addDataSourceProperty("sslMode", "VERIFY_CA");
  config.addDataSourceProperty("trustCertificateKeyStoreUrl", "file:/etc/ca.p12");
  config.addDataSourceProperty("trustCertificateKeyStorePassword", "hunter2-SECRET");
  config.setPassword("hunter2-SECRET");
  return new HikariDataSource(config);
} }`, 3, 21, jvmAnswer{version: "8.0.33", encrypts: jvmAlways, verifies: jvmChain, trust: jvmTrust(clientconfig.TrustKeystore, "/etc/ca.p12")}},
		"a data source with setters": {"src/H.java", `class H { void f() {
  SQLServerDataSource ds = new SQLServerDataSource();
  ds.setServerName("db.example.com"); ds.setPortNumber(1433); ds.setUser("app"); ds.setPassword("hunter2-SECRET");
  ds.setEncrypt("true"); ds.setTrustServerCertificate(true);
} }`, 2, 32, jvmAnswer{driver: "mssql-jdbc", encrypts: jvmAlways, verifies: jvmNothing, host: "db.example.com", port: "1433", user: "app"}},
		"MariaDB's class takes MySQL's URL": {"src/I.java", `class I { void f() throws Exception { Class.forName("org.mariadb.jdbc.Driver");
  DriverManager.getConnection("jdbc:mysql://db.example.com/shop?useSsl=true&trustServerCertificate=true"); } }`, 2, 31,
			jvmAnswer{driver: "mariadb-connector-j", version: "2.7.6", encrypts: jvmAlways, verifies: jvmNothing, note: "what is around it names"}},
		"a text block": {"src/J.java", "class J { String u = \"\"\"\n   jdbc:postgresql://db.example.com/shop\\\n   ?sslmode=require\n  \"\"\"; }", 1, 22,
			jvmAnswer{driver: "pgjdbc", encrypts: jvmAlways, verifies: jvmNothing}},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			s := jvmOne(t, jvmSourceFile(Source{Path: c.path, Text: c.text}))
			c.want.check(t, s)
			if want := (clientconfig.Position{File: c.path, Line: c.line, Column: c.col}); s.Where != want {
				t.Errorf("it stands at %+v, want %+v", s.Where, want)
			}
		})
	}
}

func TestAProgramWithoutADatabaseIsNotReported(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`class A { void f() { System.setProperty("javax.net.ssl.trustStore", "x.jks"); } }`,
		`class A { void f() { map.put("color", "red"); new Properties().setProperty("a", "b"); } }`,
		`class A { String prefix = "jdbc:"; }`,
	} {
		if all := jvmSourceFile(Source{Path: "A.java", Text: text}); all != nil {
			t.Errorf("%s is read as %+v", text, all)
		}
	}
}

func TestCommandLinesGiveTheTrustStoreAndTheVersion(t *testing.T) {
	t.Parallel()
	for sentence, c := range map[string]struct {
		text string
		want jvmAnswer
	}{
		"a jar of the class path says the version": {
			`java -cp lib/app.jar:lib/mysql-connector-java-5.1.49.jar -Djavax.net.ssl.trustStore="/etc/my ca.jks" -Djavax.net.ssl.trustStorePassword=hunter2-SECRET com.x.Y "jdbc:mysql://db.example.com/shop?useSSL=true&user=a&password=hunter2-SECRET"`,
			jvmAnswer{driver: "mysql-connector-j", encrypts: jvmMaybe, verifies: jvmChain, trust: jvmTrust(clientconfig.TrustKeystore, "/etc/my ca.jks"), user: "a"}},
		"a URL may be an option of the program": {
			`/usr/bin/java -jar app.jar --spring.datasource.url='jdbc:sqlserver://db.example.com;encrypt=true;trustServerCertificate=false' --spring.datasource.password=hunter2-SECRET`,
			jvmAnswer{driver: "mssql-jdbc", encrypts: jvmAlways, verifies: jvmName, host: "db.example.com"}},
		"options of a Java program alone": {
			`JAVA_OPTS="-Xmx1g -Djavax.net.ssl.trustStore=/etc/ca.jks -Djavax.net.ssl.trustStorePassword=hunter2-SECRET"`,
			jvmAnswer{driver: "java", trust: jvmTrust(clientconfig.TrustKeystore, "/etc/ca.jks"), encrypts: clientconfig.EncryptsUnknown, verifies: jvmUnknown}},
		"Oracle's are system properties": {
			`java -Doracle.net.ssl_server_dn_match=true -Doracle.net.wallet_location=/etc/wallet App jdbc:oracle:thin:@tcps://db.example.com:2484/shop`,
			jvmAnswer{driver: "ojdbc", encrypts: jvmAlways, verifies: jvmName, trust: jvmTrust(clientconfig.TrustWallet, "/etc/wallet")}},
		"pgjdbc looks at Java's store with Java's factory": {
			`java -Djavax.net.ssl.trustStore=/etc/ca.jks App 'jdbc:postgresql://h/shop?sslmode=require&sslfactory=org.postgresql.ssl.DefaultJavaSSLFactory'`,
			jvmAnswer{driver: "pgjdbc", version: "42.5.5", encrypts: jvmAlways, verifies: jvmChain, trust: jvmTrust(clientconfig.TrustKeystore, "/etc/ca.jks")}},
		"pgjdbc does not look at Java's store otherwise": {
			`java -Djavax.net.ssl.trustStore=/etc/ca.jks App 'jdbc:postgresql://db.example.com/shop?sslmode=verify-full'`,
			jvmAnswer{driver: "pgjdbc", encrypts: jvmAlways, verifies: jvmName, trust: jvmTrust(clientconfig.TrustFile, "~/.postgresql/root.crt"), note: "DefaultJavaSSLFactory alone"}},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			c.want.check(t, jvmOne(t, jvmLine(c.text, nil)))
		})
	}
}
