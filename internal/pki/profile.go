package pki

import (
	"crypto/x509"
	"slices"
	"strings"
	"time"
)

// DefaultCA is the CA of an account that has set no other
// (Aurora User Guide, "Setting the CA for your database").
const DefaultCA = "rds-ca-rsa2048-g1"

// Profile is one named CA (Aurora User Guide, "Certificate authorities").
type Profile struct {
	ID          string  // as the API spells it: "rds-ca-rsa2048-g1"
	Key         KeySpec // of the root and its issuing CAs
	LeafKey     KeySpec // of server certificates under it
	Years       int     // life of the root in calendar years
	AutoRotates bool    // server certificates are renewed without being asked
	Shared      bool    // one root for a whole partition, not one per region

	label  string                  // "RSA2048 G1", the end of every subject
	alg    x509.SignatureAlgorithm // in all partitions but GovCloud
	govAlg x509.SignatureAlgorithm // in GovCloud, 0 when the same
}

// Profiles lists the named CAs in the order of the guide.
func Profiles() []Profile {
	return []Profile{
		{ID: "rds-ca-2019", Key: RSA2048, LeafKey: RSA2048, Years: 5, Shared: true,
			label: "2019", alg: x509.SHA256WithRSA},
		{ID: "rds-ca-rsa2048-g1", Key: RSA2048, LeafKey: RSA2048, Years: 40, AutoRotates: true,
			label: "RSA2048 G1", alg: x509.SHA256WithRSA, govAlg: x509.SHA384WithRSA},
		{ID: "rds-ca-ecc384-g1", Key: ECC384, LeafKey: ECC384, Years: 100, AutoRotates: true,
			label: "ECC384 G1", alg: x509.ECDSAWithSHA384},
		{ID: "rds-ca-rsa4096-g1", Key: RSA4096, LeafKey: RSA4096, Years: 100, AutoRotates: true,
			label: "RSA4096 G1", alg: x509.SHA384WithRSA},
	}
}

// ProfileByID finds a named CA; identifiers ignore case as in the RDS API.
func ProfileByID(id string) (Profile, bool) {
	all := Profiles()
	i := slices.IndexFunc(all, func(p Profile) bool { return strings.EqualFold(p.ID, id) })
	if i < 0 {
		return Profile{}, false
	}
	return all[i], true
}

// NotAfter is when a root that begins at notBefore ends.
func (p Profile) NotAfter(notBefore time.Time) time.Time {
	return notBefore.AddDate(p.Years, 0, 0)
}

// RootScope names what the root that serves region is made for: the partition
// when it is shared, the region otherwise. One root exists per (ID, scope).
func (p Profile) RootScope(region string) string {
	if p.Shared {
		return Partition(region)
	}
	return region
}

// Partition returns "aws", "aws-us-gov" or "aws-cn" for a region's name.
func Partition(region string) string {
	switch {
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	}
	return "aws"
}

// signature is the algorithm of the root, its issuing CAs and their leaves.
// The keys of tests are not always of the profile's algorithm, so an ECC256
// key has its own.
func (p Profile) signature(region string) x509.SignatureAlgorithm {
	if p.Key == ECC256 {
		return x509.ECDSAWithSHA256
	}
	if p.govAlg != 0 && Partition(region) == "aws-us-gov" {
		return p.govAlg
	}
	return p.alg
}

func (p Profile) rootName(region string) string {
	if !p.Shared {
		return "dbtls " + region + " Root CA " + p.label
	}
	if part := Partition(region); part != "aws" {
		return "dbtls " + strings.TrimPrefix(part, "aws-") + " Root CA " + p.label
	}
	return "dbtls Root CA " + p.label
}

func (p Profile) issuingName(region string) string {
	return "dbtls " + region + " Issuing CA " + p.label
}
