// Package mysql says what is true of the products that speak the MySQL
// protocol: how TLS starts on their wire, which files and processes make a
// server, and how a running server takes a new certificate and new parameters.
// dbtls runs MariaDB and MySQL, each a value of the product type, and plays
// these and Aurora MySQL, each a value of the playing type. It keeps no state;
// where a server lives is the provider's business.
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
// A simulator goes one packet further: it reads the login, whose user and
// transport decide the answer, and answers with an error in every case.
//
// # Who may do what in a server made here
//
// There is one management account: the operating-system user dbtls runs as,
// at localhost, authenticated by the kernel (unix_socket, auth_socket), over
// the UNIX socket alone. MariaDB maps that authentication by name and in no
// other way until version 11.6, hence the name. The account is born with every
// privilege; setting up the master user demotes it, as its last step, to what
// product.privileges lists. CONNECTION ADMIN, among them, opens the one slot
// above max_connections and passes by init_connect. Beside those it reads the
// columns of performance_schema that tell who is connected and how, and none with
// a statement of theirs. An init-file that runs at every start puts the account
// back as it should be, and never gives more than that.
//
// The master user has everything on all databases except mysql and sys, where
// it reads, and may create users.
//
// In MySQL the management account has SYSTEM_USER, so the master cannot touch
// it, nor grant it as a role. What is left: the privileges that MySQL calls
// dynamic keep their grant option when the rest is taken.
//
// In MariaDB two limits remain, and dbtls does not pretend otherwise:
//
//   - CREATE USER reaches every account. A master user can drop or replace the
//     management account; it gains its four privileges, and management
//     fails, saying so, until the next start.
//   - A grant on every database (`%`) that is passed on to another user holds
//     for mysql as well: MariaDB has no exceptions to grants. A master user
//     who sets out to can so reach every privilege inside the server.
//
// Because of the first the account has no SUPER, which MariaDB wants of who
// sets require_secure_transport: see forcingLines for the way around.
//
// What holds against the second as well is the operating system: the server
// runs as a user of its own, and reads and writes files on demand in one folder
// only (secure-file-priv), which holds no key and which it cannot write.
//
// # A start without TLS
//
// MariaDB does not start when its pair cannot be loaded. MySQL starts without
// TLS; its init-file then shuts it down before anybody connects.
package mysql
