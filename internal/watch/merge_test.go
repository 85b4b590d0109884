package watch

import (
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/engine"
	"github.com/dbtls/dbtls/internal/evidence"
)

var noon = time.Date(2026, 6, 10, 12, 0, 0, 0, time.UTC)

// looks builds what a server says, one look every ten seconds.
type looks struct {
	all  []engine.Look
	logs map[string]int64
	h, c int64
}

func (l *looks) next(tls, plain, ownLogins int64, sessions ...engine.Sighting) {
	if l.logs == nil {
		l.logs = map[string]int64{}
	}
	l.logs["app"] += tls + plain
	l.logs["own"] += ownLogins
	l.h, l.c = l.h+tls, l.c+tls+plain+ownLogins
	l.add(sessions...)
}

func (l *looks) add(sessions ...engine.Sighting) {
	l.all = append(l.all, engine.Look{At: noon.Add(time.Duration(len(l.all)) * 10 * time.Second), Since: noon.Add(-time.Hour),
		Sessions: sessions, Handshakes: l.h, Connections: l.c,
		Counts: []engine.LoginCount{{User: "app", Source: "10.0.0.1", Logins: l.logs["app"]}, {User: "root", Source: "local", Logins: l.logs["own"], Own: true}}})
}

func open(session string, tls engine.TLSState) engine.Sighting {
	return engine.Sighting{Kind: engine.SightSession, User: "app", Source: "10.0.0.1", TLS: tls, Session: session}
}

// merged merges all looks and sums up what is known.
func merged(all []engine.Look, changes ...change) (sum map[string]int64, gaps string) {
	var v view
	var t evidence.Tally
	sum = map[string]int64{}
	for n, look := range all {
		var now change
		if n < len(changes) {
			now = changes[n]
		}
		found := v.merge(look, now, &t)
		if n > 0 {
			gaps += found.gap
		}
		v = found.next
	}
	for _, c := range t.Rows() {
		if !c.Own && !c.Internal {
			sum[string(c.How)+" "+string(c.TLS)] += c.Count
		}
	}
	return sum, gaps
}

func TestLoginsBetweenTwoLooksAreCountedAndBounded(t *testing.T) {
	t.Parallel()
	for sentence, c := range map[string]struct {
		looks func(*looks)
		want  map[string]int64
		gap   string
	}{
		"fifty short ones, all with TLS": {func(l *looks) { l.next(0, 0, 1); l.next(50, 0, 1) }, map[string]int64{"counter encrypted": 50}, ""},
		"fifty short ones, all plain":    {func(l *looks) { l.next(0, 0, 1); l.next(0, 50, 1); l.next(0, 50, 1) }, map[string]int64{"counter plain": 100}, ""},
		"some with and some without":     {func(l *looks) { l.next(0, 0, 1); l.next(30, 20, 1) }, map[string]int64{"counter unknown": 50}, ""},
		"a long one is one login, and its state is seen": {func(l *looks) {
			l.next(0, 0, 1)
			l.next(0, 1, 1, open("7", engine.TLSPlain))
			l.next(0, 0, 1, open("7", engine.TLSPlain))
			l.next(5, 0, 1, open("7", engine.TLSPlain))
		}, map[string]int64{"view plain": 1, "counter encrypted": 5}, ""},
		"what was there before the first look is not counted": {func(l *looks) { l.next(99, 9, 9); l.next(0, 0, 1) }, map[string]int64{}, ""},
		"a connection that never logged in makes the next interval unknown too": {func(l *looks) {
			l.next(0, 0, 1)
			l.c++ // a bare connection, or one in the middle of its handshake
			l.next(3, 0, 1)
			l.next(4, 0, 1)
			l.next(5, 0, 1)
		}, map[string]int64{"counter unknown": 7, "counter encrypted": 5}, ""},
		"a handshake that began before the first look hides no plain login": {func(l *looks) {
			l.c++ // connected, and not through with its handshake
			l.next(0, 0, 1)
			l.next(0, 0, 1)
			l.c++
			l.next(0, 0, 1)
			l.h++ // now it is, and somebody else was in without TLS
			l.c++
			l.logs["app"] += 2
			l.add()
		}, map[string]int64{"counter unknown": 2}, ""},
		"more logins than connections": {func(l *looks) { l.next(0, 0, 1); l.logs["app"]++; l.next(0, 0, 1) }, map[string]int64{"counter unknown": 1}, ""},
		"the count of handshakes went back": {func(l *looks) {
			l.next(9, 0, 1)
			l.h = 0
			l.next(3, 0, 1)
		}, map[string]int64{"counter unknown": 3}, ""},
		"the server keeps no counts": {func(l *looks) {
			l.next(0, 0, 1)
			l.next(3, 0, 1, open("1", engine.TLSEncrypted))
			l.all[0].Counts, l.all[1].Counts = nil, nil
		}, map[string]int64{"view encrypted": 1}, ""},
		"a restart begins the counters anew": {func(l *looks) {
			l.next(70, 0, 1, open("1", engine.TLSEncrypted))
			l.logs, l.h, l.c = nil, 0, 0
			l.next(4, 0, 1, open("1", engine.TLSEncrypted))
			l.all[1].Since = l.all[0].At.Add(7 * time.Second)
		}, map[string]int64{"view encrypted": 2, "counter encrypted": 3}, "started again"},
		"counters that were reset": {func(l *looks) { l.next(70, 0, 1); l.logs["app"] = 0; l.next(0, 0, 1) }, map[string]int64{}, "set back"},
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			var l looks
			c.looks(&l)
			got, gap := merged(l.all)
			for k, n := range c.want {
				if got[k] != n {
					t.Errorf("%q is %d, want %d", k, got[k], n)
				}
				delete(got, k)
			}
			if len(got) > 0 || (gap == "") != (c.gap == "") || !strings.Contains(gap, c.gap) {
				t.Errorf("besides %v, gap %q, want %q", got, gap, c.gap)
			}
		})
	}
}

