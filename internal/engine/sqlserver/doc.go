// Package sqlserver says what is true of Microsoft SQL Server: its editions,
// versions and TLS parameters, how TLS starts on its wire, and how a simulated
// instance plays it. It runs no server: dbtls has none to run, and SQL Server
// reads its certificate when it starts.
//
// TLS starts within the protocol ([MS-TDS] 2.2.6.5 and 3.2.5): both sides name
// what they want of encryption, and then the records of the handshake, and
// only those, travel in PRELOGIN packets:
//
//	client                                server
//	PRELOGIN 0x12, ENCRYPTION ON       ->
//	                                   <- reply 0x04, ENCRYPTION ON, or REQ, OFF, NOT_SUP
//	0x12[ClientHello]                  ->         (not after NOT_SUP)
//	                                   <- 0x12[ServerHello … ServerHelloDone]
//	0x12[… ChangeCipherSpec, Finished] ->
//	                                   <- 0x12[ChangeCipherSpec, Finished]
//	TLS record[LOGIN7]                 ->         (from here on TLS carries TDS)
//
// OFF, agreed on by both, means that the login is encrypted and nothing after
// it. TLS 1.3 does not occur in there: its handshake has no end that the
// carrier could see. It comes with TDS 8.0 ("strict"), which speaks TLS from
// the first byte, with the ALPN name tds/8.0, and the same PRELOGIN within.
//
// # The simulated instance
//
// It has the real certificate, TLS and login, the product's own rules for who
// gets encrypted, and no data: it answers a handful of statements about the
// connection itself and refuses the rest, saying what it is.
package sqlserver
