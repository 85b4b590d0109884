package scan

import (
	"cmp"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

// judge makes findings of settings that were read in a file of dir.
func (s *scanner) judge(all []clientconfig.Settings, dir string) []Finding {
	findings := make([]Finding, 0, len(all))
	for _, settings := range all {
		findings = append(findings, s.finding(settings, dir))
	}
	return findings
}

func (s *scanner) finding(c clientconfig.Settings, dir string) Finding {
	d, ok := s.drivers[c.Driver]
	if !ok {
		d = clientconfig.Driver{ID: "unknown"}
	}
	if s.opts.Host {
		c = onHost(d, c, dir)
	}
	a := clientconfig.Evaluate(d, c)
	f := Finding{
		Position: c.Where, Driver: c.Driver, Name: d.Name, Engine: d.Engine, Version: c.Version, From: c.From,
		Host: c.Host, Port: c.Port, User: c.User, Database: c.Database, Text: c.Text,
		Effect: a.Effect, Outcomes: a.Outcomes, Notes: slices.Clone(c.Notes), RSAOnly: d.RSAOnly(c),
	}
	if !ok {
		f.explainUnread()
	}
	f.explain()
	if f.RSAOnly {
		f.Notes = append(f.Notes, "its cipher suites are RSA's and it speaks no TLS 1.3: it takes no certificate with another kind of key, such as those of ECDSA")
	}
	if f.Trust.Path != "" {
		h := s.stores.look(f.Trust, dir)
		f.Holds = &h
	}
	if s.opts.Change != nil {
		s.verdict(&f, dir)
	}
	return f
}

// newKeyIsRSA: so are the keys of the chain after the change, as far as is known.
func (s *scanner) newKeyIsRSA() bool {
	for _, ca := range s.opts.CAs {
		if ca.ID == s.opts.Change.To {
			return ca.Root.PublicKeyAlgorithm == x509.RSA
		}
	}
	return true
}

// explainUnread is for a text that no reader knows.
func (f *Finding) explainUnread() {
	for n := range f.Outcomes {
		f.Outcomes[n].Why = "this is no connection string and no command line that dbtls knows"
		f.Outcomes[n].Fix = "say which driver it is for with --driver; dbtls clients lint --list-drivers shows them"
	}
}

// explain takes the reasons from the outcomes: one, or one per range of
// versions.
func (f *Finding) explain() {
	if len(f.Outcomes) == 1 {
		f.Why, f.Fix = f.Outcomes[0].Why, f.Outcomes[0].Fix
		return
	}
	var why, fix []string
	for _, o := range f.Outcomes {
		why = append(why, fmt.Sprintf("%s: %s", versions(o), o.Why))
		if o.Fix != "" && !slices.Contains(fix, o.Fix) {
			fix = append(fix, o.Fix)
		}
	}
	f.Why = "it depends on the driver's version, which nothing here says; " + strings.Join(why, "; ")
	f.Fix = strings.Join(fix, "; or ")
}

// versions says which an outcome is for.
func versions(o clientconfig.Outcome) string {
	switch {
	case o.Since == "" && o.Before == "":
		return "every version"
	case o.Since == "":
		return "before " + o.Before
	case o.Before == "":
		return "from " + o.Since
	}
	return "from " + o.Since + " to before " + o.Before
}

// verdict judges the planned change for every range of versions: where they
// agree, that is the answer.
func (s *scanner) verdict(f *Finding, dir string) {
	var all []clientconfig.Judgement
	for _, o := range f.Outcomes {
		held := s.stores.holding(o.Trust, dir, *s.opts.Change)
		if f.RSAOnly && !s.newKeyIsRSA() {
			held.Rejects = clientconfig.RSAAlone(s.opts.Change.To)
		}
		all = append(all, clientconfig.Judge(o.Effect, held, *s.opts.Change))
	}
	first := all[0]
	for _, j := range all[1:] {
		if j.Verdict != first.Verdict {
			f.Verdict = clientconfig.Unknown
			f.Why = cmp.Or(f.Why, "its version decides")
			return
		}
		if !j.Until.IsZero() {
			first = j // the bounded one holds for all
		}
	}
	f.Verdict = first.Verdict
	if !first.Until.IsZero() {
		f.Until = first.Until.UTC().Format(time.RFC3339)
	}
	f.Why = first.Why + "; " + f.Why
	switch {
	case f.Verdict != clientconfig.Breaks:
	case f.RSAOnly && !s.newKeyIsRSA():
		f.Fix = fmt.Sprintf("let it speak TLS 1.3, or offer suites of ECDSA too; or stay with a CA whose keys are RSA instead of %s", s.opts.Change.To)
	case f.Trust.Path != "":
		f.Fix = fmt.Sprintf("add the root of %s to %q before the change (dbtls truststore add)", s.opts.Change.To, f.Trust.Path)
	}
}
