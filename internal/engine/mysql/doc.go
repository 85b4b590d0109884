// Package mysql says what is true of the products that speak the MySQL
// protocol: how TLS starts on their wire, which files and processes make a
// server, and how a running server takes a new certificate. MariaDB is the
// one dbtls runs; each further product is one more value of the product type.
//
// TLS starts after the server has spoken first
// (https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase.html,
// https://mariadb.com/kb/en/connection/):
//
//	client                          server
//	                             <- initial handshake, protocol 10, sequence 0
//	                                (or an error packet: too many connections)
//	SSLRequest, 32 bytes, seq 1  ->          (when the capability SSL is set)
//	TLS ClientHello              ->
//
// # Who may do what in a MariaDB server made here
//
// There is one management account: the operating-system user dbtls runs as,
// at localhost, authenticated by the kernel (unix_socket), over the UNIX
// socket alone. MariaDB maps that authentication by name and in no other way
// until version 11.6, hence the name. The account is born with every
// privilege; setting up the master user demotes it, as its last step, to
// RELOAD, PROCESS, CONNECTION ADMIN and CREATE USER. CONNECTION ADMIN opens
// the one slot above max_connections and passes by init_connect. An init-file
// that runs at every start puts the account back as it should be, and never
// gives more than that.
//
// The master user has everything on all databases except mysql and sys, where
// it reads, and may create users. Two limits of MariaDB remain, and dbtls does
// not pretend otherwise:
//
//   - CREATE USER reaches every account. A master user can drop or replace the
//     management account; it gains the four privileges above, and management
//     fails, saying so, until the next start.
//   - A grant on every database (`%`) that is passed on to another user holds
//     for mysql as well: MariaDB has no exceptions to grants. A master user
//     who sets out to can so reach every privilege inside the server.
//
// What holds against that as well is the operating system: the server runs as
// a user of its own, and reads and writes files on demand in one folder only
// (secure-file-priv), which holds no key and which it cannot write.
package mysql
