package read

import (
	"path"
	"strings"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

// jvmProduct is a JDBC driver as texts name it.
type jvmProduct struct {
	id   string // clientconfig.Driver.ID
	name string
	// classes are the beginnings of its Java packages.
	classes []string
	// jars are the beginnings of its files' names, before "-VERSION".
	jars []string
	// options are the options that decide about TLS as the vendor spells them,
	// with the name that the driver's rules use.
	options map[string]string
	exact   bool // it tells upper from lower case in option names
}

// jvmProducts lists the JDBC drivers that have rules.
func jvmProducts() []jvmProduct {
	return []jvmProduct{
		{
			id: "mysql-connector-j", name: "MySQL Connector/J", classes: []string{"com.mysql.", "org.gjt.mm.mysql."},
			jars: []string{"mysql-connector-java", "mysql-connector-j"},
			options: jvmOptions("sslMode", "useSSL", "requireSSL", "verifyServerCertificate", "trustCertificateKeyStoreUrl",
				"fallbackToSystemTrustStore", "tlsCiphersuites", "enabledSSLCipherSuites:tlsciphersuites", "tlsVersions", "enabledTLSProtocols:tlsversions"),
		}, {
			id: "mariadb-connector-j", name: "MariaDB Connector/J", classes: []string{"org.mariadb."}, jars: []string{"mariadb-java-client"},
			options: jvmOptions("sslMode", "useSsl", "trustServerCertificate", "serverSslCert", "disableSslHostnameVerification", "trustStore",
				"trustCertificateKeyStoreUrl:truststore", "fallbackToSystemTrustStore", "enabledSslCipherSuites", "enabledSslProtocolSuites"),
		}, {
			id: "pgjdbc", name: "pgjdbc", classes: []string{"org.postgresql."}, jars: []string{"postgresql"}, exact: true,
			options: jvmOptions("sslmode", "ssl", "sslrootcert", "sslfactory", "sslhostnameverifier"),
		}, {
			id: "mssql-jdbc", name: "the JDBC driver for SQL Server", classes: []string{"com.microsoft.sqlserver."}, jars: []string{"mssql-jdbc", "sqljdbc4", "sqljdbc42"},
			options: jvmOptions("encrypt", "trustServerCertificate", "trustStore", "trustStoreType", "serverCertificate", "trustManagerClass", "authentication"),
		}, {
			id: "ojdbc", name: "Oracle's thin driver", classes: []string{"oracle.jdbc.", "oracle.ucp."}, jars: []string{"ojdbc6", "ojdbc7", "ojdbc8", "ojdbc10", "ojdbc11", "ojdbc17"},
			options: jvmOptions("protocol", "oracle.net.ssl_server_dn_match", "oracle.net.tls_server_dn_match:oracle.net.ssl_server_dn_match",
				"oracle.net.wallet_location", "javax.net.ssl.trustStore"),
		},
	}
}

// jvmOptions makes the table of options: each under its own lower-case name, or
// as "NAME:FOLDED".
func jvmOptions(names ...string) map[string]string {
	all := map[string]string{}
	for _, name := range names {
		name, folded, ok := strings.Cut(name, ":")
		if !ok {
			folded = strings.ToLower(name)
		}
		all[name] = folded
	}
	return all
}

// jvmProductByID finds a product; the zero value is a program whose driver is
// not known.
func jvmProductByID(id string) jvmProduct {
	for _, p := range jvmProducts() {
		if p.id == id {
			return p
		}
	}
	return jvmProduct{id: "java", name: "a Java program"}
}

// fold is the name by which the driver's rules know an option, "" for one that
// decides nothing.
func (p jvmProduct) fold(name string) string {
	if folded := p.options[name]; folded != "" || p.exact {
		return folded
	}
	for spelled, folded := range p.options {
		if strings.EqualFold(spelled, name) {
			return folded
		}
	}
	return ""
}

// jvmDecides reports whether an option of that name decides about TLS in some
// other driver: then a person believes that it does here.
func jvmDecides(name string) bool {
	for _, p := range jvmProducts() {
		for spelled := range p.options {
			if strings.EqualFold(spelled, name) && name != "authentication" && name != "protocol" {
				return true
			}
		}
	}
	return false
}

// jvmByClass finds the product that a text names by one of its classes; the
// zero ID when there is none or more than one.
func jvmByClass(text string) string {
	id := ""
	for _, p := range jvmProducts() {
		for _, class := range p.classes {
			if !strings.Contains(text, class) {
				continue
			}
			if id != "" && id != p.id {
				return ""
			}
			id = p.id
		}
	}
	return id
}

// jvmByHint is the one JDBC driver that the build files name, "" when there is
// none or more than one.
func jvmByHint(hints map[string]Hint) string {
	id := ""
	for _, p := range jvmProducts() {
		if _, ok := hints[p.id]; ok {
			if id != "" {
				return ""
			}
			id = p.id
		}
	}
	return id
}

// jvmByJar finds a driver and its version in a class path's element, such as
// "lib/mysql-connector-java-5.1.49.jar".
func jvmByJar(file string) (id, version string) {
	name, ok := strings.CutSuffix(path.Base(strings.ReplaceAll(file, `\`, "/")), ".jar")
	if !ok {
		return "", ""
	}
	for _, p := range jvmProducts() {
		for _, jar := range p.jars {
			rest, ok := strings.CutPrefix(name, jar)
			if ok && rest == "" {
				return p.id, ""
			}
			if ok && len(rest) > 1 && rest[0] == '-' && rest[1] >= '0' && rest[1] <= '9' {
				return p.id, strings.TrimSuffix(rest[1:], "-bin")
			}
		}
	}
	return "", ""
}

// jvmGuess finds the driver of options that stand without a URL, by what only
// one of them has.
func jvmGuess(options []jdbcOption) string {
	for _, o := range options {
		switch name := strings.ToLower(o.name); name {
		case "sslmode":
			switch {
			case strings.Contains(o.value, "_") || strings.ToUpper(o.value) == o.value:
				return "mysql-connector-j"
			case o.name == "sslmode":
				return "pgjdbc"
			}
			return "mariadb-connector-j"
		case "usessl", "requiressl", "verifyservercertificate", "trustcertificatekeystoreurl":
			return "mysql-connector-j"
		case "serversslcert", "disablesslhostnameverification":
			return "mariadb-connector-j"
		case "sslrootcert", "sslfactory", "sslhostnameverifier":
			return "pgjdbc"
		case "encrypt":
			return "mssql-jdbc"
		}
		if strings.HasPrefix(o.name, "oracle.net.") {
			return "ojdbc"
		}
	}
	return ""
}

// jvmKeystore is the trust store of a Java system property.
func jvmKeystore(path string) clientconfig.Trust {
	if path == "" {
		return clientconfig.Trust{}
	}
	return clientconfig.Trust{Kind: clientconfig.TrustKeystore, Path: jdbcPath(path)}
}
