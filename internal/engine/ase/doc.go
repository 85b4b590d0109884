// Package ase says what is true of SAP ASE (Sybase): its versions, how TLS
// starts on its wire, how a client logs in, and how a simulated server behaves.
// It runs no server; the framing is internal/engine/tds's.
//
// TLS has the first byte of a connection to a listener with the filter "ssl",
// and plain clients have another listener
// (https://help.sap.com/docs/SAP_ASE, Security Administration Guide, "Enabling
// SSL"). What is inside is TDS 5.0:
//
//	client                          server
//	TLS ClientHello              ->
//	                             <- TLS
//	login record, capabilities   ->          (packet type 2)
//	                             <- EED…, LOGINACK, CAPABILITY, DONE (type 4)
//	LANGUAGE "select …"          ->          (type 15)
//	                             <- ROWFMT, ROW…, DONE, or EED, DONE
package ase
