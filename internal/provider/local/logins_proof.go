package local

import (
	"context"
	"fmt"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
)

const (
	// proofTime is how long dbtls's own login may take to appear in the log.
	proofTime = 5 * time.Second
	// proveEvery is how often dbtls logs in to see whether the log tells of it.
	proveEvery = 5 * time.Minute
	// proveLimit bounds such a login.
	proveLimit = 5 * time.Second
	// findEvery is how often a server that does not run is looked for: among
	// all the processes of the machine.
	findEvery = 10 * time.Second
)

// proof is what is known of dbtls's own logins to one server.
type proof struct {
	last time.Time // when dbtls logged in last, or tried to
	owed time.Time // the earliest login that the log has not told of, zero for none
	none time.Time // when no server was found
}

// findNow is find, which for a server that does not run is as good as it was a
// moment ago: what its log tells is read all the same.
func (p *Provider) findNow(pl *place, now time.Time) (process, bool, error) {
	p.mu.Lock()
	since := now.Sub(p.proofs[pl.root].none)
	p.mu.Unlock()
	if since >= 0 && since < findEvery {
		return process{}, false, nil
	}
	pr, running, err := p.find(pl)
	if err == nil && !running {
		p.mu.Lock()
		known := p.proofs[pl.root]
		known.none = now
		p.proofs[pl.root] = known
		p.mu.Unlock()
	}
	return pr, running, err
}

// owes notes that dbtls has logged in at t, which the log has to tell.
func (p *Provider) owes(pl *place, t time.Time) {
	if pl.engine.Log == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	pr := p.proofs[pl.root]
	if pr.last = t; pr.owed.IsZero() {
		pr.owed = t
	}
	p.proofs[pl.root] = pr
}

// prove logs in to a running server when that was not done for a while. An
// error proves nothing: the server may be busy, and looking at it says so.
func (p *Provider) prove(ctx context.Context, pl *place, now time.Time) {
	p.mu.Lock()
	pr := p.proofs[pl.root]
	since := now.Sub(pr.last)
	if since < 0 || since >= proveEvery {
		pr.last = now
		p.proofs[pl.root] = pr
	}
	p.mu.Unlock()
	if since >= 0 && since < proveEvery {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, proveLimit)
	defer cancel()
	began := time.Now()
	adm, err := pl.engine.Server.Admin(ctx, pl.live())
	if err != nil {
		p.log.Debug("cannot log in to see whether the log tells of it", "instance", pl.ID, "error", err.Error())
		return
	}
	_ = adm.Close() // the login is what counts
	p.owes(pl, began)
}

// unproved says that a log which was read to its end lacks a login of dbtls's
// own, and so may lack anybody's, whatever the reason: logins are not logged any
// more, or in another language, or to another place.
func (p *Provider) unproved(pl *place, seen []engine.Sighting, now time.Time) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	pr := p.proofs[pl.root]
	if pr.owed.IsZero() {
		return ""
	}
	there := now.Before(pr.owed) // the clock was set back
	for _, s := range seen {
		there = there || s.Own && s.At.After(pr.owed.Add(-time.Second))
	}
	if there {
		pr.owed = time.Time{}
		p.proofs[pl.root] = pr
		return ""
	}
	if now.Sub(pr.owed) <= proofTime {
		return ""
	}
	return fmt.Sprintf("dbtls logged in at %s and the server's log does not tell of it, so it may lack others: its settings for logging were changed (ALTER SYSTEM outranks the files that dbtls writes) or wait for a restart", pr.owed.UTC().Format(time.RFC3339))
}
