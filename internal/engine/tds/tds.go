package tds

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// HeaderSize is the length of a packet's header in bytes.
const HeaderSize = 8

// The packet sizes that peers may agree on, header included, in bytes
// ([MS-TDS] 2.2.6.4, PacketSize). DefaultPacketSize holds until they have.
const (
	MinPacketSize     = 512
	DefaultPacketSize = 4096
	MaxPacketSize     = 32767
)

// The bits of a packet's status byte that both dialects know.
const (
	EndOfMessage = 0x01 // the message's last packet
	Ignore       = 0x02 // with EndOfMessage: the sender takes the message back
)

// Packet is one packet as it came.
type Packet struct {
	Type    byte
	Status  byte
	Payload []byte
}

// Last reports whether p ends its message.
func (p Packet) Last() bool { return p.Status&EndOfMessage != 0 }

// Message is the payload of packets up to the one that ends the message.
type Message struct {
	Type    byte
	Status  byte // the bits of all its packets
	Payload []byte
}

// ErrTooLong is returned (wrapped) for input that exceeds the reader's bound.
var ErrTooLong = errors.New("too long")

// ReadPacket reads one packet whose payload has at most limit bytes, and not a
// byte beyond it. The error is io.EOF when r ends before the first byte.
func ReadPacket(r io.Reader, limit int) (Packet, error) {
	var h [HeaderSize]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		if errors.Is(err, io.EOF) {
			return Packet{}, io.EOF
		}
		return Packet{}, fmt.Errorf("read TDS packet header: %w", err)
	}
	n := int(binary.BigEndian.Uint16(h[2:])) - HeaderSize
	if n < 0 {
		return Packet{}, fmt.Errorf("read TDS packet: its length of %d is shorter than its header", n+HeaderSize)
	}
	if n > limit {
		return Packet{}, fmt.Errorf("read TDS packet: %d bytes, at most %d are accepted: %w", n, limit, ErrTooLong)
	}
	p := Packet{Type: h[0], Status: h[1], Payload: make([]byte, n)}
	if _, err := io.ReadFull(r, p.Payload); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return Packet{}, fmt.Errorf("read TDS packet: %w", err)
	}
	return p, nil
}

// ReadMessage reads one message of at most limit bytes of payload, and not a
// byte beyond it. The error is io.EOF when r ends before the first byte.
func ReadMessage(r io.Reader, limit int) (Message, error) {
	p, err := ReadPacket(r, limit)
	if err != nil {
		return Message{}, err
	}
	return Continue(r, p, limit)
}

// Continue reads the rest of the message that first begins, which has at most
// limit bytes of payload in all.
func Continue(r io.Reader, first Packet, limit int) (Message, error) {
	m := Message(first)
	for p := first; !p.Last(); {
		// Packets without payload would cost a reader time, and no bound ends them.
		if len(p.Payload) == 0 {
			return Message{}, errors.New("read TDS message: a packet within it is empty")
		}
		var err error
		if p, err = ReadPacket(r, limit-len(m.Payload)); err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return Message{}, fmt.Errorf("read TDS message: %w", err)
		}
		if p.Type != m.Type {
			return Message{}, fmt.Errorf("read TDS message: a packet of type 0x%02x within one of type 0x%02x", p.Type, m.Type)
		}
		m.Status |= p.Status
		m.Payload = append(m.Payload, p.Payload...)
	}
	return m, nil
}

// WriteMessage writes payload as one message in packets of at most packetSize
// bytes, header included, with a single Write.
func WriteMessage(w io.Writer, messageType byte, payload []byte, packetSize int) error {
	if packetSize < MinPacketSize || packetSize > MaxPacketSize {
		return fmt.Errorf("write TDS message: packet size %d is not in %d-%d", packetSize, MinPacketSize, MaxPacketSize)
	}
	room := packetSize - HeaderSize
	out := make([]byte, 0, len(payload)+HeaderSize*(len(payload)/room+1))
	for id := byte(1); ; id++ {
		n := min(len(payload), room)
		status := byte(0)
		if n == len(payload) {
			status = EndOfMessage
		}
		out = append(out, messageType, status)
		out = binary.BigEndian.AppendUint16(out, uint16(n+HeaderSize)) //nolint:gosec // at most packetSize
		out = append(out, 0, 0, id, 0)
		out = append(out, payload[:n]...)
		if payload = payload[n:]; len(payload) == 0 {
			break
		}
	}
	if _, err := w.Write(out); err != nil {
		return fmt.Errorf("write TDS message: %w", err)
	}
	return nil
}
