package postgres

import (
	"strings"

	"github.com/dbtls/dbtls/internal/engine"
)

// maxAppName is where the server itself cuts an application's name, in bytes
// (NAMEDATALEN - 1); the log has it before that.
const maxAppName = 63

// authorized is what follows the names in the message of a login. They are
// columns of the row too: nothing that looks like an end of them inside a name
// is taken for it.
func authorized(message, user, database string) (rest string, ok bool) {
	if rest, ok = strings.CutPrefix(message, msgAuthorized); ok {
		if rest, ok = strings.CutPrefix(rest, user); ok {
			rest, ok = strings.CutPrefix(rest, " database="+database)
		}
	} else if rest, ok = strings.CutPrefix(message, msgReplication); ok {
		rest, ok = strings.CutPrefix(rest, user)
	}
	return rest, ok && (rest == "" || rest[0] == ' ')
}

// login is a client that is in. (That its database exists is looked at after.)
func (l *loginReader) login(s engine.Sighting, row csvRow, rest string) engine.Sighting {
	s.Kind = engine.SightLogin
	p, proved := l.takePending(row)
	switch {
	case s.Source == engine.LocalSource:
		s.TLS, s.Own = engine.TLSPlain, s.User == agentRole || s.User == superRole
	case l.Columns < columns14:
		s.TLS, s.Why = engine.TLSUnknown, noRule
	case l.Untrusted != "":
		s.TLS, s.Why = engine.TLSUnknown, l.Untrusted
	case !proved:
		s.TLS, s.Why = engine.TLSUnknown, "the log does not say by which rule of pg_hba.conf the client came in"
	default:
		s.TLS, s.Why = p.TLS, p.Why
	}
	return said(s, rest)
}

// said adds what the message tells of the application and of TLS. The server's
// own words about TLS are at the end, where there are any; a client's name for
// itself may end in the same words. So they count only where TLS is proved,
// and where it is proved that there is none, all is the name.
func said(s engine.Sighting, rest string) engine.Sighting {
	app := rest
	if head, tls, ok := cutLast(rest, " SSL enabled (protocol="); ok && s.TLS != engine.TLSPlain {
		version, cipher, whole := session(tls)
		switch {
		case !whole:
		case s.TLS == engine.TLSEncrypted:
			app, s.Version, s.Cipher = head, version, cipher
		default:
			app = head // where nothing is proved, it is no more than likely
		}
	}
	if s.TLS == engine.TLSEncrypted && s.Version == "" {
		s.TLS, s.Why = engine.TLSUnknown, "the log contradicts itself: the client came in by a rule for TLS, and nothing is said of its TLS"
	}
	app = strings.TrimPrefix(app, " application_name=")
	s.Application = engine.Printable(app[:min(len(app), maxAppName)])
	return s
}

// session reads "TLSv1.3, cipher=TLS_AES_256_GCM_SHA384, bits=256)", which may
// have a further word in versions before 14.
func session(tls string) (version, cipher string, whole bool) {
	version, rest, ok1 := strings.Cut(tls, ", cipher=")
	cipher, _, ok2 := strings.Cut(rest, ", bits=")
	whole = ok1 && ok2 && version != "" && cipher != "" && strings.HasSuffix(rest, ")")
	return engine.Printable(version), engine.Printable(cipher), whole
}
