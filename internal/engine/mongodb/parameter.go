package mongodb

import (
	"crypto/tls"
	"errors"
	"slices"
	"strings"

	"github.com/dbtls/dbtls/internal/engine"
)

// The names of the parameters, which are MongoDB's for use with setParameter.
const (
	tlsMode              = "tlsMode"
	tlsDisabledProtocols = "tlsDisabledProtocols"
)

const requireTLS = "requireTLS"

// parameters is the catalogue of every family. The product's mode "disabled",
// which is its default, is left out: an instance that serves no certificate
// cannot be rotated.
func parameters() []engine.Parameter {
	return []engine.Parameter{{
		Name: tlsMode,
		Description: "Whether clients may connect without TLS (net.tls.mode): requireTLS closes their connections, " +
			"preferTLS and allowTLS answer them and differ only between the members of a replica set.",
		Default:   requireTLS,
		ApplyType: engine.Dynamic,
		DataType:  "string",
		Allowed:   []string{"allowTLS", "preferTLS", requireTLS},
	}, {
		Name: tlsDisabledProtocols,
		Description: "The TLS versions that are not offered (net.tls.disabledProtocols). " +
			"TLS 1.0 and 1.1 are never offered and stay in the list.",
		Default:   "TLS1_0,TLS1_1",
		ApplyType: engine.Static,
		DataType:  "list",
		Allowed:   []string{"TLS1_0", "TLS1_1", "TLS1_2", "TLS1_3"},
		Check:     checkDisabled,
	}}
}

func checkDisabled(value string) error {
	off := strings.Split(value, ",")
	if !slices.Contains(off, "TLS1_0") || !slices.Contains(off, "TLS1_1") {
		return errors.New("TLS 1.0 and 1.1 cannot be enabled: keep TLS1_0,TLS1_1 in the list")
	}
	if slices.Contains(off, "TLS1_2") && slices.Contains(off, "TLS1_3") {
		return errors.New("no TLS version is left: take TLS1_2 or TLS1_3 out of the list")
	}
	return nil
}

// settings is what the parameters in force mean for one connection.
type settings struct {
	plain    bool // clients without TLS are answered
	min, max uint16
}

// settle reads parameters; one that is missing has its default.
func settle(values map[string]string) settings {
	mode, off := values[tlsMode], strings.Split(values[tlsDisabledProtocols], ",")
	s := settings{plain: mode != "" && mode != requireTLS, min: tls.VersionTLS12, max: tls.VersionTLS13}
	switch {
	case slices.Contains(off, "TLS1_2"):
		s.min = tls.VersionTLS13
	case slices.Contains(off, "TLS1_3"):
		s.max = tls.VersionTLS12
	}
	return s
}

// forcing: a plain client gets no answer at all.
func forcing() *engine.Force {
	return &engine.Force{
		Parameter: tlsMode, Off: "preferTLS", On: requireTLS,
		Refusal: "MongoServerSelectionError: connection <monitor> to 10.0.0.1:27017 closed",
		Means:   "not a network failure: the server closes connections without TLS and says nothing; add tls=true and the CA bundle (tlsCAFile) to the client's connection string",
	}
}
