package migration

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/inventory"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/probe"
	"github.com/dbtls/dbtls/internal/store"
)

// How long a test may take: in all, and until the probe's answer.
const (
	testLimit  = 30 * time.Second
	probeLimit = 15 * time.Second
)

// attempt is an endpoint made ready to connect.
type attempt struct {
	found
	e        inventory.Endpoint
	mode     pki.SSLMode // on the wire
	legacy   bool
	trust    *probe.Trust
	password string
}

// ready reads all that an endpoint connects with.
func (s *Service) ready(ctx context.Context, e inventory.Endpoint) (attempt, error) {
	f, ok := s.engine(e.Engine)
	if !ok {
		return attempt{}, s.unknownEngine(e.Engine)
	}
	set, err := parseAttributes(e.Attributes)
	if err != nil {
		return attempt{}, err
	}
	password, err := s.Box.Open(passwordLabel(e.ARN), e.Sealed)
	if err != nil {
		return attempt{}, err
	}
	a := attempt{found: f, e: e, mode: f.wire(e.Mode), legacy: set.legacyTLS, password: string(password)}
	if e.Certificate == "" {
		return a, nil
	}
	row, err := s.Store.Read(ctx).ImportedCertificate(e.Certificate)
	if err != nil {
		return attempt{}, fmt.Errorf("read certificate %q: %w", e.Certificate, err)
	}
	certs, err := s.trusted(row)
	if err != nil {
		return attempt{}, err
	}
	a.trust = probe.NewTrust(row.Name, certs)
	return a, nil
}

// trusted are the certificates of an import.
func (s *Service) trusted(row inventory.ImportedCertificate) ([]*x509.Certificate, error) {
	c, err := s.open(row)
	if err != nil {
		return nil, err
	}
	if c.IsWallet() {
		held, err := parseWallet(c.Wallet)
		return held.certs, err
	}
	held, err := parsePEM(c.PEM)
	return held.certs, err
}

func (a attempt) address() string { return net.JoinHostPort(a.e.Host, strconv.Itoa(a.e.Port)) }

func (a attempt) question() probe.Question {
	return probe.Question{
		Label: a.e.Name, Name: a.e.Host, Mode: a.mode, Trust: a.trust,
		Target: probe.Target{Engine: a.Engine, Address: a.address(), ServerName: probe.SNI(a.e.Host), Legacy: a.legacy},
	}
}

// account is how the login connects: by exactly the rules that the probe was
// judged by.
func (a attempt) account() engine.Account {
	return engine.Account{
		Dial: func(ctx context.Context) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "tcp", a.address())
		},
		Host: a.e.Host, Port: a.e.Port, User: a.e.User, Password: a.password, Database: a.e.Database,
		TLS: probe.Config(a.mode, a.trust, a.e.Host, a.legacy, time.Now),
	}
}

// try connects an endpoint once, as a task would, and says how it ended.
func (s *Service) try(ctx context.Context, e inventory.Endpoint) inventory.TestOutcome {
	ctx, cancel := context.WithTimeout(ctx, testLimit)
	defer cancel()
	a, err := s.ready(ctx, e)
	if err != nil {
		return unready(err)
	}
	out := a.judge(a.look(ctx), s.known(ctx, e.Region))
	if out.Code != "" {
		return out
	}
	if a.Login == nil {
		return a.noLogin(out)
	}
	logged, err := a.Login(ctx, a.account())
	if err != nil {
		return a.loginFailed(out, err)
	}
	out.Version = clip(logged.Version, longest)
	if logged.Note != "" {
		out.Warnings = append(out.Warnings, clip(logged.Note, longest))
	}
	return out
}

// look probes the endpoint's server.
func (a attempt) look(ctx context.Context) probe.Report {
	ctx, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	q := a.question()
	o, err := probe.Dial(ctx, q.Target)
	return probe.Judge(o, err, q, time.Now())
}

// known lists what is known of a region's certificates, imported or not, so
// that a missing one can be named. It is a help only: errors leave it empty.
func (s *Service) known(ctx context.Context, region string) func(m *probe.Missing) string {
	return func(m *probe.Missing) string {
		var all []*x509.Certificate
		if s.Known != nil {
			all = append(all, s.Known(region)...)
		}
		rows, err := s.Store.Read(ctx).ImportedCertificates(region)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			s.Log.Warn("look for a missing certificate among the imported ones", "error", err)
		}
		for _, row := range rows {
			certs, _ := s.trusted(row) // read well when it was imported
			all = append(all, certs...)
		}
		return fingerprintOf(m, all)
	}
}

// fingerprintOf is the SHA-256 of the certificate that a Missing describes, ""
// when it is not among all.
func fingerprintOf(m *probe.Missing, all []*x509.Certificate) string {
	for _, c := range all {
		if c.Subject.String() == m.Subject && (m.KeyID == "" || m.KeyID == fmt.Sprintf("%x", c.SubjectKeyId)) {
			return pki.Fingerprint(c)
		}
	}
	return ""
}
