package oracle

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
)

// packet is a packet of that type with that content.
func packet(kind byte, content string) []byte {
	b := binary.BigEndian.AppendUint16(nil, uint16(headerSize+len(content)))
	return append(append(b, 0, 0, kind, 0, 0, 0), content...)
}

// connectOf is a CONNECT with fields as given and the descriptor in place.
func connectOf(size, offset int, descriptor string) []byte {
	fields := make([]byte, 70-headerSize)
	binary.BigEndian.PutUint16(fields[atLength-headerSize:], uint16(size))
	binary.BigEndian.PutUint16(fields[atOffset-headerSize:], uint16(offset))
	return packet(typeConnect, string(fields)+descriptor)
}

func connectPacket(descriptor string) []byte { return connectOf(len(descriptor), 70, descriptor) }

// split is a CONNECT whose descriptor follows in packets of n bytes.
func split(descriptor string, n int) []byte {
	out := connectOf(len(descriptor), 70, "")
	for ; descriptor != ""; descriptor = descriptor[min(n, len(descriptor)):] {
		out = append(out, packet(typeData, "\x00\x00"+descriptor[:min(n, len(descriptor))])...)
	}
	return out
}

func TestADescriptorIsReadWhereverItIs(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("(ADDRESS=(HOST=a))", 400)
	for name, test := range map[string]struct {
		b    []byte
		want string
	}{
		"in the packet":            {connectPacket("(A=B)"), "(A=B)"},
		"in a packet that follows": {split("(A=B)", 100), "(A=B)"},
		"in many":                  {split(long, 1000), long},
		"none":                     {connectPacket(""), ""},
		"before other bytes":       {connectOf(5, 70, "(A=B)more"), "(A=B)"},
	} {
		if got, err := readConnect(bytes.NewReader(test.b)); err != nil || got != test.want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestWhatIsNoConnectRequestIsRefused(t *testing.T) {
	t.Parallel()
	for name, b := range map[string][]byte{
		"nothing":                          nil,
		"HTTP":                             []byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
		"a packet shorter than its header": {0, 4, 0, 0, 1, 0, 0, 0},
		"a packet that ends too early":     connectPacket("(A=B)")[:60],
		"another packet":                   packet(typeData, strings.Repeat("a", 100)),
		"a CONNECT without fields":         packet(typeConnect, "abc"),
		"a descriptor beyond the bound":    connectOf(maxDescriptor+1, 70, ""),
		"an offset beyond the packet":      connectOf(5, 500, "(A=B)"),
		"an offset into the fields":        connectOf(5, 10, "(A=B)"),
		"a descriptor that never comes":    connectOf(5, 70, ""),
		"empty packets without an end":     append(connectOf(5, 70, ""), bytes.Repeat(packet(typeData, "\x00\x00"), 3)...),
		"another packet within":            append(connectOf(5, 70, ""), packet(typeConnect, "(A=B)(A=B)")...),
	} {
		if got, err := readConnect(bytes.NewReader(b)); err == nil {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func FuzzReadConnect(f *testing.F) {
	f.Add(connectPacket("(DESCRIPTION=(CONNECT_DATA=(SERVICE_NAME=ORCL)))"))
	f.Add(split("(CONNECT_DATA=(COMMAND=ping))", 7))
	f.Fuzz(func(t *testing.T, b []byte) {
		descriptor, err := readConnect(bytes.NewReader(b))
		if err != nil {
			return
		}
		if len(descriptor) > maxDescriptor {
			t.Fatalf("a descriptor of %d bytes", len(descriptor))
		}
		kind, out, err := readPacket(bytes.NewReader(refusal(descriptor, version)))
		if err != nil || kind != typeRefuse || int(binary.BigEndian.Uint16(out[10:])) != len(out)-12 {
			t.Fatalf("%q is answered with %q, %v", descriptor, out, err)
		}
	})
}
