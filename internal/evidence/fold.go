package evidence

import "net/netip"

// MostClients bounds the rows of one database. Clients choose the names they
// call themselves, and whoever reaches the port chooses a user to be refused
// as: without a bound, either could fill the disk.
const MostClients = 100_000

// Folded stands where names that differ were put together.
const Folded = "…"

// From so many rows of a database on, new ones are folded one step further.
const (
	foldApplications = MostClients * 8 / 10
	foldSources      = MostClients * 9 / 10
	foldAll          = MostClients * 99 / 100
)

// Fold is the row that a client is counted in when a database has so many rows
// already and none is its own: first applications are one, then sources of one
// network (/24 or /64), at last all but what the row says of TLS. Nothing is
// dropped: a plain login stays a plain login.
func (k Key) Fold(rows int) Key {
	if rows < foldApplications {
		return k
	}
	k.Application = Folded
	if rows >= foldSources {
		k.Source = network(k.Source)
	}
	if rows >= foldAll {
		k.User, k.Source, k.Name, k.Version, k.Cipher = Folded, Folded, Folded, "", ""
		if k.Why != "" {
			k.Why = Folded
		}
	}
	return k
}

// network is an address's /24 or /64; what is no address stays.
func network(source string) string {
	a, err := netip.ParseAddr(source)
	if err != nil {
		return source
	}
	bits := 64
	if a = a.Unmap().WithZone(""); a.Is4() {
		bits = 24
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return source
	}
	return p.String()
}
