package scan

import (
	"encoding/json"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

// sarifSchema is the format's: SARIF 2.1.0 (OASIS Standard, 27 March 2020).
const sarifSchema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

// The parts of a SARIF log that dbtls writes; names and required fields as in
// chapter 3 of the standard.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool       sarifTool     `json:"tool"`
		ColumnKind string        `json:"columnKind"`
		Results    []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		Version        string      `json:"version,omitempty"`
		InformationURI string      `json:"informationUri"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID               string            `json:"id"`
		ShortDescription sarifText         `json:"shortDescription"`
		HelpURI          string            `json:"helpUri,omitempty"`
		Properties       map[string]string `json:"properties"`
	}
	sarifResult struct {
		RuleID     string            `json:"ruleId"`
		RuleIndex  int               `json:"ruleIndex"`
		Kind       string            `json:"kind"`
		Level      string            `json:"level"`
		Message    sarifText         `json:"message"`
		Locations  []sarifLocation   `json:"locations,omitempty"`
		Properties map[string]string `json:"properties"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifLocation struct {
		PhysicalLocation sarifPhysical `json:"physicalLocation"`
	}
	sarifPhysical struct {
		ArtifactLocation sarifArtifact `json:"artifactLocation"`
		Region           *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn,omitempty"`
	}
)

// SARIF writes a report for code scanners. Rule ids are those of the drivers'
// rules; version is dbtls's.
func SARIF(r Report, version string) ([]byte, error) {
	log := sarifLog{Schema: sarifSchema, Version: "2.1.0", Runs: []sarifRun{{
		ColumnKind: "utf16CodeUnits",
		Tool:       sarifTool{Driver: sarifDriver{Name: "dbtls", Version: version, InformationURI: "https://github.com/dbtls/dbtls", Rules: []sarifRule{}}},
		Results:    []sarifResult{},
	}}}
	run := &log.Runs[0]
	index := map[string]int{}
	for _, f := range r.Findings {
		rule := weakest(f.Outcomes)
		n, ok := index[rule.Rule]
		if !ok {
			n = len(index)
			index[rule.Rule] = n
			run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRuleOf(rule))
		}
		run.Results = append(run.Results, sarifResultOf(f, rule.Rule, n))
	}
	return json.MarshalIndent(log, "", "  ")
}

// weakest is the outcome that verifies the least: the one to be warned of when
// the version is not known.
func weakest(all []clientconfig.Outcome) clientconfig.Outcome {
	order := []clientconfig.Verifies{clientconfig.VerifiesNothing, clientconfig.VerifiesDates, clientconfig.VerifiesUnknown, clientconfig.VerifiesChain, clientconfig.VerifiesName}
	return slices.MinFunc(all, func(a, b clientconfig.Outcome) int {
		return slices.Index(order, a.Verifies) - slices.Index(order, b.Verifies)
	})
}

func sarifRuleOf(o clientconfig.Outcome) sarifRule {
	rule := sarifRule{ID: o.Rule, ShortDescription: sarifText{o.Why}, Properties: map[string]string{"proof": string(o.Proof)}}
	if strings.HasPrefix(o.Source, "http") {
		rule.HelpURI = o.Source
	} else if o.Source != "" {
		rule.Properties["source"] = o.Source
	}
	return rule
}

func sarifResultOf(f Finding, rule string, index int) sarifResult {
	kind, level := sarifLevel(f)
	text := f.Why
	if f.Fix != "" {
		text += ". Fix: " + f.Fix
	}
	result := sarifResult{RuleID: rule, RuleIndex: index, Kind: kind, Level: level, Message: sarifText{text}, Properties: map[string]string{
		"driver": f.Driver, "version": f.Version, "encrypts": string(f.Encrypts), "verifies": string(f.Verifies), "text": f.Text,
	}}
	if f.Verdict != "" {
		result.Properties["verdict"] = string(f.Verdict)
	}
	if f.File != "" {
		place := sarifPhysical{ArtifactLocation: sarifArtifact{sarifURI(f.File)}}
		if f.Line > 0 {
			place.Region = &sarifRegion{StartLine: f.Line, StartColumn: f.Column}
		}
		result.Locations = []sarifLocation{{place}}
	}
	return result
}

// sarifLevel: a result that is no problem is of another kind, and then has no
// level (3.27.10).
func sarifLevel(f Finding) (kind, level string) {
	switch {
	case f.Verdict == clientconfig.Breaks:
		return "fail", "error"
	case f.Verdict == clientconfig.DoesNotVerify, f.DoesNotVerify():
		return "fail", "warning"
	case f.Verdict == clientconfig.Safe:
		return "pass", "none"
	case f.Verdict == clientconfig.Unknown, f.Verifies == clientconfig.VerifiesUnknown:
		return "fail", "note"
	}
	return "pass", "none"
}

// sarifURI is a file's as 3.4.3 wants it: relative where it is.
func sarifURI(file string) string {
	u := url.URL{Path: filepath.ToSlash(file)}
	if filepath.IsAbs(file) {
		u.Scheme = "file"
	}
	return strings.TrimPrefix(u.String(), "./")
}

// DoesNotVerify reports whether a client takes a certificate from anybody.
func (f Finding) DoesNotVerify() bool {
	return f.Encrypts == clientconfig.EncryptsNever || f.Verifies == clientconfig.VerifiesNothing || f.Verifies == clientconfig.VerifiesDates
}
