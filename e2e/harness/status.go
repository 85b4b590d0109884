package harness

import (
	"encoding/json"
	"testing"
	"time"
)

// CLI runs a dbtls command with --data appended: s.CLI(t, "clock", "accept").
func (s *Server) CLI(t testing.TB, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	return run(t, 2*time.Minute, nil, Binary(t), append(args, "--data", s.Dir)...)
}

// Status is the part of `dbtls status --json` that tests judge.
type Status struct {
	Serving   bool     `json:"serving"`
	Frozen    string   `json:"frozen"`
	Clock     string   `json:"clock"`
	WorstDays *float64 `json:"worst_days"`
	Instances []struct {
		Name     string    `json:"name"`
		Region   string    `json:"region"`
		Engine   string    `json:"engine"`
		Version  string    `json:"version"`
		Status   string    `json:"status"`
		Detail   string    `json:"detail"`
		Endpoint string    `json:"endpoint"`
		CA       string    `json:"ca"`
		Serial   string    `json:"serial"`
		NotAfter time.Time `json:"not_after"`
		Days     float64   `json:"days"`
		Pending  string    `json:"pending_ca"`
		Bridge   string    `json:"bridge_from"`
		Until    time.Time `json:"bridge_until"`
		Rotation *struct {
			Reason string    `json:"reason"`
			Step   string    `json:"step"`
			To     string    `json:"to"`
			Stuck  string    `json:"stuck"`
			Detail string    `json:"stuck_detail"`
			Back   string    `json:"way_back"`
			Proven bool      `json:"last_good_proven"`
			Next   time.Time `json:"next_try"`
			Tries  int       `json:"tries"`
		} `json:"rotation"`
	} `json:"instances"`
	CAs []struct {
		ID       string    `json:"id"`
		Scope    string    `json:"scope"`
		NotAfter time.Time `json:"not_after"`
		Days     float64   `json:"days"`
	} `json:"cas"`
}

// Status is what `dbtls status` says; it needs no running server.
func (s *Server) Status(t testing.TB) Status {
	t.Helper()
	stdout, stderr, code := s.CLI(t, "status", "--json")
	var st Status
	if err := json.Unmarshal([]byte(stdout), &st); code != 0 || err != nil {
		t.Fatalf("dbtls status: exit code %d: %v: %s", code, err, stderr)
	}
	return st
}
