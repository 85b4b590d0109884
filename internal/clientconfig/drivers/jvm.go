package drivers

import (
	"slices"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

// jvm is the family of JDBC drivers, and the Java runtime itself for programs
// that say where their trust store is and not which driver uses it.
func jvm() []clientconfig.Driver {
	return []clientconfig.Driver{jvmMySQL(), jvmMariaDB(), jvmPostgres(), jvmSQLServer(), jvmOracle(), jvmRuntime()}
}

// jvmRuntime is a Java program whose driver is not known: all that can be said
// of it is where it looks for CAs, if it looks.
func jvmRuntime() clientconfig.Driver {
	return clientconfig.Driver{
		ID: "java", Name: "a Java program",
		Rules: []clientconfig.Rule{{
			ID:   "java/driver-unknown",
			Then: clientconfig.Effect{Encrypts: clientconfig.EncryptsUnknown, Verifies: clientconfig.VerifiesUnknown, Trust: jvmCacerts()},
			Why: "this names the trust store of a Java program; whether anything is verified against it is up to the database driver," +
				" whose URL and options are elsewhere",
			Source: "https://docs.oracle.com/en/java/javase/21/security/java-secure-socket-extension-jsse-reference-guide.html",
			Proof:  clientconfig.Documented,
		}},
	}
}

func jvmIs(option string, values ...string) clientconfig.Condition {
	return clientconfig.Condition{Option: option, Is: values}
}

func jvmAbsent(option string) clientconfig.Condition {
	return clientconfig.Condition{Option: option, Absent: true}
}

func jvmGiven(option string) clientconfig.Condition {
	return clientconfig.Condition{Option: option, Given: true}
}

// jvmOn is a switch that is on, as JDBC drivers spell it.
func jvmOn(option string) clientconfig.Condition { return jvmIs(option, "true", "1", "yes", "on") }

// jvmOff is a switch that is off and says so.
func jvmOff(option string) clientconfig.Condition { return jvmIs(option, "false", "0", "no", "off") }

// jvmNotOn is a switch that is off by default, and is off. A value that nobody
// can read (a placeholder) is neither on nor off: then no rule holds.
func jvmNotOn(option string) clientconfig.Condition {
	return clientconfig.Condition{Option: option, Absent: true, Is: jvmOff(option).Is}
}

// jvmNotOff is a switch that is on by default, and is on.
func jvmNotOff(option string) clientconfig.Condition {
	return clientconfig.Condition{Option: option, Absent: true, Is: jvmOn(option).Is}
}

// jvmCacerts is the trust store of the Java runtime, which
// -Djavax.net.ssl.trustStore replaces.
func jvmCacerts() clientconfig.Trust { return clientconfig.Trust{Kind: clientconfig.TrustJava} }

// jvmStore is a place in which a driver may find its CAs.
type jvmStore struct {
	option string // that names it, "" for the place used when none is named
	since  string // first version of the driver that reads the option
	trust  clientconfig.Trust
	when   []clientconfig.Condition
}

// jvmStores repeats a rule that verifies for each place in which the driver
// looks for CAs: stores are in the driver's order, the one without an option
// last.
func jvmStores(r clientconfig.Rule, stores ...jvmStore) (rules []clientconfig.Rule) {
	for _, s := range stores {
		one := r
		one.When = slices.Concat(r.When, s.when)
		one.Then.Trust = s.trust
		if s.option != "" {
			one.ID += "/" + s.option
			one.When = append(one.When, jvmGiven(s.option))
			one.TrustOption = s.option
		}
		if clientconfig.CompareVersions(s.since, one.Since) > 0 {
			one.Since = s.since
		}
		if one.Before == "" || clientconfig.CompareVersions(one.Since, one.Before) < 0 {
			rules = append(rules, one)
		}
	}
	return rules
}
