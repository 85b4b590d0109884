package serve

import (
	"context"
	"encoding/pem"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"crypto/x509"

	"github.com/dbtls/dbtls/internal/authority"
	"github.com/dbtls/dbtls/internal/pki"
)

// Content types of what the bundle host serves.
const (
	typePEM   = "application/x-pem-file"
	typePKCS7 = "application/x-pkcs7-certificates"
	typeDER   = "application/pkix-cert"
)

// bundleWait is how long a request waits for CAs that are being made.
const bundleWait = 20 * time.Second

// bundles serves what clients trust: public, over HTTPS only, as AWS's
// truststore hosts do (Aurora User Guide, "Certificate bundles").
type bundles struct{ cas *authority.Service }

func (b *bundles) routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /global/{file}", func(w http.ResponseWriter, r *http.Request) {
		partition := "aws"
		if strings.HasPrefix(r.Host, "truststore.pki.us-gov-") {
			partition = "aws-us-gov"
		}
		b.global(w, r, partition, r.PathValue("file"))
	})
	mux.HandleFunc("GET /us-gov/global/{file}", func(w http.ResponseWriter, r *http.Request) {
		b.global(w, r, "aws-us-gov", r.PathValue("file"))
	})
	mux.HandleFunc("GET /rds-downloads/rds-combined-ca-bundle.pem", func(w http.ResponseWriter, r *http.Request) {
		b.global(w, r, "aws", "global-bundle.pem")
	})
	mux.HandleFunc("GET /rds-downloads/rds-ca-2019-root.pem", func(w http.ResponseWriter, r *http.Request) {
		b.single(w, r, b.cas.Regions()[0], "rds-ca-2019.pem")
	})
	for _, region := range b.cas.Regions() {
		mux.HandleFunc("GET /"+region+"/{file}", func(w http.ResponseWriter, r *http.Request) {
			b.regional(w, r, region, r.PathValue("file"))
		})
	}
}

func (b *bundles) global(w http.ResponseWriter, r *http.Request, partition, file string) {
	if !b.cas.HasPartition(partition) {
		http.Error(w, "no region of this partition is enabled on this server", http.StatusNotFound)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), bundleWait)
	defer cancel()
	p, err := b.cas.GlobalBundle(ctx, partition, time.Now())
	b.bundle(w, r, p, err, file, "global-bundle")
}

// regional serves a region's bundle and its single CAs.
func (b *bundles) regional(w http.ResponseWriter, r *http.Request, region, file string) {
	name := region + "-bundle"
	if file != name+".pem" && file != name+".p7b" {
		b.single(w, r, region, file)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), bundleWait)
	defer cancel()
	p, err := b.cas.RegionBundle(ctx, region, time.Now())
	b.bundle(w, r, p, err, file, name)
}

func (b *bundles) bundle(w http.ResponseWriter, r *http.Request, p authority.Published, err error, file, name string) {
	if err != nil {
		notYet(w)
		return
	}
	w.Header().Set("X-Dbtls-Bundle-Version", p.Version())
	switch file {
	case name + ".pem":
		send(w, r, typePEM, p.Version()+"-pem", p.Changed, p.PEM())
	case name + ".p7b":
		der, err := p.PKCS7()
		if err != nil {
			http.Error(w, "the bundle could not be encoded", http.StatusInternalServerError)
			return
		}
		send(w, r, typePKCS7, p.Version()+"-p7b", p.Changed, der)
	default:
		http.NotFound(w, r)
	}
}

// notYet answers while CAs are being made: what is asked for will be there.
func notYet(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "5")
	http.Error(w, "the CAs that this needs are still being made", http.StatusServiceUnavailable)
}

// single serves one CA's root: rds-ca-rsa2048-g1.pem, .der, and its issuing CA
// as rds-ca-rsa2048-g1-issuing.pem.
func (b *bundles) single(w http.ResponseWriter, r *http.Request, region, file string) {
	ctx, cancel := context.WithTimeout(r.Context(), bundleWait)
	defer cancel()
	if err := b.cas.Await(ctx, region); err != nil {
		notYet(w)
		return
	}
	id, form, _ := strings.Cut(file, ".")
	id, issuing := strings.CutSuffix(id, "-issuing")
	cas := b.cas.List(region, time.Now())
	n := slices.IndexFunc(cas, func(ca authority.CA) bool { return ca.ID == id })
	if n < 0 {
		http.NotFound(w, r)
		return
	}
	cert := cas[n].Root
	if issuing {
		cert = cas[n].Issuing
	}
	sendCert(w, r, cert, form, cas[n].Issuing.NotBefore.Add(pki.Backdate))
}

func sendCert(w http.ResponseWriter, r *http.Request, cert *x509.Certificate, form string, made time.Time) {
	tag := pki.Fingerprint(cert)[:16] + "-" + form
	switch form {
	case "pem":
		send(w, r, typePEM, tag, made, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}))
	case "der":
		send(w, r, typeDER, tag, made, cert.Raw)
	default:
		http.NotFound(w, r)
	}
}

// send answers with validators, so that a client polls cheaply.
func send(w http.ResponseWriter, r *http.Request, kind, tag string, changed time.Time, content []byte) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("ETag", fmt.Sprintf("%q", tag))
	w.Header().Set("Cache-Control", "no-cache") // may be kept, must be asked for again
	http.ServeContent(w, r, "", changed, strings.NewReader(string(content)))
}
