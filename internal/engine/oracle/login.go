package oracle

import (
	"context"
	"crypto/tls"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"

	goora "github.com/sijms/go-ora/v2"
	"github.com/sijms/go-ora/v2/network"

	"github.com/dbtls/dbtls/internal/engine"
)

// The errors by which a login ends (https://docs.oracle.com/error-help/db/).
const (
	oraBadLogin        = 1017
	oraNoPrivilege     = 1045 // the user may not create a session
	oraLocked          = 28000
	oraExpired         = 28001
	oraNoSID           = 12505
	oraNoService       = 12514
	oraServiceNotThere = 12516 // known, and no handler of it takes clients
)

// signIn logs in and asks for nothing.
func signIn(ctx context.Context, a engine.Account) (engine.Logged, error) {
	return signInFor(ctx, a, func(driver.Conn) error { return nil })
}

// signInFor logs in over TCPS, or over TCP for a plain account. Database is the
// service name. The driver starts TLS itself, since a server process may ask for
// a second handshake on the same connection (TNS RESEND), which is judged by the
// same configuration. A redirection to another address is not followed. ask
// speaks with the server afterwards.
func signInFor(ctx context.Context, a engine.Account, ask func(driver.Conn) error) (engine.Logged, error) {
	if a.Database == "" {
		return engine.Logged{}, errors.New("log in: the service name must be given as the database")
	}
	if a.Password == "" {
		return engine.Logged{}, errors.New("log in: password must be given")
	}
	return a.Try(ctx, 1, func(ctx context.Context, t *engine.Attempt) (engine.Logged, error) {
		config, server, err := driverTLS(a, t)
		if err != nil {
			return engine.Logged{}, err
		}
		options := map[string]string{"SSL": "false"}
		if config != nil {
			options = map[string]string{"SSL": "true", "SSL VERIFY": "true"}
		}
		connector, ok := goora.NewConnector(goora.BuildUrl(server, a.Port, a.Database, a.User, a.Password, options)).(*goora.OracleConnector)
		if !ok {
			return engine.Logged{}, errors.New("log in: the driver's connector has another type")
		}
		connector.WithTLSConfig(config)
		connector.Dialer(dialer{t, config != nil})
		// The driver would write to the connection from a goroutine of its own
		// when ctx ends. The attempt closes the connection then, which is enough.
		c, err := connector.Connect(context.WithoutCancel(ctx))
		if err != nil {
			return engine.Logged{}, refused(err, a)
		}
		defer func() { _ = c.Close() }() // the login is over, however it is said
		if err := ask(c); err != nil {
			return engine.Logged{}, refused(err, a)
		}
		return engine.Logged{}, nil
	})
}

// driverTLS is the configuration for the driver and the name to give it: the
// driver verifies the name it connects to and no other.
func driverTLS(a engine.Account, t *engine.Attempt) (_ *tls.Config, server string, err error) {
	config := t.Config()
	if config == nil || config.ServerName == "" || config.ServerName == a.Host {
		return config, a.Host, nil
	}
	return nil, "", fmt.Errorf("log in: the driver verifies the name %q and cannot verify %q instead", a.Host, config.ServerName)
}

// dialer hands the attempt's connection out.
type dialer struct {
	attempt *engine.Attempt
	tls     bool
}

func (d dialer) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	c, err := d.attempt.Dial(ctx)
	if err != nil || !d.tls {
		return c, err
	}
	return onlyTLS{c}, nil
}

// onlyTLS lets nothing through but TLS records. The driver decides about TLS
// anew for each address it is given, and this one says that it is not to write
// in plain whatever it decides.
type onlyTLS struct{ net.Conn }

// Write takes whole records, as crypto/tls writes them.
func (o onlyTLS) Write(b []byte) (int, error) {
	const changeCipherSpec, applicationData, major = 0x14, 0x17, 3
	if len(b) < 5 || b[0] < changeCipherSpec || b[0] > applicationData || b[1] != major {
		return 0, errors.New("write to server: the driver would send plain text where TLS was asked for")
	}
	return o.Conn.Write(b)
}

// refused sorts what a server says to a login. The driver knows a listener's
// refusal by its number alone.
func refused(err error, a engine.Account) error {
	said, ok := errors.AsType[*network.OracleError](err)
	if !ok {
		return fmt.Errorf("log in: %w", err)
	}
	why := fmt.Sprintf("ORA-%05d: %q", said.ErrCode, said.ErrMsg)
	switch said.ErrCode {
	case oraBadLogin, oraNoPrivilege, oraLocked, oraExpired:
		return fmt.Errorf("%w: %s", engine.ErrLoginRefused, why)
	case oraNoSID, oraNoService, oraServiceNotThere:
		return fmt.Errorf("%w: the listener knows no service %q that takes clients, and the login was not tried "+
			"(a simulated instance has none): %s", engine.ErrNoDatabase, a.Database, why)
	}
	return fmt.Errorf("log in: server answers with %s", why)
}
