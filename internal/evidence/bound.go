package evidence

import "fmt"

// Between is what a server's counters say of the time between two looks. Own
// logins of dbtls are left out of all of it.
type Between struct {
	Handshakes  int64 // completed
	Connections int64 // taken, failed ones included
	Logins      int64
	// Unsure says why handshakes and connections cannot be compared, "" when they
	// can.
	Unsure string
	// SeenEncrypted and SeenPlain are the new sessions that the second look saw,
	// whose state is known.
	SeenEncrypted, SeenPlain int64
	// Risen: at the first look more connections without a handshake were counted
	// than at the look before it. One of them may have been in the middle of its
	// handshake, and end it in the time that is judged.
	Risen bool
}

// Bare is how many connections did not, or not yet, complete a handshake.
func (b Between) Bare() int64 { return max(b.Connections-b.Handshakes, 0) }

// Rises reports whether a connection may be in the middle of its handshake at the
// second look: it has not logged in, and completed none.
func (b Between) Rises() bool { return b.Bare() > b.SeenPlain && b.Connections > b.Logins }

const between = "it came and went between two looks"

// Rest bounds how those were in that came and went between two looks: all
// encrypted, all plain, or it cannot be said, and why.
func (b Between) Rest() (state TLS, why string) {
	switch {
	case b.Unsure != "":
		return Unknown, between + ", and " + b.Unsure
	case b.Handshakes < 0 || b.Connections < 0:
		return Unknown, between + ", and the server's count of handshakes was set back"
	case b.Risen:
		return Unknown, between + ", and at the first of them a connection may have been in the middle of its handshake"
	case b.Logins > b.Connections:
		return Unknown, between + ", and it had connected before the first of them"
	case b.Bare() <= b.SeenPlain:
		return Encrypted, ""
	case b.Handshakes <= b.SeenEncrypted:
		return Plain, ""
	}
	return Unknown, fmt.Sprintf("%s, in which %d of %d connections completed no TLS handshake", between, b.Bare(), b.Connections)
}
