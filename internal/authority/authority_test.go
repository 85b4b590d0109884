package authority_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/pki/pkitest"
	"github.com/dbtls/dbtls/internal/store"
)

const year = 365 * 24 * time.Hour

func request() pki.LeafRequest {
	dns, ips := pki.SplitNames("127.1.2.3")
	return pki.LeafRequest{CN: "127.1.2.3", DNSNames: dns, IPs: ips, Life: year}
}

// quick is a region whose CAs are complete, on quick keys.
func quick(t *testing.T, regions ...string) *world {
	t.Helper()
	w := newWorld(t, regions...)
	for _, r := range regions {
		w.seed(r, all()...)
	}
	return w.start().run() // makes the crosses
}

func TestIssue(t *testing.T) {
	t.Parallel()
	w := quick(t, home)
	csr := pkitest.Request(t, pkitest.Key(t))
	now := time.Now()
	for _, p := range pki.Profiles() {
		for _, bridge := range append([]string{""}, all()...) {
			if bridge == p.ID {
				continue
			}
			chain, err := w.cas.Issue(t.Context(), home, strings.ToUpper(p.ID), bridge, csr, request(), now)
			w.must(err)
			covered := []string{p.ID}
			if bridge != "" {
				covered = append(covered, bridge)
			}
			roots, err := w.cas.Roots(home, covered...)
			w.must(err)
			if err := pki.VerifyEach(chain, roots, pki.SSLVerifyFull, "127.1.2.3", now); err != nil {
				t.Errorf("%s bridged from %q: %v", p.ID, bridge, err)
			}
			if want := 2 + len(covered) - 1; len(chain) != want {
				t.Errorf("%s bridged from %q has a chain of %d", p.ID, bridge, len(chain))
			}
			ca, _ := w.cas.Get(home, p.ID)
			if chain[0].NotAfter.After(ca.Root.NotAfter) || chain[0].NotAfter.After(now.Add(year)) {
				t.Errorf("%s: the leaf ends %s", p.ID, chain[0].NotAfter)
			}
		}
	}
	if _, err := w.cas.Issue(t.Context(), home, "rds-ca-2031", "", csr, request(), now); fault.CodeOf(err) != fault.CertificateNotFound {
		t.Errorf("an unknown CA: %v", err)
	}
	if _, err := w.cas.Issue(t.Context(), home, all()[0], "rds-ca-2031", csr, request(), now); err == nil {
		t.Error("a bridge from an unknown CA is left out silently")
	}
	if _, err := w.cas.Issue(t.Context(), "eu-west-1", all()[0], "", csr, request(), now); fault.CodeOf(err) != fault.InvalidParameter {
		t.Errorf("a region that is not enabled: %v", err)
	}
	end := func() time.Time { ca, _ := w.cas.Get(home, "rds-ca-2019"); return ca.Root.NotAfter }()
	if _, err := w.cas.Issue(t.Context(), home, "rds-ca-2019", "", csr, request(), end); fault.CodeOf(err) != fault.CertificateNotFound {
		t.Errorf("a CA that has ended: %v", err)
	}
	w.wrong = true
	if _, err := w.cas.Issue(t.Context(), home, all()[1], "", csr, request(), now); fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("with a wrong clock: %v", err)
	}
}

func TestWhatNeedsACAWaitsUntilItIsMade(t *testing.T) {
	t.Parallel()
	w := newWorld(t, home).seed(home, all()...).start() // the crosses are missing
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	refused := func(what string, err error) {
		t.Helper()
		if fault.CodeOf(err) != fault.Unavailable || !strings.Contains(err.Error(), home) {
			t.Errorf("%s: %v", what, err)
		}
	}
	refused("waiting", w.cas.Await(ended, home))
	_, err := w.cas.RegionBundle(ended, home, time.Now())
	refused("the region's bundle", err)
	_, err = w.cas.GlobalBundle(ended, "aws", time.Now())
	refused("the global bundle", err)
	_, err = w.cas.Issue(ended, home, all()[1], "", pkitest.Request(t, pkitest.Key(t)), request(), time.Now())
	refused("a leaf", err)
	if err := w.cas.Await(t.Context(), "eu-west-1"); fault.CodeOf(err) != fault.InvalidParameter || !strings.Contains(err.Error(), "--regions") {
		t.Errorf("a region that is not enabled: %v", err)
	}
	done := make(chan error)
	go func() { done <- w.cas.Await(t.Context(), home) }()
	w.run()
	w.must(<-done)
}

