// Package query is the AWS Query protocol: form parameters in, XML out. It
// knows no action and no resource, and leaves authentication to others.
//
// Source: https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
package query

import (
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits of one request. The longest legitimate ones (20 parameters of a
// group, 50 tags) stay well below.
const (
	MaxBytes  = 1 << 20 // of the body and of the query string, each
	MaxParams = 2000
)

// Params is the decoded form of one request, or one element of a list in it.
// It remembers which parameters were read. Not safe for concurrent use.
type Params struct {
	form   *form
	prefix string // "" or "Filters.Filter.1."
}

type form struct {
	values map[string]string
	names  []string // ascending, to find a list's range
	read   map[string]bool
}

// Parse decodes the query string of a GET, or the form body of a POST with
// whatever its query string adds. A parameter given twice, a bad escape, text
// that is not UTF-8 and too much of anything are refused with an *Error.
func Parse(r *http.Request, body []byte) (Params, error) {
	f := &form{values: make(map[string]string), read: map[string]bool{"Action": true, "Version": true}}
	if err := f.add(r.URL.RawQuery); err != nil {
		return Params{}, err
	}
	switch {
	case r.Method == http.MethodPost:
		if err := checkType(r, body); err != nil {
			return Params{}, err
		}
		if err := f.add(string(body)); err != nil {
			return Params{}, err
		}
	case r.Method != http.MethodGet:
		return Params{}, malformed("", fmt.Sprintf("the method %q is not supported; use POST", r.Method))
	case len(body) > 0:
		return Params{}, malformed("", "a GET request must not have a body; use POST")
	}
	for name := range f.values {
		f.names = append(f.names, name)
	}
	slices.Sort(f.names)
	return Params{form: f}, nil
}

func checkType(r *http.Request, body []byte) error {
	if len(body) == 0 {
		return nil
	}
	kind, attrs, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset := attrs["charset"]
	if err != nil || kind != "application/x-www-form-urlencoded" || charset != "" && !strings.EqualFold(charset, "utf-8") {
		return malformed("", "the Content-Type must be application/x-www-form-urlencoded; charset=utf-8")
	}
	return nil
}

func (f *form) add(encoded string) error {
	if len(encoded) > MaxBytes {
		return malformed("", fmt.Sprintf("the request's parameters are longer than %d bytes", MaxBytes))
	}
	for encoded != "" {
		var pair string
		pair, encoded, _ = strings.Cut(encoded, "&")
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		if err != nil || name == "" || !utf8.ValidString(name) || strings.Contains(pair, ";") {
			return malformed("", "a parameter's name is empty, is not UTF-8 or has a bad percent-escape")
		}
		value, err = url.QueryUnescape(value)
		if err != nil || !utf8.ValidString(value) {
			return malformed(name, fmt.Sprintf("the value of parameter %q is not UTF-8 or has a bad percent-escape", name))
		}
		if _, dup := f.values[name]; dup {
			return malformed(name, fmt.Sprintf("the parameter %q is given more than once", name))
		}
		if len(f.values) == MaxParams {
			return malformed("", fmt.Sprintf("the request has more than %d parameters", MaxParams))
		}
		f.values[name] = value
	}
	return nil
}

// Action is the name of the operation, "" when the request has none.
func (p *Params) Action() string { return p.form.values["Action"] }

// Version is the API's version date, "" when the request has none.
func (p *Params) Version() string { return p.form.values["Version"] }

// Path is the full name of a parameter of this view, for messages.
func (p *Params) Path(name string) string { return p.prefix + name }

// String returns a parameter and whether it is present. A member of a nested
// structure is named with dots ("Config.Enable").
func (p *Params) String(name string) (string, bool) {
	full := p.prefix + name
	v, ok := p.form.values[full]
	if ok {
		p.form.read[full] = true
	}
	return v, ok
}

// Required is String for a parameter that must be there and not be empty.
func (p *Params) Required(name string) (string, error) {
	v, _ := p.String(name)
	if v == "" {
		return "", &Error{Kind: Missing, Param: p.prefix + name, Message: fmt.Sprintf("The request must contain the parameter %s", p.prefix+name)}
	}
	return v, nil
}

// Unread lists the parameters, by full name and ascending, that nothing has
// read so far: those the action does not know. Action and Version never count.
func (p *Params) Unread() []string {
	var out []string
	for _, name := range p.form.names {
		if strings.HasPrefix(name, p.prefix) && !p.form.read[name] {
			out = append(out, name)
		}
	}
	return out
}
