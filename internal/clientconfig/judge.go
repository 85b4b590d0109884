package clientconfig

import (
	"fmt"
	"strings"
	"time"
)

// Verdict is what a planned change of the server's CA does to a client.
type Verdict string

// The verdicts; the words are part of the JSON output.
const (
	Breaks        Verdict = "BREAKS"
	Safe          Verdict = "SAFE"
	DoesNotVerify Verdict = "DOES-NOT-VERIFY"
	Unknown       Verdict = "UNKNOWN"
)

// Change is a planned change of the CA that a database's chain leads to.
type Change struct {
	From, To string // CA identifiers, "rds-ca-2019"
	// Until is when the chain stops carrying the cross-certificate by which a
	// client that trusts From alone still verifies it; zero: there is no bridge.
	Until time.Time
}

// Holding says which of the CAs in play a client's trust store has.
type Holding struct {
	Known    bool // the store was looked at
	From, To bool // it trusts that CA's root
	// Rejects says why the client refuses the new chain whatever it trusts (it
	// has no ECDSA), "" when it does not.
	Rejects string
}

// Judgement is a verdict with its reason.
type Judgement struct {
	Verdict Verdict `json:"verdict"`
	// Until bounds SAFE: the bridge ends then. Zero: for good.
	Until time.Time `json:"until,omitzero"`
	Why   string    `json:"why"`
}

// Judge says what a change does to a client, from what its configuration does
// and what its trust store holds. It is SAFE only by evidence: a store that
// nobody looked at is UNKNOWN.
func Judge(e Effect, h Holding, c Change) Judgement {
	switch {
	case e.Encrypts == EncryptsNever:
		return Judgement{Verdict: DoesNotVerify, Why: "it does not encrypt, so no certificate matters to it; and anybody on the way reads along"}
	case h.Rejects != "":
		return Judgement{Verdict: Breaks, Why: h.Rejects}
	case e.Verifies == VerifiesNothing:
		return Judgement{Verdict: DoesNotVerify, Why: "it accepts any certificate: the change goes unnoticed, and so would an impostor"}
	case e.Verifies == VerifiesDates:
		return Judgement{Verdict: DoesNotVerify, Why: "it looks at the certificate's dates alone: a certificate that is valid today is accepted from anybody"}
	case e.Verifies == VerifiesUnknown:
		return Judgement{Verdict: Unknown, Why: "whether it verifies is not known"}
	case e.Trust.Kind == TrustServer:
		return Judgement{Verdict: Unknown, Why: "it verifies by the user's password or a pinned fingerprint, not by a CA; a pinned one ends with the certificate"}
	case !h.Known:
		return Judgement{Verdict: Unknown, Why: fmt.Sprintf("it verifies, and nobody looked at whether %s holds the root of %s", store(e.Trust), c.To)}
	case h.To:
		return Judgement{Verdict: Safe, Why: fmt.Sprintf("%s holds the root of %s", store(e.Trust), c.To)}
	case h.From && !c.Until.IsZero():
		return Judgement{Verdict: Safe, Until: c.Until, Why: fmt.Sprintf("%s holds the root of %s alone, which the bridge covers until %s; add the root of %s before",
			store(e.Trust), c.From, c.Until.UTC().Format("2006-01-02"), c.To)}
	}
	return Judgement{Verdict: Breaks, Why: fmt.Sprintf("it verifies, and %s lacks the root of %s", store(e.Trust), c.To)}
}

// store names a trust store in a sentence.
func store(t Trust) string {
	switch {
	case t.Path != "":
		return fmt.Sprintf("its trust store %q", t.Path)
	case t.Kind == TrustNone || t.Kind == TrustUnknown:
		return "its trust store"
	}
	return "its trust store (" + strings.ToLower(string(t.Kind)) + ")"
}
