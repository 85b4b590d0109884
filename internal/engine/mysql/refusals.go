package mysql

import (
	"fmt"

	"github.com/dbtls/dbtls/internal/engine"
)

// The authentication plugins that servers propose in their greeting.
const (
	nativePlugin  = "mysql_native_password"
	cachingPlugin = "caching_sha2_password"
)

// refusedTransport is what MySQL answers to a login without TLS
// (ER_SECURE_TRANSPORT_REQUIRED).
func refusedTransport(response, string) []byte {
	return errorPacket(codeTransport, "HY000", "Connections using insecure transport are prohibited while --require_secure_transport=ON.")
}

// refusedAccess is what MariaDB 10.11 answers to the same: it does not tell
// a login without TLS from one with a wrong password.
func refusedAccess(r response, client string) []byte {
	using := "NO"
	if r.password {
		using = "YES"
	}
	return errorPacket(codeAccessDenied, "28000",
		fmt.Sprintf("Access denied for user '%s'@'%s' (using password: %s)", r.user, client, using))
}

// refusal is what a refused client is told, and what it means.
type refusal struct{ words, means string }

func transportRefusal() refusal {
	return refusal{
		words: "ERROR 3159 (HY000): Connections using insecure transport are prohibited while --require_secure_transport=ON.",
		means: "the client connected without TLS: set its SSL mode to REQUIRED or, better, to VERIFY_IDENTITY with the CA bundle",
	}
}

func accessRefusal() refusal {
	return refusal{
		words: "ERROR 1045 (28000): Access denied for user 'app'@'10.0.0.1' (using password: YES)",
		means: "not a wrong password: MariaDB answers so too when the client connected without TLS; turn TLS on in the client before any password is changed",
	}
}

// force is require_secure_transport; nil for a version without it. Sessions over
// the UNIX socket are let in, and sessions that are open stay.
func (t traits) force(version string, r refusal) *engine.Force {
	if len(t.switches) == 0 || engine.CompareVersions(version, t.switchSince) < 0 {
		return nil
	}
	return &engine.Force{
		Parameter: paramForced, Off: t.switches[0], On: t.switches[1],
		Refusal: r.words, Means: r.means,
	}
}
