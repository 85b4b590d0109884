package pki_test

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/pki/pkitest"
)

func TestProfilesAreThoseOfTheGuide(t *testing.T) {
	t.Parallel()
	var ids []string
	for _, p := range pki.Profiles() {
		ids = append(ids, p.ID)
		if found, ok := pki.ProfileByID(strings.ToUpper(p.ID)); !ok || found.ID != p.ID {
			t.Errorf("%s is not found in capitals", p.ID)
		}
	}
	want := []string{"rds-ca-2019", "rds-ca-rsa2048-g1", "rds-ca-ecc384-g1", "rds-ca-rsa4096-g1"}
	if !slices.Equal(ids, want) {
		t.Errorf("got %v, want %v", ids, want)
	}
	if _, ok := pki.ProfileByID("rds-ca-2015"); ok {
		t.Error("an unknown CA is found")
	}
}

func TestCertificatesFollowTheirProfile(t *testing.T) {
	t.Parallel()
	type shape struct {
		root, issuing string
		alg           x509.SignatureAlgorithm
		years         int
	}
	want := map[string]map[string]shape{
		"us-east-1": {
			"rds-ca-2019":       {"dbtls Root CA 2019", "dbtls us-east-1 Issuing CA 2019", x509.SHA256WithRSA, 5},
			"rds-ca-rsa2048-g1": {"dbtls us-east-1 Root CA RSA2048 G1", "dbtls us-east-1 Issuing CA RSA2048 G1", x509.SHA256WithRSA, 40},
			"rds-ca-ecc384-g1":  {"dbtls us-east-1 Root CA ECC384 G1", "dbtls us-east-1 Issuing CA ECC384 G1", x509.ECDSAWithSHA384, 100},
			"rds-ca-rsa4096-g1": {"dbtls us-east-1 Root CA RSA4096 G1", "dbtls us-east-1 Issuing CA RSA4096 G1", x509.SHA384WithRSA, 100},
		},
		"us-gov-west-1": {
			"rds-ca-2019":       {"dbtls us-gov Root CA 2019", "dbtls us-gov-west-1 Issuing CA 2019", x509.SHA256WithRSA, 5},
			"rds-ca-rsa2048-g1": {"dbtls us-gov-west-1 Root CA RSA2048 G1", "dbtls us-gov-west-1 Issuing CA RSA2048 G1", x509.SHA384WithRSA, 40},
			"rds-ca-ecc384-g1":  {"dbtls us-gov-west-1 Root CA ECC384 G1", "dbtls us-gov-west-1 Issuing CA ECC384 G1", x509.ECDSAWithSHA384, 100},
			"rds-ca-rsa4096-g1": {"dbtls us-gov-west-1 Root CA RSA4096 G1", "dbtls us-gov-west-1 Issuing CA RSA4096 G1", x509.SHA384WithRSA, 100},
		},
	}
	inWorlds(t, func(t *testing.T, w *world) {
		for id, s := range want[w.region] {
			root, issuing, leaf := w.roots[id].Cert, w.issuers[id].Cert, w.leaves[id][endpoints[0]]
			if root.Subject.CommonName != s.root || issuing.Subject.CommonName != s.issuing {
				t.Errorf("%s: subjects %q, %q", id, root.Subject, issuing.Subject)
			}
			for _, c := range []*x509.Certificate{root, issuing, leaf} {
				if c.SignatureAlgorithm != s.alg {
					t.Errorf("%s: %q is signed with %s, want %s", id, c.Subject, c.SignatureAlgorithm, s.alg)
				}
			}
			if end := root.NotBefore.AddDate(s.years, 0, 0); !root.NotAfter.Equal(end) || !issuing.NotAfter.Equal(end) {
				t.Errorf("%s: root ends %s, issuing CA %s, want %s", id, root.NotAfter, issuing.NotAfter, end)
			}
			p, _ := pki.ProfileByID(id)
			for c, spec := range map[*x509.Certificate]pki.KeySpec{root: p.Key, issuing: p.Key, leaf: p.LeafKey} {
				if got, _ := pki.SpecOf(c.PublicKey); got != spec {
					t.Errorf("%s: %q has a key %s, want %s", id, c.Subject, got, spec)
				}
			}
			if root.MaxPathLen != -1 || issuing.MaxPathLen != 0 || !issuing.MaxPathLenZero {
				t.Errorf("%s: path lengths %d, %d", id, root.MaxPathLen, issuing.MaxPathLen)
			}
		}
	})
}

func TestPartitionAndRootScope(t *testing.T) {
	t.Parallel()
	for region, want := range map[string][3]string{
		"us-east-1":     {"aws", "aws", "us-east-1"},
		"us-gov-east-1": {"aws-us-gov", "aws-us-gov", "us-gov-east-1"},
		"cn-north-1":    {"aws-cn", "aws-cn", "cn-north-1"},
	} {
		shared, _ := pki.ProfileByID("rds-ca-2019")
		own, _ := pki.ProfileByID(pki.DefaultCA)
		if got := [3]string{pki.Partition(region), shared.RootScope(region), own.RootScope(region)}; got != want {
			t.Errorf("%s: got %v, want %v", region, got, want)
		}
	}
}

