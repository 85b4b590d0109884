package sqlserver

import "github.com/dbtls/dbtls/internal/engine"

// The parameters' names, and the values of those that choose a protocol or a
// cipher.
const (
	forceSSL   = "rds.force_ssl"
	tls10      = "rds.tls10"
	tls11      = "rds.tls11"
	tls12      = "rds.tls12"
	fips       = "rds.fips"
	rc4        = "rds.rc4"
	tripleDES  = "rds.3des168"
	curve25519 = "rds.curve25519"
	dh         = "rds.diffie-hellman"
	dhMinBits  = "rds.diffie-hellman-min-key-bit-length"

	byDefault = "default"
	enabled   = "enabled"
	disabled  = "disabled"
)

// parameters are the TLS parameters of the RDS User Guide ("Using SSL with a
// Microsoft SQL Server DB instance" and "Configuring SQL Server security
// protocols and ciphers"). All are read when the server starts.
func parameters() []engine.Parameter {
	const noDH = "a simulated instance has no Diffie-Hellman key exchange over finite fields: it offers elliptic curves only"
	return []engine.Parameter{
		number01(forceSSL, "Forces TLS: a client that asked for none is encrypted, one that cannot is refused."),
		number01(fips, "Leaves only what FIPS 140-2 approves: no RC4, no Curve25519, no ChaCha20."),
		choice(tls10, "TLS 1.0.", ""),
		choice(tls11, "TLS 1.1.", ""),
		{
			Name: tls12, Description: "TLS 1.2.", Default: byDefault, ApplyType: engine.Static,
			DataType: "string", Allowed: []string{byDefault}, Locked: "TLS 1.2 is always on: the service itself uses it",
		},
		choice(rc4, "RC4 stream cipher.", ""),
		choice(tripleDES, "Triple DES cipher with a 168-bit key.", ""),
		choice(curve25519, "Curve25519 in elliptic-curve key exchange.", ""),
		choice(dh, "Diffie-Hellman key exchange.", noDH),
		{
			Name: dhMinBits, Description: "Minimum length of Diffie-Hellman keys, in bits.", Default: byDefault,
			ApplyType: engine.Static, DataType: "string",
			Allowed: []string{byDefault, "1024", "2048", "3072", "4096"}, Locked: noDH,
		},
	}
}

func number01(name, description string) engine.Parameter {
	return engine.Parameter{
		Name: name, Description: description, Default: "0", ApplyType: engine.Static,
		DataType: "boolean", Allowed: []string{"0", "1"},
	}
}

func choice(name, description, locked string) engine.Parameter {
	return engine.Parameter{
		Name: name, Description: description, Default: byDefault, ApplyType: engine.Static,
		DataType: "string", Allowed: []string{byDefault, enabled, disabled}, Locked: locked,
	}
}

// forcing: a client that asked for nothing is encrypted by the driver it has,
// and few cannot be. Those that verify begin to do so.
func forcing() *engine.Force {
	return &engine.Force{
		Parameter: forceSSL, Off: "0", On: "1", Upgrades: true,
		Refusal: "The instance of SQL Server you attempted to connect to requires encryption but this machine does not support it.",
		Means: "the client's driver cannot encrypt. Other clients are encrypted without having asked, and one that verifies the certificate " +
			"may now fail with \"The certificate chain was issued by an authority that is not trusted\": give it the CA bundle",
	}
}
