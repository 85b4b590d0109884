package probe_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/pki"
	"github.com/dbtls/dbtls/internal/probe"
)

// seen is an observation of a modern session.
func seen(chain ...*cert) *probe.Observation {
	return &probe.Observation{
		Preamble: true, Chain: list(chain...), Version: tls.VersionTLS13,
		Cipher: tls.TLS_AES_128_GCM_SHA256, Group: tls.X25519MLKEM768,
	}
}

func codes(r probe.Report) []probe.WarningCode {
	out := []probe.WarningCode{}
	for _, w := range r.Warnings {
		out = append(out, w.Code)
	}
	slices.Sort(out)
	return out
}

func TestWarningsSayWhatWorksAndNotForEverybody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ask := func(change func(*probe.Question)) probe.Question {
		q := question(t, "127.0.0.1:1", w.trust())
		if change != nil {
			change(&q)
		}
		return q
	}
	trusting := func(certs ...*cert) probe.Question {
		return ask(func(q *probe.Question) { q.Trust = probe.NewTrust("t", list(certs...)) })
	}
	soonest := issue(t, w.issuing, name, func(c *x509.Certificate) {
		asServer(name)(c)
		c.NotAfter = time.Now().Add(20 * 24 * time.Hour)
	})
	old := seen(w.leaf, w.issuing)
	old.Version, old.Cipher, old.Group = tls.VersionTLS11, tls.TLS_RSA_WITH_AES_128_CBC_SHA, 0
	asking := seen(w.leaf, w.issuing)
	asking.ClientCertificate = true
	other := issue(t, nil, "Other", asCA)
	crossed := issue(t, other, "Root", func(c *x509.Certificate) { asCA(c); c.SubjectKeyId = w.root.SubjectKeyId }, w.root.key)
	many := []*cert{w.leaf, w.issuing}
	for len(many) < 12 {
		many = append(many, w.issuing)
	}
	for rule, c := range map[string]struct {
		o    *probe.Observation
		q    probe.Question
		want []probe.WarningCode
	}{
		"nothing to say":                    {seen(w.leaf, w.issuing), ask(nil), nil},
		"a cross-certificate has its place": {seen(w.leaf, w.issuing, crossed), ask(nil), nil},
		"CN only":                           {seen(issue(t, w.issuing, name, asServer()), w.issuing), ask(nil), []probe.WarningCode{probe.CommonNameOnly}},
		"CN only, and another's":            {seen(issue(t, w.issuing, "x", asServer()), w.issuing), ask(nil), nil},
		"ends soon":                         {seen(soonest, w.issuing), ask(nil), []probe.WarningCode{probe.ExpiresSoon}},
		"the root is sent":                  {seen(w.leaf, w.issuing, w.root), ask(nil), []probe.WarningCode{probe.RootSent}},
		"the wrong order":                   {seen(w.leaf, w.root, w.issuing), ask(nil), []probe.WarningCode{probe.RootSent, probe.WrongOrder}},
		"a stranger":                        {seen(w.leaf, w.issuing, issue(t, other, "Stray", asCA)), ask(nil), []probe.WarningCode{probe.UnrelatedCertificate}},
		"the client makes up for it":        {seen(w.leaf), trusting(w.root, w.issuing), []probe.WarningCode{probe.IntermediateNotSent}},
		"Java and Go anchor anywhere":       {seen(w.leaf, w.issuing), trusting(w.issuing), []probe.WarningCode{probe.IntermediateIsAnchor}},
		"more than Java takes":              {seen(many...), ask(nil), []probe.WarningCode{probe.LongChain, probe.WrongOrder}},
		"an old protocol":                   {old, ask(nil), []probe.WarningCode{probe.LegacyTLS}},
		"a client certificate is optional":  {asking, ask(nil), []probe.WarningCode{probe.ClientCertificateAsked}},
		"weak, whatever the mode": {seen(issue(t, w.issuing, name, asServer(name), rsaKey(t, 1024)), w.issuing),
			ask(func(q *probe.Question) { q.Mode = pki.SSLRequire }), []probe.WarningCode{probe.WeakCertificate}},
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			r := probe.Judge(c.o, nil, c.q, time.Now())
			if got := codes(r); !slices.Equal(got, append([]probe.WarningCode{}, c.want...)) {
				t.Errorf("warnings %q, want %q", r.Warnings, c.want)
			}
		})
	}
}