func TestBundles(t *testing.T) {
	t.Parallel()
	w := quick(t, home)
	b, err := w.cas.RegionBundle(t.Context(), home, time.Now())
	w.must(err)
	certs, err := pki.ParseCertsPEM(b.PEM())
	w.must(err)
	subjects := map[string]bool{}
	for _, c := range certs {
		subjects[c.Subject.String()] = true
		if !c.IsCA {
			t.Errorf("%s is no CA", c.Subject)
		}
	}
	if len(certs) != 8 || len(subjects) != 8 {
		t.Errorf("%d certificates of %d subjects: the crosses are not trusted, they are served", len(certs), len(subjects))
	}
	if age := time.Since(b.Changed); age < 0 || age > time.Hour {
		t.Errorf("it changed %s ago", age)
	}
	again, err := w.cas.RegionBundle(t.Context(), home, time.Now())
	w.must(err)
	if again.Version() != b.Version() || !bytes.Equal(again.PEM(), b.PEM()) {
		t.Error("the same CAs make another bundle")
	}
	global, err := w.cas.GlobalBundle(t.Context(), "aws", time.Now())
	w.must(err)
	if global.Version() != b.Version() {
		t.Error("of one region the global bundle differs")
	}
	end := func() time.Time { ca, _ := w.cas.Get(home, "rds-ca-2019"); return ca.Root.NotAfter }()
	later, err := w.cas.RegionBundle(t.Context(), home, end)
	w.must(err)
	if certs, err := pki.ParseCertsPEM(later.PEM()); err != nil || len(certs) != 6 || !later.Changed.Equal(end) {
		t.Errorf("after the end of a CA: %d certificates, changed %s, %v", len(certs), later.Changed, err)
	}
}

func TestTheDefaultCA(t *testing.T) {
	t.Parallel()
	w := quick(t, home)
	is := func(when, want string, override bool, now time.Time) {
		t.Helper()
		id, o, err := w.cas.Default(t.Context(), home, now)
		if err != nil || id != want || o != override {
			t.Errorf("%s: %s, override %t, %v", when, id, o, err)
		}
	}
	is("at first", pki.DefaultCA, false, time.Now())
	w.must(w.store.Write(t.Context(), func(tx *store.Tx) error { return tx.SetOverride(home, "rds-ca-2019") }))
	is("with an override", "rds-ca-2019", true, time.Now())
	is("with an override that has ended", pki.DefaultCA, false, time.Now().AddDate(6, 0, 0))
	w.must(w.store.Write(t.Context(), func(tx *store.Tx) error { return tx.SetOverride(home, "") }))
	is("without it again", pki.DefaultCA, false, time.Now())
}

// ended is a region whose rds-ca-2019 ended an hour ago.
func ended(t *testing.T, regions ...string) *world {
	t.Helper()
	w := newWorld(t, regions...)
	p, _ := pki.ProfileByID("rds-ca-2019")
	p.Key = pki.ECC256
	began := time.Now().Add(-1000 * time.Hour)
	root, err := pki.NewRoot(p, regions[0], pkitest.Key(t), began, time.Now().Add(-time.Hour))
	w.must(err)
	w.must(w.store.Write(t.Context(), func(tx *store.Tx) error { return w.insert(tx, "root", p.ID, "aws", root) }))
	for _, r := range regions {
		issuing, err := pki.NewIssuing(root, p, r, pkitest.Key(t), began.Add(time.Hour))
		w.must(err)
		w.must(w.store.Write(t.Context(), func(tx *store.Tx) error { return w.insert(tx, "issuing", p.ID, r, issuing) }))
		w.seed(r, "rds-ca-rsa2048-g1", "rds-ca-ecc384-g1", "rds-ca-rsa4096-g1")
	}
	return w.start().run()
}

