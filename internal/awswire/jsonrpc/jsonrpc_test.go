package jsonrpc

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

func parse(t *testing.T, text string) *Object {
	t.Helper()
	o, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestABodyIsReadOrRefusedWithAReason(t *testing.T) {
	t.Parallel()
	for sentence, c := range map[string]struct{ body, refusal string }{
		"nothing is an empty request":          {"", ""},
		"white space is too":                   {" \n", ""},
		"an object":                            {`{"A":[{"B":null}],"C":1e3}`, ""},
		"a list is no request":                 {`[]`, "not a JSON object"},
		"a string is none":                     {`"x"`, "not a JSON object"},
		"text after the end":                   {`{} {}`, "goes on"},
		"cut short":                            {`{"A":`, "not valid JSON"},
		"a list cut short":                     {`{"A":[1,2`, "not valid JSON"},
		"an object cut short":                  {`{"A":{"B":1`, "not valid JSON"},
		"a member given twice":                 {`{"A":1,"A":2}`, `"A" is given twice`},
		"a member given twice further in":      {`{"A":{"B":1,"B":2}}`, `"B" is given twice`},
		"a member given twice, once escaped":   {`{"A":1,"\u0041":2}`, `"A" is given twice`},
		"bytes that are no text":               {"{\"A\":\"\xff\"}", "UTF-8"},
		"sixteen lists in each other":          {`{"A":` + strings.Repeat("[", 15) + strings.Repeat("]", 15) + `}`, ""},
		"more than sixteen":                    {`{"A":` + strings.Repeat("[", 17) + strings.Repeat("]", 17) + `}`, "in each other"},
		"many members":                         {`{"A":[` + strings.Repeat("1,", maxNodes) + `1]}`, "too many members"},
		"a body over the limit":                {strings.Repeat(" ", MaxBytes+1), "1 MiB"},
		"a hundred thousand nested, cut short": {strings.Repeat(`{"A":`, 100_000), "in each other"},
	} {
		o, err := Parse([]byte(c.body))
		if c.refusal == "" {
			if err != nil || o == nil {
				t.Errorf("%s: %v", sentence, err)
			}
			continue
		}
		q, ok := errors.AsType[*Error](err)
		if !ok || q.Kind != Malformed || !strings.Contains(q.Message, c.refusal) {
			t.Errorf("%s: %v", sentence, err)
		}
	}
}

func TestMembersHaveTheirTypesOrAreRefusedByNameWithoutTheirValue(t *testing.T) {
	t.Parallel()
	o := parse(t, `{"S":"text","N":3,"F":3.5,"Big":9999999999,"B":true,"T":1543259542.506,"W":"ofhONg==","L":["a","b"],"O":[{"X":"y","Z":1}],"Null":null,"Bad":"secret%"}`)
	s, ok, err := o.String("S")
	n, ok2, err2 := o.Int("N")
	b, ok3, err3 := o.Bool("B")
	w, ok4, err4 := o.Blob("W")
	l, ok5, err5 := o.Strings("L")
	at, ok6, err6 := o.Time("T")
	if s != "text" || n != 3 || !b || !bytes.Equal(w, []byte{0xa1, 0xf8, 0x4e, 0x36}) || !slices.Equal(l, []string{"a", "b"}) ||
		!at.Equal(time.UnixMilli(1543259542506)) || !(ok && ok2 && ok3 && ok4 && ok5 && ok6) || errors.Join(err, err2, err3, err4, err5, err6) != nil {
		t.Errorf("%q %d %v %x %q %v %v", s, n, b, w, l, at, errors.Join(err, err2, err3, err4, err5, err6))
	}
	if _, ok, err := o.String("Null"); ok || err != nil {
		t.Errorf("null counts as given: %v", err)
	}
	if _, ok, err := o.String("Absent"); ok || err != nil {
		t.Errorf("absent counts as given: %v", err)
	}
	for sentence, f := range map[string]func() error{
		"a number is no string":  func() error { _, _, err := o.String("N"); return err },
		"a string is no number":  func() error { _, _, err := o.Int("Bad"); return err },
		"a fraction is no int":   func() error { _, _, err := o.Int("F"); return err },
		"33 bits are too many":   func() error { _, _, err := o.Int("Big"); return err },
		"a string is no bool":    func() error { _, _, err := o.Bool("Bad"); return err },
		"a string is no time":    func() error { _, _, err := o.Time("Bad"); return err },
		"a percent is no base64": func() error { _, _, err := o.Blob("Bad"); return err },
		"a string is no list":    func() error { _, _, err := o.Strings("Bad"); return err },
		"objects are no strings": func() error { _, _, err := o.Strings("O"); return err },
		"strings are no objects": func() error { _, _, err := o.Objects("L"); return err },
	} {
		err := f()
		if err == nil || !strings.Contains(err.Error(), "The parameter ") || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", sentence, err)
		}
	}
	if _, err := o.Required("Null"); err == nil || err.Error() != "The parameter Null must be provided and must not be blank." {
		t.Errorf("%v", err)
	}
}

