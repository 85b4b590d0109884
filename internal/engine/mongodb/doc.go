// Package mongodb says what is true of MongoDB: its versions, how TLS starts on
// its wire, what its TLS parameters mean, and how a simulated server of it
// behaves. It runs no server; to log in it has the product's own driver.
//
// TLS has the connection's first byte, on the one port that plain clients use
// as well (https://www.mongodb.com/docs/manual/tutorial/configure-ssl/):
//
//	client                          server
//	TLS ClientHello              ->
//	                             <- TLS
//	OP_MSG hello                 ->
//
// A server tells the two apart by the first sixteen bytes. They are the header
// of a plain message, whose field responseTo is 0 in a request, and they are
// record, handshake and version of a ClientHello, which has a 3 in that field.
// What a plain client gets is decided by the server's TLS mode alone: an answer,
// or the end of the connection.
package mongodb
