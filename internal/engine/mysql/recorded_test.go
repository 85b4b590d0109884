package mysql

import (
	"context"
	"encoding/hex"
	"net"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
)

// recorded are the first packets of real servers, byte for byte: salts and
// thread ids are theirs of that moment.
func recorded() map[string]string {
	return map[string]string{
		"10.11.19-MariaDB-0+deb12u1": "640000000a352e352e352d31302e31312e31392d4d6172696144422d302b6465623132753100080000003c6a2576442f5d6800feff2d0200" +
			"ff81150000000000001d00000071224f485e7c765a41724026006d7973716c5f6e61746976655f70617373776f726400",
		"9.7.4-2": "4b0000000a392e372e342d32000d00000044360a030a5d7b1000ffffff0200ffdf15000000000000000000006c29524175565f6008343f65" +
			"0063616368696e675f736861325f70617373776f726400",
	}
}

// played sends b as a server would, hangs up after it when it is cut off, and
// returns what StartTLS makes of it and what it sends.
func played(t *testing.T, b []byte, cut bool) (g engine.Greeting, sent []byte, err error) {
	t.Helper()
	client, server := net.Pipe()
	t.Cleanup(func() { client.Close(); server.Close() })
	got := make(chan []byte, 1)
	go func() {
		_, _ = server.Write(b)
		if cut {
			server.Close()
		}
		answer := make([]byte, 64)
		n, _ := server.Read(answer)
		got <- answer[:n]
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	_, g, err = wire{}.StartTLS(ctx, client, engine.Start{})
	client.Close()
	return g, <-got, err
}

func TestTheGreetingsOfRealServersLeadToTLS(t *testing.T) {
	t.Parallel()
	for version, text := range recorded() {
		b, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		g, sent, err := played(t, b, false)
		if err != nil || g.Version != version || len(sent) != 36 || sent[3] != 1 {
			t.Errorf("%s: greeting %+v, %v; sent % x", version, g, err, sent)
		}
		for n := range len(b) {
			if _, sent, err := played(t, b[:n], true); err == nil || len(sent) > 0 {
				t.Errorf("%s cut off after %d bytes: %v; sent % x", version, n, err, sent)
			}
		}
	}
}
