package mongodb

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
)

func TestTheModeDecidesForAllSessionsOnlyIfItHeldFromTheStart(t *testing.T) {
	t.Parallel()
	for rule, c := range map[string]struct {
		started, now string
		want         engine.TLSState
		why          string
	}{
		"required from the start":                       {"requireTLS", "requireTLS", engine.TLSEncrypted, ""},
		"required from the start, and nothing said now": {"requireTLS", "", engine.TLSEncrypted, ""},
		"the older word":                                {"requireSSL", "", engine.TLSEncrypted, ""},
		"disabled":                                      {"disabled", "disabled", engine.TLSPlain, ""},
		"required since later":                          {"preferTLS", "requireTLS", engine.TLSUnknown, "did not when it started"},
		"required now, and the start is not known":      {"", "requireTLS", engine.TLSUnknown, "did not when it started"},
		"preferred":                                     {"preferTLS", "preferTLS", engine.TLSUnknown, "mode preferTLS"},
		"nothing is told":                               {"", "", engine.TLSUnknown, "does not tell its TLS mode"},
	} {
		st := status{mode: c.now, started: c.started}
		look := st.look([]operation{{Connection: 3, Client: "192.0.2.1:5000"}}, 4, time.Now())
		got := look.Sessions[0]
		if got.TLS != c.want || !strings.Contains(look.Unknown, c.why) || (c.why == "") != (look.Unknown == "") || (look.Unknown == "") != (look.Fix == "") || got.Why != look.Unknown {
			t.Errorf("%s: %+v, unknown %q, fix %q", rule, got, look.Unknown, look.Fix)
		}
	}
}

func TestOperationsAreReadAsSessions(t *testing.T) {
	t.Parallel()
	now, created := time.Now(), int64(70)
	st := status{Uptime: 60_000, Transport: map[string]int64{"1.2": 3, "1.3": 4}, started: requireTLS}
	st.Connections.Created = &created
	user := []struct{ User, DB string }{{"app", "shop"}}
	look := st.look([]operation{
		{Client: ""}, // the server's own
		{Connection: 5, Client: "192.0.2.1:5000", Application: "orders\x1b[2J", Users: user},
		{Connection: 5, Client: "192.0.2.1:5000", Application: "orders\x1b[2J", Users: user},
		{Connection: 6, Client: "[2001:db8::1]:5000", Application: "dbtls"},
	}, 6, now)
	want := []engine.Sighting{
		{Kind: engine.SightSession, Session: "5", User: "app", Database: "shop", Source: "192.0.2.1", Application: "orders?[2J", TLS: engine.TLSEncrypted},
		{Kind: engine.SightSession, Session: "6", Source: "2001:db8::1", Application: "dbtls", TLS: engine.TLSEncrypted, Own: true},
	}
	if !slices.Equal(look.Sessions, want) {
		t.Errorf("%+v", look.Sessions)
	}
	if look.Handshakes != 7 || look.Connections != 70 || !look.Since.Equal(now.Add(-time.Minute)) {
		t.Errorf("%d handshakes, %d connections, since %v", look.Handshakes, look.Connections, look.Since)
	}
	if look = (status{}).look(nil, 0, now); look.Handshakes != -1 || look.Connections != -1 || !look.Since.IsZero() {
		t.Errorf("a server that says nothing: %+v", look)
	}
}

func TestTheUserOfALoginIsReadAndNoPassword(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]string{
		"n,,n=app,r=abc":         "app",
		"n,,n=a=2Cb=3Dc,r=abc":   "a,b=c",
		"n,,n=app":               "",
		"\x00app\x00my password": "", // PLAIN
		"":                       "",
	} {
		if got := scramUser([]byte(message)); got != want {
			t.Errorf("%q: %q, want %q", message, got, want)
		}
	}
}

// What is said of forcing TLS is of a parameter that there is, and decides.
func TestForcedTLSIsAParameter(t *testing.T) {
	t.Parallel()
	f := New().Spec.Force("7.0.16")
	if settle(map[string]string{f.Parameter: f.On}).plain || !settle(map[string]string{f.Parameter: f.Off}).plain {
		t.Errorf("%+v does not decide about plain clients", f)
	}
	for _, p := range parameters() {
		if p.Name == f.Parameter && slices.Contains(p.Allowed, f.On) && slices.Contains(p.Allowed, f.Off) {
			return
		}
	}
	t.Errorf("there is no parameter %s with these values", f.Parameter)
}
