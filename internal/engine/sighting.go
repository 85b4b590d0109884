package engine

import "time"

// SightingKind says what a server told of.
type SightingKind string

// The kinds.
const (
	SightLogin           SightingKind = "login"            // somebody logged in: an event, with its time
	SightSession         SightingKind = "session"          // a session that was open when it was looked for
	SightCount           SightingKind = "count"            // so many logins since the last look, of which no more is known
	SightPlainRefused    SightingKind = "plain-refused"    // refused because it did not encrypt
	SightHandshakeFailed SightingKind = "handshake-failed" // the client ended the TLS handshake, or could not do it
)

// TLSState says whether a session is encrypted.
type TLSState string

// The states. A server that does not say is unknown, never plain.
const (
	TLSUnknown   TLSState = "unknown"
	TLSPlain     TLSState = "plain"
	TLSEncrypted TLSState = "encrypted"
)

// LocalSource is the source of sessions that did not come over a network.
const LocalSource = "local"

// Sighting is a session, or a try at one, as a server tells of it. Nothing in
// it can be made up by the client but the names it chose: User where nobody
// logged in, and Application. Those have no control characters (see Printable).
type Sighting struct {
	Kind        SightingKind
	At          time.Time // of the event; when an open session began, zero when the server does not say
	User        string
	Database    string
	Source      string // IP address, LocalSource, "" when not known
	Application string // as the client calls itself, "" when it does not, or the server does not tell
	TLS         TLSState
	Version     string // "TLSv1.3", "" when not known
	Cipher      string // as the server spells it
	// Session tells two looks at one session from two sessions: the server's
	// name for it, not used again while the server runs. "" for events.
	Session string
	Count   int64 // logins that it stands for; 0 reads as 1
	// Why is, of a refusal, what the server wrote ("tlsv1 alert unknown ca"),
	// and of an unknown state the reason.
	Why string
	// Own: dbtls's own session. Internal: the server's own thread.
	Own, Internal bool
}

// Look is what a server says of its sessions at one moment. It sees those that
// are open; what came and went between two looks shows in Counts alone, where
// the product keeps any.
type Look struct {
	At       time.Time // this machine's time
	Sessions []Sighting
	// Counts are the logins per user and source since Since, where the server
	// keeps them; they only grow while it runs.
	Counts []LoginCount
	Since  time.Time // when the server started, zero when not known
	// Handshakes and Connections are the TLS handshakes that were completed and
	// the connections that were taken since Since; -1 when not kept. They bound
	// how many of the logins between two looks were plain. Handshakes may start
	// over while the server runs: some do with a reload of the certificate.
	Handshakes, Connections int64
	// Unknown says why the server cannot tell which sessions are encrypted, ""
	// when it can, and Fix how it could.
	Unknown, Fix string
}

// LoginCount is how often a user came from a source.
type LoginCount struct {
	User, Source string
	Logins       int64
	Own          bool
}

// LoginLog reads what a server writes of its clients. nil: the product writes
// nothing that a client could not forge, and sessions are looked at instead.
type LoginLog struct {
	// Dir is where the files are, in the server's own layout.
	Dir func(s Settings) string
	// Match reports whether a file of Dir is one. The files are read in the
	// order of their names.
	Match func(name string) bool
	// Reader goes on from a reader's State, nil at the beginning. s is what the
	// server runs with, and conf reads its configuration files as they are on
	// disk (by their base names under Settings.Conf): what a line proves may
	// depend on them.
	Reader func(s Settings, conf func(name string) ([]byte, error), state []byte) (LogReader, error)
}

// LogReader takes a log apart. It is pure: the same bytes and state give the
// same sightings.
type LogReader interface {
	// Feed takes the next bytes of the current file, whole lines or not, and
	// returns what they tell. gap says what may have been missed, "" for
	// nothing: lines that cannot be read.
	Feed(data []byte) (seen []Sighting, gap string)
	// NextFile says that the current file has ended.
	NextFile() (gap string)
	// State is what was begun and is not complete yet, for Reader; bounded.
	State() []byte
	// Upto is the time of the newest entry, zero before the first.
	Upto() time.Time
	// Blind says why this log does not tell of every login and its encryption,
	// "" when it does.
	Blind() string
}

// Force is how a product makes its clients use TLS.
type Force struct {
	Parameter string // of the catalogue
	On, Off   string // its values; Off is the one that lets plain clients in
	// Upgrades: a client that asked for nothing is encrypted without its
	// knowledge, and not refused. It still verifies nothing.
	Upgrades bool
	// Refusal is what a refused client is told, in the product's own words, and
	// Means what that means: the words mislead.
	Refusal, Means string
	// Exceptions names the parameter that lets some clients in without TLS, ""
	// when the product cannot tell clients apart. See ParseExceptions.
	Exceptions string
}
