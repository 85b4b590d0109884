package jsonrpc

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"time"
)

// Object is one object of a request. Reading a member marks it: what nobody
// has read is in Unread, so that a setting cannot be passed over in silence. A
// member that is null is absent.
type Object struct {
	path     string // "" for the request itself, else with the dot at its end
	members  map[string]any
	read     map[string]bool
	children []*Object
}

func newObject(path string, members map[string]any) *Object {
	return &Object{path: path, members: members, read: map[string]bool{}}
}

func (o *Object) member(name string) (any, bool) {
	v, ok := o.members[name]
	if ok {
		o.read[name] = true
	}
	return v, ok && v != nil
}

// String reads a text.
func (o *Object) String(name string) (value string, present bool, err error) {
	v, present := o.member(name)
	if !present {
		return "", false, nil
	}
	value, ok := v.(string)
	if !ok {
		return "", true, o.wrong(name, "a string")
	}
	return value, true, nil
}

// Required reads a text that must be there and not be blank.
func (o *Object) Required(name string) (string, error) {
	value, _, err := o.String(name)
	if err == nil && value == "" {
		err = &Error{Kind: Missing, Message: "The parameter " + o.path + name + " must be provided and must not be blank."}
	}
	return value, err
}

// Int reads a whole number.
func (o *Object) Int(name string) (value int, present bool, err error) {
	v, present := o.member(name)
	if !present {
		return 0, false, nil
	}
	n, ok := v.(json.Number)
	if !ok {
		return 0, true, o.wrong(name, "a number")
	}
	i, err := strconv.ParseInt(n.String(), 10, 32)
	if err != nil {
		return 0, true, o.wrong(name, "a whole number of 32 bits")
	}
	return int(i), true, nil
}

// Bool reads true or false.
func (o *Object) Bool(name string) (value, present bool, err error) {
	v, present := o.member(name)
	if !present {
		return false, false, nil
	}
	value, ok := v.(bool)
	if !ok {
		return false, true, o.wrong(name, "true or false")
	}
	return value, true, nil
}

// maxSeconds is the year 9999; further times do not fit clients.
const maxSeconds = 253_402_300_799

// Time reads a timestamp: seconds since 1970 as a number, with fractions.
func (o *Object) Time(name string) (value time.Time, present bool, err error) {
	v, present := o.member(name)
	if !present {
		return time.Time{}, false, nil
	}
	n, ok := v.(json.Number)
	if !ok {
		return time.Time{}, true, o.wrong(name, "a time in seconds since 1970")
	}
	f, err := n.Float64()
	if err != nil || math.Abs(f) > maxSeconds {
		return time.Time{}, true, o.wrong(name, "a time in seconds since 1970")
	}
	return time.UnixMilli(int64(math.Round(f * 1000))).UTC(), true, nil
}

// Blob reads binary data: base64 (RFC 4648 section 4).
func (o *Object) Blob(name string) (value []byte, present bool, err error) {
	text, present, err := o.String(name)
	if err != nil || !present {
		return nil, present, err
	}
	value, err = base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, true, o.wrong(name, "base64")
	}
	return value, true, nil
}

// Strings reads a list of texts.
func (o *Object) Strings(name string) (values []string, present bool, err error) {
	list, present, err := o.list(name)
	if err != nil || !present {
		return nil, present, err
	}
	values = make([]string, 0, len(list))
	for _, v := range list {
		text, ok := v.(string)
		if !ok {
			return nil, true, o.wrong(name, "a list of strings")
		}
		values = append(values, text)
	}
	return values, true, nil
}

// Objects reads a list of objects.
func (o *Object) Objects(name string) (values []*Object, present bool, err error) {
	list, present, err := o.list(name)
	if err != nil || !present {
		return nil, present, err
	}
	for i, v := range list {
		members, ok := v.(map[string]any)
		if !ok {
			return nil, true, o.wrong(name, "a list of objects")
		}
		child := newObject(o.path+name+"["+strconv.Itoa(i)+"].", members)
		o.children = append(o.children, child)
		values = append(values, child)
	}
	return values, true, nil
}

func (o *Object) list(name string) ([]any, bool, error) {
	v, present := o.member(name)
	if !present {
		return nil, false, nil
	}
	list, ok := v.([]any)
	if !ok {
		return nil, true, o.wrong(name, "a list")
	}
	return list, true, nil
}

// Unread lists the members nobody has read, sorted, those of objects that were
// read included: "Filters[0].Extra".
func (o *Object) Unread() []string {
	var all []string
	for name := range o.members {
		if !o.read[name] {
			all = append(all, o.path+printable(name))
		}
	}
	for _, c := range o.children {
		all = append(all, c.Unread()...)
	}
	slices.Sort(all)
	return all
}

// wrong says what a member should be. The value is not repeated: it may be a
// password.
func (o *Object) wrong(name, want string) error {
	return &Error{Kind: Malformed, Message: "The parameter " + o.path + name + " is not " + want}
}

// Peek is a text as it stands, without marking it as read; "" when there is
// none.
func (o *Object) Peek(name string) string {
	text, _ := o.members[name].(string)
	return text
}
