package inventory

import "time"

// Reason says why a rotation is due. The constants never change: they are in
// events, audit records and metrics.
type Reason string

// The reasons, see rotation.Decide for when each holds.
const (
	ReasonCreated         Reason = "Created"
	ReasonKeyCompromised  Reason = "KeyCompromised"
	ReasonEndpointChanged Reason = "EndpointChanged"
	ReasonRequested       Reason = "Requested"
	ReasonCAChanged       Reason = "CAChanged"
	ReasonBridgeEnded     Reason = "BridgeEnded"
	ReasonExpiring        Reason = "ForcedBeforeExpiry"
	ReasonCAExpiring      Reason = "CAExpiring"
	ReasonHalfLife        Reason = "HalfLife"
	ReasonUnrecorded      Reason = "Unrecorded"
)

// Step is where a rotation stands: the step that comes next.
type Step string

// The steps in order. Each is idempotent; a crash repeats at most one.
const (
	StepKey      Step = "key"
	StepIssue    Step = "issue"
	StepStage    Step = "stage"
	StepActivate Step = "activate"
	StepRestart  Step = "restart" // only versions that cannot reload
	StepVerify   Step = "verify"
	StepWatch    Step = "watch" // only when asked for: whether clients refuse it
	StepCommit   Step = "commit"
	StepRollback Step = "rollback" // put the last good pair back
	StepProve    Step = "prove"    // and see it on the wire
)

// StuckReason says what a rotation is stuck on.
type StuckReason string

// The stuck reasons.
const (
	StuckKey         StuckReason = "KeyNotMade"
	StuckIssue       StuckReason = "NotIssued"
	StuckPreflight   StuckReason = "PreflightFailed"
	StuckActivate    StuckReason = "ActivationFailed"
	StuckReload      StuckReason = "ReloadIgnored" // the old leaf is still served
	StuckWrongLeaf   StuckReason = "WrongLeaf"     // a leaf that is neither old nor new
	StuckChain       StuckReason = "ChainRejected" // the new leaf, but a client would refuse the chain
	StuckNoTLS       StuckReason = "NoTLS"         // the server stopped offering TLS
	StuckUnreachable StuckReason = "Unreachable"   // neither success nor proof of rollback
	StuckRestart     StuckReason = "RestartFailed"
	StuckClients     StuckReason = "ClientsRefused" // the certificate is in service, and clients refuse it
)

// Stuck is why a rotation does not get on. The zero value means it does.
type Stuck struct {
	Reason  StuckReason
	Detail  string
	Since   time.Time
	Proven  bool   // the last good leaf was seen on the wire after the rollback
	WayBack string // why the last good pair is not back yet, "" otherwise
}

// Outcome says how a rotation ended.
type Outcome string

// The outcomes; "" while it runs.
const (
	OutcomeCommitted Outcome = "committed"
	OutcomeCancelled Outcome = "cancelled" // nothing new in service, no longer wanted
	// OutcomeRolledBack: clients refused the new certificate, and the old one
	// is in service again. Nothing tries again by itself.
	OutcomeRolledBack Outcome = "rolled-back"
)

// Rotation is one change of an instance's certificate.
type Rotation struct {
	ID         int64
	ResourceID string
	Reason     Reason
	Generation string // of the attempt under way
	Good       string // generation to go back to, "" when there is none
	GoodSerial string
	FromCA     string
	ToCA       string
	Bridge     Bridge
	Hold       bool  // wait for a restart that comes by itself
	NoWayBack  bool  // the old key is compromised
	Watch      Watch // for clients that refuse it
	By         string
	RequestID  string

	Step      Step
	Attempts  int
	DueAt     time.Time
	CSR       []byte
	Chain     [][]byte  // DER, as served
	Leaf      Leaf      // what Chain[0] says
	PID       int       // of the server that has to restart to read the new pair
	ActiveAt  time.Time // when the new pair was put in place
	WatchTill time.Time // when it is final
	Stuck     Stuck
	StartedAt time.Time
	EndedAt   time.Time
	Outcome   Outcome
}

// Watch says how long a new certificate is on trial before it is final. The
// zero value: it is final as soon as a handshake shows it.
type Watch struct {
	// RollbackOn is how many clients, by their source addresses, have to refuse
	// the new chain for the old one to come back.
	RollbackOn int
	For        time.Duration
}

// Begun reports whether the new pair may be in place: before, a rotation can be
// dropped without a trace on the wire.
func (r Rotation) Begun() bool {
	return r.Step != StepKey && r.Step != StepIssue && r.Step != StepStage
}

// IsStuck reports whether the rotation needs help or another try.
func (r Rotation) IsStuck() bool { return r.Stuck.Reason != "" }
