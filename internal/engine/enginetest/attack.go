package enginetest

import "testing"

// Allowed makes an attack of statements that the master may all run.
func Allowed(name string, statements ...string) Attack {
	return Attack{name, func(t *testing.T, _ *Server, open func() (Session, error)) {
		t.Helper()
		c, err := open()
		must(t, err)
		defer c.Close()
		for _, s := range statements {
			if err := c.Exec(t.Context(), s); err != nil {
				t.Fatalf("%s: %v", s, err)
			}
		}
	}}
}

// Refused makes an attack of statements that the master may not run; because
// tells the refusal that is meant from a mistake in the statement.
func Refused(name string, because func(error) bool, statements ...string) Attack {
	return Attack{name, func(t *testing.T, _ *Server, open func() (Session, error)) {
		t.Helper()
		c, err := open()
		must(t, err)
		defer c.Close()
		for _, s := range statements {
			if err := c.Exec(t.Context(), s); !because(err) {
				t.Errorf("%s: %v, want it refused for lack of privilege", s, err)
			}
		}
	}}
}

// Fill opens sessions until the server has no room, and keeps them for the
// rest of the attack.
func Fill(name string, full func(error) bool) Attack {
	return Attack{name, func(t *testing.T, _ *Server, open func() (Session, error)) {
		t.Helper()
		for range 1000 {
			c, err := open()
			if full(err) {
				return
			}
			must(t, err)
			t.Cleanup(func() { _ = c.Close() })
		}
		t.Fatal("a thousand sessions and no limit reached")
	}}
}
