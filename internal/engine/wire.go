package engine

import (
	"context"
	"net"
	"time"
)

// Bound makes blocked reads and writes on c fail as soon as ctx ends, its
// deadline included. release undoes that: c has no deadline afterwards, and
// the error it returns is ctx's when ctx is what ended the exchange.
func Bound(ctx context.Context, c net.Conn) (release func() error) {
	done := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(done)
		_ = c.SetDeadline(time.Unix(1, 0)) // long past: fails what blocks now
	})
	return func() error {
		if stop() {
			return nil
		}
		<-done // else the line below could come before the deadline it undoes
		_ = c.SetDeadline(time.Time{})
		return ctx.Err()
	}
}
