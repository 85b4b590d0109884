package authority_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/authority"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/secrets"
	"github.com/dbtls/dbtls/internal/store"
)

func TestARegionHasFourCAsAndTwelveCrosses(t *testing.T) {
	t.Parallel()
	w := realWorld(t).start()
	w.must(w.cas.Await(t.Context(), home)) // complete without Run
	cas, crosses := w.rows()
	if len(cas) != 8 || len(crosses) != 12 {
		t.Fatalf("%d signing certificates and %d crosses", len(cas), len(crosses))
	}
	list := w.cas.List(home, time.Now())
	if len(list) != 4 {
		t.Fatalf("%d CAs are listed", len(list))
	}
	for n, ca := range list {
		if ca.ID != all()[n] {
			t.Errorf("place %d has %s", n, ca.ID)
		}
		if err := ca.Issuing.CheckSignatureFrom(ca.Root); err != nil || ca.Root.CheckSignatureFrom(ca.Root) != nil {
			t.Errorf("%s: %v", ca.ID, err)
		}
		if years := ca.Root.NotAfter.Year() - ca.Root.NotBefore.Year(); years != ca.Years {
			t.Errorf("%s lives %d years, want %d", ca.ID, years, ca.Years)
		}
		if ca.Root.MaxPathLen >= 0 || ca.Issuing.MaxPathLen != 0 || !ca.Issuing.NotAfter.Equal(ca.Root.NotAfter) {
			t.Errorf("%s: path lengths %d and %d, ends %s and %s", ca.ID, ca.Root.MaxPathLen, ca.Issuing.MaxPathLen, ca.Root.NotAfter, ca.Issuing.NotAfter)
		}
		for _, c := range []*x509.Certificate{ca.Root, ca.Issuing} {
			spec, ok := pki.SpecOf(c.PublicKey)
			if !ok || spec != ca.Key {
				t.Errorf("%s has a key of %s", c.Subject, spec)
			}
		}
		for _, other := range list {
			cross, err := w.cas.Cross(home, ca.ID, other.ID)
			if ca.ID == other.ID {
				if err == nil {
					t.Errorf("%s is crossed by itself", ca.ID)
				}
				continue
			}
			if err != nil || cross.CheckSignatureFrom(other.Root) != nil || !bytes.Equal(cross.RawSubject, ca.Root.RawSubject) || cross.MaxPathLen != 1 {
				t.Errorf("%s by %s: %v", ca.ID, other.ID, err)
			}
		}
	}
}

func TestRunIsIdempotentAfterAnEndAtAnyPoint(t *testing.T) {
	t.Parallel()
	no2048Issuing := func(c store.CARow) bool { return !(c.Kind == "issuing" && c.CA == "rds-ca-rsa2048-g1") }
	noECC := func(c store.CARow) bool { return c.CA != "rds-ca-ecc384-g1" }
	everyCA := func(store.CARow) bool { return true }
	everyCross := func(store.CrossRow) bool { return true }
	for sentence, c := range map[string]struct {
		ca    func(store.CARow) bool
		cross func(store.CrossRow) bool
		new   string // part of the names that are made anew
	}{
		"everything is there":                        {everyCA, everyCross, "nothing"},
		"it ended between a root and its issuing CA": {no2048Issuing, everyCross, "issuing rds-ca-rsa2048-g1"},
		"it ended before the crosses":                {everyCA, func(store.CrossRow) bool { return false }, "cross "},
		"it ended between two crosses":               {everyCA, func(c store.CrossRow) bool { return c.Subject < c.Issuer }, "cross "},
		"it ended before a CA was made":              {noECC, func(c store.CrossRow) bool { return !strings.Contains(c.Subject+c.Issuer, "ecc384") }, "ecc384"},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			w := realWorld(t)
			whole := w.fingerprints()
			w.lose(c.ca, c.cross)
			kept := w.fingerprints()
			w.start().run()
			w.must(w.cas.Await(t.Context(), home))
			now := w.fingerprints()
			if len(now) != len(whole) {
				t.Fatalf("%d certificates, want %d", len(now), len(whole))
			}
			for name, print := range kept {
				if now[name] != print {
					t.Errorf("%s was made again", name)
				}
			}
			for name := range now {
				if kept[name] == "" && !strings.Contains(name, c.new) {
					t.Errorf("%s is new", name)
				}
			}
			w.start().run() // and again
			if !same(now, w.fingerprints()) {
				t.Error("a second run changed something")
			}
		})
	}
}

