package sqlserver

import (
	"net"
	"strconv"
	"strings"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/engine/tds"
)

// The numbers of the product's own messages that are used, and the first of
// those that users may define.
const (
	messageDatabase    = 5701
	messageLanguage    = 5703
	messageLoginFailed = 18456
	messageSimulated   = 50000
)

const (
	classFault = 16 // an error that the user can correct
	classLogin = 14 // an error of permission
)

const (
	language        = "us_english"
	defaultDatabase = "master"
)

// maxReply bounds what a session's reply takes of memory, in bytes.
const maxReply = 8 << 20

// The bits of a request's status that ask for a session as new.
const resetBits = 0x08 | 0x10

// session is one client that is logged in.
type session struct {
	host     *engine.Host
	conn     net.Conn // TLS, unless it ended with the login
	dialect  dialect
	size     int // of packets
	own      engine.Session
	first    string // the database that the login asked for
	database string
}

// run welcomes the client and answers requests until it leaves or sends what
// is no request. The packet size that was agreed on holds after the welcome,
// but some clients have no room for more before.
func (s *session) run(features bool) error {
	r := &reply{dialect: s.dialect}
	s.welcome(r, features)
	if err := tds.WriteMessage(s.conn, typeReply, r.bytes, min(s.size, tds.DefaultPacketSize)); err != nil {
		return err
	}
	for {
		m, err := tds.ReadMessage(s.conn, maxRequest)
		if err != nil {
			return err
		}
		r := &reply{dialect: s.dialect}
		if m.Status&resetBits != 0 {
			s.database = s.first
			r.changedTo(changeReset, nil)
		}
		if !s.answer(r, m) {
			return nil
		}
		if err := tds.WriteMessage(s.conn, typeReply, r.bytes, s.size); err != nil {
			return err
		}
	}
}

// answer writes the reply to m; false says that m is no request.
func (s *session) answer(r *reply, m tds.Message) bool {
	switch {
	case m.Status&tds.Ignore != 0:
		r.done(tokenDone, doneError, 0)
	case m.Type == typeAttention: // whatever ran has been answered by now
		r.done(tokenDone, doneAttention, 0)
	case m.Type == typeBatch:
		body, err := requestBody(m.Payload, s.dialect)
		if err != nil {
			return false
		}
		s.execute(r, fromUTF16(body), tokenDone)
	case m.Type == typeRPC:
		body, err := requestBody(m.Payload, s.dialect)
		if err != nil {
			return false
		}
		query, err := executeText(body)
		if err != nil {
			refuse(r, err.Error(), tokenDoneProc)
			return true
		}
		s.execute(r, query, tokenDoneInProc)
	case m.Type == typeTransaction:
		refuse(r, "a transaction", tokenDone)
	case m.Type == typeBulk:
		refuse(r, "a bulk load", tokenDone)
	default:
		return false
	}
	return true
}

// refuse says what this is and what of the request it does not answer.
func refuse(r *reply, what string, done byte) {
	r.say(messageSimulated, classFault, "This is an instance that dbtls simulates: its certificate, TLS and login are real, and it holds no data. "+
		"It answers SELECT of @@VERSION, @@SPID, constants, and columns of sys.dm_exec_connections. It does not answer "+what+".")
	r.done(done, doneError, 0)
}

// execute answers a batch, or the statement of sp_executesql: nothing of it
// unless all can be answered.
func (s *session) execute(r *reply, batch string, done byte) {
	statements, err := parse(batch)
	if err != nil {
		refuse(r, err.Error(), final(done))
		return
	}
	for i, st := range statements {
		status, count := 0, 0
		if st.show != nil {
			if status, count = doneCount, s.show(r, st); len(r.bytes) > maxReply {
				refuse(r, "so much at once", final(done))
				return
			}
		}
		if st.database != "" {
			s.use(r, st.database)
		}
		if done == tokenDoneInProc || i < len(statements)-1 {
			status |= doneMore
		}
		r.done(done, status, count)
	}
	switch {
	case done == tokenDoneInProc:
		r.bytes = append(r.bytes, tokenReturnStatus)
		r.long(0)
		r.done(tokenDoneProc, 0, 0)
	case len(statements) == 0:
		r.done(done, 0, 0)
	}
}

// final is the token that ends a reply whose statements end with done.
func final(done byte) byte {
	if done == tokenDoneInProc {
		return tokenDoneProc
	}
	return done
}

// show writes the rows of a SELECT and returns how many; it stops when there
// is more than a reply can hold.
func (s *session) show(r *reply, st statement) int {
	r.columns(st.show)
	rows := []engine.Session{s.own}
	if st.view {
		rows = s.host.Sessions.List()
	}
	count := 0
next:
	for _, row := range rows {
		if len(r.bytes) > maxReply {
			break
		}
		for _, c := range st.where {
			if !c.holds(s, row) {
				continue next
			}
		}
		count++
		r.bytes = append(r.bytes, tokenRow)
		for _, c := range st.show {
			r.value(c.value(s, row))
		}
	}
	return count
}

// use changes the database. There is no database, hence none that is missing.
func (s *session) use(r *reply, name string) {
	r.changed(changeDatabase, name, s.database)
	r.say(messageDatabase, 0, "Changed database context to '"+name+"'.")
	s.database = name
}

// welcome writes the reply to a login that was accepted.
func (s *session) welcome(r *reply, features bool) {
	s.database = defaultDatabase
	s.use(r, s.first)
	r.changedTo(changeCollation, collation())
	r.changed(changeLanguage, language, "")
	r.say(messageLanguage, 0, "Changed language setting to "+language+".")
	r.say(messageSimulated, 0, strings.TrimPrefix(banner(s.host.Version), "Microsoft "))
	r.loginAck(number(s.host.Version))
	r.changed(changePacketSize, strconv.Itoa(s.size), strconv.Itoa(tds.DefaultPacketSize))
	if features { // were asked for; none is there
		r.bytes = append(r.bytes, tokenFeatures, 0xff)
	}
	r.done(tokenDone, 0, 0)
}
