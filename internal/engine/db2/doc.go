// Package db2 says what is true of Db2 for Linux, UNIX and Windows: its
// versions, how TLS starts on its wire, what its TLS parameters mean, how a
// client logs in, and how a simulated server behaves. It runs no server and
// sends no SQL.
//
// TLS has the connection's first byte. Its port is another than that of plain
// clients: which of the two a client gets is decided by the port it comes to
// (ssl_svcename, svcename). What is inside is DRDA (The Open Group, volumes 1
// and 3), four requests in two round trips:
//
//	client                          server
//	TLS ClientHello              ->
//	                             <- TLS
//	EXCSAT, ACCSEC               ->          (who I am, which security)
//	                             <- EXCSATRD, ACCSECRD
//	SECCHK, ACCRDB               ->          (user, password; database)
//	                             <- SECCHKRM, ACCRDBRM or RDBNFNRM
//
// RDBNFNRM says that there is no database of that name, which is how a
// simulated server ends every login that it has let in.
package db2
