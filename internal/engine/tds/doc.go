// Package tds is the framing that the products of the Tabular Data Stream
// family share: packets with a header of eight bytes, and messages made of
// packets. It reads with a bound on memory and knows no message's content, no
// TLS and no product.
//
// A packet ([MS-TDS] 2.2.3.1; the same eight bytes in TDS 5.0):
//
//	0     1       2       4     6    7
//	type  status  length  SPID  id   window   payload …
//	              (big endian, header included)
package tds
