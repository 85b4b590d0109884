package local

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/hostfs"
	"github.com/dbtls/dbtls/internal/provider"
)

// record is started.json: what the server that runs was told. It is there
// before the server starts, so a running server always has it, after a restart
// of dbtls too.
type record struct {
	Started provider.Instance `json:"started"` // by its start
	Applied provider.Instance `json:"applied"` // by the last Apply that it took, or its start
}

func (pl *place) recordPath() string { return filepath.Join(pl.root, "started.json") }

// startedAs writes the record of a server that is about to start.
func (pl *place) startedAs() error {
	return writeJSON(pl.recordPath(), record{Started: pl.Instance, Applied: pl.Instance})
}

// readRecord is what the running server was told. Without a record that can be
// read it was started by a dbtls that knew neither parameters nor further
// addresses.
func (pl *place) readRecord() record {
	b, err := hostfs.ReadFile(pl.recordPath(), maxJSON)
	if err == nil {
		if r, err := decodeRecord(b); err == nil && r.of(pl.Instance) {
			return r
		}
	}
	plain := pl.Instance
	plain.Also, plain.Parameters = nil, nil
	return record{Started: plain, Applied: plain}
}

func decodeRecord(b []byte) (record, error) {
	var r record
	if err := json.Unmarshal(b, &r); err != nil {
		return record{}, fmt.Errorf("decode: %w", err)
	}
	return r, nil
}

// of reports whether both parts speak of i.
func (r record) of(i provider.Instance) bool {
	for _, part := range []provider.Instance{r.Started, r.Applied} {
		if part.ID != i.ID || part.Engine != i.Engine {
			return false
		}
	}
	return true
}

// live are the settings for speaking with the server that runs: its socket may
// be named after the port that it was started with.
func (pl *place) live() engine.Settings {
	s := pl.set
	s.Port = pl.readRecord().Started.Port
	return s
}

// outdated reports whether a server started as was lacks something of pl that
// only a start takes: where it listens, and static parameters.
func (pl *place) outdated(was provider.Instance) bool {
	if was.Address != pl.Address || was.Port != pl.Port || !sameSet(was.Also, pl.Also) {
		return true
	}
	if pl.engine.Spec.Parameters == nil {
		return false
	}
	told := pl.engine.Spec.Values(was.Version, was.Parameters)
	return slices.ContainsFunc(pl.engine.Spec.Parameters(pl.Version), func(p engine.Parameter) bool {
		return p.ApplyType == engine.Static && told[p.Name] != pl.set.Parameters[p.Name]
	})
}

func sameSet(a, b []string) bool { return maps.Equal(setOf(a), setOf(b)) }

func setOf(list []string) map[string]bool {
	set := make(map[string]bool, len(list))
	for _, v := range list {
		set[v] = true
	}
	return set
}
