package local

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/hostfs"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/provider"
)

// Observe looks at the disk and at what runs. It waits for no other call, so
// it answers while a server takes long to start. An instance without a
// directory is no error; a directory that is somebody else's is.
func (p *Provider) Observe(_ context.Context, i provider.Instance) (provider.Observation, error) {
	var o provider.Observation
	pl, err := p.locate(i)
	if err != nil {
		return o, err
	}
	if err := pl.claimed(); errors.Is(err, errAbsent) {
		return o, nil
	} else if err != nil {
		return o, err
	}
	if err := pl.settle(); err != nil {
		return o, err
	}
	st, err := os.Lstat(pl.set.Data)
	o.Exists = err == nil && st.IsDir()
	pr, running, err := p.find(pl)
	if err != nil {
		return o, err
	}
	if running {
		o.Running, o.PID = true, pr.pid
		if o.StartedAt, err = pr.startedAt(); err != nil {
			return o, err
		}
	}
	b, err := pl.bound()
	if err != nil {
		return o, err
	}
	if !b.missing && b.generation != "" {
		o.Active, o.Chain = b.generation, pl.chainOf(b.generation)
	}
	o.Drift, err = pl.drift(b)
	return o, err
}

// chainOf reads a generation's chain. One that is damaged is nil here and
// named by drift, or by the next activation.
func (pl *place) chainOf(generation string) [][]byte {
	text, err := hostfs.ReadFile(pl.pair(generation).Cert, maxPEM)
	if err != nil {
		return nil
	}
	certs, err := pki.ParseCertsPEM(text)
	if err != nil {
		return nil
	}
	chain := make([][]byte, len(certs))
	for n, c := range certs {
		chain[n] = c.Raw
	}
	return chain
}

// drift lists what is not as dbtls left it, a sentence each.
func (pl *place) drift(b binding) ([]string, error) {
	l, err := pl.readLedger()
	if err != nil {
		return nil, err
	}
	var list []string
	for _, rel := range slices.Sorted(maps.Keys(l.Files)) {
		path := filepath.Join(pl.root, rel)
		digest, err := digestOf(path)
		if err != nil {
			return nil, err
		}
		_, ours := l.find(rel, digest)
		switch {
		case digest == "" && slices.Contains(pl.sourceFiles(), path):
			list = append(list, fmt.Sprintf("%q was removed by another hand; put it back, or the replica cannot reach its primary", path))
		case digest == "":
			list = append(list, fmt.Sprintf("%q was removed by another hand; the next start or activation writes it again", path))
		case !ours:
			list = append(list, fmt.Sprintf("%q was changed by another hand; dbtls leaves it as it is until it is put back or removed", path))
		}
	}
	if b.drifted && len(l.Files[pl.rel(b.path)]) == 0 {
		list = append(list, fmt.Sprintf("%q was made by another hand; dbtls leaves it as it is until it is removed", b.path))
	}
	if b.generation == "" {
		return list, nil
	}
	pair := pl.pair(b.generation)
	for _, path := range []string{pair.Cert, pair.Key} {
		var f *fault.Error
		if err := pl.checkMode(path); errors.As(err, &f) {
			list = append(list, f.Message)
		} else if err != nil {
			return nil, err
		}
	}
	return list, nil
}
