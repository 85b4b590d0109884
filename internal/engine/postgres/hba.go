package postgres

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dbtls/dbtls/internal/engine"
)

func hbaFile(s engine.Settings) string { return filepath.Join(s.Conf, "pg_hba.conf") }

// hbaRule is one line: type, databases, roles, and what follows the roles.
type hbaRule struct{ kind, databases, roles, rest string }

// hbaConf lets dbtls's roles in over the socket alone, replicas as replicas
// over TLS alone, and everybody else over the network alone. "all" does not
// mean the physical replication that "replication" does.
//
// The log names the line by which a client came in. Lines for TLS (hostssl)
// have even numbers and lines for sessions without it (hostnossl) odd ones,
// whatever is forced and whoever is excepted, so that a number proves the same
// in every version of the file that the server may have read.
func hbaConf(s engine.Settings, t terms) string {
	rules := []hbaRule{
		{"local", "all", agentRole + "," + superRole, "peer map=dbtls"},
		{"local", "all,replication", "all", "reject"},
		{"host", "all,replication", agentRole + "," + superRole, "all reject"},
		{"hostssl", "replication", replicaRole, "all scram-sha-256"},
		{"host", "all,replication", replicaRole, "all reject"},
		{"hostssl", "all", "all", "all scram-sha-256"},
	}
	if t.force {
		rules = append(rules, exceptionRules(t.exceptions)...)
	} else {
		rules = append(rules, hbaRule{"hostnossl", "all", "all", "all scram-sha-256"})
	}
	return renderHBA(header(s)+"# hostssl lines have even numbers and hostnossl lines odd ones: the log names the line by which a client came in\n", rules)
}

func renderHBA(head string, rules []hbaRule) string {
	b := []byte(head)
	for _, r := range rules {
		number := bytes.Count(b, []byte("\n")) + 1
		if (r.kind == "hostssl" && number%2 == 1) || (r.kind == "hostnossl" && number%2 == 0) {
			b = append(b, "#\n"...)
		}
		b = fmt.Appendf(b, "%-9s  %-15s  %s  %s\n", r.kind, r.databases, r.roles, r.rest)
	}
	return string(b)
}

// exceptionRules let some clients in without TLS. Who comes from everywhere,
// or every user of a source, is "all"; quotes keep a name from being a keyword
// or a group.
func exceptionRules(exceptions []engine.Exception) []hbaRule {
	var rules []hbaRule
	for _, x := range exceptions {
		r := hbaRule{"hostnossl", "all", "all", "all scram-sha-256"}
		if x.User != "" {
			r.roles = `"` + x.User + `"`
		}
		if x.Source.IsValid() {
			r.rest = x.Source.String() + " scram-sha-256"
		}
		if !slices.Contains(rules, r) {
			rules = append(rules, r)
		}
	}
	return rules
}

// hbaProves returns nil when every line of a pg_hba.conf by which a client of
// the network can come in is of a type that its number says. It knows the forms
// that dbtls writes; what it does not know is an error.
func hbaProves(text []byte) error {
	if len(text) == 0 {
		return errors.New("it is empty")
	}
	number := 0
	for line := range bytes.Lines(text) {
		number++
		if err := hbaLineProves(strings.TrimSpace(string(line)), number); err != nil {
			return fmt.Errorf("line %d %w", number, err)
		}
	}
	return nil
}

func hbaLineProves(line string, number int) error {
	if line == "" || (line[0] == '#' && !strings.HasSuffix(line, `\`)) {
		return nil
	}
	fields := strings.Fields(line)
	switch {
	case strings.ContainsAny(line, "#\\\r\v\f\x00"):
		return errors.New("has a comment behind a rule, or goes on in the next line")
	case fields[0] == "local":
		return nil
	case fields[0] == "hostssl" && number%2 == 0, fields[0] == "hostnossl" && number%2 == 1:
		return nil
	case fields[0] == "host" && fields[len(fields)-1] == "reject" && !strings.Contains(line, `"`):
		return nil
	}
	return fmt.Errorf("begins with %q, which its number does not say", engine.Printable(fields[0]))
}
