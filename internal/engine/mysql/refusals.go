package mysql

import "fmt"

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
