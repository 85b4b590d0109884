package read

import (
	"maps"
	"strings"
	"testing"

	"github.com/dbtls/dbtls/internal/clientconfig"
	"github.com/dbtls/dbtls/internal/clientconfig/drivers"
)

// jvmAnswer is what a text must come to.
type jvmAnswer struct {
	driver   string
	version  string // to be read as if this version were known
	options  map[string]string
	encrypts clientconfig.Encrypts
	verifies clientconfig.Verifies
	trust    clientconfig.Trust
	host     string
	port     string
	user     string
	note     string // part of one
}

func (want jvmAnswer) check(t *testing.T, s clientconfig.Settings) {
	t.Helper()
	if want.driver != "" && s.Driver != want.driver {
		t.Errorf("driver %q, want %q", s.Driver, want.driver)
	}
	if want.options != nil && !maps.Equal(s.Options, want.options) {
		t.Errorf("options %v, want %v", s.Options, want.options)
	}
	if want.host != "" && s.Host != want.host || want.port != "" && s.Port != want.port || want.user != "" && s.User != want.user {
		t.Errorf("it connects as %q to %q port %q, want %q to %q port %q", s.User, s.Host, s.Port, want.user, want.host, want.port)
	}
	if want.note != "" && !strings.Contains(strings.Join(s.Notes, "\n"), want.note) {
		t.Errorf("notes %q, want one with %q", s.Notes, want.note)
	}
	jvmShowsNoPassword(t, s)
	if want.version != "" {
		s.Version = want.version
	}
	d, ok := drivers.Index()[s.Driver]
	if !ok {
		t.Fatalf("driver %q has no rules", s.Driver)
	}
	got := clientconfig.Evaluate(d, s)
	if want.encrypts != "" && (got.Encrypts != want.encrypts || got.Verifies != want.verifies) {
		t.Errorf("it encrypts %q and verifies %q, want %q and %q (%s)", got.Encrypts, got.Verifies, want.encrypts, want.verifies, got.Outcomes[0].Rule)
	}
	if want.trust != (clientconfig.Trust{}) && got.Trust != want.trust {
		t.Errorf("it trusts %+v, want %+v", got.Trust, want.trust)
	}
}

// jvmShowsNoPassword looks for the password in everything that may be shown.
func jvmShowsNoPassword(t *testing.T, s clientconfig.Settings) {
	t.Helper()
	shown := []string{s.Driver, s.Version, s.From, s.Host, s.Port, s.User, s.Database, s.Text, s.Where.File, s.Trust.Path}
	shown = append(shown, s.Notes...)
	for name, value := range s.Options {
		shown = append(shown, name, value)
	}
	for _, text := range shown {
		if strings.Contains(text, jvmPassword) {
			t.Errorf("the password is shown in %q", text)
		}
	}
}

func jvmOne(t *testing.T, all []clientconfig.Settings) clientconfig.Settings {
	t.Helper()
	if len(all) != 1 {
		t.Fatalf("got %d settings, want one: %+v", len(all), all)
	}
	return all[0]
}

// The words of the answers, short for the tables.
const (
	jvmNever, jvmMaybe, jvmAlways = clientconfig.EncryptsNever, clientconfig.EncryptsMaybe, clientconfig.EncryptsAlways

	jvmNothing, jvmDates, jvmChain = clientconfig.VerifiesNothing, clientconfig.VerifiesDates, clientconfig.VerifiesChain
	jvmName, jvmUnknown            = clientconfig.VerifiesName, clientconfig.VerifiesUnknown
	jvmPassword                    = "hunter2-SECRET" // stands for every password in these tests
)

func jvmTrust(kind clientconfig.TrustKind, path string) clientconfig.Trust {
	return clientconfig.Trust{Kind: kind, Path: path}
}

// jvmShows reports whether a text is shown anywhere in settings.
func jvmShows(s clientconfig.Settings, text string) bool {
	return strings.Contains(strings.Join(append(s.Notes, s.Text, s.Host, s.Port, s.User, s.Database, s.Trust.Path), "\n"), text)
}
