package mongodb

import (
	"net"
	"strings"

	"github.com/dbtls/dbtls/internal/engine"
)

// visitor is a client of a simulated server, as far as it tells who it is.
type visitor struct {
	host    *engine.Host
	conn    net.Conn
	program string
}

// see notes a client that would log in. Drivers open connections of their own
// to watch a server, on which they say hello and no more.
func (v *visitor) see(q request) {
	switch strings.ToLower(q.name) {
	case "hello", "ismaster":
		name, _ := q.command.Lookup("client", "application", "name").StringValueOK()
		v.program = name
	case "saslstart":
		_, payload, _ := q.command.Lookup("payload").BinaryOK()
		v.host.Sessions.Visit(engine.NewSession(v.conn, scramUser(payload), v.program))
	case "authenticate": // by a client certificate, whose subject the client may leave out
		user, _ := q.command.Lookup("user").StringValueOK()
		v.host.Sessions.Visit(engine.NewSession(v.conn, user, v.program))
	}
}

// scramUser is the user of a client-first-message, "n,,n=user,r=nonce" (RFC
// 5802 section 5.1); "" for any other mechanism's message, which may hold a
// password.
func scramUser(message []byte) string {
	rest, ok := strings.CutPrefix(string(message), "n,,n=")
	if !ok {
		return ""
	}
	name, _, ok := strings.Cut(rest, ",r=")
	if !ok {
		return ""
	}
	return strings.NewReplacer("=2C", ",", "=3D", "=").Replace(name)
}