func TestACAThatHasEndedIsNoLongerListedAndToldOncePerRegion(t *testing.T) {
	t.Parallel()
	w := ended(t, home, "eu-west-1")
	for _, region := range []string{home, "eu-west-1"} {
		w.must(w.cas.Await(t.Context(), region)) // complete without it
		for _, ca := range w.cas.List(region, time.Now()) {
			if ca.ID == "rds-ca-2019" {
				t.Errorf("%s lists it", region)
			}
		}
		if _, err := w.cas.Usable(region, "rds-ca-2019", time.Now()); fault.CodeOf(err) != fault.CertificateNotFound || !strings.Contains(err.Error(), "expired") {
			t.Errorf("using it: %v", err)
		}
	}
	if _, crosses := w.rows(); len(crosses) != 2*6 {
		t.Errorf("%d crosses: nothing bridges to or from a CA that has ended", len(crosses))
	}
	for range 3 { // chores come every minute, and after restarts
		w.start()
		w.must(w.cas.TellExpired(t.Context(), time.Now()))
	}
	for _, region := range []string{home, "eu-west-1"} {
		told, err := w.store.Read(t.Context()).Events(store.EventQuery{Region: region, To: time.Now().Add(time.Hour), Limit: 10})
		if err != nil || len(told) != 1 || told[0].Source != "rds-ca-2019" || !strings.Contains(told[0].Message, "expired") {
			t.Errorf("%s is told %v, %v", region, told, err)
		}
	}
	if next := w.cas.NextExpiry(time.Now()); !next.After(time.Now().AddDate(39, 0, 0)) {
		t.Errorf("the next end is %s", next)
	}
}

func TestARegionEnabledAfterTheEndOfASharedRootIsCompleteWithoutIt(t *testing.T) {
	t.Parallel()
	w := ended(t, home)
	w.opts.Regions = []string{home, "eu-west-1"}
	w.seed("eu-west-1", "rds-ca-rsa2048-g1", "rds-ca-ecc384-g1", "rds-ca-rsa4096-g1").start().run()
	w.must(w.cas.Await(t.Context(), "eu-west-1"))
	if list := w.cas.List("eu-west-1", time.Now()); len(list) != 3 {
		t.Errorf("%d CAs are listed", len(list))
	}
	if _, ok := w.cas.Get("eu-west-1", "rds-ca-2019"); ok {
		t.Error("a CA was made under a root that has ended")
	}
}

func TestNothingIsToldWhileNoCAHasEnded(t *testing.T) {
	t.Parallel()
	w := quick(t, home)
	w.must(w.cas.TellExpired(t.Context(), time.Now()))
	if told, err := w.store.Read(t.Context()).Events(store.EventQuery{Region: home, To: time.Now().Add(time.Hour), Limit: 10}); err != nil || len(told) > 0 {
		t.Errorf("told is %v, %v", told, err)
	}
}

func TestRootsOfUnknownCAsAreAnError(t *testing.T) {
	t.Parallel()
	w := quick(t, home)
	if roots, err := w.cas.Roots(home, "rds-ca-2019", "nope"); err == nil {
		t.Errorf("%d roots", len(roots))
	}
	if _, ok := w.cas.Get("eu-west-1", "rds-ca-ecc384-g1"); ok {
		t.Error("a CA of a region that is not enabled was found")
	}
	if !w.cas.Enabled(home) || w.cas.Enabled("eu-west-1") {
		t.Error("enabled regions are wrong")
	}
}
