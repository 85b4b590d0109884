package engine_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
)

// account dials pipes; server gets the other end of each.
func account(server func(net.Conn)) engine.Account {
	return engine.Account{
		User: "admin", Password: "correct horse", Host: "db.example", Port: 1,
		Dial: func(context.Context) (net.Conn, error) {
			ours, theirs := net.Pipe()
			go func() { defer theirs.Close(); server(theirs) }()
			return ours, nil
		},
	}
}

func silent(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

// dialAndRead is a driver that wants one byte.
func dialAndRead(ctx context.Context, t *engine.Attempt) (engine.Logged, error) {
	c, err := t.Dial(ctx)
	if err != nil {
		return engine.Logged{}, errors.New("driver: no connection")
	}
	_, err = c.Read(make([]byte, 1))
	return engine.Logged{Version: "1"}, err
}

func TestWhatADriverMayDo(t *testing.T) {
	t.Parallel()
	mine := errors.New("mine")
	for name, test := range map[string]struct {
		server func(net.Conn)
		most   int
		login  func(context.Context, *engine.Attempt) (engine.Logged, error)
		want   error
		says   string
	}{
		"log in": {server: func(c net.Conn) { _, _ = c.Write([]byte{0}) }, most: 1, login: dialAndRead},
		"fail":   {server: silent, most: 1, login: func(context.Context, *engine.Attempt) (engine.Logged, error) { return engine.Logged{}, mine }, want: mine, says: "mine"},
		"panic": {server: silent, most: 1, login: func(context.Context, *engine.Attempt) (engine.Logged, error) {
			return engine.Logged{}, errors.New(string([]byte("short")[:cap(make([]byte, 0, 1))+40]))
		}, says: "cannot read what the server sends"},
		"dial once too often": {server: silent, most: 2, login: func(ctx context.Context, t *engine.Attempt) (engine.Logged, error) {
			for range 3 {
				_, _ = t.Dial(ctx)
			}
			return engine.Logged{}, mine
		}, says: "another address"},
		"repeat the password": {server: silent, most: 1, login: func(context.Context, *engine.Attempt) (engine.Logged, error) {
			return engine.Logged{}, errors.Join(engine.ErrNoDatabase, errors.New("not correct horse"))
		}, want: engine.ErrNoDatabase, says: "left out"},
		"meet a TLS server in plain": {server: func(c net.Conn) { _, _ = c.Write([]byte{0x15, 3, 1, 0, 2, 2, 70}) }, most: 1,
			login: func(ctx context.Context, t *engine.Attempt) (engine.Logged, error) {
				_, _ = dialAndRead(ctx, t)
				return engine.Logged{}, mine
			}, want: engine.ErrTLSRequired, says: "TLS records"},
		"meet a server that hangs up": {server: func(net.Conn) {}, most: 1, login: dialAndRead, says: "TLS only"},
		"meet a server without an end": {server: func(c net.Conn) {
			for b := make([]byte, 1<<16); ; {
				if _, err := c.Write(b); err != nil {
					return
				}
			}
		}, most: 1, login: func(ctx context.Context, t *engine.Attempt) (engine.Logged, error) {
			c, err := t.Dial(ctx)
			if err == nil {
				_, err = io.Copy(io.Discard, c)
			}
			return engine.Logged{}, err
		}, says: "more than 4194304 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := account(test.server).Try(t.Context(), test.most, test.login)
			if test.says == "" && (err != nil || got.Version != "1") {
				t.Fatalf("%+v, %v", got, err)
			}
			if test.says != "" && (err == nil || !strings.Contains(err.Error(), test.says) || got != engine.Logged{}) {
				t.Errorf("%+v, %v", got, err)
			}
			if test.want != nil && !errors.Is(err, test.want) || err != nil && strings.Contains(err.Error(), "correct horse") {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestAnAttemptEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		begun := time.Now()
		_, err := account(silent).Try(ctx, 1, dialAndRead)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) != time.Hour {
			t.Errorf("after %v: %v", time.Since(begun), err)
		}
		// The bubble ends only when no goroutine of the attempt is left.
	})
}

func TestTheVerdictOfTLSOutlivesTheDriversWords(t *testing.T) {
	t.Parallel()
	mine := errors.New("not to be trusted")
	a := account(silent)
	a.TLS = &tls.Config{ServerName: "db.example", VerifyConnection: func(tls.ConnectionState) error { return mine }}
	_, err := a.Try(t.Context(), 1, func(ctx context.Context, t *engine.Attempt) (engine.Logged, error) {
		config := t.Config()
		if config == a.TLS {
			return engine.Logged{}, errors.New("the driver got the caller's own configuration")
		}
		if err := config.VerifyConnection(tls.ConnectionState{}); err == nil || ctx.Err() == nil {
			return engine.Logged{}, errors.New("the attempt goes on")
		}
		return engine.Logged{}, errors.New("driver: EOF")
	})
	if !errors.Is(err, mine) {
		t.Errorf("%v", err)
	}
	if a.TLS = nil; !plainConfigIsNil(t, a) {
		t.Error("a plain account has a TLS configuration")
	}
}

func plainConfigIsNil(t *testing.T, a engine.Account) (is bool) {
	t.Helper()
	_, _ = a.Try(t.Context(), 1, func(_ context.Context, t *engine.Attempt) (engine.Logged, error) {
		is = t.Config() == nil
		return engine.Logged{}, nil
	})
	return is
}
