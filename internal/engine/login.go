package engine

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
)

// Login logs in at a server with a user's name and password and leaves again.
// It speaks TLS exactly as Account.TLS says: no driver's fallback to plain, to a
// laxer check or to another address. nil in an Engine: dbtls has no login for
// the product, so a connection test ends with "listener reached", never with
// "successful".
//
// It honours ctx, leaves no connection open, and no error's text has the
// password.
type Login func(ctx context.Context, a Account) (Logged, error)

// Account is where and as whom to log in.
type Account struct {
	Dial func(ctx context.Context) (net.Conn, error) // a fresh TCP connection to the server
	Host string                                      // as the client names it, for protocols that send it
	Port int
	TLS  *tls.Config // nil: plain
	// Start is the way into TLS that was chosen.
	Start    Start
	User     string
	Password string
	Database string
}

// Logged is what a server said of itself to somebody who is logged in.
type Logged struct {
	Version string // as the product writes it, "" when it does not say
	Note    string // what a person should know, "" for nothing
}

// Login failures that callers tell apart. Anything else is the protocol's.
var (
	// ErrLoginRefused: the server knows no such user, or the password is wrong.
	ErrLoginRefused = errors.New("server refuses the login")
	// ErrNoDatabase: the database is not there, or is none of the user's. Most
	// products say so to somebody whose login is right; where a listener stands
	// before the databases, it does before there is a login.
	ErrNoDatabase = errors.New("server has no such database")
	// ErrTLSRequired: the server takes this login over TLS only.
	ErrTLSRequired = errors.New("server requires TLS")
	// ErrSimulated: the server is an instance that dbtls simulates, of a kind
	// that has no logins. All before the login went well.
	ErrSimulated = errors.New("server is a simulated instance, which nobody can log in to")
)