func TestWhatTheTrustLacksIsNamedByAllThatIsKnown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	q := question(t, "127.0.0.1:1", probe.NewTrust("other", list(issue(t, nil, "Other", asCA))))
	for rule, c := range map[string]struct {
		o    *probe.Observation
		want probe.Missing
	}{
		"the issuer, by the key identifier in the leaf":    {seen(w.leaf), probe.Missing{Subject: w.issuing.Subject.String(), KeyID: fmt.Sprintf("%x", w.issuing.SubjectKeyId)}},
		"the root above the last certificate that is sent": {seen(w.leaf, w.issuing), probe.Missing{Subject: w.root.Subject.String(), KeyID: fmt.Sprintf("%x", w.root.SubjectKeyId)}},
		"the root that is sent, by its fingerprint": {seen(w.leaf, w.issuing, w.root),
			probe.Missing{Subject: w.root.Subject.String(), KeyID: fmt.Sprintf("%x", w.root.SubjectKeyId), SHA256: pki.Fingerprint(w.root.Certificate)}},
	} {
		r := probe.Judge(c.o, nil, q, time.Now())
		if r.Trust.Lacks == nil || *r.Trust.Lacks != c.want {
			t.Errorf("%s: lacks %+v, want %+v", rule, r.Trust.Lacks, c.want)
		}
	}
	if r := probe.Judge(seen(w.leaf, w.issuing), nil, question(t, "h:1", w.trust()), time.Now()); r.Trust.Lacks != nil || !r.OK {
		t.Errorf("a chain that verifies: %+v", r)
	}
}

func TestANamesakeOfTheIssuerIsToldFromIt(t *testing.T) {
	t.Parallel()
	w, again := newWorld(t), newWorld(t)
	r := probe.Judge(seen(w.leaf, w.issuing), nil, question(t, "h:1", again.trust()), time.Now())
	v := r.Verdict(pki.SSLVerifyCA)
	if v.Code != probe.UnknownCA || !strings.Contains(v.Reason, pki.Fingerprint(again.root.Certificate)) || !strings.Contains(v.Reason, "another key") {
		t.Errorf("%+v", v)
	}
}

func TestModeNoneFollowsFromHowTheServerBegan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	direct := seen(w.leaf, w.issuing)
	direct.Preamble = false
	failure := func(stage probe.Stage, code probe.Code) error {
		return &probe.Failure{Stage: stage, Code: code, Err: errors.New("it failed")}
	}
	asked := func(q probe.Question) probe.Question { q.Target.Start = engine.Start{Direct: true}; return q }
	q := question(t, "h:1", w.trust())
	for rule, c := range map[string]struct {
		o    *probe.Observation
		err  error
		q    probe.Question
		want probe.Code // "" when it connects
	}{
		"a preamble came first":                 {seen(w.leaf, w.issuing), nil, q, ""},
		"TLS from the first byte":               {direct, nil, q, probe.PlainRefused},
		"direct was asked for":                  {direct, nil, asked(q), probe.NotTried},
		"no TLS":                                {new(probe.Observation), failure(probe.StageStartTLS, probe.NoTLS), q, ""},
		"garbage before TLS":                    {new(probe.Observation), failure(probe.StageStartTLS, probe.WrongProtocol), q, probe.WrongProtocol},
		"garbage instead of TLS":                {new(probe.Observation), failure(probe.StageTLS, probe.WrongProtocol), q, probe.NotTried},
		"a failed handshake after the preamble": {&probe.Observation{Preamble: true}, failure(probe.StageTLS, probe.ProtocolTooOld), q, ""},
		"a failed handshake, TLS only":          {new(probe.Observation), failure(probe.StageTLS, probe.ProtocolTooOld), q, probe.PlainRefused},
		"nobody listens":                        {nil, failure(probe.StageConnect, probe.ConnectionRefused), q, probe.ConnectionRefused},
		"an error of another package":           {nil, errors.New("it failed"), q, probe.PlainRefused},
	} {
		t.Run(rule, func(t *testing.T) {
			t.Parallel()
			v := probe.Judge(c.o, c.err, c.q, time.Now()).Verdict(pki.SSLNone)
			if v.Code != c.want || v.WouldConnect != (c.want == "") || v.Reason == "" {
				t.Errorf("%+v, want code %q", v, c.want)
			}
		})
	}
}

