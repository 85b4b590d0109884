package query

// Kind says which of the protocol's codes an Error stands for.
type Kind int

// The kinds, with the wire code that AWS uses for each.
const (
	InvalidValue       Kind = iota // InvalidParameterValue
	InvalidCombination             // InvalidParameterCombination
	Missing                        // MissingParameter
	Malformed                      // MalformedQueryString: not a Query request at all
)

// Error is a request that cannot be read. Message is meant for the caller and
// never holds a value of a text parameter, which may be a password.
type Error struct {
	Kind    Kind
	Param   string // full name, "" when no single parameter is at fault
	Message string
}

func (e *Error) Error() string { return e.Message }

func invalid(param, message string) *Error {
	return &Error{Kind: InvalidValue, Param: param, Message: message}
}

func malformed(param, message string) *Error {
	return &Error{Kind: Malformed, Param: param, Message: message}
}
