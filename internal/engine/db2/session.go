package db2

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/dbtls/dbtls/internal/engine"
)

// itself is what a simulated server calls the program it is. The reply to the
// request for the database has no field for text: real clients end the
// connection over one that they do not expect.
const itself = "dbtls: simulated, real TLS, no database"

// Severities of a reply.
const (
	severityNone  = 0
	severityError = 8
)

var errOver = errors.New("session is over")

// session is the server's side of one connection.
type session struct {
	host    *engine.Host
	conn    net.Conn
	program string
	user    string // "" until logged in
	over    bool   // nothing more is answered
	done    func()
}

func (s *session) close() {
	if s.done != nil {
		s.done()
	}
}

// turn reads a chain of requests and answers all of it. Requests after one
// that failed are read and not answered.
func (s *session) turn(c io.ReadWriter) error {
	if s.over {
		return errOver
	}
	requests, err := readChain(c)
	if err != nil {
		return err
	}
	var replies []dss
	for _, q := range requests {
		if q.kind != dssRequest || s.over {
			continue
		}
		reply := s.answer(q)
		if reply == nil {
			s.over = true
			continue
		}
		replies = append(replies, dss{dssReply, q.correlation, reply})
	}
	if len(replies) == 0 {
		return errOver
	}
	_, err = c.Write(chain(replies))
	return err
}

// answer returns nil for a request that is out of order or of a kind that
// comes only after a database was found.
func (s *session) answer(q message) []byte {
	f := fields(q.body)
	switch {
	case q.code == cpEXCSAT:
		s.program = name(f[cpEXTNAM])
		return attributes(s.host.Version, f[cpMGRLVLLS])
	case q.code == cpACCSEC:
		// A client that asked for another mechanism sees the one there is.
		return list(cpACCSECRD, object(cpSECMEC, short(userAndPassword)...))
	case q.code == cpSECCHK && s.user == "":
		return s.check(f)
	case q.code == cpACCRDB && s.user != "":
		database := f[cpRDBNAM]
		return list(cpRDBNFNRM, object(cpSVRCOD, short(severityError)...),
			object(cpRDBNAM, database[:min(len(database), maxName)]...))
	}
	return nil
}

// attributes is EXCSATRD: the server's own names, and of the levels that the
// client asked for those that a login needs.
func attributes(version string, asked []byte) []byte {
	const highest, most = 7, 32
	var levels []byte
	for ; len(asked) >= 4 && len(levels) < 4*most; asked = asked[4:] {
		level := min(binary.BigEndian.Uint16(asked[2:]), highest)
		levels = append(append(levels, asked[:2]...), short(level)...)
	}
	return list(cpEXCSATRD, object(cpEXTNAM, text(itself)...), object(cpMGRLVLLS, levels...),
		object(cpSRVCLSNM, text("QDB2/LINUXX8664")...), object(cpSRVNAM, text("dbtls")...), object(cpSRVRLSLV, text(release(version))...))
}

// release is a version as servers spell it: "11.5.9.0" is "SQL11059".
func release(version string) string {
	var a, b, c int
	if _, err := fmt.Sscanf(version, "%d.%d.%d", &a, &b, &c); err != nil {
		return "SQL"
	}
	return fmt.Sprintf("SQL%02d%02d%d", a, b, c)
}

// check is SECCHKRM. A wrong name and a wrong password get the same answer.
func (s *session) check(f map[uint16][]byte) []byte {
	user, password := name(f[cpUSRID]), decode(f[cpPASSWORD])
	code, severity := byte(0), uint16(severityNone)
	switch {
	case number(f[cpSECMEC]) != userAndPassword:
		return nil
	case user == "":
		code = checkUserMissing
	case password == "":
		code = checkPasswordMissing
	case !s.host.Login(user, password):
		code = checkPasswordInvalid
	}
	if code == 0 {
		s.enter(user)
	} else {
		s.over, severity = true, severityError
	}
	return list(cpSECCHKRM, object(cpSVRCOD, short(severity)...), object(cpSECCHKCD, code))
}

// enter lists the session at its instance.
func (s *session) enter(user string) {
	s.user = user
	_, s.done = s.host.Sessions.Add(engine.NewSession(s.conn, user, s.program))
}