// The fields of the public JSON; taking one away, or naming it anew, breaks
// somebody's script.
func TestTheJSONKeepsItsFields(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	o := seen(w.leaf, w.issuing, w.root)
	o.Greeting.Version = "16.3\x1b[2J"
	r := probe.Judge(o, nil, question(t, "127.0.0.1:1", probe.NewTrust("other", list(issue(t, nil, "Other", asCA)))), time.Now())
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), `\u001b`) {
		t.Errorf("a control character of the server's is in the report: %s", text)
	}
	var top map[string]json.RawMessage
	if err := json.Unmarshal(text, &top); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"":           "address chain chain_length code engine mode name ok reached server_version stage strictest target time tls trust verdicts warnings",
		"tls":        "cipher client_certificate_asked group legacy version",
		"trust":      "anchors certificates lacks source",
		"chain[]":    "days_left in_order is_ca issuer key key_bits names not_after not_before self_signed serial sha256 signature subject",
		"verdicts[]": "code fix mode reason stage would_connect",
		"warnings[]": "code text",
	} {
		got := map[string]bool{}
		collect(t, top, path, got)
		if keys := strings.Join(slices.Sorted(maps.Keys(got)), " "); keys != want {
			t.Errorf("fields of %q:\n got %s\nwant %s", path, keys, want)
		}
	}
}

// collect gathers the keys of the object, or of all objects of the list, at a
// path of one step.
func collect(t *testing.T, top map[string]json.RawMessage, path string, keys map[string]bool) {
	t.Helper()
	objects := []map[string]json.RawMessage{top}
	if field, ok := strings.CutSuffix(path, "[]"); ok {
		objects = nil
		if err := json.Unmarshal(top[field], &objects); err != nil || len(objects) == 0 {
			t.Fatalf("%s: %v", path, err)
		}
	} else if path != "" {
		objects[0] = nil
		if err := json.Unmarshal(top[path], &objects[0]); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	}
	for _, o := range objects {
		for k := range o {
			keys[k] = true
		}
	}
}

func TestLoginCodesNameTheRefusalOfWhoeverRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err   error
		stage probe.Stage
		code  probe.Code
	}{
		{engine.ErrLoginRefused, probe.StageLogin, probe.LoginRefused},
		{engine.ErrNoDatabase, probe.StageLogin, probe.DatabaseNotFound},
		{engine.ErrTLSRequired, probe.StageLogin, probe.TLSRequired},
		{engine.ErrNoTLS, probe.StageStartTLS, probe.NoTLS},
		{&probe.Refusal{Stage: probe.StageName, Code: probe.WrongName}, probe.StageName, probe.WrongName},
		{&probe.Failure{Stage: probe.StageDNS, Code: probe.HostNotFound, Err: errors.New("x")}, probe.StageDNS, probe.HostNotFound},
		{errors.New("anything"), probe.StageLogin, probe.LoginFailed},
	} {
		if stage, code := probe.LoginCode(fmt.Errorf("log in: %w", c.err)); stage != c.stage || code != c.code {
			t.Errorf("%v is %s at %s, want %s at %s", c.err, code, stage, c.code, c.stage)
		}
	}
}

func FuzzJudgeNeverPanicsAndKeepsItsPromises(f *testing.F) {
	w := newWorld(f)
	f.Add(append(append([]byte{}, w.leaf.Raw...), w.issuing.Raw...), "db.example", "16.3")
	f.Add(append(append([]byte{}, w.issuing.Raw...), w.root.Raw...), "[::1]", "\x00")
	f.Add([]byte{}, "", "")
	trust, at := w.trust(), time.Now()
	q := question(f, "h:1", trust)
	f.Fuzz(func(t *testing.T, der []byte, host, version string) {
		chain, _ := x509.ParseCertificates(der)
		o := &probe.Observation{Chain: chain, Version: tls.VersionTLS13, Preamble: true, Greeting: engine.Greeting{Version: version}}
		q := q
		q.Name = host
		r := probe.Judge(o, nil, q, at)
		if _, err := json.Marshal(r); err != nil {
			t.Fatal(err)
		}
		if len(r.Verdicts) != 4 || r.OK != r.Verdict(q.Mode).WouldConnect || (r.Code == "") != r.OK {
			t.Fatalf("%+v", r)
		}
		for i, v := range r.Verdicts[2:] { // a stricter mode never connects where a laxer one does not
			if v.WouldConnect && !r.Verdicts[i+1].WouldConnect {
				t.Fatalf("%s connects, %s does not", v.Mode, r.Verdicts[i+1].Mode)
			}
		}
		again := probe.Judge(o, nil, q, at)
		if !reflect.DeepEqual(r, again) {
			t.Fatal("the same question has two answers")
		}
	})
}
