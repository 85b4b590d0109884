// Package api is what the APIs of dbtls have in common: who calls, and what
// whoever proved that wants to be asked and told. It knows no protocol.
package api

// Caller is who signed a request, and for which region.
type Caller struct {
	User, Region, RequestID string
	// May is asked when the action is known and before anything is done; its
	// error refuses the call. nil: nobody is asked.
	May func(action string) error
	// Done is told how the call ended, before the answer is sent: what it
	// named, "" for nothing, and the code of its refusal, "" for none. nil:
	// nobody is told.
	Done func(target, code string)
}

// Ask asks whether the action is allowed.
func (c Caller) Ask(action string) error {
	if c.May == nil {
		return nil
	}
	return c.May(action)
}

// Tell tells how the call ended.
func (c Caller) Tell(target, code string) {
	if c.Done != nil {
		c.Done(target, code)
	}
}
