// Package jsonrpc is the AWS JSON 1.1 protocol: which action a request names,
// its members with their types, and how replies and errors look. It knows no
// resource and checks no signature.
//
//	POST / HTTP/1.1
//	Content-Type: application/x-amz-json-1.1
//	X-Amz-Target: <service version>.<Action>
//
//	{"Name": "a", "Count": 3, "At": 1543259542.506, "Blob": "ofhONg=="}
//
// https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
package jsonrpc

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"
)

// ContentType is that of requests and replies.
const ContentType = "application/x-amz-json-1.1"

// Bounds of a request.
const (
	MaxBytes = 1 << 20
	maxDepth = 16     // objects and lists in each other
	maxNodes = 20_000 // members and elements in all
)

// TargetHeader names the action.
const TargetHeader = "X-Amz-Target"

// Is reports whether a request means to speak this protocol, by its headers.
func Is(r *http.Request) bool {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return r.Header.Get(TargetHeader) != "" || kind == ContentType
}

// Action reads the X-Amz-Target of a service whose targets begin with prefix
// and a dot.
func Action(r *http.Request, prefix string) (string, error) {
	target := r.Header.Get(TargetHeader)
	service, action, ok := strings.Cut(target, ".")
	switch {
	case r.Method != http.MethodPost:
		return "", &Error{Kind: UnknownOperation, Message: "Requests of this API are made with POST, not " + quote(r.Method)}
	case target == "":
		return "", &Error{Kind: UnknownOperation, Message: "The request has no X-Amz-Target header, which names the action: " + prefix + ".ACTION"}
	case !ok || service != prefix || action == "":
		return "", &Error{Kind: UnknownOperation, Message: "The X-Amz-Target " + quote(target) + " is not of this API; it is " + prefix + ".ACTION"}
	}
	return action, nil
}

// Parse reads a body: one JSON object, or nothing. Members given twice are
// refused, since readers differ in which one counts.
func Parse(body []byte) (*Object, error) {
	if len(body) > MaxBytes {
		return nil, malformed("the request is longer than 1 MiB")
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return newObject("", nil), nil
	}
	if !utf8.Valid(body) {
		return nil, malformed("the request is not UTF-8; binary values are sent as base64")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	p := parser{d: d}
	v, err := p.value(0)
	if err != nil {
		return nil, err
	}
	members, ok := v.(map[string]any)
	if !ok {
		return nil, malformed("the request is not a JSON object")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, malformed("the request goes on after its JSON object ends")
	}
	return newObject("", members), nil
}

// parser reads values by token: encoding/json alone takes the last of two
// members of one name.
type parser struct {
	d     *json.Decoder
	nodes int
}

func (p *parser) value(depth int) (any, error) {
	if p.nodes++; p.nodes > maxNodes || depth > maxDepth {
		return nil, malformed("the request has too many members, or too many in each other")
	}
	t, err := p.d.Token()
	if err != nil {
		return nil, malformed("the request is not valid JSON")
	}
	switch t {
	case json.Delim('{'):
		return p.object(depth)
	case json.Delim('['):
		return p.list(depth)
	}
	return t, nil
}

func (p *parser) object(depth int) (any, error) {
	m := map[string]any{}
	for p.d.More() {
		t, err := p.d.Token()
		name, ok := t.(string)
		if err != nil || !ok {
			return nil, malformed("the request is not valid JSON")
		}
		if _, twice := m[name]; twice {
			return nil, malformed("the member " + quote(name) + " is given twice")
		}
		if m[name], err = p.value(depth + 1); err != nil {
			return nil, err
		}
	}
	return m, p.end()
}

func (p *parser) list(depth int) (any, error) {
	l := []any{}
	for p.d.More() {
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		l = append(l, v)
	}
	return l, p.end()
}

func (p *parser) end() error {
	if _, err := p.d.Token(); err != nil {
		return malformed("the request is not valid JSON")
	}
	return nil
}
