package engine

import (
	"bytes"
	"crypto/tls"
	"testing"
)

func TestAnAlertInPlainIsFoundHoweverItsBytesCome(t *testing.T) {
	t.Parallel()
	hello := "\x16\x03\x01\x00\x03abc"
	alert := "\x15\x03\x03\x00\x02\x02\x30"
	for rule, c := range map[string]struct {
		bytes string
		want  bool
	}{
		"after a hello":                    {hello + "\x14\x03\x03\x00\x01\x01" + alert, true},
		"alone":                            {alert + hello, true},
		"in a record of another type":      {"\x17\x03\x03\x00\x07" + alert, false},
		"encrypted":                        {hello + "\x15\x03\x03\x00\x04" + "\x02\x30\x02\x30", false},
		"cut off":                          {hello + alert[:6], false},
		"empty records, then what follows": {"\x17\x03\x03\x00\x00" + alert, true},
	} {
		for size := 1; size <= len(c.bytes); size++ {
			w := &alertWatch{}
			for rest := []byte(c.bytes); len(rest) > 0; {
				n := min(size, len(rest))
				w.feed(rest[:n])
				rest = rest[n:]
			}
			if w.seen != c.want || w.seen && w.alert != tls.AlertError(48) {
				t.Errorf("%s, %d bytes at once: %t, %v", rule, size, w.seen, w.alert)
			}
		}
	}
}

// The watch finds the same however the bytes are cut.
func FuzzAlertWatch(f *testing.F) {
	f.Add([]byte("\x16\x03\x01\x00\x03abc\x15\x03\x03\x00\x02\x02\x30"), 3)
	f.Add([]byte("\x15\x03\x03\xff\xff"), 1)
	f.Fuzz(func(t *testing.T, b []byte, at int) {
		whole, parts := &alertWatch{}, &alertWatch{}
		whole.feed(bytes.Clone(b))
		at = min(max(at, 0), len(b))
		parts.feed(b[:at])
		parts.feed(b[at:])
		if whole.seen != parts.seen || whole.alert != parts.alert || whole.have != parts.have {
			t.Errorf("%+v, in parts %+v", whole, parts)
		}
	})
}
