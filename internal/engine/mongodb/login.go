package mongodb

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/dbtls/dbtls/internal/engine"
)

const (
	// connections: one to watch the server, one to measure its answers, one to
	// log in on.
	connections = 3
	// authSource is the database that users are kept in, unless somebody has
	// made them in another one.
	authSource = "admin"
	// watchEvery keeps the driver from asking again during a login.
	watchEvery = time.Hour
	// selectWait bounds the driver's wait for the server where ctx has no end.
	selectWait = 30 * time.Second
)

// signIn logs in and asks for the version.
func signIn(ctx context.Context, a engine.Account) (engine.Logged, error) {
	return signInFor(ctx, a, func(ctx context.Context, c *mongo.Client) (engine.Logged, error) {
		var info struct{ Version string }
		err := c.Database(authSource).RunCommand(ctx, bson.D{{Key: "buildInfo", Value: 1}}).Decode(&info)
		return engine.Logged{Version: info.Version}, err
	})
}

// signInFor logs in by SCRAM, in which the password does not go over the wire,
// with the first command of ask. TLS is up before the driver sees a connection.
// MongoDB makes a database when something is written to it, so that no name of
// one is wrong.
func signInFor(ctx context.Context, a engine.Account, ask func(context.Context, *mongo.Client) (engine.Logged, error)) (engine.Logged, error) {
	return a.Try(ctx, connections, func(ctx context.Context, t *engine.Attempt) (_ engine.Logged, err error) {
		client, err := mongo.Connect(clientOptions(a, t))
		if err != nil {
			return engine.Logged{}, fmt.Errorf("prepare login: %w", err)
		}
		defer func() {
			// The driver waits here for its own goroutines.
			late, cancel := context.WithTimeout(context.WithoutCancel(ctx), selectWait)
			defer cancel()
			if left := client.Disconnect(late); err == nil && left != nil {
				err = fmt.Errorf("end login: %w", left)
			}
		}()
		logged, err := ask(ctx, client)
		if err != nil {
			return engine.Logged{}, refused(err)
		}
		return logged, nil
	})
}

func clientOptions(a engine.Account, t *engine.Attempt) *options.ClientOptions {
	return options.Client().
		SetHosts([]string{net.JoinHostPort(a.Host, strconv.Itoa(a.Port))}).
		SetDirect(true). // no other member of a replica set
		SetDialer(dialer{t}).
		SetAuth(options.Credential{Username: a.User, Password: a.Password, PasswordSet: true, AuthSource: authSource}).
		SetAppName("dbtls").
		SetMaxPoolSize(1).
		SetRetryReads(false).
		SetServerMonitoringMode("poll").
		SetHeartbeatInterval(watchEvery).
		SetServerSelectionTimeout(selectWait)
}

// dialer hands the attempt's connections out, in TLS where that was asked for.
type dialer struct{ attempt *engine.Attempt }

func (d dialer) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	return d.attempt.Secure(ctx, wire{})
}

// refused sorts what a server says to a login.
func refused(err error) error {
	said, ok := errors.AsType[mongo.CommandError](err)
	if !ok {
		// An authentication that failed has no type outside the driver.
		text := err.Error()
		switch {
		case strings.Contains(text, simulated):
			return fmt.Errorf("%w: %q", engine.ErrSimulated, text)
		case strings.Contains(text, "(AuthenticationFailed)"), strings.Contains(text, "unable to authenticate"):
			return fmt.Errorf("%w: %q", engine.ErrLoginRefused, text)
		}
		return fmt.Errorf("log in: %w", err)
	}
	why := fmt.Sprintf("error %d: %q", said.Code, said.Message)
	switch {
	case strings.Contains(said.Message, simulated):
		return fmt.Errorf("%w: %s", engine.ErrSimulated, why)
	case said.Code == authenticationFailed || said.Code == unauthorized:
		return fmt.Errorf("%w: %s", engine.ErrLoginRefused, why)
	}
	return fmt.Errorf("log in: server answers with %s", why)
}
