package mysql

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dbtls/dbtls/internal/engine"
)

// The parameters of every product of this protocol; a version's catalogue is
// the part of them that the version knows.
const (
	paramForced  = "require_secure_transport"
	paramTLS     = "tls_version"
	paramCipher  = "ssl_cipher"
	paramSchema  = "performance_schema"
	tls12, tls13 = "TLSv1.2", "TLSv1.3"
)

// traits say which parameters a version has, and how they are written and
// applied there. The zero value has performance_schema and the pair only.
type traits struct {
	switches    []string // how require_secure_transport is written, off first; none: there is no such parameter
	switchSince string   // version that brought it, "" when the family always had it
	tlsVersions []string // what tls_version may name; none: there is no such parameter
	tlsSince    string   // version that brought it, "" when the family always had it
	tlsDynamic  bool     // tls_version and ssl_cipher take effect without a restart
	cluster     bool     // set by the cluster's parameter group
}

// catalogue lists the parameters by name.
func (t traits) catalogue() []engine.Parameter {
	all := []engine.Parameter{t.schemaParameter(), t.cipherParameter()}
	if len(t.switches) > 0 {
		all = append(all, t.forcedParameter())
	}
	if len(t.tlsVersions) > 0 {
		all = append(all, t.tlsParameter())
	}
	all = append(all, pairParameters()...)
	slices.SortFunc(all, func(a, b engine.Parameter) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// values are what a server of the version is told: what somebody set, the
// defaults for the rest, and nothing that came after the version.
func (t traits) values(version string, set map[string]string) map[string]string {
	known := engine.Spec{Parameters: func(string) []engine.Parameter {
		return slices.DeleteFunc(t.catalogue(), func(p engine.Parameter) bool {
			return p.MinVersion != "" && engine.CompareVersions(version, p.MinVersion) < 0
		})
	}}
	return known.Values(version, set)
}

func (t traits) forcedParameter() engine.Parameter {
	return engine.Parameter{
		Name:        paramForced,
		Description: "Refuses client connections that do not use TLS.",
		Default:     t.switches[0],
		ApplyType:   engine.Dynamic,
		DataType:    "boolean",
		Allowed:     t.switches,
		Cluster:     t.cluster,
		MinVersion:  t.switchSince,
	}
}

func (t traits) tlsParameter() engine.Parameter {
	p := engine.Parameter{
		Name:        paramTLS,
		Description: "TLS versions that clients may use.",
		Default:     strings.Join(t.tlsVersions, ","),
		ApplyType:   t.applyTLS(),
		DataType:    "list",
		Allowed:     t.tlsVersions,
		Cluster:     t.cluster,
		MinVersion:  t.tlsSince,
	}
	if len(t.tlsVersions) == 1 {
		p.Locked = "this engine version speaks no newer TLS, and dbtls offers no older one"
	}
	return p
}

func (t traits) cipherParameter() engine.Parameter {
	return engine.Parameter{
		Name:        paramCipher,
		Description: "Cipher suites of TLS 1.2 and older that clients may use; TLS 1.3 has its own. Without a value the server's own list.",
		ApplyType:   t.applyTLS(),
		DataType:    "list",
		Allowed:     cipherNames(),
		Check:       checkCiphers,
		Cluster:     t.cluster,
	}
}

func (t traits) applyTLS() engine.ApplyType {
	if t.tlsDynamic {
		return engine.Dynamic
	}
	return engine.Static
}

// schemaParameter is on by default, other than in the products: without it
// nobody can tell which session uses TLS.
func (t traits) schemaParameter() engine.Parameter {
	p := engine.Parameter{
		Name:        paramSchema,
		Description: "Keeps statistics of each session, its TLS version and cipher among them.",
		Default:     "1",
		ApplyType:   engine.Static,
		DataType:    "boolean",
		Allowed:     []string{"0", "1"},
	}
	if t.cluster {
		p.Locked = "instances of this engine are simulated: they keep no statistics"
	}
	return p
}

func pairParameters() []engine.Parameter {
	const locked = "dbtls places the certificate and its key; choose the CA of the instance instead"
	out := []engine.Parameter{}
	for name, what := range map[string]string{
		"ssl_ca":   "File of CA certificates that client certificates are checked against.",
		"ssl_cert": "File of the server's certificate chain.",
		"ssl_key":  "File of the server's private key.",
	} {
		out = append(out, engine.Parameter{Name: name, Description: what, ApplyType: engine.Static, DataType: "string", Locked: locked})
	}
	return out
}

// cipher is a suite of TLS 1.2 by the name OpenSSL gives it, which is how
// these servers write it, with its number (RFC 5289, RFC 7905, RFC 8422).
type cipher struct {
	name string
	id   uint16
}

// ciphers are the suites with forward secrecy that both a server built with
// OpenSSL and dbtls's simulator speak, best first.
func ciphers() []cipher {
	return []cipher{
		{"ECDHE-ECDSA-AES128-GCM-SHA256", 0xc02b},
		{"ECDHE-ECDSA-AES256-GCM-SHA384", 0xc02c},
		{"ECDHE-ECDSA-CHACHA20-POLY1305", 0xcca9},
		{"ECDHE-RSA-AES128-GCM-SHA256", 0xc02f},
		{"ECDHE-RSA-AES256-GCM-SHA384", 0xc030},
		{"ECDHE-RSA-CHACHA20-POLY1305", 0xcca8},
		{"ECDHE-ECDSA-AES128-SHA", 0xc009},
		{"ECDHE-ECDSA-AES256-SHA", 0xc00a},
		{"ECDHE-RSA-AES128-SHA", 0xc013},
		{"ECDHE-RSA-AES256-SHA", 0xc014},
	}
}

func cipherNames() []string {
	var names []string
	for _, c := range ciphers() {
		names = append(names, c.name)
	}
	return names
}

// checkCiphers keeps a change of CA from ending TLS 1.2: a suite signs with
// one kind of key, and the next certificate may have the other.
func checkCiphers(value string) error {
	for _, kind := range []string{"ECDHE-RSA-", "ECDHE-ECDSA-"} {
		if !strings.HasPrefix(value, kind) && !strings.Contains(value, ","+kind) {
			return fmt.Errorf("no suite begins with %s, so TLS 1.2 would end when a CA with such keys is chosen; add one, %s for example", kind, kind+"AES128-GCM-SHA256")
		}
	}
	return nil
}
