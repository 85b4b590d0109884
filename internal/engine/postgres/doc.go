// Package postgres says what is true of PostgreSQL: how TLS starts on its
// wire, which files and processes make a server, and how a running server
// takes a new certificate. It keeps no state and starts nothing; where a
// server lives is the provider's business.
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
// # Who may do what in a server made here
//
// Network sessions log in with SCRAM-SHA-256, over TLS only from version 15
// on. dbtls itself comes over the UNIX socket, authenticated by the kernel
// (peer), as one of two roles that no network session can log in as:
//
//   - dbtls_agent does the daily work: reads statistics, reloads.
//   - dbtls_superuser owns the cluster. It is used to set up a server, to end
//     sessions, and to repair dbtls_agent when a user with CREATEROLE has
//     altered or dropped it, or has taken every connection slot: slots
//     reserved for superusers remain, and no other role can change a superuser.
//
// The master user is no superuser. Up to version 15, CREATEROLE may grant any
// role that is not a superuser, pg_execute_server_program among them, which
// means a shell as the operating-system user that can read every server's
// private key. Setting up such a server therefore marks the three roles that
// reach the file system as superusers (they cannot log in), so that only a
// superuser may grant them. Version 16 has the rule built in.
package postgres
