package inventory

import (
	"crypto/rand"
	"fmt"
	"strings"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/pki"
)

// ParseName checks a DBInstanceIdentifier by AWS's rule and returns it in
// lower case, as it is stored and matched.
func ParseName(s string) (string, error) { return parseName("DBInstanceIdentifier", s) }

// ParseClusterName is ParseName for a DBClusterIdentifier.
func ParseClusterName(s string) (string, error) { return parseName("DBClusterIdentifier", s) }

func parseName(what, s string) (string, error) {
	ok := len(s) >= 1 && len(s) <= 63 && isLetter(s[0]) &&
		!strings.HasSuffix(s, "-") && !strings.Contains(s, "--")
	for i := 0; ok && i < len(s); i++ {
		ok = isLetter(s[i]) || s[i] == '-' || (s[i] >= '0' && s[i] <= '9')
	}
	if !ok {
		return "", fault.New(fault.InvalidParameter,
			"The parameter %s %q is not a valid identifier: 1 to 63 ASCII letters, digits and hyphens, a letter first, no hyphen at the end and no two in a row", what, s)
	}
	return strings.ToLower(s), nil
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// upperAlphabet is what AWS's random identifiers are made of.
const upperAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

// NewResourceID makes a DbiResourceId: "db-" and 26 characters.
func NewResourceID() string { return "db-" + randomID(26) }

// NewClusterID makes a DbClusterResourceId: "cluster-" and 26 characters.
func NewClusterID() string { return "cluster-" + randomID(26) }

// NewGeneration names one key pair of an instance. It is random, not counted:
// after a restore from an older backup a count would name a pair that exists.
func NewGeneration() string { return strings.ToLower(randomID(16)) }

func randomID(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	for i := range b {
		b[i] = upperAlphabet[b[i]%32]
	}
	return string(b)
}

// InstanceARN is the ARN of an instance.
func InstanceARN(region, account, name string) string {
	return fmt.Sprintf("arn:%s:rds:%s:%s:db:%s", pki.Partition(region), region, account, name)
}

// ClusterARN is the ARN of a cluster.
func ClusterARN(region, account, name string) string {
	return fmt.Sprintf("arn:%s:rds:%s:%s:cluster:%s", pki.Partition(region), region, account, name)
}

// GroupARN is the ARN of a parameter group.
func GroupARN(kind GroupKind, region, account, name string) string {
	return fmt.Sprintf("arn:%s:rds:%s:%s:%s:%s", pki.Partition(region), region, account, kind, name)
}

// CertificateARN is the ARN of a CA; AWS leaves its account empty.
func CertificateARN(region, ca string) string {
	return fmt.Sprintf("arn:%s:rds:%s::cert:%s", pki.Partition(region), region, ca)
}

// NameFromARN returns the instance name when s is an instance ARN of region
// and account, else s itself: filters and identifiers take both.
func NameFromARN(region, account, s string) string {
	if name, ok := strings.CutPrefix(s, InstanceARN(region, account, "")); ok {
		return name
	}
	return s
}
