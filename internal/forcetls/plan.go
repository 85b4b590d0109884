package forcetls

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/dbtls/dbtls/internal/inventory"
)

// Plan says what forcing TLS in a group would do. Nothing is changed by it.
type Plan struct {
	Target     string              `json:"target"`
	Group      string              `json:"group"`
	Kind       inventory.GroupKind `json:"kind"` // pg or cluster-pg
	Region     string              `json:"region"`
	Family     string              `json:"family"`
	Version    int64               `json:"group_version"`
	Parameter  string              `json:"parameter"`
	Now        string              `json:"value_now"`
	Then       string              `json:"value_then"`
	Exceptions []string            `json:"exceptions,omitempty"` // that hold then
	Static     bool                `json:"static,omitempty"`
	On         bool                `json:"forces"`
	Changes    bool                `json:"changes"` // the group, or what waits in it
	// Default says what to do instead: nobody can change a default group.
	Default   []string       `json:"default_group_do_instead,omitempty"`
	Instances []InstancePlan `json:"instances"`
	Pending   *Pending       `json:"pending,omitempty"`
	Since     time.Time      `json:"since"`
	At        time.Time      `json:"at"`

	settings []wish
}

// Outcome is the plan in one word, by which the command line ends.
type Outcome string

// The outcomes.
const (
	OutcomeClear   Outcome = "clear"   // nobody is refused, and all was watched
	OutcomeRefused Outcome = "refused" // somebody is
	OutcomeUnknown Outcome = "unknown" // nobody is as far as is known, and not all is
)

// Outcome is the worst that the plan does to anybody.
func (p Plan) Outcome() Outcome {
	out := OutcomeClear
	for _, i := range p.Instances {
		switch {
		case i.Counts[Refused] > 0:
			return OutcomeRefused
		case i.unknown():
			out = OutcomeUnknown
		}
	}
	return out
}

// atRisk names clients with a verdict, at most some, and counts the rest.
func (p Plan) atRisk(v Verdict, most int) (named []string, more int) {
	for _, i := range p.Instances {
		shown := i.atRisk(v, most)
		for _, c := range shown {
			if len(named) < most {
				named = append(named, c.Who()+" of "+i.Instance)
			}
		}
		more += i.Counts[v]
	}
	return named, more - len(named)
}

// atRisk lists clients with a verdict, at most some.
func (p InstancePlan) atRisk(v Verdict, most int) (some []Client) {
	for _, c := range p.Clients {
		if c.Verdict == v && len(some) < most {
			some = append(some, c)
		}
	}
	return some
}

// mostInstead bounds the instances that instead spells out.
const mostInstead = 5

// instead is what to do about a default group, as commands: make a group and
// give it to those who are to have it. users are not empty of names.
func instead(g inventory.Group, users []inventory.Instance) []string {
	group := strings.ReplaceAll(g.Family, ".", "-") + "-tls"
	kind, owner := "db", "instance"
	if g.Kind == inventory.GroupCluster {
		kind, owner = "db-cluster", "cluster"
	}
	do := []string{fmt.Sprintf("aws rds create-%s-parameter-group --%s-parameter-group-name %s --db-parameter-group-family %s --description %q", kind, kind, group, g.Family, "TLS is forced")}
	shown := users[:min(len(users), mostInstead)]
	var owners []string
	for _, i := range shown {
		name := i.Name
		if g.Kind == inventory.GroupCluster {
			name = i.ClusterName
		}
		if !slices.Contains(owners, name) {
			owners = append(owners, name)
		}
	}
	for _, name := range owners {
		do = append(do, fmt.Sprintf("aws rds modify-db-%s --db-%s-identifier %s --%s-parameter-group-name %s", owner, owner, name, kind, group))
	}
	for _, i := range shown {
		do = append(do, fmt.Sprintf("aws rds reboot-db-instance --db-instance-identifier %s   # takes the group up", i.Name))
	}
	if more := len(users) - len(shown); more > 0 {
		do = append(do, fmt.Sprintf("# and so for %d more", more))
	}
	return append(do, fmt.Sprintf("dbtls force-tls %s on --plan", group))
}
