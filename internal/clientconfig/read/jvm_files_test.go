package read

import (
	"testing"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

func TestConfigurationFilesAreReadWithWhatStandsBeside(t *testing.T) {
	t.Parallel()
	for sentence, c := range map[string]struct {
		path, text string
		line, col  int
		want       jvmAnswer
	}{
		"Spring properties with Hikari's": {"src/main/resources/application.properties", `# the shop
spring.datasource.url=jdbc:mysql://db.example.com:3306/shop
spring.datasource.username = app
spring.datasource.password=hunter2-SECRET
spring.datasource.hikari.data-source-properties.sslMode=VERIFY_CA
spring.datasource.hikari.data-source-properties.trustCertificateKeyStoreUrl=file:///etc/ca.jks
spring.datasource.hikari.data-source-properties.trustCertificateKeyStorePassword=hunter2-SECRET
`, 2, 23, jvmAnswer{driver: "mysql-connector-j", version: "8.0.33", encrypts: jvmAlways, verifies: jvmChain, user: "app", trust: jvmTrust(clientconfig.TrustKeystore, "/etc/ca.jks")}},
		"escaped and continued, with MariaDB's class": {"app.properties", `db.driver-class-name: org.mariadb.jdbc.Driver
db.url = jdbc\:mysql\://db.example.com/shop\
    ?useSsl\=true&amp;trustServerCertificate=true
`, 2, 10, jvmAnswer{driver: "mariadb-connector-j", version: "2.7.6", encrypts: jvmAlways, verifies: jvmNothing, note: "&amp;"}},
		"Spring YAML": {"application-prod.yml", `spring:
  datasource:
    url: "jdbc:postgresql://${DB_HOST:db.example.com}:5432/shop?sslmode=verify-full&sslrootcert=/etc/ca.pem" # prod
    username: app
    password: hunter2-SECRET
`, 3, 10, jvmAnswer{driver: "pgjdbc", version: "42.7.3", encrypts: jvmAlways, verifies: jvmName, host: "db.example.com", user: "app", trust: jvmTrust(clientconfig.TrustFile, "/etc/ca.pem")}},
		"YAML with Hikari's properties": {"application.yaml", `spring:
  datasource:
    hikari:
      jdbc-url: jdbc:sqlserver://db.example.com;databaseName=shop
      data-source-properties:
        encrypt: true
        trustServerCertificate: "true"
`, 4, 17, jvmAnswer{driver: "mssql-jdbc", encrypts: jvmAlways, verifies: jvmNothing}},
		"YAML of docker compose": {"docker-compose.yml", `services:
  app:
    environment:
      - JAVA_OPTS=-Djavax.net.ssl.trustStore=/etc/ca.jks -Djavax.net.ssl.trustStorePassword=hunter2-SECRET
      - SPRING_DATASOURCE_URL=jdbc:mysql://db.example.com/shop?sslMode=VERIFY_IDENTITY
`, 5, 9, jvmAnswer{version: "8.0.33", encrypts: jvmAlways, verifies: jvmName, trust: jvmTrust(clientconfig.TrustKeystore, "/etc/ca.jks")}},
		"YAML of Kubernetes": {"deploy.yaml", `spec:
  containers:
  - name: app
    env:
    - name: SPRING_DATASOURCE_URL
      value: >-
        jdbc:mysql://db.example.com/shop?sslMode=REQUIRED
    - name: PASSWORD
      value: hunter2-SECRET
`, 7, 9, jvmAnswer{version: "8.0.33", encrypts: jvmAlways, verifies: jvmDates}},
		"Tomcat's context": {"META-INF/context.xml", `<?xml version="1.0" encoding="ISO-8859-1"?>
<Context>
  <Resource name="jdbc/shop" type="javax.sql.DataSource" username="app" password="hunter2-SECRET"
    driverClassName="com.mysql.cj.jdbc.Driver" connectionProperties="sslMode=VERIFY_IDENTITY;trustCertificateKeyStorePassword=hunter2-SECRET"
    url="jdbc:mysql://db.example.com:3306/shop?useUnicode=true&amp;characterEncoding=utf8"/>
</Context>`, 5, 10, jvmAnswer{driver: "mysql-connector-j", version: "8.0.33", encrypts: jvmAlways, verifies: jvmName, user: "app"}},
		"persistence.xml": {"persistence.xml", `<persistence><persistence-unit name="shop"><properties>
<property name="jakarta.persistence.jdbc.url" value="jdbc:oracle:thin:@tcps://db.example.com:2484/shop"/>
<property name="jakarta.persistence.jdbc.user" value="app"/><property name="jakarta.persistence.jdbc.password" value="hunter2-SECRET"/>
</properties></persistence-unit></persistence>`, 2, 54, jvmAnswer{driver: "ojdbc", version: "19.3", encrypts: jvmAlways, verifies: jvmChain, user: "app"}},
		"hibernate.cfg.xml hands on what it does not know": {"hibernate.cfg.xml", `<hibernate-configuration><session-factory>
<property name="hibernate.connection.url">
  jdbc:mysql://db.example.com/shop
</property>
<property name="hibernate.connection.sslMode">VERIFY_CA</property>
</session-factory></hibernate-configuration>`, 3, 3, jvmAnswer{version: "8.0.33", encrypts: jvmAlways, verifies: jvmChain}},
		"WildFly": {"standalone.xml", `<datasource jndi-name="java:/shop">
<connection-url>jdbc:postgresql://db.example.com/shop</connection-url>
<connection-property name="sslmode">require</connection-property>
<security user-name="app" password="hunter2-SECRET"/></datasource>`, 2, 17, jvmAnswer{driver: "pgjdbc", encrypts: jvmAlways, verifies: jvmNothing}},
		"a Spring bean": {"beans.xml", `<beans><bean id="ds" class="com.zaxxer.hikari.HikariDataSource">
<property name="jdbcUrl" value="jdbc:mysql://db.example.com/shop"/>
<property name="dataSourceProperties"><props><prop key="sslMode">DISABLED</prop></props></property>
</bean></beans>`, 2, 33, jvmAnswer{version: "8.0.33", encrypts: jvmNever, verifies: jvmNothing}},
		"a script": {"start.sh", `#!/bin/sh
# jdbc:mysql://x/y
exec java -Djavax.net.ssl.trustStore=/etc/ca.jks \
  -jar app.jar "jdbc:mysql://db.example.com/shop?sslMode=VERIFY_CA"
`, 3, 0, jvmAnswer{version: "8.0.33", encrypts: jvmAlways, verifies: jvmChain, trust: jvmTrust(clientconfig.TrustKeystore, "/etc/ca.jks")}},
		"a variable in a Dockerfile": {"Dockerfile", `FROM x
ENV URL="jdbc:sqlserver://db.example.com;encrypt=true;trustServerCertificate=true;password=hunter2-SECRET"
`, 2, 10, jvmAnswer{driver: "mssql-jdbc", encrypts: jvmAlways, verifies: jvmNothing}},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			s := jvmOne(t, jvmRead(Source{Path: c.path, Text: c.text}))
			c.want.check(t, s)
			if want := (clientconfig.Position{File: c.path, Line: c.line, Column: c.col}); s.Where != want {
				t.Errorf("it stands at %+v, want %+v", s.Where, want)
			}
		})
	}
}

