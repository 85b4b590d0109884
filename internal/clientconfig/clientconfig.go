// Package clientconfig says what a database client's configuration really
// does: whether it encrypts, what it verifies, against which trust store, and
// what a change of the server's CA will do to it. The word that was written
// ("require", "Encrypt=true") is rarely the answer: it depends on the driver
// and its version, so both are data here, with the source of every rule.
//
// It is pure: texts become Settings in clientconfig/read, drivers' rules are in
// clientconfig/drivers, files and trust stores are looked at in
// clientconfig/scan. No value of this package ever holds a password.
package clientconfig

// Encrypts says whether a client's sessions are encrypted.
type Encrypts string

// The answers about encryption.
const (
	EncryptsNever   Encrypts = "never"
	EncryptsMaybe   Encrypts = "maybe" // when the server offers it; whoever is in the middle can prevent it
	EncryptsAlways  Encrypts = "always"
	EncryptsUnknown Encrypts = "unknown"
)

// Verifies says what a client checks of the server's certificate.
type Verifies string

// The answers about verification; the words are part of the JSON output.
const (
	VerifiesNothing Verifies = "nothing"
	VerifiesDates   Verifies = "validity dates only"
	VerifiesChain   Verifies = "chain"
	VerifiesName    Verifies = "chain and name"
	VerifiesUnknown Verifies = "unknown"
)

// TrustKind says what sort of trust store a client uses.
type TrustKind string

// The kinds of trust stores.
const (
	TrustNone     TrustKind = ""         // it verifies no chain
	TrustFile     TrustKind = "file"     // certificates in PEM, at Path
	TrustDir      TrustKind = "dir"      // a directory of certificates as OpenSSL hashes them
	TrustKeystore TrustKind = "keystore" // JKS or PKCS#12, at Path
	TrustWallet   TrustKind = "wallet"   // an Oracle wallet's directory
	TrustSystem   TrustKind = "system"   // the operating system's
	TrustJava     TrustKind = "java"     // cacerts of the Java runtime
	TrustBundled  TrustKind = "bundled"  // roots that the driver or the runtime brings along
	TrustServer   TrustKind = "server"   // the server proves itself by the user's password (MariaDB 11.4), or by a pinned fingerprint
	TrustUnknown  TrustKind = "unknown"
)

// Trust is the trust store that a client verifies against.
type Trust struct {
	Kind TrustKind `json:"kind"`
	Path string    `json:"path,omitempty"` // as the client reads it; "" for the kind's own place
}

// Position is where something was written. Line and Column count from 1; 0 is
// none.
type Position struct {
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
}

// Settings is one client's configuration as it was read: who connects where,
// by which driver, with which options. What was not written is not in it.
type Settings struct {
	Driver  string // Driver.ID
	Version string // of the driver, "" when nothing says it
	// From says what the version is known from ("pom.xml:12"), "" for nothing.
	From string

	Host, Port, User, Database string
	// Options are the options that decide about TLS, and no others, by the
	// names of Driver.Rules (lower case). Passwords are never among them.
	Options map[string]string
	// Trust is the store that the text names, in a place that belongs to no
	// option of the driver (-Djavax.net.ssl.trustStore); the zero value: none.
	Trust Trust

	Where Position
	// Text is what was read, with every secret replaced (see Redact).
	Text string
	// Notes are what a person should know of how it was read, such as an
	// option that this driver ignores.
	Notes []string
}

// Effect is what a configuration does.
type Effect struct {
	Encrypts Encrypts `json:"encrypts"`
	Verifies Verifies `json:"verifies"`
	Trust    Trust    `json:"trust"`
}

// Proof says where a rule comes from.
type Proof string

// The proofs.
const (
	Measured   Proof = "measured"   // the driver itself was run against a server, in this module's tests
	Documented Proof = "documented" // the vendor says so
)

// Rule is one line of what a driver does: the first rule of a driver that holds
// decides.
type Rule struct {
	ID string // "mysql-connector-j/verify-ca", stable
	// Since is the first version the rule holds for and Before the first it no
	// longer does; "" is no bound. Versions compare by their numbers.
	Since, Before string
	// When are conditions that must all hold; none: always.
	When []Condition
	Then Effect
	// TrustOption names the option with the path of the trust store, which
	// replaces Then.Trust.Path when it is there.
	TrustOption string
	Why         string // one sentence for people
	Fix         string // what to write instead, "" when nothing is wrong
	Source      string // a URL, or a seed's title
	Proof       Proof
}

// Condition is about one option. Exactly one of the three is set, or Absent and
// Is together: the option is not there, or it is one of these.
type Condition struct {
	Option string
	Is     []string // the value is one of these, case and all else aside (EqualFold)
	Absent bool     // the option is not there, or empty
	Given  bool     // the option is there, whatever its value
}

// Driver is one client product: a library, a command, a tool.
type Driver struct {
	ID     string // "mysql-connector-j"
	Name   string // "MySQL Connector/J"
	Engine string // the engine's name in the API: "mysql", "postgres", "sqlserver-ee", …
	// Packages are the names by which build files depend on it, as
	// "ECOSYSTEM:NAME": "maven:mysql:mysql-connector-java", "npm:pg",
	// "pypi:psycopg2", "nuget:Microsoft.Data.SqlClient", "go:github.com/lib/pq".
	Packages []string
	Rules    []Rule
	// Offer is how it is told what to offer; the zero value: by no option that
	// is known.
	Offer Offer
}
