package query

import (
	"encoding/xml"
	"io"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestResponseBytes(t *testing.T) {
	t.Parallel()
	x := NewResponse("DescribeThings", "req-1")
	x.List("Things", "Thing", 2, func(i int) {
		x.Int("N", i-1)
		x.Bool("B", i == 0)
	})
	x.List("None", "Thing", 0, func(int) { t.Error("called for an empty list") })
	x.TextList("Names", "member", []string{"a<b", ""})
	x.OptText("Absent", "")
	x.OptText("Marker", "m")
	x.OptTime("Never", time.Time{})
	x.OptTime("Till", time.Date(2061, 5, 24, 22, 59, 0, 0, time.UTC))
	x.Time("Milli", time.Date(2061, 5, 25, 0, 59, 0, 123_999_999, time.FixedZone("", 7200)))
	x.Time("Micro", time.Date(2061, 5, 24, 22, 59, 0, 999_999, time.UTC))
	want := `<DescribeThingsResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/"><DescribeThingsResult>` +
		`<Things><Thing><N>-1</N><B>true</B></Thing><Thing><N>0</N><B>false</B></Thing></Things>` +
		`<None></None><Names><member>a&lt;b</member><member></member></Names><Marker>m</Marker>` +
		`<Till>2061-05-24T22:59:00Z</Till><Milli>2061-05-24T22:59:00.123Z</Milli><Micro>2061-05-24T22:59:00Z</Micro>` +
		`</DescribeThingsResult><ResponseMetadata><RequestId>req-1</RequestId></ResponseMetadata></DescribeThingsResponse>`
	first := string(x.Finish())
	if first != want {
		t.Errorf("got  %s\nwant %s", first, want)
	}
	if again := string(x.Finish()); again != first {
		t.Errorf("a second Finish gives %s", again)
	}
}

func TestEmptyAndErrorBytes(t *testing.T) {
	t.Parallel()
	want := `<AddTagsToResourceResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/"><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></AddTagsToResourceResponse>`
	if got := string(EmptyResponse("AddTagsToResource", "r")); got != want {
		t.Errorf("got %s", got)
	}
	for sender, kind := range map[bool]string{true: "Sender", false: "Receiver"} {
		want := `<ErrorResponse xmlns="http://rds.amazonaws.com/doc/2014-10-31/"><Error><Type>` + kind +
			`</Type><Code>C</Code><Message>a &amp; b</Message></Error><RequestId>r</RequestId></ErrorResponse>`
		if got := string(ErrorResponse("C", "a & b", "r", sender)); got != want {
			t.Errorf("got %s", got)
		}
	}
}

// sanitised is what AppendText promises to carry, written the slow way.
func sanitised(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		s = s[n:]
		if r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
			r = utf8.RuneError
		}
		b.WriteRune(r)
	}
	return b.String()
}

// decoded reads the text of element and attribute back with encoding/xml,
// which is strict about characters.
func decoded(t *testing.T, doc []byte) (text, attr string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(string(doc)))
	for {
		token, err := d.Token()
		if err == io.EOF {
			return text, attr
		}
		if err != nil {
			t.Fatalf("%q: %v", doc, err)
		}
		switch v := token.(type) {
		case xml.CharData:
			text += string(v)
		case xml.StartElement:
			for _, a := range v.Attr {
				attr += a.Value
			}
		}
	}
}

func FuzzAppendText(f *testing.F) {
	for _, s := range []string{"", "plain", "<&>\"'", "]]>", "\x00\x1f\x7f\r\n\t", "\xff\xc0\x80", "é日🔐", "\uFFFE\uFFFF\uFFFD", "a\xed\xa0\x80b", "&amp;"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		escaped := string(AppendText(nil, s))
		text, attr := decoded(t, []byte(`<a b="`+escaped+`">`+escaped+`</a>`))
		if want := sanitised(s); text != want || attr != want {
			t.Fatalf("%q came back as %q and %q", s, text, attr)
		}
	})
}
