package query

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"sort"
)

// Bounds and default of MaxRecords in every RDS describe action.
const (
	MinRecords     = 20
	MaxRecords     = 100
	DefaultRecords = MaxRecords
)

// Page is one call's part of a listing. Marker is the decoded key after which
// the page starts, "" for the first page.
type Page struct {
	MaxRecords int
	Marker     string
}

// ParsePage reads MaxRecords and Marker.
func ParsePage(p *Params) (Page, error) {
	page := Page{MaxRecords: DefaultRecords}
	n, present, err := p.Int("MaxRecords")
	if err != nil {
		return Page{}, err
	}
	if present {
		if n < MinRecords || n > MaxRecords {
			return Page{}, invalid("MaxRecords", fmt.Sprintf("Invalid value %d for MaxRecords. Must be between %d and %d", n, MinRecords, MaxRecords))
		}
		page.MaxRecords = n
	}
	if marker, _ := p.String("Marker"); marker != "" {
		if page.Marker, err = decodeMarker(marker); err != nil {
			return Page{}, err
		}
	}
	return page, nil
}

// Paginate cuts a page from items, which are in ascending order of key, keys
// being unique and not empty. marker is for the next call and "" on the last
// page. A key that has gone since the last call does not disturb it.
func Paginate[T any](items []T, page Page, key func(T) string) (part []T, marker string) {
	start := sort.Search(len(items), func(i int) bool { return key(items[i]) > page.Marker })
	items = items[start:]
	if len(items) <= page.MaxRecords {
		return items, ""
	}
	items = items[:page.MaxRecords]
	return items, EncodeMarker(key(items[len(items)-1]))
}

// EncodeMarker makes the opaque Marker of a key: base64url of its CRC-32 and
// the key. The sum catches damage and guesses; it is no secret and grants
// nothing, as a marker only says where to go on.
func EncodeMarker(key string) string {
	raw := binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(key)), crc32.ChecksumIEEE([]byte(key)))
	return base64.RawURLEncoding.EncodeToString(append(raw, key...))
}

func decodeMarker(s string) (string, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(raw) <= 4 || binary.BigEndian.Uint32(raw) != crc32.ChecksumIEEE(raw[4:]) {
		return "", invalid("Marker", "The marker parameter is invalid.")
	}
	return string(raw[4:]), nil
}
