package settings_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/dbtls/dbtls/e2e/harness"
)

// effect is how the effect of one parameter is seen from outside.
type effect struct {
	// seen is what a client sees that depends on the parameter.
	seen func(t *testing.T, d *database) (string, error)
	// then is what is seen with some of its values, in the order they are set.
	// At least two values differ in it, or the parameter would have no effect.
	then [][2]string
	// given are other parameters that this one shows with.
	given map[string]string
	// needsData says that only a server with data shows it.
	needsData bool
}

// effects has every modifiable parameter of every engine.
// TestEveryParameterHasItsEffect fails when the API lists one that is not here,
// and when there is one here that the API does not list.
var effects = map[string]map[string]effect{
	"postgres":          postgresEffects,
	"aurora-postgresql": postgresEffects,
	"redshift":          {"require_ssl": {seen: plain, then: [][2]string{{"true", refused}, {"false", accepted}}}},
	"mysql":             mysqlEffects("1", "0"),
	"mariadb":           mysqlEffects("1", "0"),
	"aurora-mysql":      auroraEffects(),
	"sqlserver-ee":      sqlserverEffects,
	"sqlserver-se":      sqlserverEffects,
	"sqlserver-ex":      sqlserverEffects,
	"sqlserver-web":     sqlserverEffects,
	"db2-se":            db2Effects,
	"db2-ae":            db2Effects,
	"mongodb":           mongoEffects,
}

const (
	suite256 = "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"
	suite128 = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
)

var postgresEffects = map[string]effect{
	"rds.force_ssl": {seen: plain, then: [][2]string{{"1", refused}, {"false", accepted}, {"true", refused}, {"0", accepted}}},
	"dbtls.force_ssl_exceptions": {seen: plain, given: map[string]string{"rds.force_ssl": "1"},
		then: [][2]string{{"*@127.0.0.0/8=2999-12-31", accepted}, {"somebody@*=2999-12-31", refused}}},
	"ssl_min_protocol_version": {seen: only(tls.VersionTLS12), then: [][2]string{{"TLSv1.3", refused}, {"TLSv1.2", "TLS 1.2"}}},
	"ssl_max_protocol_version": {seen: newest, then: [][2]string{{"TLSv1.2", "TLS 1.2"}, {"TLSv1.3", "TLS 1.3"}}},
	"ssl_ciphers": {seen: suite, then: [][2]string{
		{"ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES256-GCM-SHA384", suite256},
		{"ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256", suite128}}},
}

func mysqlEffects(on, off string) map[string]effect {
	return map[string]effect{
		"require_secure_transport": {seen: plain, then: [][2]string{{on, refused}, {off, accepted}}},
		"tls_version":              {seen: newest, then: [][2]string{{"TLSv1.2", "TLS 1.2"}, {"TLSv1.2,TLSv1.3", "TLS 1.3"}}},
		"ssl_cipher": {seen: suite, then: [][2]string{
			{"ECDHE-RSA-AES256-GCM-SHA384,ECDHE-ECDSA-AES256-GCM-SHA384", suite256},
			{"ECDHE-RSA-AES128-GCM-SHA256,ECDHE-ECDSA-AES128-GCM-SHA256", suite128}}},
		"performance_schema": {seen: performanceSchema, then: [][2]string{{"0", "0"}, {"1", "1"}}, needsData: true},
	}
}

// auroraEffects: there is no such server with data, so nothing may need one.
func auroraEffects() map[string]effect {
	all := mysqlEffects("ON", "OFF")
	maps.DeleteFunc(all, func(_ string, e effect) bool { return e.needsData })
	return all
}

var sqlserverEffects = map[string]effect{
	"rds.force_ssl":  {seen: encryptOption, then: [][2]string{{"1", "TRUE"}, {"0", "FALSE"}}},
	"rds.tls10":      {seen: only(tls.VersionTLS10), then: [][2]string{{"enabled", "TLS 1.0"}, {"disabled", refused}}},
	"rds.tls11":      {seen: only(tls.VersionTLS11), then: [][2]string{{"enabled", "TLS 1.1"}, {"disabled", refused}}},
	"rds.rc4":        {seen: with(tls.TLS_ECDHE_RSA_WITH_RC4_128_SHA), then: [][2]string{{"enabled", "TLS_ECDHE_RSA_WITH_RC4_128_SHA"}, {"disabled", refused}}},
	"rds.3des168":    {seen: with(tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA), then: [][2]string{{"enabled", "TLS_RSA_WITH_3DES_EDE_CBC_SHA"}, {"disabled", refused}}},
	"rds.curve25519": {seen: on25519, then: [][2]string{{"enabled", "X25519"}, {"disabled", refused}}},
	"rds.fips":       {seen: on25519, then: [][2]string{{"1", refused}, {"0", "X25519"}}, given: map[string]string{"rds.curve25519": "enabled"}},
}

