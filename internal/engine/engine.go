// Package engine says what is true of a database product: its names and
// versions, how TLS starts on its wire, which files and processes make a
// server, and how a running server takes a new certificate.
//
// It holds no state and names no product; each product is one folder below
// (engine/postgres, engine/mysql) and internal/engines lists them. Where a
// database lives is a provider's business, what it should be is fleet's and
// rotation's.
package engine

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"syscall"
	"time"

	"github.com/dbtls/dbtls/internal/pki"
)

// Engine is one database product. A nil field means the product, or dbtls,
// lacks that ability; callers ask the field, never the name.
type Engine struct {
	Spec      Spec
	Wire      Wire
	Server    Server     // nil: dbtls cannot run this product on a machine
	Simulator *Simulator // nil: dbtls cannot play this product
	Login     Login      // nil: a connection test reaches the listener only
	Schemas   Schemas    // nil: dbtls cannot list the schemas of this product
	Replicas  *Replicas  // nil: Server cannot make a read replica
	Looker    Looker     // nil: dbtls cannot ask a server of this product for its sessions
	Log       *LoginLog  // nil: what Server writes does not prove who logged in, and how
}

// Looker logs in as an account that need only read, and asks for the sessions.
// Its errors are those of Login; one of an account that may not read them names
// what has to be granted. The account's own session is marked as dbtls's.
type Looker func(ctx context.Context, a Account) (Look, error)

// Replicas is what a Server needs for Settings.Primary.
type Replicas struct {
	// Allow makes the account that replicas log in with on the running primary
	// of s; idempotent.
	Allow func(ctx context.Context, s Settings, user, password string) error
	// Credential is the content of the file Primary.Password.
	Credential func(p Primary, password string) []byte
}

// Spec is the data about a product.
type Spec struct {
	Names []string // API engine names, the canonical one first: "postgres"
	// Extension: RDS has no engine of that name; it is dbtls's own.
	Extension bool
	// Clustered: instances of it live in clusters only (Aurora).
	Clustered   bool
	Description string // "PostgreSQL", as DBEngineDescription shows it
	DefaultPort int
	MasterUser  string // the master user name when the caller gives none

	// Major returns the major version of a full one ("15.18" is "15",
	// "10.11.6" is "10.11") and Family its DB parameter group family.
	Major  func(version string) string
	Family func(version string) string
	// HotReload says whether servers of this version take a new certificate
	// without a restart (SupportsCertificateRotationWithoutRestart).
	HotReload func(version string) bool
	// Modes are the SSL modes that AWS's DMS has for the product (seed 000, the
	// engine by mode table; none is always there).
	Modes []pki.SSLMode
	// Migration is how AWS's DMS knows the product, the canonical name first;
	// none: it has no such endpoints, or another engine of the list has them.
	Migration []Migration
	// Versions are those dbtls knows, oldest first: what a simulated instance
	// can have. A server found on a machine may have others.
	Versions []string
	// Parameters is the catalogue of a version's family, by name; nil: none.
	Parameters func(version string) []Parameter
	// Conflict refuses values that are good each and not together; nil: there
	// are none such. Its error names the rule and the fix.
	Conflict func(version string, values map[string]string) error
	// Force is how servers of a version are told to refuse plain clients; nil:
	// that cannot be told apart, they always or never do.
	Force func(version string) *Force
	// Reader makes the least account that Looker needs: statements for an
	// administrator to run, with a place for the password. "" where there is no
	// such account.
	Reader func(user string) string
	// CAs lists the CA identifiers whose leaves servers of this version can
	// serve; nil means all.
	CAs func(version string) []string
	// ReservedUsers are names a master user may not have.
	ReservedUsers []string
	// ReservedPrefix begins names that a master user may not have, "" for none.
	ReservedPrefix string
}

// Name is the canonical API name.
func (e Engine) Name() string { return e.Spec.Names[0] }

// ErrNoTLS is returned by StartTLS when the server answers, in its protocol,
// that it does not speak TLS.
var ErrNoTLS = errors.New("server refuses TLS")

// Greeting is what a server said of itself before TLS began.
type Greeting struct {
	Version string // as announced, "" when the protocol announces nothing
	// Protocols are what the client hello must offer (ALPN, RFC 7301), in the
	// way into TLS that was taken; none in most.
	Protocols []string
}

// Start chooses among the ways into TLS that a product has.
type Start struct {
	// Direct speaks TLS from the first byte where the product also has a
	// preamble (PostgreSQL 17, TDS 8.0). Products that know no preamble speak
	// it so anyway.
	Direct bool
}

// ErrNoDirect is returned by StartTLS when the product always has a preamble.
var ErrNoDirect = errors.New("the protocol has no TLS from the first byte")

// Wire speaks the part of a product's protocol that comes before TLS.
type Wire interface {
	// StartTLS takes a fresh connection to the point where the TLS client
	// hello is due and returns the connection to speak TLS over, which also
	// stays right after the handshake. It never reads past that point, honours
	// ctx's deadline, and returns ErrNoTLS (wrapped) when the server has no TLS
	// to offer.
	StartTLS(ctx context.Context, c net.Conn, how Start) (net.Conn, Greeting, error)
}

