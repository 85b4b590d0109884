// Package evidence is what is known of a database's clients, and what may be
// said from it: nouns and pure rules. Rows say where they are from; coverage
// says for how long who looked, and a gap in it makes "never since" unknown.
//
// Looking itself is internal/watch's, keeping it the store's.
package evidence

import (
	"time"
)

// How says where a row is from.
type How string

// The sources of rows, the best first.
const (
	FromLog     How = "log"     // the server's own log: every login
	FromView    How = "view"    // a look at the open sessions: what was open then
	FromCounter How = "counter" // the server's counters: every login, and nothing but its user and source
	FromReport  How = "report"  // a client's host told of itself (dbtls clients report)
)

// TLS says whether sessions were encrypted; the words are engine.TLSState's.
type TLS string

// The states.
const (
	Unknown   TLS = "unknown"
	Plain     TLS = "plain"
	Encrypted TLS = "encrypted"
)

// Local is the source of sessions that came over no network; the word is
// engine.LocalSource's.
const Local = "local"

// Kind says what a row counts; the words are engine.SightingKind's.
type Kind string

// The kinds. Sessions that were looked at and logins from a log are both
// logins here: How tells them apart.
const (
	Login           Kind = "login"
	PlainRefused    Kind = "plain-refused"
	HandshakeFailed Kind = "handshake-failed"
)

// Key is what tells one row of clients from another. Database is the resource
// ID of an instance, or the ARN of a migration endpoint.
type Key struct {
	Database string `json:"-"`
	Kind     Kind   `json:"kind"`
	How      How    `json:"how"`

	User        string `json:"user"`
	Source      string `json:"source"` // IP address, "local", "" not known
	Application string `json:"application"`
	Name        string `json:"database"` // that the client is in
	TLS         TLS    `json:"tls"`
	Version     string `json:"tls_version,omitempty"`
	Cipher      string `json:"cipher,omitempty"`
	Why         string `json:"why,omitempty"` // of a refusal or of an unknown state
	// Own: dbtls itself. Internal: the server's own thread.
	Own      bool `json:"own,omitempty"`
	Internal bool `json:"internal,omitempty"`
}

// Client is a row: clients that look the same, in a span of time.
type Client struct {
	Key
	First time.Time `json:"first_seen"`
	Last  time.Time `json:"last_seen"`
	Count int64     `json:"count"`
}

// Span is a time in which a source was watched without a gap.
type Span struct {
	Database string    `json:"-"`
	How      How       `json:"how"`
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	// Ended says why it ended, "" while it goes on.
	Ended string `json:"ended,omitempty"`
}

// Retention is how long rows and spans are kept.
const Retention = 90 * 24 * time.Hour
