package storefile

import "os"

// SystemRoots lists the files in which a system may keep the roots that it
// trusts, in the order in which they are looked for: the one of SSL_CERT_FILE,
// which OpenSSL and Go ask too, else those of distributions.
func SystemRoots() []string {
	if named := os.Getenv("SSL_CERT_FILE"); named != "" {
		return []string{named}
	}
	return []string{
		"/etc/ssl/certs/ca-certificates.crt",                // Debian, Alpine
		"/etc/pki/tls/certs/ca-bundle.crt",                  // Fedora, RHEL
		"/etc/ssl/ca-bundle.pem",                            // SUSE
		"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // RHEL
		"/etc/ssl/cert.pem",
	}
}
