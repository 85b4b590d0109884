package wallet

import (
	"bytes"
	"encoding/binary"
)

// localKeyID is what Oracle keeps in a bag's attribute of that name, 24
// octets: it says what the bag is for and ties a key to its certificate.
type localKeyID struct {
	class byte   // one of the classes below; 0 for "not Oracle's"
	flags uint32 // trust flags of a trusted certificate (releases from 21)
	index uint32 // running number inside the class, from 0
	last  uint32 // 4, 1 or 0, by class
}

// The classes, and the last word of each.
const (
	classIdentity = 1 // key and user certificate; last word 1
	classRequest  = 2 // certificate request; last word 1
	classTrusted  = 3 // trusted certificate; last word 4
)

func localKeyPrefix() []byte { return []byte{0xe6, 0xb6, 0x52, 0xdd, 0, 0, 0, 4, 0, 0, 0, 0} }

func parseLocalKeyID(b []byte) localKeyID {
	if len(b) != 24 || !bytes.HasPrefix(b, localKeyPrefix()) {
		return localKeyID{}
	}
	class := binary.BigEndian.Uint32(b[12:])
	return localKeyID{
		class: byte(class), flags: class >> 8,
		index: binary.BigEndian.Uint32(b[16:]), last: binary.BigEndian.Uint32(b[20:]),
	}
}

func (k localKeyID) encode() []byte {
	b := localKeyPrefix()
	b = binary.BigEndian.AppendUint32(b, k.flags<<8|uint32(k.class))
	b = binary.BigEndian.AppendUint32(b, k.index)
	return binary.BigEndian.AppendUint32(b, k.last)
}

// next is the first free index of a class.
func (w *Wallet) next(classes ...byte) uint32 {
	n := uint32(0)
	for _, b := range w.bags {
		if bytes.IndexByte(classes, b.key.class) >= 0 && b.key.class != 0 && b.key.index < 1<<31 {
			n = max(n, b.key.index+1)
		}
	}
	return n
}
