package scan_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/dbtls/dbtls/internal/clientconfig/scan"
)

func TestSARIFHasWhatItsSchemaRequires(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{"a b/app.cs": mssString, "run.sh": "sqlcmd -N -S db1\n/opt/mssql-tools18/bin/sqlcmd -S db1 -C -P " + hidden + "\n"})
	r := lint(t, scan.Options{}, dir)
	text, err := scan.Text("sqlserver://sa@db1?encrypt=true&trustservercertificate=true", scan.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r.Findings = append(r.Findings, text...)
	data, err := scan.SARIF(r, "1.0")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(data), hidden) {
		t.Errorf("the password is in the log: %s", data)
	}
	var log struct {
		Schema  string `json:"$schema"`
		Version string
		Runs    []struct {
			Tool struct {
				Driver struct {
					Name  string
					Rules []struct {
						ID               string
						ShortDescription struct{ Text string }
					}
				}
			}
			Results []struct {
				RuleID      string `json:"ruleId"`
				RuleIndex   int    `json:"ruleIndex"`
				Kind, Level string
				Message     struct{ Text string }
				Locations   []struct {
					PhysicalLocation struct {
						ArtifactLocation struct{ URI string }
						Region           struct{ StartLine int }
					}
				}
			}
		}
	}
	if err := json.Unmarshal(data, &log); err != nil {
		t.Fatal(err)
	}
	if log.Version != "2.1.0" || !strings.Contains(log.Schema, "sarif-schema-2.1.0") || len(log.Runs) != 1 {
		t.Fatalf("%s", data)
	}
	run := log.Runs[0]
	if run.Tool.Driver.Name != "dbtls" || len(run.Results) != len(r.Findings) || len(r.Findings) != 4 {
		t.Fatalf("%d results of %d findings: %s", len(run.Results), len(r.Findings), data)
	}
	kinds := []string{"pass", "fail"}
	levels := []string{"none", "note", "warning", "error"}
	for n, result := range run.Results {
		if result.Message.Text == "" || !slices.Contains(kinds, result.Kind) || !slices.Contains(levels, result.Level) || (result.Kind == "pass") != (result.Level == "none") {
			t.Errorf("%+v", result)
		}
		if rule := run.Tool.Driver.Rules[result.RuleIndex]; rule.ID != result.RuleID || rule.ShortDescription.Text == "" {
			t.Errorf("rule %+v of %+v", rule, result)
		}
		if n < 3 && (len(result.Locations) != 1 || result.Locations[0].PhysicalLocation.Region.StartLine < 1 || strings.Contains(result.Locations[0].PhysicalLocation.ArtifactLocation.URI, " ")) {
			t.Errorf("location %+v", result.Locations)
		}
	}
	if last := run.Results[3]; last.Locations != nil || last.Level != "warning" || last.RuleID != "go-mssqldb/trust" {
		t.Errorf("%+v", last)
	}
}
