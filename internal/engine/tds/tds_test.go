package tds_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/dbtls/dbtls/internal/engine/tds"
)

func TestMessagesSurviveTheWay(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ length, size, packets int }{
		"an empty message is one packet":      {0, 512, 1},
		"a payload that fits":                 {10, 512, 1},
		"a payload that fills one packet":     {504, 512, 1},
		"a byte more than one packet":         {505, 512, 2},
		"more packets than there are ids":     {504 * 300, 512, 300},
		"a flight longer than the usual size": {9000, tds.DefaultPacketSize, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			payload := bytes.Repeat([]byte("abcdefg"), c.length/7+1)[:c.length]
			var b bytes.Buffer
			if err := tds.WriteMessage(&b, 0x12, payload, c.size); err != nil {
				t.Fatal(err)
			}
			if want := c.length + c.packets*tds.HeaderSize; b.Len() != want {
				t.Errorf("%d bytes on the wire, want %d", b.Len(), want)
			}
			b.WriteString("next")
			m, err := tds.ReadMessage(&b, c.length)
			if err != nil || m.Type != 0x12 || !bytes.Equal(m.Payload, payload) || m.Status != tds.EndOfMessage {
				t.Errorf("read type 0x%x status %d, %d bytes, %v", m.Type, m.Status, len(m.Payload), err)
			}
			if b.String() != "next" {
				t.Errorf("%q is left, want what follows the message", b.String())
			}
		})
	}
}

func TestReadMessageRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		in   string
		want string
		is   error
	}{
		"nothing":                        {in: "", is: io.EOF},
		"half a header":                  {in: "\x04\x01\x00", is: io.ErrUnexpectedEOF},
		"half a payload":                 {in: "\x04\x01\x00\x0c\x00\x00\x01\x00ab", is: io.ErrUnexpectedEOF},
		"no payload":                     {in: "\x04\x01\x00\x0c\x00\x00\x01\x00", is: io.ErrUnexpectedEOF},
		"a length below the header's":    {in: "\x04\x01\x00\x07\x00\x00\x01\x00", want: "length of 7"},
		"more than the bound":            {in: "\x04\x01\x01\x00\x00\x00\x01\x00", is: tds.ErrTooLong},
		"more than the bound, in pieces": {in: strings.Repeat("\x04\x00\x00\x0c\x00\x00\x01\x00abcd", 3), is: tds.ErrTooLong},
		"an end within the message":      {in: "\x04\x00\x00\x09\x00\x00\x01\x00a", is: io.ErrUnexpectedEOF},
		"another type within":            {in: "\x04\x00\x00\x09\x00\x00\x01\x00a\x0f\x01\x00\x09\x00\x00\x01\x00a", want: "type 0x0f within"},
		"packets without payload":        {in: strings.Repeat("\x04\x00\x00\x08\x00\x00\x01\x00", 9), want: "empty"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := tds.ReadMessage(strings.NewReader(c.in), 10)
			if err == nil || !strings.Contains(err.Error(), c.want) || c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("ReadMessage = %v, want %q, %v", err, c.want, c.is)
			}
		})
	}
}

func TestWriteMessageRefusesAPacketSizeThatNobodyMayAskFor(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, tds.MinPacketSize - 1, tds.MaxPacketSize + 1} {
		if err := tds.WriteMessage(io.Discard, 4, nil, size); err == nil {
			t.Errorf("packet size %d is accepted", size)
		}
	}
}

func FuzzReadMessage(f *testing.F) {
	f.Add([]byte("\x12\x01\x00\x0c\x00\x00\x01\x00abcd"))
	f.Add([]byte("\x12\x00\x00\x09\x00\x00\x01\x00a\x12\x01\x00\x09\x00\x00\x02\x00b"))
	f.Add([]byte("\x12\x01\x00\x00\x00\x00\x01\x00"))
	const limit = 1 << 10
	f.Fuzz(func(t *testing.T, b []byte) {
		in := bytes.NewReader(b)
		m, err := tds.ReadMessage(in, limit)
		if err != nil {
			return
		}
		if len(m.Payload) > limit {
			t.Fatalf("%d bytes despite the bound", len(m.Payload))
		}
		var again bytes.Buffer
		if err := tds.WriteMessage(&again, m.Type, m.Payload, tds.MinPacketSize); err != nil {
			t.Fatal(err)
		}
		if n, err := tds.ReadMessage(&again, limit); err != nil || !bytes.Equal(n.Payload, m.Payload) {
			t.Errorf("written and read again: %d bytes, %v; want %d", len(n.Payload), err, len(m.Payload))
		}
	})
}
