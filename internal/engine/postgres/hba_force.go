package postgres

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/engine/discover"
)

// paramExceptions names those who may do without TLS where paramForce is 1.
// AWS has no such parameter.
const paramExceptions = "dbtls.force_ssl_exceptions"

// exceptionsParameter: what it says is in force until it says something else,
// the end of an exception that nobody removed included. Whoever sets it removes
// those whose time has come.
func exceptionsParameter() engine.Parameter {
	return engine.Parameter{
		Name:        paramExceptions,
		Description: "Clients that " + paramForce + " lets in without TLS, as USER@SOURCE=UNTIL, separated by commas (* for every user or every source).",
		ApplyType:   engine.Dynamic, DataType: "string", Check: checkExceptions,
	}
}

func checkExceptions(value string) error {
	_, err := parseExceptions(value)
	return err
}

// parseExceptions adds to the common rules those of pg_hba.conf.
func parseExceptions(value string) ([]engine.Exception, error) {
	all, err := engine.ParseExceptions(value)
	if err != nil {
		return nil, err
	}
	for _, x := range all {
		switch {
		case slices.Contains([]string{agentRole, superRole, replicaRole}, x.User):
			return nil, fmt.Errorf("user %q is dbtls's own and never comes without TLS; leave it out", x.User)
		case x.User == "all":
			return nil, fmt.Errorf("user %q is a word of pg_hba.conf; write * for every user", x.User)
		case strings.HasPrefix(x.User, "/"):
			return nil, fmt.Errorf("user %q begins with a slash, which pg_hba.conf takes for a pattern of names; use a user without", x.User)
		case len(x.User) > maxName:
			return nil, fmt.Errorf("user %q has %d bytes and PostgreSQL takes %d", x.User, len(x.User), maxName)
		}
	}
	return all, nil
}

// forcing is how TLS is forced. Version 14 changed the end of the refusal.
func forcing(version string) *engine.Force {
	end := "no encryption"
	if !discover.AtLeast(version, "14") {
		end = "SSL off"
	}
	return &engine.Force{
		Parameter: paramForce, On: "1", Off: "0",
		Refusal:    `FATAL: no pg_hba.conf entry for host "…", user "…", database "…", ` + end,
		Means:      "the client did not use TLS, which is forced; no entry for its address, user or database is missing, and the same login over TLS is let in",
		Exceptions: paramExceptions,
	}
}
