package probe

// fix is what to do about a code, in a sentence.
func fix(c Code) string {
	return map[Code]string{
		HostNotFound:              "check the host name, and the name server of this machine",
		LookupFailed:              "check the name server of this machine, and try again",
		ConnectionRefused:         "check the port, and whether the server runs and listens on this address",
		ConnectTimeout:            "check the address, firewalls and security groups between here and the server, or give --timeout",
		Unreachable:               "check the address and the route to it",
		NoAnswer:                  "check that the port belongs to this product and that the server is not overloaded, or give --timeout",
		NoTLS:                     "turn TLS on in the server",
		NoDirectTLS:               "leave out --direct: the server takes TLS after the product's own preamble",
		WrongProtocol:             "check that the engine and the port are those of the server",
		ConnectionClosed:          "check that the engine and the port are those of the server, and its log",
		PlainRefused:              "use require or a stricter mode here, or the product's plain port",
		NotTried:                  "probe without --direct, or the product's plain port with a client",
		ProtocolTooOld:            "let the server have TLS 1.2 or later; until then: --legacy-tls, or the endpoint attribute legacyTLS=true",
		NoCommonCipher:            "let the server have an ECDHE cipher with AES-GCM; until then: --legacy-tls, or the endpoint attribute legacyTLS=true",
		NameRefused:               "check the name; --server-name gives another",
		ClientCertificateRequired: "let the server take clients without a certificate, or use one that has a certificate it accepts",
		BadCertificate:            "replace the server's certificate",
		HandshakeFailed:           "see the server's log",
		UnknownCA:                 "add the CA's root to the trust store, or give its file with --ca",
		IncompleteChain:           "let the server send its issuing CA's certificate after its own; if that issuer is a root, add it to the trust store",
		SelfSigned:                "use a certificate of a CA; or add this very certificate to the trust store after comparing its SHA-256",
		Expired:                   "renew the certificate",
		NotYetValid:               "check the clocks of this machine and of the one that issued the certificate",
		WeakKey:                   "replace the certificate by one with an RSA key of 2048 bits or more, or an ECDSA key, signed with SHA-256 or better",
		NotServerCertificate:      "replace the certificate by one for server authentication (extended key usage serverAuth)",
		UnknownCriticalExtension:  "replace the certificate by one without that extension",
		ChainTooLong:              "let the server send the certificates between its own and the root, and no others",
		InvalidChain:              "replace the certificates by some that keep RFC 5280",
		WrongName:                 "connect by a name that is in the certificate, or issue one that has this name in its SAN; --server-name gives another name to compare",
	}[c]
}
