package postgres

import (
	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/engine/discover"
	"github.com/dbtls/dbtls/internal/fault"
)

// The names of the parameters that have an effect.
const (
	paramForce   = "rds.force_ssl"
	paramMin     = "ssl_min_protocol_version"
	paramMax     = "ssl_max_protocol_version"
	paramCiphers = "ssl_ciphers"
)

const (
	tls12 = "TLSv1.2"
	tls13 = "TLSv1.3"
)

// limitsSince is the version that brought the protocol limits (its release
// notes, "Add server parameters to control minimum and maximum TLS versions").
const limitsSince = "12"

// parameters is the TLS part of a family. The protocols before TLS 1.2 are
// left out: common builds of OpenSSL 3 refuse them at their default security
// level, whatever the server is told.
func (p product) parameters(version string) []engine.Parameter {
	all := []engine.Parameter{
		p.force(version), exceptionsParameter(), p.served(), ciphersParameter(version),
		placed("ssl_ca_file", "Location of the SSL server authority file."),
		placed("ssl_cert_file", "Location of the SSL server certificate file."),
		placed("ssl_key_file", "Location of the SSL server private key file."),
	}
	if discover.AtLeast(version, limitsSince) {
		all = append(all,
			limit(paramMax, "Sets the maximum SSL/TLS protocol version to use.", ""),
			limit(paramMin, "Sets the minimum SSL/TLS protocol version to use.", tls12))
	}
	for n := range all {
		all[n].Cluster = p.clustered
	}
	return all
}

func (p product) force(version string) engine.Parameter {
	value := "0"
	if discover.AtLeast(version, p.forcedSince) {
		value = "1"
	}
	return engine.Parameter{
		Name: paramForce, Description: "Force SSL connections.", Default: value,
		ApplyType: engine.Dynamic, DataType: "boolean", Allowed: []string{"0", "1"},
	}
}

func (product) served() engine.Parameter {
	return engine.Parameter{
		Name: "ssl", Description: "Enables SSL connections.", Default: "1",
		ApplyType: engine.Dynamic, DataType: "boolean", Allowed: []string{"0", "1"},
		Locked: "every server offers TLS; " + paramForce + " says whether clients have to use it",
	}
}

// ciphersParameter: before version 10 no TLS setting is read again.
func ciphersParameter(version string) engine.Parameter {
	when := engine.Dynamic
	if !discover.AtLeast(version, "10") {
		when = engine.Static
	}
	return engine.Parameter{
		Name: paramCiphers, Description: "Sets the list of allowed TLS ciphers (version 1.2 and lower) to be used on secure connections.",
		ApplyType: when, DataType: "string", Check: checkCiphers,
	}
}

func placed(name, description string) engine.Parameter {
	return engine.Parameter{
		Name: name, Description: description, ApplyType: engine.Static, DataType: "string",
		Locked: "dbtls places the certificate and its key; rotate the certificate to change them",
	}
}

func limit(name, description, value string) engine.Parameter {
	return engine.Parameter{
		Name: name, Description: description, Default: value, MinVersion: limitsSince,
		ApplyType: engine.Dynamic, DataType: "string", Allowed: []string{tls12, tls13},
	}
}

// terms are the TLS terms of one server; "" leaves one to the server.
type terms struct {
	force             bool
	exceptions        []engine.Exception // of force
	min, max, ciphers string
}

// terms works out what a server of version is told. Whatever is set, the terms
// let it start: PostgreSQL takes neither a maximum below its minimum nor a
// cipher list that selects nothing. It would say so in its log only, serve on
// as before, and end at its next start. What had to be left out is the error;
// of two limits that contradict each other the minimum stays, since it is
// there for safety.
func (p product) terms(version string, set map[string]string) (terms, error) {
	values := engine.Spec{Parameters: p.parameters}.Values(version, set)
	t := terms{force: values[paramForce] != "0", min: values[paramMin], max: values[paramMax], ciphers: values[paramCiphers]}
	var left error
	if t.exceptions, left = parseExceptions(values[paramExceptions]); left != nil {
		left = fault.New(fault.InvalidParameter, "%s %q cannot be used: %v", paramExceptions, values[paramExceptions], left)
	}
	if err := checkCiphers(t.ciphers); err != nil {
		left = fault.New(fault.InvalidParameter, "%s %q cannot be used: %v", paramCiphers, t.ciphers, err)
		t.ciphers = ""
	}
	if t.max != "" && t.max < t.min { // the names sort as the versions do
		left = fault.New(fault.InvalidCombination, "%s %q is below %s %q, which no connection could satisfy; raise the maximum or lower the minimum", paramMax, t.max, paramMin, t.min)
		t.max = ""
	}
	return t, left
}
