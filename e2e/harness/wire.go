package harness

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
)

// AskPostgres takes a fresh connection to where TLS is due, by an SSLRequest
// (PostgreSQL manual, 55.2.10). It is the tests' own, not dbtls's.
func AskPostgres(c net.Conn) error {
	if _, err := c.Write([]byte{0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f}); err != nil {
		return err
	}
	answer := make([]byte, 1)
	if _, err := io.ReadFull(c, answer); err != nil {
		return err
	}
	if answer[0] != 'S' {
		return fmt.Errorf("the server answers %q to an SSLRequest", answer)
	}
	return nil
}

// AskMySQL is AskPostgres for MySQL's protocol: it reads the greeting and asks
// for TLS in a packet of 32 bytes (https://mariadb.com/kb/en/connection/,
// SSLRequest packet).
func AskMySQL(c net.Conn) error {
	head := make([]byte, 4)
	if _, err := io.ReadFull(c, head); err != nil {
		return err
	}
	greeting := make([]byte, int(head[0])|int(head[1])<<8|int(head[2])<<16)
	if _, err := io.ReadFull(c, greeting); err != nil {
		return err
	}
	if len(greeting) == 0 || greeting[0] != 10 {
		return fmt.Errorf("the server greets with %q", greeting)
	}
	p := make([]byte, 36)
	p[0], p[3] = 32, head[3]+1
	binary.LittleEndian.PutUint32(p[4:], 1<<9|1<<11|1<<15) // PROTOCOL_41, SSL, SECURE_CONNECTION
	binary.LittleEndian.PutUint32(p[8:], 1<<24)
	p[12] = 45
	_, err := c.Write(p)
	return err
}
