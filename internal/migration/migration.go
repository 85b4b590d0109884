// Package migration is the TLS side of a migration service: imported
// certificates, endpoints, replication instances, and connection tests that
// say why they failed.
//
// It moves no data: tasks are not built. A replication instance is a named
// worker of this server, and a test is one real connection as a task would
// make it: DNS, TCP, the product's way into TLS, handshake, chain, name, login.
// No mode falls back to another.
package migration

import (
	"crypto/x509"
	"fmt"
	"log/slog"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/secrets"
	"github.com/dbtls/dbtls/internal/store"
)

// The faults of this domain, beside those of package fault.
const (
	InvalidCertificate fault.Code = "InvalidCertificate"    // what was imported cannot be used
	ResourceExists     fault.Code = "ResourceExists"        // the cause is an *Existing
	InvalidState       fault.Code = "InvalidResourceState"  // in use, not ready, under way
	QuotaExceeded      fault.Code = "ResourceQuotaExceeded" // see Quotas
)

// Existing is the cause of a ResourceExists: what has the name already.
type Existing struct{ ARN string }

func (e *Existing) Error() string { return "exists: " + e.ARN }

// Service keeps migration resources. All fields but Known must be set.
type Service struct {
	Account string
	Store   *store.Store
	Box     *secrets.Box
	Engines []engine.Engine
	Wake    func() // makes due work be looked at now
	Log     *slog.Logger
	// Known lists certificates of a region that the server knows besides the
	// imported ones, so that a missing one can be named by its fingerprint;
	// nil: none.
	Known func(region string) []*x509.Certificate
}

// EngineVersion is the one replication engine version there is. Clients ask
// for one; it chooses nothing.
const EngineVersion = "3.6.1"

// Quota is how many resources of a kind a region may have.
type Quota struct {
	Name string // AccountQuotaName
	Max  int
}

// The quotas, AWS's defaults.
const (
	maxCertificates = 100
	maxEndpoints    = 1000
	maxInstances    = 60
)

// found is an engine by its DMS name.
type found struct {
	engine.Engine
	as engine.Migration
}

// engine finds a product by its DMS name.
func (s *Service) engine(name string) (found, bool) {
	for _, e := range s.Engines {
		for _, m := range e.Spec.Migration {
			if m.Name == name {
				return found{e, m}, true
			}
		}
	}
	return found{}, false
}

// record makes a line of the audit log.
func record(by inventory.Caller, action, target string, at time.Time, format string, args ...any) store.AuditRecord {
	return store.AuditRecord{At: at, Actor: by.Name, Action: action, Target: target, RequestID: by.RequestID, Detail: fmt.Sprintf(format, args...)}
}

// exists refuses a name or an ARN that is taken.
func exists(what, name, arn string) error {
	return fault.Wrap(&Existing{arn}, ResourceExists, "%s %q already exists: %s", what, name, arn)
}

func notFound(what, arn string) error {
	return fault.New(fault.ResourceNotFound, "%s %q not found", what, shorten(arn))
}

const longest = 200

// shorten makes what a caller sent fit for a message.
func shorten(s string) string {
	if r := []rune(s); len(r) > longest {
		return string(r[:longest]) + "…"
	}
	return s
}
