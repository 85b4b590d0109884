package mongodb

import (
	"bytes"
	"encoding/binary"
	"reflect"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// message is a whole message of an operation with that body.
func message(op uint32, body string) []byte {
	var out []byte
	for _, field := range []uint32{uint32(headerSize + len(body)), 7, 0, op} {
		out = binary.LittleEndian.AppendUint32(out, field)
	}
	return append(out, body...)
}

func document(t testing.TB, d bson.D) string {
	t.Helper()
	b, err := bson.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

const counts = "\x00\x00\x00\x00\xff\xff\xff\xff" // skip, limit

func requests(t testing.TB) map[string][]byte {
	ping := document(t, bson.D{{Key: "ping", Value: 1}})
	wrapped := document(t, bson.D{{Key: "$query", Value: bson.D{{Key: "isMaster", Value: 1}}}})
	sequence := "\x01\x0e\x00\x00\x00docs\x00" + document(t, bson.D{})
	return map[string][]byte{
		"ping":     message(opMsg, "\x00\x00\x00\x00\x00"+ping),
		"checksum": message(opMsg, "\x01\x00\x00\x00\x00"+ping+"\x01\x02\x03\x04"),
		"more":     message(opMsg, "\x02\x00\x00\x00\x00"+ping),
		"sequence": message(opMsg, "\x00\x00\x00\x00"+sequence+"\x00"+ping),
		"query":    message(opQuery, "\x00\x00\x00\x00admin.$cmd\x00"+counts+ping),
		"wrapped":  message(opQuery, "\x00\x00\x00\x00admin.$cmd\x00"+counts+wrapped),
	}
}

func TestARequestIsReadInEveryFormThatClientsSend(t *testing.T) {
	t.Parallel()
	want := map[string]request{
		"ping": {id: 7, name: "ping"}, "checksum": {id: 7, name: "ping"}, "more": {id: 7, name: "ping", noAnswer: true},
		"sequence": {id: 7, name: "ping"}, "query": {id: 7, name: "ping", legacy: true}, "wrapped": {id: 7, name: "isMaster", legacy: true},
	}
	for name, b := range requests(t) {
		got, err := readRequest(bytes.NewReader(b))
		if first, _ := got.command.IndexErr(0); err != nil || first.Key() != want[name].name {
			t.Errorf("%s: command %v, %v", name, got.command, err)
		}
		got.command = nil
		if !reflect.DeepEqual(got, want[name]) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestWhatIsNoRequestIsRefused(t *testing.T) {
	t.Parallel()
	ping := document(t, bson.D{{Key: "ping", Value: 1}})
	for name, b := range map[string][]byte{
		"a claim of a gigabyte":          {0, 0, 0, 0x40, 7, 0, 0, 0, 0, 0, 0, 0, 0xdd, 7, 0, 0},
		"a negative length":              {0, 0, 0, 0xff, 7, 0, 0, 0, 0, 0, 0, 0, 0xdd, 7, 0, 0},
		"HTTP":                           []byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
		"an unknown operation":           message(2012, ping),
		"OP_MSG without flags":           message(opMsg, ""),
		"OP_MSG without a command":       message(opMsg, "\x00\x00\x00\x00"),
		"an unknown required flag":       message(opMsg, "\x04\x00\x00\x00\x00"+ping),
		"an unknown section":             message(opMsg, "\x00\x00\x00\x00\x02"+ping),
		"an empty document":              message(opMsg, "\x00\x00\x00\x00\x00"+document(t, bson.D{})),
		"a document longer than it is":   message(opMsg, "\x00\x00\x00\x00\x00\xff\x00\x00\x00"),
		"OP_QUERY without a collection":  message(opQuery, "\x00\x00"),
		"OP_QUERY of a collection":       message(opQuery, "\x00\x00\x00\x00shop.orders\x00"+counts+ping),
		"OP_QUERY without its document":  message(opQuery, "\x00\x00\x00\x00admin.$cmd\x00"+counts),
		"a message that ends too early":  message(opMsg, "\x00\x00\x00\x00\x00"+ping)[:20],
		"OP_QUERY wrapping no command":   message(opQuery, "\x00\x00\x00\x00admin.$cmd\x00"+counts+document(t, bson.D{{Key: "$query", Value: bson.D{}}})),
		"a checksum in place of content": message(opMsg, "\x01\x00\x00\x00\x00\x00\x00\x00"),
	} {
		if q, err := readRequest(bytes.NewReader(b)); err == nil {
			t.Errorf("%s: %+v", name, q)
		}
	}
}

func TestAnswersOfEachFormAreReadAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	for _, legacy := range []bool{false, true} {
		out, err := request{id: 7, legacy: legacy}.answer(reply("isMaster", "8.0.4"))
		if err != nil {
			t.Fatal(err)
		}
		head, at := int32(len(out)), headerSize+5
		if legacy {
			at = headerSize + 20
		}
		if int32(binary.LittleEndian.Uint32(out)) != head || binary.LittleEndian.Uint32(out[8:]) != 7 {
			t.Errorf("legacy %t: header %x", legacy, out[:headerSize])
		}
		var doc struct {
			IsMaster       bool
			Msg            string
			MaxWireVersion int
		}
		if err := bson.Unmarshal(out[at:], &doc); err != nil || !doc.IsMaster || doc.MaxWireVersion != 25 || !strings.Contains(doc.Msg, "simulated") {
			t.Errorf("legacy %t: %+v, %v", legacy, doc, err)
		}
	}
}

func FuzzReadRequest(f *testing.F) {
	for _, b := range requests(f) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		q, err := readRequest(bytes.NewReader(b))
		if err != nil {
			return
		}
		out, err := q.answer(reply(q.name, "7.0.16"))
		if err != nil {
			t.Fatalf("%+v cannot be answered: %v", q, err)
		}
		if n := binary.LittleEndian.Uint32(out); int(n) != len(out) {
			t.Fatalf("%+v is answered with %d bytes that claim to be %d", q, len(out), n)
		}
	})
}
