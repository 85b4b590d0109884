package mongodb

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"strconv"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
)

// maxSessions bounds what one look reads.
const maxSessions = 20_000

// The modes of net.tls.mode that decide for every session of a server.
const (
	disabledTLS = "disabled"
	requireSSL  = "requireSSL" // as versions before 4.2 say it
)

// status is what is read of serverStatus and of the server's settings; nil and
// "" where the server does not say.
type status struct {
	Uptime      int64 `bson:"uptimeMillis"`
	Connections struct {
		Created *int64 `bson:"totalCreated"`
	}
	// Transport counts the handshakes by version of TLS.
	Transport map[string]int64 `bson:"transportSecurity"`

	mode    string // now
	started string // when the server started
}

// operation is what is read of a session in $currentOp.
type operation struct {
	Connection  int64 `bson:"connectionId"`
	Client      string
	Application string                      `bson:"appName"`
	Users       []struct{ User, DB string } `bson:"effectiveUsers"`
}

// looker asks for the sessions and for the mode of TLS, which alone tells how
// they are connected.
func looker(ctx context.Context, a engine.Account) (look engine.Look, err error) {
	var denied error
	_, err = signInFor(ctx, a, func(ctx context.Context, c *mongo.Client) (engine.Logged, error) {
		look, err = lookBy(ctx, c.Database(authSource))
		if said, ok := err.(mongo.CommandError); ok && said.Code == unauthorized { //nolint:errorlint // not wrapped here
			denied = fault.New(fault.AccessDenied,
				"user %q may not read the sessions of others; as an administrator run in the database admin: db.grantRolesToUser(%q, [{role: \"clusterMonitor\", db: \"admin\"}])", a.User, a.User)
			return engine.Logged{}, nil
		}
		return engine.Logged{}, err
	})
	if err == nil {
		err = denied
	}
	return look, err
}

// reader makes an account with the built-in role for monitoring, the least that
// sees the sessions of others.
func reader(user string) string {
	return "use admin\ndb.createUser({user: " + strconv.Quote(user) + ", pwd: passwordPrompt(), roles: [{role: \"clusterMonitor\", db: \"admin\"}]})\n"
}

func lookBy(ctx context.Context, db *mongo.Database) (engine.Look, error) {
	var st status
	if err := db.RunCommand(ctx, bson.D{{Key: "serverStatus", Value: 1}, {Key: "repl", Value: 0}, {Key: "metrics", Value: 0}}).Decode(&st); err != nil {
		return engine.Look{}, err
	}
	// Amazon DocumentDB has neither command, and a role of one's own may not allow them.
	var now struct {
		TLSMode string `bson:"tlsMode"`
	}
	if db.RunCommand(ctx, bson.D{{Key: "getParameter", Value: 1}, {Key: tlsMode, Value: 1}}).Decode(&now) == nil {
		st.mode = now.TLSMode
	}
	var options struct {
		Parsed struct {
			Net struct{ TLS, SSL struct{ Mode string } }
		}
	}
	if db.RunCommand(ctx, bson.D{{Key: "getCmdLineOpts", Value: 1}}).Decode(&options) == nil {
		st.started = cmp.Or(options.Parsed.Net.TLS.Mode, options.Parsed.Net.SSL.Mode, disabledTLS)
	}
	var self struct {
		Connection int64 `bson:"connectionId"`
	}
	if err := db.RunCommand(ctx, bson.D{{Key: "hello", Value: 1}}).Decode(&self); err != nil {
		return engine.Look{}, err
	}
	cursor, err := db.Aggregate(ctx, bson.A{
		bson.D{{Key: "$currentOp", Value: bson.D{{Key: "allUsers", Value: true}, {Key: "idleConnections", Value: true}}}},
		bson.D{{Key: "$project", Value: bson.D{{Key: "connectionId", Value: 1}, {Key: "client", Value: 1}, {Key: "appName", Value: 1}, {Key: "effectiveUsers", Value: 1}}}},
		bson.D{{Key: "$limit", Value: maxSessions + 1}},
	})
	if err != nil {
		return engine.Look{}, err
	}
	var all []operation
	if err := cursor.All(ctx, &all); err != nil {
		return engine.Look{}, err
	}
	return st.look(all, self.Connection, time.Now()), nil
}

// look puts together what was read.
func (st status) look(all []operation, self int64, now time.Time) engine.Look {
	look := engine.Look{At: now, Handshakes: -1, Connections: -1}
	if st.Uptime > 0 {
		look.Since = now.Add(-time.Duration(st.Uptime) * time.Millisecond)
	}
	if st.Connections.Created != nil {
		look.Connections = *st.Connections.Created
	}
	if st.Transport != nil {
		look.Handshakes = 0
		for _, n := range st.Transport {
			look.Handshakes += n
		}
	}
	var tls engine.TLSState
	tls, look.Unknown, look.Fix = st.all()
	seen := map[int64]bool{}
	for _, op := range all[:min(len(all), maxSessions)] {
		host, _, err := net.SplitHostPort(op.Client)
		if err != nil || seen[op.Connection] { // the server's own work has no client, and a session may have many operations
			continue
		}
		seen[op.Connection] = true
		s := engine.Sighting{
			Kind: engine.SightSession, Session: strconv.FormatInt(op.Connection, 10), Source: engine.Printable(host),
			Application: engine.Printable(op.Application), TLS: tls, Why: look.Unknown, Own: op.Connection == self,
		}
		if len(op.Users) > 0 {
			s.User, s.Database = engine.Printable(op.Users[0].User), engine.Printable(op.Users[0].DB)
		}
		look.Sessions = append(look.Sessions, s)
	}
	if len(all) > maxSessions && look.Unknown == "" {
		look.Unknown = fmt.Sprintf("more than %d operations go on, and the rest of them was not read", maxSessions)
	}
	return look
}

// all is how every session is connected, as far as the mode tells. It can be
// made stricter while the server runs, which leaves open sessions alone; only
// the mode that it started with holds for all of them.
func (st status) all() (state engine.TLSState, unknown, fix string) {
	const restart = "set net.tls.mode to requireTLS in the server's configuration, which is forced TLS, and restart it; until then look at the server's log (component NETWORK) and at its clients' settings"
	strict := st.started == requireTLS || st.started == requireSSL
	switch {
	case strict:
		return engine.TLSEncrypted, "", ""
	case st.started == disabledTLS && (st.mode == "" || st.mode == disabledTLS):
		return engine.TLSPlain, "", ""
	case st.mode == requireTLS:
		return engine.TLSUnknown, "the server requires TLS now and did not when it started; sessions from before may be without", "restart the server with net.tls.mode requireTLS in its configuration"
	case st.mode == "" && st.started == "":
		return engine.TLSUnknown, "the server keeps no session's encryption, and does not tell its TLS mode to this account", "give the account the role clusterMonitor; " + restart
	}
	return engine.TLSUnknown, fmt.Sprintf("the server takes clients with and without TLS (mode %s) and does not keep which of them use it", cmp.Or(st.mode, st.started)), restart
}