func TestTheRoot2019IsSharedInAPartition(t *testing.T) {
	t.Parallel()
	const eu, gov = "eu-west-1", "us-gov-west-1"
	w := realWorld(t, eu, gov)
	g1 := []string{"rds-ca-rsa2048-g1", "rds-ca-ecc384-g1", "rds-ca-rsa4096-g1"}
	w.seed(eu, g1...).seed(gov, g1...).start().run()
	root := func(region, id string) *x509.Certificate {
		t.Helper()
		w.must(w.cas.Await(t.Context(), region))
		ca, ok := w.cas.Get(region, id)
		if !ok {
			t.Fatalf("no %s in %s", id, region)
		}
		if err := ca.Issuing.CheckSignatureFrom(ca.Root); err != nil {
			t.Errorf("%s in %s: %v", id, region, err)
		}
		return ca.Root
	}
	if !root(home, "rds-ca-2019").Equal(root(eu, "rds-ca-2019")) {
		t.Error("two commercial regions have two roots 2019")
	}
	if root(home, "rds-ca-2019").Equal(root(gov, "rds-ca-2019")) {
		t.Error("GovCloud has the commercial root 2019")
	}
	for _, id := range g1 {
		if root(home, id).Equal(root(eu, id)) {
			t.Errorf("two regions have one root %s", id)
		}
	}
	a, _ := w.cas.Get(home, "rds-ca-2019")
	b, _ := w.cas.Get(eu, "rds-ca-2019")
	if a.Issuing.Equal(b.Issuing) {
		t.Error("two regions have one issuing CA")
	}
	aws, err := w.cas.GlobalBundle(t.Context(), "aws", time.Now())
	w.must(err)
	govs, err := w.cas.GlobalBundle(t.Context(), "aws-us-gov", time.Now())
	w.must(err)
	if n := bytes.Count(aws.PEM(), []byte("BEGIN CERTIFICATE")); n != 15 { // 7 roots, 8 issuing CAs
		t.Errorf("the commercial bundle has %d certificates", n)
	}
	if n := bytes.Count(govs.PEM(), []byte("BEGIN CERTIFICATE")); n != 8 {
		t.Errorf("GovCloud's bundle has %d certificates", n)
	}
	if w.cas.HasPartition("aws-cn") || !w.cas.HasPartition("aws-us-gov") {
		t.Error("the partitions are wrong")
	}
}

func TestTheLifeOf2019CanBeChosenWhenItIsMade(t *testing.T) {
	t.Parallel()
	w := newWorld(t, home).seed(home, "rds-ca-rsa2048-g1", "rds-ca-ecc384-g1", "rds-ca-rsa4096-g1")
	w.opts.Life2019 = 720 * time.Hour
	w.start().run()
	ca, _ := w.cas.Get(home, "rds-ca-2019")
	if left := time.Until(ca.Root.NotAfter); left > 720*time.Hour || left < 719*time.Hour {
		t.Errorf("%s are left", left)
	}
	if ca.Root.NotAfter.Year()-ca.Root.NotBefore.Year() != 5 || ca.Root.NotBefore.After(time.Now()) {
		t.Errorf("it lives from %s to %s", ca.Root.NotBefore, ca.Root.NotAfter)
	}
	if ca.Issuing.NotBefore.Before(time.Now().Add(-time.Hour)) || !ca.Issuing.NotAfter.Equal(ca.Root.NotAfter) {
		t.Errorf("its issuing CA lives from %s to %s", ca.Issuing.NotBefore, ca.Issuing.NotAfter)
	}
	if next := w.cas.NextExpiry(time.Now()); !next.Equal(ca.Root.NotAfter) {
		t.Errorf("the next end is %s", next)
	}
	w.opts.Life2019 = time.Hour // no effect on one that exists
	before := w.fingerprints()
	w.start().run()
	if !same(before, w.fingerprints()) {
		t.Error("the option changed a CA that exists")
	}
}

func TestAClockThatIsWrongMakesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, home).start()
	w.wrong = true
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	w.cas.Run(ctx)
	if cas, crosses := w.rows(); len(cas)+len(crosses) > 0 {
		t.Errorf("%d CAs and %d crosses were made", len(cas), len(crosses))
	}
	if err := w.cas.Await(ctx, home); fault.CodeOf(err) != fault.Unavailable || !strings.Contains(err.Error(), "clock") {
		t.Errorf("waiting says %v", err)
	}
}

func TestKeysAreSealedAndBoundToTheirRow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, home).seed(home, all()...)
	cas, _ := w.rows()
	for _, row := range cas {
		if _, err := pki.ParseKey(row.Sealed); err == nil {
			t.Errorf("the key of %s is in clear", row.CA)
		}
	}
	other, _, err := secrets.NewEnvelope(make([]byte, secrets.KeySize))
	w.must(err)
	if _, err := authority.New(t.Context(), w.store, other, nil, w.opts, nil); err == nil {
		t.Error("the CAs load under another data key")
	}
	// A sealed key that was moved to another row, and one that fits the label
	// but not the certificate.
	for sentence, move := range map[string]func(*store.Tx, store.CARow) error{
		"moved": func(tx *store.Tx, row store.CARow) error {
			row.CA = "rds-ca-rsa2048-g1"
			_, err := tx.InsertCA(row)
			return err
		},
		"exchanged": func(tx *store.Tx, row store.CARow) error {
			key, err := pki.GenerateKey(pki.ECC256)
			if err != nil {
				return err
			}
			cert, err := x509.ParseCertificate(row.Cert)
			if err != nil {
				return err
			}
			return w.insert(tx, "issuing", row.CA, row.Scope, pki.CA{Cert: cert, Key: key})
		},
	} {
		v := newWorld(t, home)
		for _, row := range cas {
			if row.Kind == "issuing" && row.CA == "rds-ca-ecc384-g1" {
				v.must(v.store.Write(t.Context(), func(tx *store.Tx) error { return move(tx, row) }))
			}
		}
		if _, err := authority.New(t.Context(), v.store, v.box, nil, v.opts, nil); err == nil {
			t.Errorf("a key that was %s is taken", sentence)
		}
	}
}

func TestEveryCAIsInTheAuditLog(t *testing.T) {
	t.Parallel()
	w := realWorld(t)
	records, err := w.store.Read(t.Context()).AuditLog(0, 100)
	w.must(err)
	count := map[string]int{}
	for _, r := range records {
		count[r.Action]++
	}
	if count["make root CA"] != 4 || count["make issuing CA"] != 4 || count["sign cross-certificate"] != 12 {
		t.Errorf("audited are %v", count)
	}
}

func TestLeavesHaveTheKeysOfTheirCA(t *testing.T) {
	t.Parallel()
	w := realWorld(t).start()
	for _, p := range pki.Profiles() {
		ca, _ := w.cas.Get(home, p.ID)
		switch k := ca.Issuing.PublicKey.(type) {
		case *rsa.PublicKey:
			if k.N.BitLen() != map[pki.KeySpec]int{pki.RSA2048: 2048, pki.RSA4096: 4096}[p.Key] {
				t.Errorf("%s signs with %d bits", p.ID, k.N.BitLen())
			}
		case *ecdsa.PublicKey:
			if p.Key != pki.ECC384 || k.Curve.Params().BitSize != 384 {
				t.Errorf("%s signs with %s", p.ID, k.Curve.Params().Name)
			}
		default:
			t.Errorf("%s signs with %T", p.ID, k)
		}
	}
}
