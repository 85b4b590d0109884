package query

import (
	"slices"
	"strconv"
	"time"
)

// Namespace is the XML namespace of the RDS API.
const Namespace = "http://rds.amazonaws.com/doc/2014-10-31/"

// ContentType is that of every reply.
const ContentType = "text/xml"

// XML writes one reply by appending. Element names must be valid XML names
// (they are constants of the caller); texts may be anything.
type XML struct {
	buf       []byte
	action    string
	requestID string
	done      bool
}

// NewResponse starts the reply to an action that has output.
func NewResponse(action, requestID string) *XML {
	x := &XML{buf: make([]byte, 0, 4<<10), action: action, requestID: requestID}
	x.openResponse()
	x.buf = appendTag(x.buf, "<", action, "Result>")
	return x
}

// Finish closes the reply and returns it; later calls return the same bytes.
func (x *XML) Finish() []byte {
	if !x.done {
		x.done = true
		x.buf = appendTag(x.buf, "</", x.action, "Result>")
		x.closeResponse()
	}
	return x.buf
}

// EmptyResponse is the whole reply to an action without output.
func EmptyResponse(action, requestID string) []byte {
	x := &XML{action: action, requestID: requestID}
	x.openResponse()
	x.closeResponse()
	return x.buf
}

// ErrorResponse is the whole body of an error. sender says whose fault it is:
// the caller's (statuses 4xx) or the server's.
func ErrorResponse(code, message, requestID string, sender bool) []byte {
	x := &XML{}
	x.buf = append(x.buf, `<ErrorResponse xmlns="`+Namespace+`">`...)
	x.Open("Error")
	if sender {
		x.Text("Type", "Sender")
	} else {
		x.Text("Type", "Receiver")
	}
	x.Text("Code", code)
	x.Text("Message", message)
	x.Close("Error")
	x.Text("RequestId", requestID)
	x.Close("ErrorResponse")
	return x.buf
}

func (x *XML) openResponse() {
	x.buf = appendTag(x.buf, "<", x.action, `Response xmlns="`+Namespace+`">`)
}

func (x *XML) closeResponse() {
	x.Open("ResponseMetadata")
	x.Text("RequestId", x.requestID)
	x.Close("ResponseMetadata")
	x.buf = appendTag(x.buf, "</", x.action, "Response>")
}

func appendTag(dst []byte, a, b, c string) []byte {
	return append(append(append(dst, a...), b...), c...)
}

// Open starts an element; Close ends it.
func (x *XML) Open(name string) { x.buf = appendTag(x.buf, "<", name, ">") }

// Close ends the element that Open started.
func (x *XML) Close(name string) { x.buf = appendTag(x.buf, "</", name, ">") }

// Text writes an element with text, an empty one for "".
func (x *XML) Text(name, value string) {
	x.Open(name)
	x.buf = AppendText(x.buf, value)
	x.Close(name)
}

// OptText is Text, and nothing at all for "": clients then have no such key.
func (x *XML) OptText(name, value string) {
	if value != "" {
		x.Text(name, value)
	}
}

// Bool writes true or false.
func (x *XML) Bool(name string, v bool) {
	x.Open(name)
	x.buf = strconv.AppendBool(x.buf, v)
	x.Close(name)
}

// Int writes a decimal number.
func (x *XML) Int(name string, v int) {
	x.Open(name)
	x.buf = strconv.AppendInt(x.buf, int64(v), 10)
	x.Close(name)
}

// Time writes ISO 8601 in UTC: 2061-05-24T22:59:00Z, with three digits of
// fraction when there are milliseconds. Anything finer is cut off.
func (x *XML) Time(name string, t time.Time) {
	layout := "2006-01-02T15:04:05Z"
	t = t.UTC()
	if t.Nanosecond() >= int(time.Millisecond) {
		layout = "2006-01-02T15:04:05.000Z"
	}
	x.Open(name)
	x.buf = t.AppendFormat(x.buf, layout)
	x.Close(name)
}

// OptTime is Time, and nothing at all for the zero time.
func (x *XML) OptTime(name string, t time.Time) {
	if !t.IsZero() {
		x.Time(name, t)
	}
}

// List writes n elements in a wrapper; f writes the inside of the i-th. An
// empty list is an empty wrapper, which clients read as [].
func (x *XML) List(name, element string, n int, f func(i int)) {
	x.Open(name)
	for i := range n {
		start := len(x.buf)
		x.Open(element)
		f(i)
		x.Close(element)
		if i == 0 {
			// The others are about as long as the first: one growth for all.
			x.buf = slices.Grow(x.buf, (n-1)*(len(x.buf)-start)*17/16)
		}
	}
	x.Close(name)
}

// TextList is List for plain texts.
func (x *XML) TextList(name, element string, values []string) {
	x.Open(name)
	for _, v := range values {
		x.Text(element, v)
	}
	x.Close(name)
}
