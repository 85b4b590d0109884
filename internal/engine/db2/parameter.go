package db2

import (
	"crypto/tls"
	"errors"
	"strings"

	"github.com/dbtls/dbtls/internal/engine"
)

// The names of the parameters: a registry variable, and configuration
// parameters of the database manager.
const (
	db2comm        = "DB2COMM"
	sslService     = "ssl_svcename"
	sslVersions    = "ssl_versions"
	sslCipherspecs = "ssl_cipherspecs"
)

// parameters is the catalogue of every family.
func parameters() []engine.Parameter {
	return []engine.Parameter{{
		Name:        db2comm,
		Description: "The protocols that the database manager listens for.",
		Default:     "SSL",
		ApplyType:   engine.Static,
		DataType:    "list",
		Allowed:     []string{"TCPIP", "SSL"},
		Locked:      "an instance has one port, and that port speaks TLS",
	}, {
		Name:        sslService,
		Description: "The port on which the database manager speaks TLS.",
		ApplyType:   engine.Static,
		DataType:    "integer",
		Allowed:     []string{"1-65535"},
		Locked:      "it is the instance's port: choose that when the instance is created",
	}, {
		Name:        sslVersions,
		Description: "The TLS versions that the server offers. TLS 1.3 is off unless it is listed.",
		Default:     "TLSV12",
		ApplyType:   engine.Static,
		DataType:    "list",
		Allowed:     []string{"TLSV12", "TLSV13"},
	}, {
		Name: sslCipherspecs,
		Description: "The cipher suites that the server takes in TLS 1.2, of those with forward secrecy; " +
			"none listed: all of them. TLS 1.3 has its own, which are always on.",
		ApplyType: engine.Static,
		DataType:  "list",
		Allowed:   cipherNames(),
		Check:     checkCiphers,
	}}
}

// ciphers are the suites that Db2 and Go have in common, without those of RSA
// key exchange, which IBM advises against (CVE-2023-32342), and without those
// Go calls insecure. Both call them by the names of IANA.
func ciphers() []uint16 {
	return []uint16{
		tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
		tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
		tls.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA, tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA,
		tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
	}
}

func cipherNames() []string {
	var names []string
	for _, id := range ciphers() {
		names = append(names, tls.CipherSuiteName(id))
	}
	return names
}

// checkCiphers keeps the instance reachable whatever key its next certificate
// has: a CA change may turn an RSA key into an ECDSA one.
func checkCiphers(value string) error {
	if !strings.Contains(value, "_ECDHE_RSA_") || !strings.Contains(value, "_ECDHE_ECDSA_") {
		return errors.New("list at least one ECDHE_RSA and one ECDHE_ECDSA suite, so that the certificates of every CA can be served")
	}
	return nil
}

// offer is what the parameters in force say; one that is missing has its
// default.
func offer(values map[string]string) *tls.Config {
	versions := values[sslVersions]
	c := &tls.Config{MinVersion: tls.VersionTLS12, MaxVersion: tls.VersionTLS12}
	if strings.Contains(versions, "TLSV13") {
		c.MaxVersion = tls.VersionTLS13
		if !strings.Contains(versions, "TLSV12") {
			c.MinVersion = tls.VersionTLS13
		}
	}
	listed := "," + values[sslCipherspecs] + ","
	for _, id := range ciphers() {
		if listed == ",," || strings.Contains(listed, ","+tls.CipherSuiteName(id)+",") {
			c.CipherSuites = append(c.CipherSuites, id)
		}
	}
	return c
}