// Install is one server version found on a machine.
type Install struct {
	Version string // "15.18"
	BinDir  string // where the server program is
	Program string // its full path
}

// Layout is where one server keeps what it needs; all paths are absolute.
type Layout struct {
	Data    string // the database files; owned by the engine's user
	Conf    string // files dbtls writes; readable by the engine's user
	TLS     string // versioned key pairs: TLS/<generation>/server.{crt,key}
	Run     string // UNIX socket directory, owned by the engine's user
	LogFile string
}

// Settings is everything a server is told.
type Settings struct {
	Layout
	ID       string // the instance, for comments and process titles
	Address  string // IP address to listen on
	Port     int
	HostUser string   // the operating-system user dbtls runs as ("root")
	Also     []string // more IP addresses to listen on
	// Parameters are the values of the version's catalogue, defaults included
	// (Spec.Values).
	Parameters map[string]string
	Primary    *Primary // the server to follow, nil for one that takes writes
}

// Primary is what a read replica follows.
type Primary struct {
	Address string // IP address or name, in the SAN of the primary's leaf
	Port    int
	User    string
	// Password is a file in the form the product's own client reads, with the
	// password of User; Roots a PEM file with the roots the primary's chain
	// is verified against, name included.
	Password, Roots string
}

// PairPaths names a certificate chain file (leaf first) and its key file.
type PairPaths struct{ Cert, Key string }

// File is a configuration file to have on disk.
type File struct {
	Path    string
	Content []byte
	Mode    fs.FileMode
}

// Binding is the one thing to swap atomically so that the server's next read
// of its configuration sees another pair: exactly one of File and Link is set.
type Binding struct {
	File *File
	Link *Link
}

// Link is a symbolic link to have on disk.
type Link struct{ Path, Target string }

// Process is a program to run.
type Process struct {
	Path string
	Args []string // without argv[0]
	Env  []string // added to a minimal environment
	Dir  string
	// Stop is the signal that asks a server for a clean shutdown which does
	// not wait for its clients; 0 means SIGTERM.
	Stop syscall.Signal
	// LockFiles are files whose first line is the main process's id, and over
	// which the server refuses to start while that process exists, be it a
	// zombie that nobody has reaped yet.
	LockFiles []string
}

// Effect says what a change needs before clients see it.
type Effect string

// The effects, least first.
const (
	EffectNone    Effect = "none"    // nothing runs, or nothing changed
	EffectReload  Effect = "reload"  // done by a reload, sessions live on
	EffectRestart Effect = "restart" // waits for a restart
)

// Server knows how a product's server is made, run and spoken to on one
// machine. All methods are pure except Find and Admin.
type Server interface {
	// SystemUser is the operating-system user the server runs as when dbtls
	// runs as root.
	SystemUser() string
	// Find lists the versions installed on this machine, oldest first.
	Find(ctx context.Context) ([]Install, error)
	// Init returns the commands that fill dataDir (empty, existing, not yet
	// s.Data: the provider renames it into place when they succeed).
	Init(i Install, s Settings, dataDir string) []Process
	// Files are the static configuration files of s, all under s.Conf.
	Files(i Install, s Settings) []File
	// Process is the server itself; it stays in the foreground.
	Process(i Install, s Settings) Process
	// Owns reports whether argv is the main process of the server of s.
	Owns(argv []string, s Settings) bool
	// DataVersion reads which major version made the files in s.Data from
	// the given file system rooted there; "" when it is no data directory.
	DataVersion(data fs.FS) (string, error)
	// Bind is what to swap so that the server of s uses p.
	Bind(p PairPaths, s Settings) Binding
	// Admin opens a management session over the UNIX socket, as a role that
	// a user's settings cannot lock out. An error is ErrNotReady (wrapped)
	// while the server is still starting.
	Admin(ctx context.Context, s Settings) (Admin, error)
}

// ErrNotReady says that a server does not accept sessions yet.
var ErrNotReady = errors.New("server does not accept sessions yet")

// Master is the user that the owner of a database asked for.
type Master struct {
	User     string
	Password string
	Database string // created for the user when not ""
}

// Admin is a management session with one running server.
type Admin interface {
	// SetUp makes the master user and the first database; idempotent.
	SetUp(ctx context.Context, m Master) error
	// Apply makes the running server take the dynamic parameters of s, whose
	// files are in place; sessions live on. An error says that the server
	// does not have them in force.
	Apply(ctx context.Context, s Settings) error
	// Reload makes the server read its certificate again. Success proves
	// nothing: only a fresh handshake does.
	Reload(ctx context.Context) error
	// Effective returns the pair paths the running configuration names,
	// whatever file they came from.
	Effective(ctx context.Context) (PairPaths, error)
	// EndSessions ends every client session begun before t, except dbtls's
	// own, and returns how many.
	EndSessions(ctx context.Context, t time.Time) (int, error)
	// Look lists the sessions that are open now, dbtls's own and the server's
	// threads marked as such.
	Look(ctx context.Context) (Look, error)
	Close() error
}
