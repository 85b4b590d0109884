package migration

import (
	"context"
	"crypto/tls"
	"errors"
	"strings"
	"testing"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/fault"
)

func TestALookGoesByTheRulesOfTheEndpoint(t *testing.T) {
	t.Parallel()
	s := newService(t)
	w := world(t)
	c := mustImport(t, s, "ca", w.pem())
	host, port := listen(t, speaking(serving(pair(w.leaf, w.issuing))))
	in := endpointInput("erp", "postgres")
	in.Host, in.Port, in.Mode, in.Certificate = &host, &port, text("verify-full"), &c.ARN
	e := mustEndpoint(t, s, in)
	if found, err := s.EndpointByName(t.Context(), e.Region, "erp"); err != nil || found.ARN != e.ARN {
		t.Errorf("%+v, %v", found, err)
	}
	if _, err := s.EndpointByName(t.Context(), e.Region, "other"); fault.CodeOf(err) != fault.ResourceNotFound {
		t.Errorf("another is %v", err)
	}
	var got engine.Account
	var verified *tls.Config
	failure := error(nil)
	for n := range s.Engines {
		s.Engines[n].Looker = func(ctx context.Context, a engine.Account) (engine.Look, error) {
			got, verified = a, a.TLS
			return engine.Look{Sessions: []engine.Sighting{{User: "u"}}}, failure
		}
	}
	look, err := s.Look(t.Context(), e.ARN)
	if err != nil || len(look.Sessions) != 1 || got.Host != host || got.Port != port || got.User != e.User || verified == nil {
		t.Fatalf("%+v, %+v, %v", look, got, err)
	}
	if got.Password == "" {
		t.Error("the stored password is not used")
	}
	failure = errors.New("no such role, password " + got.Password)
	if _, err := s.Look(t.Context(), e.ARN); fault.CodeOf(err) != InvalidState || strings.Contains(fault.Public(err), got.Password) {
		t.Errorf("a look that fails: %v", err)
	}
	failure = fault.New(fault.AccessDenied, "GRANT pg_read_all_stats")
	if _, err := s.Look(t.Context(), e.ARN); !strings.Contains(fault.Public(err), "GRANT pg_read_all_stats") {
		t.Errorf("what has to be granted is not said: %v", err)
	}
	for n := range s.Engines {
		s.Engines[n].Looker = nil
	}
	if _, err := s.Look(t.Context(), e.ARN); fault.CodeOf(err) != InvalidState || !strings.Contains(err.Error(), "no way to ask") {
		t.Errorf("a product without a look: %v", err)
	}
	if _, err := s.Look(t.Context(), e.ARN+"X"); fault.CodeOf(err) != fault.ResourceNotFound {
		t.Errorf("no endpoint: %v", err)
	}
}
