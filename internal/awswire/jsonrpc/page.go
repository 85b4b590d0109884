package jsonrpc

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
	"sort"
	"strings"
)

// Page is one call's part of a listing. Marker is the decoded key after which
// the page starts, "" for the first page.
type Page struct {
	MaxRecords int
	Marker     string
}

// PageRule is what an action takes as MaxRecords.
type PageRule struct{ Least, Most, Default int }

// ParsePage reads MaxRecords and Marker.
func (o *Object) ParsePage(rule PageRule) (Page, error) {
	page := Page{MaxRecords: rule.Default}
	n, present, err := o.Int("MaxRecords")
	if err != nil {
		return page, err
	}
	if present {
		if n < rule.Least || n > rule.Most {
			return page, invalid(fmt.Sprintf("Invalid value %d for MaxRecords. Must be between %d and %d", n, rule.Least, rule.Most))
		}
		page.MaxRecords = n
	}
	marker, _, err := o.String("Marker")
	if err != nil || marker == "" {
		return page, err
	}
	page.Marker, err = decodeMarker(marker)
	return page, err
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
		return "", invalid("The Marker is not one that this API gave out.")
	}
	return string(raw[4:]), nil
}

// maxFilterValues bounds what one request can ask to be compared.
const maxFilterValues = 100

// Filters reads Filters, a list of Name and Values, by name. Names other than
// allowed are refused. Values of one filter are alternatives; filters add up.
func (o *Object) Filters(allowed ...string) (map[string][]string, error) {
	list, _, err := o.Objects("Filters")
	if err != nil {
		return nil, err
	}
	all := map[string][]string{}
	for _, f := range list {
		name, err := f.Required("Name")
		if err != nil {
			return nil, err
		}
		values, _, err := f.Strings("Values")
		if err != nil {
			return nil, err
		}
		_, twice := all[name]
		switch {
		case len(allowed) == 0:
			return nil, invalid("This action has no filters")
		case !slices.Contains(allowed, name):
			return nil, invalid("The filter " + quote(name) + " is not known here; there are: " + strings.Join(allowed, ", "))
		case twice:
			return nil, invalid("The filter " + name + " is given twice; give it once with all values")
		case len(values) == 0 || len(values) > maxFilterValues:
			return nil, invalid(fmt.Sprintf("The filter %s has %d values; it takes 1 to %d", name, len(values), maxFilterValues))
		}
		all[name] = values
	}
	return all, nil
}