func TestWhatNobodyReadIsNamedWithItsPath(t *testing.T) {
	t.Parallel()
	o := parse(t, `{"A":1,"B":2,"O":[{"X":"y","Z":1},{"X":"y"}],"P\u0007":1}`)
	_, _, _ = o.Int("A")
	if p := o.Peek("B"); p != "" {
		t.Errorf("a number is peeked at as %q", p)
	}
	list, _, err := o.Objects("O")
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range list {
		if v, err := x.Required("X"); v != "y" || err != nil {
			t.Errorf("%q %v", v, err)
		}
	}
	if got := o.Unread(); !slices.Equal(got, []string{"B", "O[0].Z", "P?"}) {
		t.Errorf("unread is %q", got)
	}
}

func TestTheActionIsInTheTargetHeader(t *testing.T) {
	t.Parallel()
	for target, want := range map[string]string{
		"Svc_1.Do": "Do", "": "", "Svc_1.": "", "Other.Do": "", "Do": "", "Svc_1": "",
	} {
		r := httptest.NewRequest("POST", "/", nil)
		if target != "" {
			r.Header.Set(TargetHeader, target)
		}
		got, err := Action(r, "Svc_1")
		q, refused := errors.AsType[*Error](err)
		if got != want || refused != (want == "") || refused && q.Kind != UnknownOperation || Is(r) != (target != "") {
			t.Errorf("%q: %q, %v", target, got, err)
		}
	}
	get := httptest.NewRequest("GET", "/", nil)
	get.Header.Set(TargetHeader, "Svc_1.Do")
	if _, err := Action(get, "Svc_1"); err == nil {
		t.Error("GET is taken")
	}
	typed := httptest.NewRequest("POST", "/", nil)
	typed.Header.Set("Content-Type", ContentType+"; charset=utf-8")
	if !Is(typed) || Is(httptest.NewRequest("POST", "/", nil)) {
		t.Error("the protocol is not recognised by its content type")
	}
}