func TestAChangeOfTheCertificateMakesHandshakesUncountable(t *testing.T) {
	t.Parallel()
	var l looks
	l.next(0, 0, 1)
	l.next(5, 0, 1)
	l.next(5, 0, 1)
	l.next(5, 0, 1)
	got, _ := merged(l.all, change{Generation: "1"}, change{Generation: "1", UnderWay: true}, change{Generation: "2"}, change{Generation: "2"})
	if got["counter unknown"] != 10 || got["counter encrypted"] != 5 {
		t.Errorf("%v", got)
	}
}

func TestAServersAgeTellsARestartWhateverItsClockDoes(t *testing.T) {
	t.Parallel()
	v := view{At: noon, Since: noon.Add(-time.Hour), Connections: 100}
	for sentence, c := range map[string]struct {
		at, since   time.Duration
		connections int64
		want        bool
	}{
		"ten seconds later it is ten seconds older":     {10 * time.Second, -time.Hour, 101, false},
		"its age is known to the second only":           {10 * time.Second, -time.Hour + 2*time.Second, 101, false},
		"it is younger than it was":                     {10 * time.Second, 5 * time.Second, 101, true},
		"dbtls was away, and the server was not":        {24 * time.Hour, -time.Hour, 101, false},
		"dbtls was away, and the server started since":  {24 * time.Hour, time.Hour, 101, true},
		"a young server started again within a second":  {10 * time.Second, -time.Hour + 5*time.Second, 3, true},
		"the clock went back by a day for both of them": {-24 * time.Hour, -25 * time.Hour, 101, false},
	} {
		if got := v.restarted(engine.Look{At: noon.Add(c.at), Since: noon.Add(c.since), Connections: c.connections}); got != c.want {
			t.Errorf("%s: restarted is %t", sentence, got)
		}
	}
}

func TestWhatAClientChoseIsFitToPrint(t *testing.T) {
	t.Parallel()
	k := keyOf(engine.Sighting{Kind: engine.SightLogin, User: "a\nb", Application: "x SSL enabled\x1b[31m" + strings.Repeat("y", 1000), TLS: engine.TLSPlain}, evidence.FromLog)
	if k.User != "a?b" || strings.ContainsRune(k.Application, 0x1b) || len(k.Application) > 256 || k.TLS != evidence.Plain {
		t.Errorf("%+v", k)
	}
	if k := keyOf(engine.Sighting{TLS: "made up"}, evidence.FromLog); k.TLS != evidence.Unknown {
		t.Errorf("a state that nobody knows is %q", k.TLS)
	}
}
