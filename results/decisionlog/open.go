package decisionlog

// Options say what of a log is read.
type Options struct {
	// Policy is whose decisions are read: those logged as the policy itself or, of a service, as POLICY/ARM. Empty: everybody's.
	Policy string
	// Window is how long before the newest time of the log its decisions are read, in the log's time; 0: all.
	Window float64
	// Patience is how long an outcome may be awaited, in the log's time: of a decision that is older and has none nothing is taken to have come, as where only
	// sales are told. 0: such a decision's reward stays unknown.
	Patience float64
	// Pending says that a log is read though it has neither rewards nor outcomes.
	Pending bool
}
