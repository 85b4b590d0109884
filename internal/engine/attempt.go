package engine

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
)

// Attempt is one login by somebody else's driver. It owns the connections that
// the driver gets, so that none is left behind, and keeps the reason why TLS
// failed, which drivers turn into text or into a timeout.
type Attempt struct {
	account Account
	most    int // connections that the driver may open
	ended   <-chan struct{}
	stop    context.CancelFunc

	mu    sync.Mutex
	lines []*line
	over  bool  // no connection is to be open any more
	cause error // the first failure of a connection or of TLS
}

// Try has login log in by a driver over at most that many connections of the
// Attempt, and closes them. A driver that panics over what a server sends fails
// like any other; it must do so on the goroutine that login runs on, and may
// leave one that it had started behind.
//
// login gets a context that ends as soon as the attempt cannot succeed.
func (a Account) Try(ctx context.Context, connections int, login func(context.Context, *Attempt) (Logged, error)) (Logged, error) {
	if a.User == "" {
		return Logged{}, errors.New("log in: user must be given")
	}
	own, stop := context.WithCancel(ctx)
	defer stop()
	t := &Attempt{account: a, most: connections, ended: own.Done(), stop: stop}
	defer t.close()
	defer context.AfterFunc(own, t.close)()
	logged, err := guarded(own, t, login)
	if err == nil {
		return logged, nil
	}
	return Logged{}, a.discreet(t.explain(ctx, err))
}

func guarded(ctx context.Context, t *Attempt, login func(context.Context, *Attempt) (Logged, error)) (_ Logged, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("log in: the driver cannot read what the server sends: %v", r)
		}
	}()
	return login(ctx, t)
}

// explain puts the reason before what the driver made of it.
func (t *Attempt) explain(ctx context.Context, err error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch hint := t.hint(); {
	case hint != nil:
		return hint
	case t.cause != nil:
		err = fmt.Errorf("log in: %w", t.cause)
	}
	if late := ctx.Err(); late != nil && !errors.Is(err, late) {
		return fmt.Errorf("%w: %w", late, err)
	}
	return err
}

// hint says of a plain login what a server did that has no plain sessions.
func (t *Attempt) hint() error {
	if t.account.TLS != nil {
		return nil
	}
	for _, l := range t.lines {
		switch l.answer() {
		case answerAlert:
			return fmt.Errorf("%w: it answers in TLS records", ErrTLSRequired)
		case answerEnd:
			return errors.New("log in: server ends the connection without a word, as those do that take TLS only")
		}
	}
	return nil
}

// discreet is err without its text when a server was so bold as to send the
// password back.
func (a Account) discreet(err error) error {
	if a.Password == "" || !strings.Contains(err.Error(), a.Password) {
		return err
	}
	told := errors.New("log in: the reason is left out because it repeats the password")
	for _, kind := range []error{
		ErrLoginRefused, ErrNoDatabase, ErrTLSRequired, ErrSimulated, ErrNoTLS, ErrNoDirect,
		context.Canceled, context.DeadlineExceeded,
	} {
		// Of some passwords ("TLS") even this text may hold a part.
		if errors.Is(err, kind) && !strings.Contains(kind.Error(), a.Password) {
			told = fmt.Errorf("%w: %w", told, kind)
		}
	}
	return told
}

// fail keeps the first reason and ends the attempt.
func (t *Attempt) fail(err error) error {
	t.mu.Lock()
	if t.cause == nil {
		t.cause = err
	}
	t.mu.Unlock()
	t.stop()
	return err
}

func (t *Attempt) close() {
	t.mu.Lock()
	t.over = true
	lines := slices.Clone(t.lines)
	t.mu.Unlock()
	for _, l := range lines {
		_ = l.Close() // it may be closed already
	}
}

var errOver = errors.New("connect: the attempt to log in is over")

// Dial opens a connection to the server, whatever address the driver has in
// mind. It fails once the driver has had as many as it may have: then a server
// has sent it elsewhere, or it tries again with less security.
func (t *Attempt) Dial(ctx context.Context) (net.Conn, error) {
	t.mu.Lock()
	spent := len(t.lines) >= t.most
	t.mu.Unlock()
	select {
	case <-t.ended: // some drivers connect once more, to say that they gave up
		return nil, errOver
	default:
	}
	if spent {
		return nil, t.fail(errors.New("server sends its clients to another address, or the driver tries again: dbtls does neither"))
	}
	c, err := t.account.Dial(ctx)
	if err != nil {
		return nil, t.fail(fmt.Errorf("connect: %w", err))
	}
	l := &line{Conn: c, left: maxLoginBytes}
	t.mu.Lock()
	t.lines = append(t.lines, l)
	over := t.over
	t.mu.Unlock()
	if over {
		_ = l.Close()
		return nil, errOver
	}
	return l, nil
}

// Config is the account's TLS configuration for a driver that does its own
// handshake, nil for plain. It is a copy: drivers write to theirs.
func (t *Attempt) Config() *tls.Config {
	if t.account.TLS == nil {
		return nil
	}
	own := t.account.TLS.Clone()
	if verify := own.VerifyConnection; verify != nil {
		own.VerifyConnection = func(st tls.ConnectionState) error {
			if err := verify(st); err != nil {
				return t.fail(err)
			}
			return nil
		}
	}
	return own
}

// Secure is Dial and then TLS by w, for a driver that is to find TLS up. For a
// plain account it is Dial.
func (t *Attempt) Secure(ctx context.Context, w Wire) (net.Conn, error) {
	c, err := t.Dial(ctx)
	if err != nil || t.account.TLS == nil {
		return c, err
	}
	ready, greeting, err := w.StartTLS(ctx, c, t.account.Start)
	if err != nil {
		return nil, t.fail(err)
	}
	own := t.account.TLS.Clone()
	if len(greeting.Protocols) > 0 {
		own.NextProtos = greeting.Protocols
	}
	conn := tls.Client(ready, own)
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, t.fail(err)
	}
	return conn, nil
}
