package migration

import (
	"bytes"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/store"
)

func TestAWalletComesBackByteForByteAndIsSealedAtRest(t *testing.T) {
	t.Parallel()
	s := newService(t)
	sso := fixture(t, "o23_self/cwallet.sso")
	c, err := s.ImportCertificate(t.Context(), by(), ImportInput{Region: region, Name: "Wallet-1", Wallet: sso})
	if err != nil {
		t.Fatal(err)
	}
	all, err := s.Certificates(t.Context(), region)
	if err != nil || len(all) != 1 || !bytes.Equal(all[0].Wallet, sso) || !bytes.Equal(c.Wallet, sso) || all[0].Name != "Wallet-1" || all[0].KeyLength != 2048 || all[0].SigningAlgorithm == "" || all[0].NotAfter.IsZero() {
		t.Fatalf("%+v %v", all, err)
	}
	row, err := s.Store.Read(t.Context()).ImportedCertificate(c.ARN)
	if err != nil || bytes.Contains(row.Sealed, sso[:64]) || len(row.Sealed) == 0 {
		t.Errorf("the wallet is in the state as it is: %v", err)
	}
	if len(row.Warnings) != 1 || !strings.Contains(row.Warnings[0], "private key") {
		t.Errorf("warnings are %q", row.Warnings)
	}
	_, err = s.ImportCertificate(t.Context(), by(), ImportInput{Region: region, Name: "wallet-1", Wallet: sso})
	refusedWith(t, "the name in another case", err, ResourceExists, "Wallet-1")
	if e, ok := errors.AsType[*Existing](err); !ok || e.ARN != c.ARN {
		t.Errorf("the one that exists is %v", e)
	}
	for sentence, in := range map[string]ImportInput{
		"neither": {Region: region, Name: "a"},
		"both":    {Region: region, Name: "a", PEM: world(t).pem(), Wallet: sso},
	} {
		if _, err := s.ImportCertificate(t.Context(), by(), in); err == nil {
			t.Errorf("%s is taken", sentence)
		}
	}
}

func TestACertificateInUseIsKept(t *testing.T) {
	t.Parallel()
	s := newService(t)
	c := mustImport(t, s, "ca", world(t).pem())
	in := endpointInput("orders", "postgres")
	in.Mode, in.Certificate = text("verify-full"), &c.ARN
	e := mustEndpoint(t, s, in)
	_, err := s.DeleteCertificate(t.Context(), by(), region, c.ARN)
	refusedWith(t, "in use", err, InvalidState, "orders")
	if _, err := s.ModifyEndpoint(t.Context(), by(), region, e.ARN, EndpointInput{Mode: text("none")}); err != nil {
		t.Fatal(err)
	}
	gone, err := s.DeleteCertificate(t.Context(), by(), region, c.ARN)
	if err != nil || gone.PEM != c.PEM {
		t.Errorf("%v", err)
	}
	_, err = s.DeleteCertificate(t.Context(), by(), region, c.ARN)
	refusedWith(t, "again", err, fault.ResourceNotFound, c.ARN)
}

func TestModificationCountsAsAWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	s := newService(t)
	c := mustImport(t, s, "ca", world(t).pem())
	e := mustEndpoint(t, s, endpointInput("orders", "postgres"))
	mustEndpoint(t, s, endpointInput("other", "postgres"))
	modify := func(in EndpointInput) (inventory.Endpoint, error) {
		return s.ModifyEndpoint(t.Context(), by(), region, e.ARN, in)
	}
	for sentence, bad := range map[string]EndpointInput{
		"a port and a mode without certificate": {Port: number(1), Mode: text("verify-ca")},
		"another engine that lacks the mode":    {Engine: text("oracle"), Mode: text("require")},
		"the name of another":                   {Name: text("OTHER"), Port: number(2)},
		"a blank password":                      {Password: text(" "), Port: number(3)},
	} {
		if _, err := modify(bad); err == nil {
			t.Errorf("%s is taken", sentence)
		}
	}
	now, err := s.Store.Read(t.Context()).Endpoint(e.ARN)
	if err != nil || now.Port != 5432 || now.Revision != 1 {
		t.Errorf("a refused change left port %d, revision %d, %v", now.Port, now.Revision, err)
	}
	steps := []struct {
		sentence string
		in       EndpointInput
		revision int64
	}{
		{"another name is the same connection", EndpointInput{Name: text("Orders-2")}, 1},
		{"the same mode again too", EndpointInput{Mode: text("none")}, 1},
		{"verification is another", EndpointInput{Mode: text("verify-full"), Certificate: &c.ARN}, 2},
		{"a password is, though the same", EndpointInput{Password: text("correct-horse-99")}, 3},
		{"back to require drops the certificate", EndpointInput{Mode: text("require")}, 4},
	}
	for _, step := range steps {
		got, err := modify(step.in)
		if err != nil || got.Revision != step.revision {
			t.Errorf("%s: revision %d, %v", step.sentence, got.Revision, err)
		}
		e = got
	}
	if e.Certificate != "" || e.Name != "Orders-2" || e.Port != 5432 {
		t.Errorf("%+v", e)
	}
}