func TestPagesFollowEachOtherWhateverGoesMeanwhile(t *testing.T) {
	t.Parallel()
	rule := PageRule{Least: 2, Most: 3, Default: 2}
	items := []string{"a", "b", "c", "d", "e"}
	key := func(s string) string { return s }
	page, err := parse(t, `{}`).ParsePage(rule)
	if err != nil {
		t.Fatal(err)
	}
	first, marker := Paginate(items, page, key)
	page, err = parse(t, `{"MaxRecords":3,"Marker":"`+marker+`"}`).ParsePage(rule)
	if err != nil || page.Marker != "b" {
		t.Fatal(page, err)
	}
	second, end := Paginate(slices.Delete(slices.Clone(items), 1, 2), page, key)
	if !slices.Equal(first, items[:2]) || !slices.Equal(second, items[2:]) || end != "" {
		t.Errorf("%q %q %q", first, second, end)
	}
	for _, bad := range []string{`{"MaxRecords":1}`, `{"MaxRecords":4}`, `{"MaxRecords":"2"}`, `{"Marker":"AAAA"}`, `{"Marker":"` + marker[1:] + `"}`, `{"Marker":7}`} {
		if _, err := parse(t, bad).ParsePage(rule); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}

func TestFiltersAreKnownByNameAndGivenOnce(t *testing.T) {
	t.Parallel()
	got, err := parse(t, `{"Filters":[{"Name":"a","Values":["1","2"]},{"Name":"b","Values":["3"]}]}`).Filters("a", "b")
	if err != nil || !reflect.DeepEqual(got, map[string][]string{"a": {"1", "2"}, "b": {"3"}}) {
		t.Errorf("%v %v", got, err)
	}
	for body, want := range map[string]string{
		`{"Filters":[{"Name":"c","Values":["1"]}]}`:                                    "there are: a, b",
		`{"Filters":[{"Name":"a","Values":[]}]}`:                                       "0 values",
		`{"Filters":[{"Name":"a"}]}`:                                                   "0 values",
		`{"Filters":[{"Values":["1"]}]}`:                                               "Filters[0].Name must be provided",
		`{"Filters":[{"Name":"a","Values":["1"]},{"Name":"a","Values":["2"]}]}`:        "given twice",
		`{"Filters":{"Name":"a"}}`:                                                     "not a list",
		`{"Filters":[{"Name":"a","Values":["1` + strings.Repeat(`","1`, 100) + `"]}]}`: "101 values",
	} {
		if _, err := parse(t, body).Filters("a", "b"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.80s: %v", body, err)
		}
	}
	if _, err := parse(t, `{"Filters":[{"Name":"a","Values":["1"]}]}`).Filters(); err == nil {
		t.Error("an action without filters takes one")
	}
}

func TestRepliesAndErrorsAreAsClientsReadThem(t *testing.T) {
	t.Parallel()
	rec := httptest.NewRecorder()
	out := struct {
		At   Time
		None Time `json:",omitzero"`
		Blob []byte
	}{At: Time{time.UnixMilli(1543259542506)}, Blob: []byte{0xa1, 0xf8}}
	if err := WriteReply(rec, out); err != nil || rec.Body.String() != `{"At":1543259542.506,"Blob":"ofg="}` || rec.Header().Get("Content-Type") != ContentType {
		t.Errorf("%v %s", err, rec.Body)
	}
	rec = httptest.NewRecorder()
	if err := WriteReply(rec, nil); err != nil || rec.Body.String() != `{}` {
		t.Errorf("%v %s", err, rec.Body)
	}
	rec = httptest.NewRecorder()
	WriteError(rec, 400, "ExistsFault", "it is there: \"x\"", map[string]string{"resourceArn": "arn"})
	var body map[string]string
	if err := json.Unmarshal(rec.Body.Bytes(), &body); err != nil || rec.Code != 400 || rec.Header().Get("X-Amzn-Errortype") != "ExistsFault" ||
		!reflect.DeepEqual(body, map[string]string{"__type": "ExistsFault", "message": `it is there: "x"`, "resourceArn": "arn"}) {
		t.Errorf("%v %d %s", err, rec.Code, rec.Body)
	}
}

// FuzzParse: whatever the bytes are, they are read within bounds or refused
// with an *Error, and what was read agrees with encoding/json.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{``, `{}`, `{"A":1,"B":[{"C":"d"}],"T":1.5,"W":"ofhONg=="}`, `{"A":1,"A":2}`, `[[[[`, `{"Filters":[{"Name":"a","Values":["x"]}],"MaxRecords":20,"Marker":"AAAA"}`, `{"A":-0.0e400}`, "{\"\\ud800\":1}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		o, err := Parse(body)
		if err != nil {
			if _, ok := errors.AsType[*Error](err); !ok {
				t.Fatalf("%T %v", err, err)
			}
			return
		}
		var plain map[string]any
		d := json.NewDecoder(bytes.NewReader(body))
		d.UseNumber() // as a number of any size is text until it is asked for
		if len(bytes.TrimSpace(body)) > 0 && d.Decode(&plain) != nil {
			t.Fatalf("read what encoding/json refuses: %q", body)
		}
		if len(o.Unread()) != len(plain) {
			t.Fatalf("%d members unread of %d", len(o.Unread()), len(plain))
		}
		for name := range plain {
			_, _, _ = o.String(name)
			_, _, _ = o.Int(name)
			_, _, _ = o.Bool(name)
			_, _, _ = o.Time(name)
			_, _, _ = o.Blob(name)
			_, _, _ = o.Strings(name)
			_, _, _ = o.Objects(name)
			_ = o.Peek(name)
		}
		_, _ = o.Filters("a")
		_, _ = o.ParsePage(PageRule{1, 100, 10})
	})
}
