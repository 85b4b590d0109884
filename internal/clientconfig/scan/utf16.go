package scan

import (
	"encoding/binary"
	"unicode/utf16"
)

// fromUTF16 decodes a text that begins with a byte order mark, as Windows
// writes scripts and settings.
func fromUTF16(data []byte) (string, bool) {
	if len(data) < 2 {
		return "", false
	}
	var order binary.ByteOrder
	switch {
	case data[0] == 0xff && data[1] == 0xfe:
		order = binary.LittleEndian
	case data[0] == 0xfe && data[1] == 0xff:
		order = binary.BigEndian
	default:
		return "", false
	}
	units := make([]uint16, 0, len(data)/2)
	for n := 2; n+1 < len(data); n += 2 {
		units = append(units, order.Uint16(data[n:]))
	}
	return string(utf16.Decode(units)), true
}
