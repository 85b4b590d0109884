package sqlserver

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"

	mssql "github.com/microsoft/go-mssqldb"
	"github.com/microsoft/go-mssqldb/msdsn"

	"github.com/dbtls/dbtls/internal/engine"
)

// The errors by which a login ends, besides messageLoginFailed ("Database
// Engine events and errors" in Microsoft's manual).
const (
	messageCannotOpen   = 4060
	messageLoginLocked  = 18486
	messageLoginOff     = 18470
	messageMustChange   = 18488
	messageExpired      = 18487
	messageNoDefault    = 4064
	messageNoPermission = 916
)

// signIn logs in and asks for the version.
func signIn(ctx context.Context, a engine.Account) (engine.Logged, error) {
	return signInFor(ctx, a, func(ctx context.Context, c *mssql.Conn) (engine.Logged, error) {
		version, err := serverVersion(ctx, c)
		return engine.Logged{Version: version}, err
	})
}

// signInFor logs in over TLS within TDS or, with Start.Direct, over TDS 8.0, and
// has ask speak with the server. A server that encrypts the login although plain
// was asked for gets no login: nobody has said what its certificate is to be
// judged by.
func signInFor(ctx context.Context, a engine.Account, ask func(context.Context, *mssql.Conn) (engine.Logged, error)) (engine.Logged, error) {
	if a.Start.Direct && a.TLS == nil {
		return engine.Logged{}, errors.New("log in: TDS 8.0 is TLS from its first byte, and no TLS was asked for")
	}
	return a.Try(ctx, 1, func(ctx context.Context, t *engine.Attempt) (engine.Logged, error) {
		connector := mssql.NewConnectorConfig(clientConfig(a, t))
		connector.Dialer = dialer{t, a.Host}
		// Not database/sql: that tries again when a connection breaks.
		c, err := connector.Connect(ctx)
		if err != nil {
			return engine.Logged{}, refused(err, a)
		}
		defer c.Close()
		conn, ok := c.(*mssql.Conn)
		if !ok {
			return engine.Logged{}, errors.New("log in: the driver's connection has another type")
		}
		logged, err := ask(ctx, conn)
		if err != nil {
			return engine.Logged{}, refused(err, a)
		}
		return logged, nil
	})
}

func clientConfig(a engine.Account, t *engine.Attempt) msdsn.Config {
	activity := make([]byte, 16)
	rand.Read(activity) // never fails (crypto/rand)
	cfg := msdsn.Config{
		Host: a.Host, Port: uint64(max(a.Port, 0)), User: a.User, Password: a.Password, Database: a.Database, //nolint:gosec // not negative
		Protocols: []string{"tcp"}, Parameters: map[string]string{}, ActivityID: activity,
		AppName: "dbtls", Workstation: "dbtls", DisableRetry: true, DialTimeout: -1, PacketSize: 4096,
		HostInCertificateProvided: true, // the driver does not change the name
		Encryption:                msdsn.EncryptionRequired,
		TLSConfig:                 t.Config(),
	}
	switch {
	case a.TLS == nil:
		cfg.Encryption, cfg.TLSConfig = msdsn.EncryptionDisabled, impossible()
	case a.Start.Direct:
		cfg.Encryption = msdsn.EncryptionStrict
	default:
		cfg.TLSConfig.MaxVersion = tls.VersionTLS12 // TDS 7 carries no later handshake
	}
	return cfg
}

// impossible is a configuration with which no handshake begins: there is no
// version of TLS between these two. Without one the driver makes its own.
func impossible() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS13, MaxVersion: tls.VersionTLS12}
}

// dialer hands the attempt's connection out. As a HostDialer it keeps the
// driver from looking the name up.
type dialer struct {
	attempt *engine.Attempt
	host    string
}

func (d dialer) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	return d.attempt.Dial(ctx)
}

func (d dialer) HostName() string { return d.host }

// serverVersion asks for what the login's answer has in short.
func serverVersion(ctx context.Context, c *mssql.Conn) (string, error) {
	answer, err := rows(ctx, c, 1, "SELECT @@VERSION")
	if err != nil || len(answer) != 1 {
		return "", fmt.Errorf("ask for the version: %d rows: %w", len(answer), err)
	}
	first, _, _ := strings.Cut(asText(answer[0][0]), "\n") // the lines after it are about the build and the machine
	return strings.TrimSpace(first), nil
}

// refused sorts what a server says to a login.
func refused(err error, a engine.Account) error {
	// The driver keeps this error's type to itself; tests pin the words.
	if a.TLS == nil && strings.HasPrefix(err.Error(), "TLS Handshake failed") {
		return fmt.Errorf("%w: it encrypts all sessions, whatever the client asks for", engine.ErrTLSRequired)
	}
	if a.TLS != nil && strings.HasPrefix(err.Error(), "server does not support encryption") {
		return fmt.Errorf("log in: %w", engine.ErrNoTLS)
	}
	said, ok := errors.AsType[mssql.Error](err)
	if !ok {
		return fmt.Errorf("log in: %w", err)
	}
	numbers := map[int32]bool{said.Number: true}
	for _, e := range said.All {
		numbers[e.Number] = true
	}
	why := fmt.Sprintf("error %d: %q", said.Number, strings.TrimPrefix(said.Message, "login error: "))
	switch { // an unknown database is told together with the failed login
	case numbers[messageCannotOpen], numbers[messageNoDefault], numbers[messageNoPermission]:
		return fmt.Errorf("%w: %s", engine.ErrNoDatabase, why)
	case numbers[messageLoginFailed], numbers[messageLoginLocked], numbers[messageLoginOff], numbers[messageMustChange], numbers[messageExpired]:
		return fmt.Errorf("%w: %s", engine.ErrLoginRefused, why)
	}
	return fmt.Errorf("log in: server answers with %s", why)
}
