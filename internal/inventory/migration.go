package inventory

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/dbtls/dbtls/internal/pki"
)

// ImportedCertificate is what a migration endpoint trusts: a PEM file or a
// wallet, kept as it came.
type ImportedCertificate struct {
	ARN    string
	Region string
	Name   string // CertificateIdentifier, in the case it was given in
	PEM    string // "" for a wallet
	Sealed []byte // the wallet, nil for PEM: it may hold a private key
	Size   int    // bytes as imported

	// Of the first certificate.
	KeyLength        int    // bits
	SigningAlgorithm string // "SHA256withRSA"
	NotBefore        time.Time
	NotAfter         time.Time

	Trusted   int      // certificates in it
	Warnings  []string // what an endpoint that uses it should know, at the import
	Tags      []Tag
	CreatedAt time.Time
}

// IsWallet reports a wallet.
func (c ImportedCertificate) IsWallet() bool { return c.PEM == "" }

// EndpointType says which way data goes.
type EndpointType string

// The endpoint types.
const (
	EndpointSource EndpointType = "source"
	EndpointTarget EndpointType = "target"
)

// Endpoint is a database as a migration reaches it: where, as whom and how
// much of TLS is verified.
type Endpoint struct {
	ARN    string
	Region string
	Name   string // EndpointIdentifier, in the case it was given in
	Type   EndpointType
	Engine string // EngineName, as DMS spells it

	Host       string
	Port       int
	User       string
	Sealed     []byte // the password
	Database   string
	Attributes string // ExtraConnectionAttributes

	Mode        pki.SSLMode
	Certificate string // ARN of an imported certificate, "" for none

	// Revision grows with each change of what a connection depends on: a test
	// says which it was made with.
	Revision  int64
	ChangedAt time.Time // of the revision
	Tags      []Tag
	CreatedAt time.Time
}

// ReplicationInstance is a named worker of this server: connection tests and
// schema refreshes run in its name.
type ReplicationInstance struct {
	ARN       string
	Region    string
	Name      string // ReplicationInstanceIdentifier, lower case
	Class     string
	Storage   int // GiB, as given
	Tags      []Tag
	CreatedAt time.Time
}

// ConnectionStatus is a status of a Connection of DMS.
type ConnectionStatus string

// The statuses of a connection that are stored.
const (
	ConnectionTesting    ConnectionStatus = "testing"
	ConnectionSuccessful ConnectionStatus = "successful"
	ConnectionFailed     ConnectionStatus = "failed"
)

// Connection is the last test of an endpoint by a replication instance.
type Connection struct {
	Region   string
	Endpoint string // ARN
	Instance string // ARN
	Status   ConnectionStatus
	Run      string // names the test; a later one has another
	BegunAt  time.Time
	EndedAt  time.Time
	Revision int64 // of the endpoint that was tested
	Outcome  TestOutcome
}

// TestOutcome is how a connection test ended.
type TestOutcome struct {
	Stage    string   `json:"stage,omitempty"` // where it failed, a probe stage
	Code     string   `json:"code,omitempty"`  // stable word for the failure
	Reason   string   `json:"reason,omitempty"`
	Fix      string   `json:"fix,omitempty"`
	Missing  string   `json:"missing,omitempty"`        // subject of the certificate that is not trusted
	SHA256   string   `json:"missing_sha256,omitempty"` // its fingerprint, when known
	Possible string   `json:"strictest_mode,omitempty"` // the strictest mode of the engine that would work
	Blind    bool     `json:"verify_modes_unjudged"`    // without an imported certificate they are not among those
	TLS      bool     `json:"tls_ok"`                   // what the mode promises of TLS held; a failure came later
	Version  string   `json:"server_version,omitempty"`
	Warnings []string `json:"warnings,omitempty"`
	// Report is the whole judgement, in the form of dbtls probe --json.
	Report json.RawMessage `json:"report,omitempty"`
}

// RefreshStatus is a status of DMS's RefreshSchemas.
type RefreshStatus string

// The refresh statuses.
const (
	RefreshRunning    RefreshStatus = "refreshing"
	RefreshSuccessful RefreshStatus = "successful"
	RefreshFailed     RefreshStatus = "failed"
)

// SchemaList is what an endpoint's database was last seen to have.
type SchemaList struct {
	Region   string
	Endpoint string // ARN
	Instance string // ARN of who asked
	Status   RefreshStatus
	Run      string
	BegunAt  time.Time
	EndedAt  time.Time
	Failure  string // why it is RefreshFailed
	Schemas  []string
	Listed   bool // Schemas is of some refresh that succeeded
}

// MigrationKind is the part of an ARN that says what it names.
type MigrationKind string

// The kinds of migration resources.
const (
	KindCertificate MigrationKind = "cert"
	KindEndpoint    MigrationKind = "endpoint"
	KindReplication MigrationKind = "rep"
)

// MigrationARN is the ARN of a migration resource.
func MigrationARN(kind MigrationKind, region, account, id string) string {
	return fmt.Sprintf("arn:%s:dms:%s:%s:%s:%s", pki.Partition(region), region, account, kind, id)
}

// NewMigrationID makes the random end of an ARN: 39 characters for a
// certificate, 26 for everything else.
func NewMigrationID(kind MigrationKind) string {
	if kind == KindCertificate {
		return randomID(39)
	}
	return randomID(26)
}
