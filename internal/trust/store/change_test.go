package store_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/pki/pkitest"
	"github.com/dbtls/dbtls/internal/trust/store"
)

func TestAddKeepsTheOldBesideTheNew(t *testing.T) {
	t.Parallel()
	certs := cas(t)
	s := makeStore(t, store.JKS, certs[:3]...)
	got, changes, err := s.Add(certs, "")
	if err != nil || !sameCerts(got.Certs(), certs) || len(s.Entries) != 3 {
		t.Fatalf("%d entries, the original now has %d; %v", len(got.Entries), len(s.Entries), err)
	}
	for i, c := range changes {
		if c.Done != (i >= 3) {
			t.Errorf("certificate %d: added %v", i, c.Done)
		}
	}
}

func TestAliasesDoNotDependOnOrderOrCompany(t *testing.T) {
	t.Parallel()
	// Two installations, the same names, other keys.
	certs := append(cas(t), cas(t)...)
	forward := makeStore(t, store.JKS, certs...)
	slices.Reverse(certs)
	backward := makeStore(t, store.PKCS12, certs...)
	seen := map[string]bool{}
	for _, e := range forward.Entries {
		if seen[e.Alias] {
			t.Errorf("alias %q twice", e.Alias)
		}
		seen[e.Alias] = true
		alone := makeStore(t, store.JKS, e.Cert).Entries[0].Alias
		i := slices.IndexFunc(backward.Entries, func(b store.Entry) bool { return b.Cert.Equal(e.Cert) })
		if alone != e.Alias || backward.Entries[i].Alias != e.Alias || e.Alias != strings.ToLower(e.Alias) {
			t.Errorf("aliases %q, alone %q, backward %q", e.Alias, alone, backward.Entries[i].Alias)
		}
	}
}

func TestAnAliasOfOnesOwn(t *testing.T) {
	t.Parallel()
	certs := cas(t)
	s, _, err := store.Store{Format: store.JKS}.Add(certs[:1], "rds-root")
	if err != nil || s.Entries[0].Alias != "rds-root" {
		t.Fatalf("%+v, %v", s.Entries, err)
	}
	if again, changes, err := s.Add(certs[:1], "rds-root"); err != nil || changes[0].Done || len(again.Entries) != 1 {
		t.Errorf("the same once more: %v", err)
	}
	if _, _, err := s.Add(certs[1:2], "Rds-Root"); fault.CodeOf(err) != fault.InvalidParameter || !strings.Contains(err.Error(), pki.Fingerprint(certs[0])) {
		t.Errorf("an alias that is taken: %v", err)
	}
	several, _, err := s.Add(certs[1:], "rds-root")
	if err != nil || several.Entries[1].Alias != "rds-root-"+pki.Fingerprint(certs[1])[:8] || len(several.Entries) != 8 {
		t.Errorf("several: %+v, %v", several.Entries, err)
	}
	for _, alias := range []string{"  ", "a\nb", strings.Repeat("x", 201)} {
		if _, _, err := s.Add(certs[1:2], alias); err == nil {
			t.Errorf("alias %q was taken", alias)
		}
	}
	if _, _, err := (store.Store{Format: store.PEM}).Add(certs[:1], "rds-root"); err == nil {
		t.Error("a format without aliases took one")
	}
}

func TestRemoveByAliasOrFingerprint(t *testing.T) {
	t.Parallel()
	certs := cas(t)
	s := makeStore(t, store.JKS, certs...)
	rows := s.Rows(at)
	got, removed, err := s.Remove(strings.ToUpper(rows[0].Alias), rows[1].SHA1, strings.ToLower(rows[2].SHA256), pki.Fingerprint(certs[3]))
	if err != nil || len(removed) != 4 || !sameCerts(got.Certs(), certs[4:]) || len(s.Entries) != 8 {
		t.Fatalf("removed %d, left %d, %v", len(removed), len(got.Entries), err)
	}
	if _, _, err := got.Remove(rows[0].Alias); err == nil || !strings.Contains(err.Error(), rows[0].Alias) {
		t.Errorf("an entry that is gone: %v", err)
	}
	if _, _, err := makeStore(t, store.JKS, certs[0]).Remove(rows[0].Alias); err == nil {
		t.Error("the last certificate was taken out")
	}
}

func TestDuplicateAliasesAreRefused(t *testing.T) {
	t.Parallel()
	certs := cas(t)
	for _, f := range []store.Format{store.JKS, store.PKCS12} {
		s := store.Store{Format: f, Entries: []store.Entry{{Alias: "a", Cert: certs[0]}, {Alias: "A", Cert: certs[1]}}}
		if _, err := store.Encode(s, password, at); err == nil || !strings.Contains(err.Error(), "twice") {
			t.Errorf("%s: %v", f, err)
		}
	}
}

func TestDiffGoesByCertificate(t *testing.T) {
	t.Parallel()
	certs := cas(t)
	a := makeStore(t, store.JKS, certs[:5]...)
	b := makeStore(t, store.PEM, certs[7], certs[4], certs[3])
	onlyA, onlyB := store.Diff(a, b)
	if len(onlyA) != 3 || len(onlyB) != 1 || !onlyB[0].Cert.Equal(certs[7]) {
		t.Errorf("only in a: %d, only in b: %d", len(onlyA), len(onlyB))
	}
}

func TestAcceptsAndAnyAnchor(t *testing.T) {
	t.Parallel()
	h := pkitest.New(t, "us-east-1", at)
	const ca = "rds-ca-rsa2048-g1"
	chain, _ := h.Leaf(t, ca, "db.example")
	for name, c := range map[string]struct {
		s              store.Store
		accepts, anyOK bool
	}{
		"the root":             {makeStore(t, store.JKS, h.Roots[ca].Cert), true, true},
		"another root":         {makeStore(t, store.JKS, h.Roots["rds-ca-2019"].Cert), false, false},
		"the issuing CA alone": {makeStore(t, store.JKS, h.Issuers[ca].Cert), false, true},
		"nothing":              {store.Store{}, false, false},
	} {
		if err := c.s.Accepts(chain, pki.SSLVerifyFull, "db.example", at); (err == nil) != c.accepts {
			t.Errorf("%s: %v", name, err)
		}
		if got := c.s.AnyAnchor(chain, at); got != c.anyOK {
			t.Errorf("%s: any anchor %v", name, got)
		}
	}
}
