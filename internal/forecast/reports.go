package forecast

import (
	"fmt"
	"slices"
	"time"

	"github.com/dbtls/dbtls/internal/clientconfig"
	"github.com/dbtls/dbtls/internal/evidence"
)

// judge gives a client that was seen its verdict.
func (in Input) judge(row *Row, seen map[string]bool) {
	key := evidence.Key{User: row.User, Source: row.Source, Application: row.Application}
	row.Verdict = ""
	for _, r := range in.about(key) {
		for _, c := range r.About(key, in.Endpoints, in.Now) {
			seen[id(r, c)] = true
			row.Evidence = append(row.Evidence, told(r, c))
			row.take(in.configured(c))
		}
	}
	if row.Source == evidence.Local {
		row.Judgement = clientconfig.Judgement{Verdict: clientconfig.Safe, Why: "it comes over no network, so no certificate matters to it"}
		return
	}
	if row.TLS == evidence.Plain {
		row.Judgement = clientconfig.Judge(clientconfig.Effect{Encrypts: clientconfig.EncryptsNever}, clientconfig.Holding{}, in.Change)
		return
	}
	if row.Verdict == "" {
		row.Judgement = clientconfig.Judgement{Verdict: clientconfig.Unknown,
			Why: "a server cannot see whether a client verifies; run dbtls clients report on its host, or dbtls clients lint over its configuration"}
	}
}

// about are the reports that may tell of a client: what a host said last of each
// application. One that is of the client's application by name excludes the
// others; a client that names none may be any of them.
func (in Input) about(key evidence.Key) (all []evidence.Report) {
	said := map[string]bool{}
	own := false
	for _, r := range newest(in.Reports) {
		if said[scope(r)] || len(r.About(key, in.Endpoints, in.Now)) == 0 {
			continue
		}
		said[scope(r)] = true
		own = own || r.Application != "" && r.Application == key.Application
		all = append(all, r)
	}
	return slices.DeleteFunc(all, func(r evidence.Report) bool { return own && r.Application != key.Application })
}

// scope is what a later report replaces an earlier one of. It has who said it:
// a key that was stolen from one host hides nothing that another has said.
func scope(r evidence.Report) string { return r.Host + "\x00" + r.Application + "\x00" + r.By }

// take keeps the worse of two verdicts.
func (row *Row) take(j clientconfig.Judgement) {
	if row.Verdict == "" || rank(j.Verdict) < rank(row.Verdict) {
		row.Judgement = j
	}
}

// configured judges a configuration by what its host found.
func (in Input) configured(c evidence.Configured) clientconfig.Judgement {
	e := clientconfig.Effect{Encrypts: clientconfig.Encrypts(c.Encrypts), Verifies: clientconfig.Verifies(c.Verifies),
		Trust: clientconfig.Trust{Kind: clientconfig.TrustKind(c.TrustKind), Path: c.TrustPath}}
	h := clientconfig.Holding{Known: c.StoreRead, From: c.Trusts(in.FromRoot), To: c.Trusts(in.ToRoot)}
	if c.RSAOnly && !in.NewKeyRSA {
		h.Rejects = clientconfig.RSAAlone(in.Change.To)
	}
	return clientconfig.Judge(e, h, in.Change)
}

// unseen are configurations that nobody was seen to use: they may be tomorrow's
// batch job.
func (in Input) unseen(seen map[string]bool) []Row {
	var all []Row
	latest := map[string]bool{}
	for _, r := range newest(in.Reports) {
		if latest[scope(r)] || in.Now.Sub(r.At) > evidence.Proof {
			continue
		}
		latest[scope(r)] = true
		for _, c := range r.Clients {
			if seen[id(r, c)] || !c.Reaches(in.Endpoints) {
				continue
			}
			row := Row{User: c.User, Application: r.Application, TLS: evidence.Unknown, Judgement: in.configured(c), Evidence: []string{told(r, c), "nobody was seen to use it"}}
			if len(r.Sources) > 0 {
				row.Source = r.Sources[0]
			}
			all = append(all, row)
		}
	}
	return all
}

func newest(all []evidence.Report) []evidence.Report {
	return slices.SortedStableFunc(slices.Values(all), func(a, b evidence.Report) int { return b.At.Compare(a.At) })
}

func id(r evidence.Report, c evidence.Configured) string {
	return fmt.Sprintf("%s\x00%s\x00%s\x00%s\x00%s", r.Host, r.Application, c.Where, c.Driver, c.User)
}

func told(r evidence.Report, c evidence.Configured) string {
	s := fmt.Sprintf("report of %s by %s at %s: %s, %s", r.Host, r.By, r.At.UTC().Format(time.RFC3339), c.Where, c.Driver)
	if c.Version != "" {
		s += " " + c.Version
	}
	s += fmt.Sprintf(", encrypts %s, verifies %s", c.Encrypts, c.Verifies)
	if c.RSAOnly {
		s += ", takes RSA certificates alone"
	}
	for _, t := range c.Tried {
		if t.Refused == "" {
			s += "; its trust store accepted " + t.Database + " then"
		} else {
			s += "; its trust store refused " + t.Database + " then: " + t.Refused
		}
	}
	return s
}
