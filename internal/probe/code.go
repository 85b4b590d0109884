package probe

// Code is the stable word for one way to fail. docs/probe.md lists them with
// what to do; a released one keeps its meaning.
type Code string

// Before TLS.
const (
	HostNotFound      Code = "HostNotFound"      // dns: no such name
	LookupFailed      Code = "LookupFailed"      // dns: the name server gave no answer
	ConnectionRefused Code = "ConnectionRefused" // connect: nothing listens on the port
	ConnectTimeout    Code = "ConnectTimeout"    // connect: packets get no answer
	Unreachable       Code = "Unreachable"       // connect: no route, and every other failure to connect
	NoAnswer          Code = "NoAnswer"          // starttls, tls: connected, then silence until the deadline
	NoTLS             Code = "NoTLS"             // starttls: the server says that it has no TLS
	NoDirectTLS       Code = "NoDirectTLS"       // starttls, tls: no TLS from the first byte here
	WrongProtocol     Code = "WrongProtocol"     // starttls, tls: an answer in another protocol, or in none
	ConnectionClosed  Code = "ConnectionClosed"  // starttls, tls: the server hung up
	PlainRefused      Code = "PlainRefused"      // starttls: mode none on a port that has TLS from the first byte
	NotTried          Code = "NotTried"          // starttls: mode none cannot be judged by this probe
)

// In the handshake.
const (
	ProtocolTooOld            Code = "ProtocolTooOld"            // the server has TLS 1.1 or older only
	NoCommonCipher            Code = "NoCommonCipher"            // no cipher, group or signature in common
	NameRefused               Code = "NameRefused"               // the server knows no such name (SNI)
	ClientCertificateRequired Code = "ClientCertificateRequired" // the server wants one
	BadCertificate            Code = "BadCertificate"            // what was sent is no X.509 certificate a client reads
	HandshakeFailed           Code = "HandshakeFailed"           // every other failure
)

// Of the certificates.
const (
	UnknownCA                Code = "UnknownCA"                // the chain ends at an issuer that is not trusted
	IncompleteChain          Code = "IncompleteChain"          // the leaf's issuer was not sent
	SelfSigned               Code = "SelfSigned"               // the leaf is its own issuer and not trusted
	Expired                  Code = "Expired"                  // a certificate of the path has ended
	NotYetValid              Code = "NotYetValid"              // a certificate of the path has not begun
	WeakKey                  Code = "WeakKey"                  // RSA below 2,048 bits, or signed with SHA-1 or MD5
	NotServerCertificate     Code = "NotServerCertificate"     // the leaf's extended key usage
	UnknownCriticalExtension Code = "UnknownCriticalExtension" // one that no client may pass over
	ChainTooLong             Code = "ChainTooLong"             // more certificates than are looked at
	InvalidChain             Code = "InvalidChain"             // every other rule of RFC 5280
	WrongName                Code = "WrongName"                // name: the leaf is for another
)

// At the login, for a test that has one.
const (
	LoginRefused     Code = "LoginRefused"     // user or password
	DatabaseNotFound Code = "DatabaseNotFound" // the login is right
	TLSRequired      Code = "TLSRequired"      // the server takes this login over TLS only
	LoginFailed      Code = "LoginFailed"      // every other failure
)