// jvmRead asks every reader of the family that knows a file by its name.
func jvmRead(src Source) (all []clientconfig.Settings) {
	for _, f := range jvmFiles() {
		if f.Is(src.Path) {
			all = append(all, f.Read(src)...)
		}
	}
	return all
}

func TestProfilesOfOneFileAreReadApart(t *testing.T) {
	t.Parallel()
	all := jvmRead(Source{Path: "application.yml", Text: `spring:
  datasource:
    url: jdbc:mysql://a/shop
    hikari: {data-source-properties: {sslMode: DISABLED}}
---
spring:
  config.activate.on-profile: prod
  datasource:
    url: jdbc:mysql://b/shop
    hikari:
      data-source-properties: {sslMode: VERIFY_IDENTITY, useUnicode: true}
`})
	if len(all) != 2 {
		t.Fatalf("got %+v, want two", all)
	}
	jvmAnswer{host: "b", version: "9.1", encrypts: jvmAlways, verifies: jvmName}.check(t, all[1])
}

func TestAHintOfTheBuildFilesGivesTheVersion(t *testing.T) {
	t.Parallel()
	src := Source{Path: "application.properties", Text: "spring.datasource.url=jdbc:mysql://db/shop?useSsl=true\n",
		Hints: map[string]Hint{"mariadb-connector-j": {Version: "3.1.4", From: "pom.xml:31"}}}
	s := jvmOne(t, jvmRead(src))
	jvmAnswer{driver: "mariadb-connector-j", encrypts: jvmAlways, verifies: jvmName}.check(t, s)
	if s.Version != "3.1.4" || s.From != "pom.xml:31" {
		t.Errorf("version %q from %q, want pom.xml's", s.Version, s.From)
	}
}
