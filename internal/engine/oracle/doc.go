// Package oracle says what is true of Oracle Database: its editions and
// versions, how TLS starts on its wire, and how a simulated listener behaves.
// It runs no server; to log in it has a public driver, and wallets are package
// wallet's.
//
// TLS (TCPS) has the first byte of a connection to a listener's TCPS port, and
// plain clients have another port. What is inside is TNS:
//
//	client                          listener
//	TLS ClientHello              ->
//	                             <- TLS
//	CONNECT, connect descriptor  ->          (long ones follow in DATA)
//	                             <- ACCEPT, REDIRECT, RESEND or REFUSE
//
// A simulated listener reads the descriptor and refuses it with ORA-12514, the
// answer of a listener that no database has registered with: it does not know
// the service. So a client has proved its trust and is told that there is no
// database. It never sends RESEND, after which a client may have to shake hands
// a second time.
package oracle