var db2Effects = map[string]effect{
	"ssl_versions": {seen: newest, then: [][2]string{{"TLSV12,TLSV13", "TLS 1.3"}, {"TLSV12", "TLS 1.2"}}},
	"ssl_cipherspecs": {seen: suite, then: [][2]string{
		{suite256 + ",TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", suite256},
		{suite128 + ",TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", suite128}}},
}

var mongoEffects = map[string]effect{
	"tlsMode":              {seen: plain, then: [][2]string{{"preferTLS", accepted}, {"requireTLS", refused}, {"allowTLS", accepted}}},
	"tlsDisabledProtocols": {seen: newest, then: [][2]string{{"TLS1_0,TLS1_1,TLS1_3", "TLS 1.2"}, {"TLS1_0,TLS1_1", "TLS 1.3"}}},
}

// agreed makes what a handshake agrees on, or that there is none, into words.
// A server that cannot be reached is neither.
func agreed(t *testing.T, d *database, offer *tls.Config, word func(tls.ConnectionState) string) (string, error) {
	s, err := d.handshake(t, offer)
	if err == nil {
		return word(s), nil
	}
	for _, no := range []string{"handshake failure", "protocol version not supported", "remote error: tls", "insufficient security"} {
		if strings.Contains(err.Error(), no) {
			return refused, nil
		}
	}
	return "", err
}

func version(s tls.ConnectionState) string { return tls.VersionName(s.Version) }

// newest is the version that a client gets who knows all that are not obsolete.
func newest(t *testing.T, d *database) (string, error) {
	return agreed(t, d, &tls.Config{MinVersion: tls.VersionTLS12}, version)
}

// only is what a client gets who knows one version.
func only(v uint16) func(*testing.T, *database) (string, error) {
	return func(t *testing.T, d *database) (string, error) {
		return agreed(t, d, &tls.Config{MinVersion: v, MaxVersion: v}, version)
	}
}

// suite is the suite that a client of TLS 1.2 gets who leaves the choice.
func suite(t *testing.T, d *database) (string, error) {
	return agreed(t, d, &tls.Config{MaxVersion: tls.VersionTLS12}, func(s tls.ConnectionState) string { return tls.CipherSuiteName(s.CipherSuite) })
}

// with is what a client gets who knows one suite.
func with(id uint16) func(*testing.T, *database) (string, error) {
	return func(t *testing.T, d *database) (string, error) {
		return agreed(t, d, &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{id}},
			func(s tls.ConnectionState) string { return tls.CipherSuiteName(s.CipherSuite) })
	}
}

// on25519 is what a client gets who knows one curve: that one, or nothing.
func on25519(t *testing.T, d *database) (string, error) {
	return agreed(t, d, &tls.Config{MaxVersion: tls.VersionTLS12, CurvePreferences: []tls.CurveID{tls.X25519},
		CipherSuites: []uint16{tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384}}, func(tls.ConnectionState) string { return "X25519" })
}

// encryptOption is what seed 004's query says of a client that asks for nothing.
func encryptOption(t *testing.T, d *database) (string, error) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	db := d.sqlServer(t, "disable", &tls.Config{InsecureSkipVerify: true}) //nolint:gosec // what is asked is whether there is TLS
	defer db.Close()
	var option string
	err := db.QueryRowContext(ctx, "select ENCRYPT_OPTION from SYS.DM_EXEC_CONNECTIONS where SESSION_ID = @@SPID").Scan(&option)
	return option, err
}

func performanceSchema(t *testing.T, d *database) (string, error) {
	return harness.MariaDB(t, d.Instance, d.srv.Root(t, caRSA2), "SELECT @@performance_schema")
}

// distinct reports an effect that could not be told from none.
func (e effect) distinct() error {
	if len(e.then) < 2 || e.then[0][1] == e.then[1][1] {
		return fmt.Errorf("it expects %q: no two values differ", e.then)
	}
	return nil
}
