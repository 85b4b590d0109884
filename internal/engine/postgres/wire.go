package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/dbtls/dbtls/internal/engine"
)

// sslRequest is the message of 8 bytes with the code 80877103.
const sslRequest = "\x00\x00\x00\x08\x04\xd2\x16\x2f"

// directProtocol is what a client hello without SSLRequest must offer, since
// version 17 ("SSL Session Encryption" in the protocol's manual).
const directProtocol = "postgresql"

// maxErrorText bounds what is read of an error answer: its text is for a
// person, and the sender is not authenticated.
const maxErrorText = 4096

type wire struct{}

// Wire is the start of TLS in the protocol, for other products that speak it.
func Wire() engine.Wire { return wire{} }

// StartTLS sends SSLRequest and reads the one byte that answers it. Bytes
// after that byte belong to TLS: reading them here would let somebody on the
// path put plain text into the protected stream (CVE-2021-23222).
func (wire) StartTLS(ctx context.Context, c net.Conn, how engine.Start) (_ net.Conn, _ engine.Greeting, err error) {
	if how.Direct {
		return c, engine.Greeting{Protocols: []string{directProtocol}}, nil
	}
	release := engine.Bound(ctx, c)
	defer func() {
		if late := release(); late != nil {
			err = errors.Join(late, err)
		}
	}()
	if _, err := io.WriteString(c, sslRequest); err != nil {
		return nil, engine.Greeting{}, fmt.Errorf("send SSLRequest: %w", err)
	}
	var answer [1]byte
	if _, err := io.ReadFull(c, answer[:]); err != nil {
		return nil, engine.Greeting{}, fmt.Errorf("read answer to SSLRequest: %w", err)
	}
	switch answer[0] {
	case 'S':
		return c, engine.Greeting{}, nil
	case 'N':
		return nil, engine.Greeting{}, fmt.Errorf("answer to SSLRequest is N: %w", engine.ErrNoTLS)
	case 'E':
		text, _ := io.ReadAll(io.LimitReader(c, maxErrorText)) // what came before the end is what there is
		return nil, engine.Greeting{}, fmt.Errorf("server answers SSLRequest with an error: %s", errorText(text))
	}
	return nil, engine.Greeting{}, fmt.Errorf("server answers SSLRequest with byte 0x%02x: it does not speak the PostgreSQL protocol", answer[0])
}

// errorText returns the severity, SQLSTATE and message of an ErrorResponse
// whose type byte has been read, or the text as it is from servers older than
// the protocol's version 3, which send no length and no fields.
func errorText(b []byte) string {
	if len(b) < 5 || b[0] != 0 { // a length below 16 MB has a zero first
		text, _, _ := bytes.Cut(b, []byte{0})
		return fmt.Sprintf("%q", text)
	}
	fields := map[byte]string{}
	for part := range bytes.SplitSeq(b[4:], []byte{0}) {
		if len(part) > 1 {
			fields[part[0]] = string(part[1:])
		}
	}
	return fmt.Sprintf("%q (SQLSTATE %q)", fields['M'], fields['C'])
}
