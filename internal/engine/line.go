package engine

import (
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"
)

// maxLoginBytes bounds what a server may send in a login, in bytes. A login of
// any product has some thousand.
const maxLoginBytes = 4 << 20

// answer is the first thing that a server did on a connection.
type answer int

const (
	answerNone  answer = iota // it has not done anything
	answerData                // it sent something
	answerAlert               // it sent a TLS alert
	answerEnd                 // it ended the connection
)

// line is one connection of an attempt. It is read by one goroutine at a time.
type line struct {
	net.Conn
	left int // bytes that may still be read

	mu    sync.Mutex
	first answer
}

func (l *line) Read(b []byte) (int, error) {
	if l.left <= 0 {
		return 0, fmt.Errorf("server sends more than %d bytes in a login", maxLoginBytes)
	}
	n, err := l.Conn.Read(b[:min(len(b), l.left)])
	l.left -= n
	l.note(b[:n], err)
	return n, err
}

func (l *line) note(b []byte, err error) {
	const recordAlert = 0x15
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.first != answerNone:
	case len(b) > 0 && b[0] == recordAlert:
		l.first = answerAlert
	case len(b) > 0:
		l.first = answerData
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
		l.first = answerEnd
	}
}

func (l *line) answer() answer {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.first
}