func TestCrossStandsForItsRoot(t *testing.T) {
	t.Parallel()
	h := pkitest.New(t, "us-east-1", start)
	for pair, cross := range h.Crosses {
		subject, issuer := h.Roots[pair.Subject].Cert, h.Roots[pair.Issuer].Cert
		if !bytes.Equal(cross.RawSubject, subject.RawSubject) || !bytes.Equal(cross.SubjectKeyId, subject.SubjectKeyId) ||
			!bytes.Equal(cross.RawSubjectPublicKeyInfo, subject.RawSubjectPublicKeyInfo) {
			t.Errorf("%v: name, key or SKI differ from the root's", pair)
		}
		if !bytes.Equal(cross.AuthorityKeyId, issuer.SubjectKeyId) || cross.MaxPathLen != 1 {
			t.Errorf("%v: AKI %x, path length %d", pair, cross.AuthorityKeyId, cross.MaxPathLen)
		}
		if cross.NotAfter.After(subject.NotAfter) || cross.NotAfter.After(issuer.NotAfter) {
			t.Errorf("%v: outlives one of the roots", pair)
		}
	}
}

// Roots of other tools have SKIs made in other ways.
func TestCrossKeepsASubjectKeyIdItWouldNotMake(t *testing.T) {
	t.Parallel()
	h := pkitest.New(t, "us-east-1", start)
	ski := []byte{1, 2, 3, 4}
	root := foreign(t, &x509.Certificate{IsCA: true, BasicConstraintsValid: true, SubjectKeyId: ski, Subject: pkix.Name{CommonName: "old"}})
	cross, err := pki.Cross(root, h.Roots[caA], start)
	if err != nil || !bytes.Equal(cross.SubjectKeyId, ski) {
		t.Errorf("%v, %v", cross, err)
	}
}

func TestCrossIsRefused(t *testing.T) {
	t.Parallel()
	bounded := foreign(t, &x509.Certificate{IsCA: true, BasicConstraintsValid: true, MaxPathLen: 1, Subject: pkix.Name{CommonName: "old"}})
	h := pkitest.New(t, "us-east-1", start)
	a, b := h.Roots[caA], h.Roots[caB]
	cross := h.Crosses[pkitest.Pair{Subject: caB, Issuer: caA}]
	for rule, c := range map[string]struct {
		subject *x509.Certificate
		issuer  pki.CA
		at      time.Time
		code    fault.Code
	}{
		"by an expired root":     {b.Cert, a, start.AddDate(6, 0, 0), fault.Unavailable},
		"of an expired root":     {a.Cert, b, start.AddDate(6, 0, 0), fault.Unavailable},
		"before the root begins": {a.Cert, b, start.AddDate(-1, 0, 0), fault.Unavailable},
		"of an issuing CA":       {h.Issuers[caB].Cert, a, start, fault.InvalidParameter},
		"by an issuing CA":       {b.Cert, h.Issuers[caA], start, fault.InvalidParameter},
		"of a cross":             {cross, h.Roots[caC], start, fault.InvalidParameter},
		"of a bounded root":      {bounded, a, start, fault.InvalidParameter},
		"of itself":              {a.Cert, a, start, fault.InvalidParameter},
	} {
		if _, err := pki.Cross(c.subject, c.issuer, c.at); fault.CodeOf(err) != c.code {
			t.Errorf("%s: got %v, want %s", rule, err, c.code)
		}
	}
}

func TestCAsAreRefused(t *testing.T) {
	t.Parallel()
	h := pkitest.New(t, "us-east-1", start)
	p, _ := pki.ProfileByID(pki.DefaultCA)
	small := p
	small.Key = pki.ECC256
	for rule, err := range map[string]error{
		"a root on a key of another kind":       second(pki.NewRoot(p, "us-east-1", pkitest.Key(t), start, start.Add(year))),
		"a root that ends before it begins":     second(pki.NewRoot(small, "us-east-1", pkitest.Key(t), start, start)),
		"an issuing CA on another kind of key":  second(pki.NewIssuing(h.Roots[caB], p, "us-east-1", pkitest.Key(t), start)),
		"an issuing CA under another CA's root": second(pki.NewIssuing(h.Roots[caA], small, "us-east-1", pkitest.Key(t), start)),
		"an issuing CA of another region":       second(pki.NewIssuing(h.Roots[caB], small, "us-east-2", pkitest.Key(t), start)),
		"an issuing CA under an expired root":   second(pki.NewIssuing(h.Roots[caB], small, "us-east-1", pkitest.Key(t), start.AddDate(50, 0, 0))),
	} {
		if err == nil {
			t.Errorf("%s: accepted", rule)
		}
	}
}

func second[T any](_ T, err error) error { return err }
