package drivers

import (
	"cmp"

	"github.com/dbtls/dbtls/internal/clientconfig"
)

// ruled makes one driver's rules of rows that leave out what all of them
// share: the driver's ID before the rule's, the source, the proof.
func ruled(driver, source string, rows ...clientconfig.Rule) []clientconfig.Rule {
	for n := range rows {
		rows[n].ID = driver + "/" + rows[n].ID
		rows[n].Source = cmp.Or(rows[n].Source, source)
		rows[n].Proof = cmp.Or(rows[n].Proof, clientconfig.Documented)
	}
	return rows
}

// when lists what must hold for a rule.
func when(all ...clientconfig.Condition) []clientconfig.Condition { return all }

func valueIs(option string, values ...string) clientconfig.Condition {
	return clientconfig.Condition{Option: option, Is: values}
}

func valueGiven(option string) clientconfig.Condition {
	return clientconfig.Condition{Option: option, Given: true}
}

func valueAbsent(option string) clientconfig.Condition {
	return clientconfig.Condition{Option: option, Absent: true}
}

// plain is a client that does not encrypt.
func plain() clientconfig.Effect {
	return clientconfig.Effect{Encrypts: clientconfig.EncryptsNever, Verifies: clientconfig.VerifiesNothing}
}

// blind encrypts without looking at the certificate.
func blind(e clientconfig.Encrypts) clientconfig.Effect {
	return clientconfig.Effect{Encrypts: e, Verifies: clientconfig.VerifiesNothing}
}

// chained verifies the chain, and no name.
func chained(e clientconfig.Encrypts, t clientconfig.Trust) clientconfig.Effect {
	return clientconfig.Effect{Encrypts: e, Verifies: clientconfig.VerifiesChain, Trust: t}
}

// full verifies the chain and the name.
func full(e clientconfig.Encrypts, t clientconfig.Trust) clientconfig.Effect {
	return clientconfig.Effect{Encrypts: e, Verifies: clientconfig.VerifiesName, Trust: t}
}

// untold is an effect of which nothing is known; a rule with it says why.
func untold() clientconfig.Effect {
	return clientconfig.Effect{
		Encrypts: clientconfig.EncryptsUnknown, Verifies: clientconfig.VerifiesUnknown,
		Trust: clientconfig.Trust{Kind: clientconfig.TrustUnknown},
	}
}

// inFile is a trust store in PEM at a path; "" where an option names it.
func inFile(path string) clientconfig.Trust {
	return clientconfig.Trust{Kind: clientconfig.TrustFile, Path: path}
}

// from is a trust store in its kind's own place.
func from(kind clientconfig.TrustKind) clientconfig.Trust { return clientconfig.Trust{Kind: kind} }