func TestAPasswordIsNowhereInTheState(t *testing.T) {
	t.Parallel()
	s := newService(t)
	mustEndpoint(t, s, endpointInput("orders", "postgres"))
	copied := filepath.Join(t.TempDir(), "copy.db")
	if err := s.Store.SnapshotTo(t.Context(), copied); err != nil {
		t.Fatal(err)
	}
	if b := readFile(t, copied); bytes.Contains(b, []byte("correct-horse")) || !bytes.Contains(b, []byte("orders")) {
		t.Error("the password is in the state, or the endpoint is not")
	}
}

func TestTagsEventsAndQuotasAreKept(t *testing.T) {
	t.Parallel()
	s := newService(t)
	i := mustInstance(t, s)
	if err := s.Tag(t.Context(), by(), region, i.ARN, []inventory.Tag{{Key: "team", Value: "a"}, {Key: "x", Value: "1"}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Tag(t.Context(), by(), region, i.ARN, []inventory.Tag{{Key: "team", Value: "b"}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Untag(t.Context(), by(), region, i.ARN, []string{"x", "never"}); err != nil {
		t.Fatal(err)
	}
	tags, err := s.Tags(t.Context(), region, i.ARN)
	if err != nil || !slices.Equal(tags, []inventory.Tag{{Key: "team", Value: "b"}}) {
		t.Errorf("%v %v", tags, err)
	}
	_, err = s.Tags(t.Context(), region, "arn:aws:rds:us-east-1:123456789012:db:x")
	refusedWith(t, "another service's", err, fault.InvalidParameter, "not the ARN")
	_, err = s.Tags(t.Context(), region, inventory.MigrationARN(inventory.KindEndpoint, region, account, "NONE"))
	refusedWith(t, "one that is not there", err, fault.ResourceNotFound, "NONE")
	if _, err := s.ModifyInstance(t.Context(), by(), region, i.ARN, InstanceInput{Name: text("Worker-2"), Storage: number(100)}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.DeleteInstance(t.Context(), by(), region, i.ARN); err != nil {
		t.Fatal(err)
	}
	q := EventQuery{Region: region, From: time.Now().Add(-time.Hour), To: time.Now().Add(time.Minute), Limit: 2}
	first, more, err := s.Events(t.Context(), q)
	q.After = first[1].ID
	second, more2, err2 := s.Events(t.Context(), q)
	if len(first) != 2 || !more || len(second) != 1 || more2 || errors.Join(err, err2) != nil ||
		first[0].Categories[0] != Creation || first[1].Source != "worker-2" || second[0].Categories[0] != Deletion {
		t.Errorf("%+v %t %+v %t", first, more, second, more2)
	}
	q.After, q.Categories = 0, []string{Deletion}
	if only, _, err := s.Events(t.Context(), q); err != nil || len(only) != 1 {
		t.Errorf("%+v %v", only, err)
	}
	usages, err := s.Usages(t.Context(), region)
	if err != nil || len(usages) != 3 || usages[0].Used != 0 || usages[0].Max != maxInstances {
		t.Errorf("%+v %v", usages, err)
	}
}

func TestEventsEndAfterFourteenDays(t *testing.T) {
	t.Parallel()
	s := newService(t)
	old := time.Now().Add(-15 * 24 * time.Hour)
	err := s.Store.Write(t.Context(), func(tx *store.Tx) error {
		return tx.InsertMigrationEvent(event(region, SourceInstance, "w", "arn", old, Creation, "long ago"))
	})
	if err != nil {
		t.Fatal(err)
	}
	mustInstance(t, s)
	all, _, err := s.Events(t.Context(), EventQuery{Region: region, To: time.Now(), Limit: 10})
	if err != nil || len(all) != 1 || all[0].Message == "long ago" {
		t.Errorf("%+v %v", all, err)
	}
}
