package walletcli

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
)

// keyName says what kind of public key it is: "RSA 2048", "EC P-256", "DSA".
func keyName(algorithm x509.PublicKeyAlgorithm, pub any) string {
	switch k := pub.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA %d", k.N.BitLen())
	case *ecdsa.PublicKey:
		return "EC " + k.Params().Name
	}
	if algorithm == x509.UnknownPublicKeyAlgorithm {
		return "unknown"
	}
	return algorithm.String()
}
