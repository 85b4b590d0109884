// Package postgres says what is true of PostgreSQL and of Aurora PostgreSQL:
// how TLS starts on the wire, which parameters govern it, which files and
// processes make a server or a read replica, how a running server takes a new
// certificate, and how one is simulated. It keeps no state and starts nothing;
// where a server lives is the provider's business.
//
// TLS starts with one fixed request, before any other message
// (https://www.postgresql.org/docs/current/protocol-flow.html, "SSL Session
// Encryption"):
//
//	client                          server
//	SSLRequest 00000008 04d2162f ->
//	                             <- one byte: S, N, or E + ErrorResponse
//	TLS ClientHello              ->          (after S, nothing before it)
//
// Since version 17 a client may leave the request out and say "postgresql" in
// its ClientHello (ALPN). A request for GSSAPI encryption may come before
// either; servers here answer it with N.
//
// # Who may do what in a server made here
//
// Network sessions log in with SCRAM-SHA-256, over TLS only where
// rds.force_ssl is 1, but for the clients of dbtls.force_ssl_exceptions. dbtls itself comes over the UNIX socket, authenticated by
// the kernel (peer), as one of two roles that no network session can log in as:
//
//   - dbtls_agent does the daily work: reads statistics, reloads.
//   - dbtls_superuser owns the cluster. It is used to set up a server, to end
//     sessions, and to repair dbtls_agent when a user with CREATEROLE has
//     altered or dropped it, or has taken every connection slot: slots
//     reserved for superusers remain, and no other role can change a superuser.
//
// dbtls_replica is for read replicas: pg_hba.conf lets it in for physical
// replication over TLS and for nothing else, and nobody else for that. A
// replica verifies its primary in full (name included) when it is copied and
// whenever it connects, reads its password from a file, and has its primary's
// roles: what a session as dbtls_agent needs cannot be repaired there, so the
// superuser's is used instead.
//
// The master user is no superuser. Up to version 15, CREATEROLE may grant any
// role that is not a superuser, pg_execute_server_program among them, which
// means a shell as the operating-system user that can read every server's
// private key. Setting up such a server therefore marks the three roles that
// reach the file system as superusers (they cannot log in), so that only a
// superuser may grant them. Version 16 has the rule built in.
//
// # What the log proves
//
// The server writes every login as three rows of CSV (csvlog), by a collector of
// its own: dbtls's end costs nothing. A text in a row has quotes, and those
// inside are doubled, so no name a client chooses ends its row.
//
//	connection received                        the source; read from its column
//	connection authenticated … (FILE:N)        by which line of pg_hba.conf (14 and later)
//	connection authorized: user=… database=… application_name=… SSL enabled (…)
//
// The last of them ends in the name of the client's application where there is
// no TLS, and that may read "SSL enabled (…)". What proves TLS is N, joined by
// the session's id and the number of the row within it: pg_hba.conf has hostssl
// lines on even numbers and hostnossl lines on odd ones, always. Of a file that
// another hand changed so that this does not hold, nothing is believed. Rows of
// sessions that are in already hold whatever they like (RAISE LOG); those of one
// that is being let in are known by their tag, "authentication".
//
// A client that ends the handshake leaves the alert it sent and its address, and
// one that only looks whether the port is open leaves neither. dbtls's own
// handshakes end before the login and leave nothing. Whoever can write files as
// the operating-system user of the server, or is its superuser, can forge all of
// this, as he can the database.
//
// # Parameters that contradict each other
//
// A server that is told of a maximum protocol version below the minimum, or of
// a cipher list that selects nothing, writes that into its log, serves on with
// what it had, takes no new certificate, and does not start again. No file
// here says such a thing: a minimum outranks a maximum, a list that cannot be
// used is left out, and Apply refuses both before the server hears of them.
package postgres
