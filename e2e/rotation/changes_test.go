// Package rotation_test proves on the wire what dbtls promises about changing
// certificates: under load, under kill -9, when something is broken, after a
// restore. It drives the ordinary program with real engines and clients.
package rotation_test

import (
	"crypto/x509"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/smithy-go"

	"github.com/dbtls/dbtls/e2e/harness"
)

// The CAs of a region.
const (
	ca2019 = "rds-ca-2019"
	caRSA2 = "rds-ca-rsa2048-g1" // the default
	caRSA4 = "rds-ca-rsa4096-g1"
	caECC  = "rds-ca-ecc384-g1"
)

// change is one step of a walk over the CAs.
type change struct {
	to    string
	third bool // it leaves an overlap to a third CA, so somebody loses cover
}

// walk goes over all four CAs: there and back again, and on to a third.
var walk = []change{
	{caECC, false}, {caRSA2, false}, {caECC, false},
	{ca2019, true}, {caECC, false}, {caRSA4, true}, {caECC, false},
	{caRSA2, true}, {ca2019, true}, {caRSA2, false},

	{caRSA4, true}, {caRSA2, false}, {caRSA4, false},
	{caECC, true}, {caRSA4, false}, {ca2019, true}, {caRSA4, false},
	{caRSA2, true}, {caECC, true}, {caRSA2, false},
}

// TestLoad is the promise: CAs change under an application at work, and no
// statement fails, no session drops, no client is turned away that trusts the
// old root alone or the new root alone.
func TestLoad(t *testing.T) {
	t.Parallel()
	s := harness.Start(t, harness.Data(t))
	st := openState(t, s.Dir)
	roots := map[string]string{}
	for _, ca := range []string{ca2019, caRSA2, caRSA4, caECC} {
		roots[ca] = s.Root(t, ca)
	}
	for _, e := range harness.Engines(t) {
		t.Run(e, func(t *testing.T) {
			t.Parallel() // both engines at once, as in a fleet
			create(t, s, st, "load-"+e, e).walkUnderLoad(t, roots)
		})
	}
}

func (d *db) walkUnderLoad(t *testing.T, roots map[string]string) {
	pools := map[string]*x509.CertPool{}
	for ca, file := range roots {
		pools[ca] = pool(t, file)
	}
	pid := d.pid()
	l := startLoad(t, d.Instance, pools[caRSA2])
	from := caRSA2
	chain := mustServe(t, d.Instance)
	for n, c := range walk {
		// Both populations trust the CA in service; one of them may still trust
		// the one before, which a third CA would cut off.
		if c.third {
			l.old.Store(pools[from])
			d.refusedWithoutConsent(t, c.to)
		}
		if err := d.move(t, c); err != nil {
			t.Fatalf("%s: change %d to %s: %v", d.Name, n+1, c.to, err)
		}
		after := mustServe(t, d.Instance)
		d.judgeChange(t, chain, after, roots[from], roots[c.to])
		l.new.Store(pools[c.to])
		from, chain = c.to, after
	}
	l.judge(t)
	if now := d.pid(); now != pid || pid == 0 {
		t.Errorf("%s: the server's process was %d and is %d", d.Name, pid, now)
	}
}

// refusedWithoutConsent: the plain API says what would happen instead.
func (d *db) refusedWithoutConsent(t *testing.T, to string) {
	_, err := d.srv.RDS(t, "").ModifyDBInstance(t.Context(), &rds.ModifyDBInstanceInput{
		DBInstanceIdentifier: &d.Name, CACertificateIdentifier: &to, ApplyImmediately: aws.Bool(true)})
	if code := errorCode(err); code != "InvalidParameterCombination" || !strings.Contains(err.Error(), "--drop-cover") {
		t.Errorf("%s: a third CA inside an overlap is refused with %q, want InvalidParameterCombination naming --drop-cover: %v", d.Name, code, err)
	}
	out, stderr, code := d.srv.CLI(t, "rotate", d.Name, "--to", to)
	if code == 0 || !strings.Contains(stderr, "--drop-cover") {
		t.Errorf("%s: dbtls rotate --to %s without consent: exit code %d: %s%s", d.Name, to, code, out, stderr)
	}
}

// move changes the CA and waits for it.
func (d *db) move(t *testing.T, c change) error {
	if c.third {
		out, stderr, code := d.srv.CLI(t, "rotate", d.Name, "--to", c.to, "--drop-cover")
		if code != 0 {
			return errors.New(out + stderr)
		}
		return nil
	}
	_, err := d.srv.RDS(t, "").ModifyDBInstance(t.Context(), &rds.ModifyDBInstanceInput{
		DBInstanceIdentifier: &d.Name, CACertificateIdentifier: &c.to, ApplyImmediately: aws.Bool(true)})
	if err != nil {
		return err
	}
	d.srv.Wait(t, d.Name, func(v types.DBInstance) bool {
		return aws.ToString(v.CACertificateIdentifier) == c.to && aws.ToString(v.DBInstanceStatus) == "available"
	})
	return nil
}

// judgeChange: another serial by another issuer, and verify-full with either
// root alone, in Go and in the engine's own client.
func (d *db) judgeChange(t *testing.T, before, after []*x509.Certificate, oldRoot, newRoot string) {
	t.Helper()
	if after[0].SerialNumber.Cmp(before[0].SerialNumber) == 0 {
		t.Errorf("%s: the serial on the wire is still %x", d.Name, before[0].SerialNumber)
	}
	if after[0].Issuer.String() == before[0].Issuer.String() {
		t.Errorf("%s: the issuer on the wire is still %s", d.Name, before[0].Issuer)
	}
	if len(after) != 3 {
		t.Errorf("%s: %d certificates are served, want leaf, issuing CA and cross", d.Name, len(after))
	}
	for _, root := range []string{oldRoot, newRoot} {
		name := readCert(t, root).Subject.CommonName
		if err := verifies(after, root, d.Address); err != nil {
			t.Errorf("%s: verify-full with %q alone, Go: %v", d.Name, name, err)
		}
		if err := cli(t, d.Instance, root); err != nil {
			t.Errorf("%s: verify-full with %q alone, the engine's client: %v", d.Name, name, err)
		}
	}
}

func errorCode(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return ""
}
