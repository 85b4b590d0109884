package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
)

// kinds of CAs, by what openssl calls their signatures.
var kinds = []struct{ ca, openssl string }{
	{"rds-ca-rsa2048-g1", "rsa2048"},
	{"rds-ca-rsa4096-g1", "rsa4096"},
	{"rds-ca-ecc384-g1", "ecdsap384"},
}

// leaves sets issuing a leaf from a ready request beside the least that it can
// be, a plain loop of parse, check and sign, by the package's own benchmarks.
func leaves(ctx context.Context, w *site) ([]row, error) {
	binary := filepath.Join(w.dir, "pki.test")
	if out, err := exec.CommandContext(ctx, "go", "test", "-c", "-o", binary, "github.com/dbtls/dbtls/internal/pki").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build benchmarks: %w: %s", err, out)
	}
	times := map[string][]float64{} // ns per leaf
	for range rounds {
		out, err := exec.CommandContext(ctx, binary, "-test.run=^$", "-test.bench=Issue", "-test.benchtime=300ms", "-test.cpu=1").CombinedOutput()
		if err != nil {
			return nil, fmt.Errorf("run benchmarks: %w: %s", err, out)
		}
		for _, m := range benchLine.FindAllSubmatch(out, -1) {
			ns, err := strconv.ParseFloat(string(m[2]), 64)
			if err != nil {
				return nil, err
			}
			times[string(m[1])] = append(times[string(m[1])], ns)
		}
	}
	var rows []row
	for _, k := range kinds {
		issue, plain := times[k.ca+"/issue"], times[k.ca+"/plain"]
		if len(issue) == 0 || len(plain) == 0 {
			return nil, errors.New("the benchmarks of internal/pki print no " + k.ca)
		}
		i, p := median(issue), median(plain)
		rows = append(rows, row{"leaves issued, " + k.ca + ", one core", perSecond(1e9 / i), ">= 0.70 of plain",
			fmt.Sprintf("plain loop %s: %.2f of it; openssl's bare signatures %s", perSecond(1e9/p), p/i, opensslSpeed(ctx, k.openssl)), p/i >= 0.7})
	}
	return rows, nil
}

var benchLine = regexp.MustCompile(`(?m)^BenchmarkIssue/(\S+/(?:issue|plain))\s+\d+\s+([0-9.]+) ns/op`)

// opensslSpeed is signatures a second by `openssl speed`, or why not.
func opensslSpeed(ctx context.Context, algorithm string) string {
	out, err := exec.CommandContext(ctx, "openssl", "speed", "-seconds", "1", "-mr", algorithm).Output()
	if err != nil {
		return "not measured (no openssl)"
	}
	for line := range bytes.Lines(out) {
		f := bytes.Split(bytes.TrimSpace(line), []byte(":"))
		// +F2:n:bits:seconds per signature:… (RSA), +F4 for ECDSA; newer ones
		// print signatures a second.
		if len(f) < 5 || (string(f[0]) != "+F2" && string(f[0]) != "+F4") {
			continue
		}
		v, err := strconv.ParseFloat(string(f[3]), 64)
		if err == nil && v > 0 && v < 1 {
			v = 1 / v
		}
		return perSecond(v)
	}
	return "not measured"
}
