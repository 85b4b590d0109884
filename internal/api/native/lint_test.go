package native_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/authority"
	"github.com/dbtls/dbtls/internal/clientconfig"
	"github.com/dbtls/dbtls/internal/clientconfig/scan"
	"github.com/dbtls/dbtls/internal/evidence"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/pki/pkitest"
	"github.com/dbtls/dbtls/internal/secrets"
	"github.com/dbtls/dbtls/internal/store"
)

// withCAs gives the world CAs with quick keys.
func (w *world) withCAs() *pkitest.Hierarchy {
	w.t.Helper()
	h := pkitest.New(w.t, "us-east-1", time.Now())
	box, _, err := secrets.NewEnvelope(make([]byte, secrets.KeySize))
	if err != nil {
		w.t.Fatal(err)
	}
	err = w.store.Write(w.t.Context(), func(tx *store.Tx) error {
		for _, p := range pki.Profiles() {
			for kind, ca := range map[string]pki.CA{"root": h.Roots[p.ID], "issuing": h.Issuers[p.ID]} {
				scope := "us-east-1"
				if kind == "root" {
					scope = p.RootScope(scope)
				}
				raw, err := pki.MarshalKey(ca.Key)
				if err != nil {
					return err
				}
				if _, err := tx.InsertCA(store.CARow{Kind: kind, CA: p.ID, Scope: scope, Cert: ca.Cert.Raw, Sealed: box.Seal(kind+" key of "+p.ID+" in "+scope, raw)}); err != nil {
					return err
				}
			}
		}
		for k, c := range h.Crosses {
			if err := tx.InsertCross(store.CrossRow{Region: "us-east-1", Subject: k.Subject, Issuer: k.Issuer, Cert: c.Raw}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.api.Fleet.Authority, err = authority.New(w.t.Context(), w.store, box, w.api.Guard, authority.Options{Regions: []string{"us-east-1"}}, slog.New(slog.DiscardHandler))
	if err != nil {
		w.t.Fatal(err)
	}
	return h
}

func TestAPastedTextIsLintedWithoutAFileOfTheServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.withCAs()
	here := filepath.Join(t.TempDir(), "both.pem") // a file that the server could read
	if err := os.WriteFile(here, pki.EncodeCertsPEM(h.TrustStore("rds-ca-2019", "rds-ca-ecc384-g1")...), 0o644); err != nil {
		t.Fatal(err)
	}
	text := `psql 'host=db1 password=hunter2-XYZZY sslmode=verify-full sslrootcert=` + here + `'\n\njdbc:mysql://db1/?sslMode=REQUIRED\n` +
		`mariadb -h db1 --ssl-verify-server-cert --ssl-ca=` + here + ` --ssl-cipher=AES256-SHA --tls-version=TLSv1.2\nnonsense`
	var r scan.Report
	w.ok("POST", "/api/v1/clients/lint", `{"text":"`+text+`","from":"rds-ca-2019","to":"rds-ca-ecc384-g1"}`, &r)
	want := []clientconfig.Verdict{clientconfig.Unknown, clientconfig.DoesNotVerify, clientconfig.Breaks, clientconfig.Unknown}
	if len(r.Findings) != len(want) || r.Summary.To != "rds-ca-ecc384-g1" || len(r.Summary.CAs) != len(pki.Profiles()) {
		t.Fatalf("%+v", r)
	}
	for n, f := range r.Findings {
		if f.Verdict != want[n] || f.Line != []int{1, 3, 4, 5}[n] || strings.Contains(f.Text, "hunter2") || f.Holds != nil && (f.Holds.Known || len(f.Holds.CAs) > 0) {
			t.Errorf("%d: %+v, holds %+v", n, f, f.Holds)
		}
	}
	var plain scan.Report
	w.ok("POST", "/api/v1/clients/lint", `{"text":"`+text+`"}`, &plain)
	if plain.Findings[0].Verdict != "" || plain.Findings[0].Verifies != clientconfig.VerifiesName {
		t.Errorf("without a change: %+v", plain.Findings[0])
	}
}

func TestATextToLintIsBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withCAs()
	const path = "/api/v1/clients/lint"
	w.ok("POST", path, `{"text":"`+strings.Repeat(`x\n`, 200)+`"}`, &scan.Report{})
	for body, says := range map[string]string{
		`{"text":" \n"}`: "connection strings",
		`{"text":"` + strings.Repeat(`x\n`, 200) + `x"}`:       "200 lines",
		`{"text":"` + strings.Repeat(`x`, 100_001) + `"}`:      "100000 bytes",
		`{"text":"x","from":"rds-ca-2019"}`:                    "two ends",
		`{"text":"x","from":"rds-ca-2019","to":"rds-ca-2019"}`: "two ends",
		`{"text":"x","from":"rds-ca-2019","to":"rds-ca-1999"}`: "rds-ca-1999",
		`{"text":"x","files":["/etc/shadow"]}`:                 "files",
	} {
		var e struct{ Message string }
		if code := w.call("POST", path, body, &e); code < 400 || code > 404 || !strings.Contains(e.Message, says) {
			t.Errorf("%.60s: %d %s", body, code, e.Message)
		}
	}
}

func TestOfAReportOnlyWhatMattersIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := w.withCAs()
	seen, err := store.OpenEvidence(t.Context(), filepath.Join(t.TempDir(), "evidence.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { seen.Close() })
	w.api.Evidence = seen
	root := pki.Fingerprint(h.TrustStore("rds-ca-2019")[0])
	w.ok("POST", "/api/v1/clients/reports", `{"host":"app1","application":"shop","sources":["10.0.0.7"],"by":"somebody else","at":"2001-01-01T00:00:00Z","clients":[
		{"where":"a.conf:1","driver":"libpq","encrypts":"always","verifies":"chain and name","store_read":true,"anchors":["`+root+`","00ff"],
		"tried":[{"database":"db1:5432","refused":"bad\u0007 news"}]}]}`, &struct{}{})
	var all []evidence.Report
	w.ok("GET", "/api/v1/clients/reports", "", &all)
	if len(all) != 1 || all[0].By != "admin" || time.Since(all[0].At) > time.Minute {
		t.Fatalf("%+v", all)
	}
	c := all[0].Clients[0]
	if len(c.Anchors) != 1 || !c.Trusts(root) || len(c.Tried) != 1 || c.Tried[0].Refused != "bad? news" {
		t.Errorf("%+v", c)
	}
	many := strings.Repeat(`{"database":"x:1"},`, 101)
	w.refused(400, "InvalidParameter", "tried with more than 100", "POST", "/api/v1/clients/reports",
		`{"host":"app1","sources":["10.0.0.7"],"clients":[{"where":"a","driver":"x","encrypts":"always","verifies":"chain","store_read":true,"tried":[`+many[:len(many)-1]+`]}]}`)
	w.refused(400, "InvalidParameter", "no IP address", "POST", "/api/v1/clients/reports", `{"host":"app1","sources":["app1"],"clients":[]}`)
}
