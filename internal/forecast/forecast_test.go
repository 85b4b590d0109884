package forecast

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/clientconfig"
	"github.com/dbtls/dbtls/internal/evidence"
)

const (
	oldRoot, newRoot = "aa01", "bb02"
	endpoint         = "127.1.1.1:5432"
)

func start() time.Time { return time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC) }

// seen is a client that logged in an hour ago.
func seen(user, source, application string, tls evidence.TLS) evidence.Client {
	at := start().Add(-time.Hour)
	return evidence.Client{Key: evidence.Key{Kind: evidence.Login, How: evidence.FromLog, User: user, Source: source, Application: application, TLS: tls},
		First: at, Last: at, Count: 3}
}

func report(source, application string, clients ...evidence.Configured) evidence.Report {
	return evidence.Report{At: start().Add(-2 * time.Hour), By: "ann", Host: "host-" + source, Application: application, Sources: []string{source}, Clients: clients}
}

// by is a report that somebody else gave, later.
func by(user string, r evidence.Report) evidence.Report {
	r.By, r.At = user, r.At.Add(time.Hour)
	return r
}

func verifying(anchors ...string) evidence.Configured {
	return evidence.Configured{Databases: []string{endpoint}, Where: "app.conf:1", Driver: "libpq", Encrypts: "always", Verifies: "chain and name",
		TrustKind: "file", TrustPath: "/roots.pem", StoreRead: true, Anchors: anchors}
}

func watched() []evidence.Span {
	return []evidence.Span{{How: evidence.FromLog, From: start().Add(-40 * 24 * time.Hour), To: start()}}
}

func input() Input {
	return Input{Endpoints: []string{endpoint, "db.example:5432"}, Spans: watched(), Change: clientconfig.Change{From: "rds-ca-rsa2048-g1", To: "rds-ca-ecc384-g1"},
		FromRoot: oldRoot, ToRoot: newRoot, Now: start()}
}

func TestEachOfFiveClientsGetsItsVerdict(t *testing.T) {
	t.Parallel()
	in := input()
	in.Clients = []evidence.Client{
		seen("old", "10.0.0.1", "psql", evidence.Encrypted), seen("both", "10.0.0.2", "jdbc", evidence.Encrypted),
		seen("loose", "10.0.0.3", "php", evidence.Encrypted), seen("plain", "10.0.0.4", "exporter", evidence.Plain),
		seen("rsa", "10.0.0.5", "legacy", evidence.Encrypted), seen("stranger", "10.0.0.6", "", evidence.Encrypted),
	}
	rsa := verifying(oldRoot, newRoot)
	rsa.RSAOnly = true
	in.Reports = []evidence.Report{
		report("10.0.0.1", "", verifying(oldRoot)), report("10.0.0.2", "jdbc", verifying(oldRoot, newRoot)),
		report("10.0.0.3", "", evidence.Configured{Where: "x.php:2", Driver: "libpq", Encrypts: "always", Verifies: "nothing"}),
		report("10.0.0.5", "", rsa),
	}
	want := map[string]clientconfig.Verdict{"old": clientconfig.Breaks, "both": clientconfig.Safe, "loose": clientconfig.DoesNotVerify,
		"plain": clientconfig.DoesNotVerify, "rsa": clientconfig.Breaks, "stranger": clientconfig.Unknown}
	check := func(in Input, want map[string]clientconfig.Verdict) {
		t.Helper()
		f := Make(in)
		if len(f.Rows) != len(want) {
			t.Fatalf("%d rows: %+v", len(f.Rows), f.Rows)
		}
		for _, row := range f.Rows {
			if row.Verdict != want[row.User] || row.Why == "" || len(row.Evidence) == 0 {
				t.Errorf("%s: %+v, want %s", row.User, row, want[row.User])
			}
		}
	}
	check(in, want)
	if f := Make(in); f.Worst != clientconfig.Breaks || f.Rows[0].Verdict != clientconfig.Breaks || f.Counts[clientconfig.Breaks] != 2 || f.Unseen != "" {
		t.Errorf("the whole: %+v", f)
	}

	in.Change.Until = start().AddDate(0, 3, 0) // the bridge
	want["old"] = clientconfig.Safe
	check(in, want)
	for _, row := range Make(in).Rows {
		if row.User == "old" && !row.Until.Equal(in.Change.Until) {
			t.Errorf("over the bridge it is safe until %s", row.Until)
		}
	}
	in.NewKeyRSA, want["rsa"] = true, clientconfig.Safe
	check(in, want)
}

func TestWhoseReportCounts(t *testing.T) {
	t.Parallel()
	client := seen("app", "10.0.0.1", "shop", evidence.Encrypted)
	other := verifying(oldRoot, newRoot)
	other.User = "somebody"
	byName := verifying(newRoot)
	byName.Databases = []string{"db.example:5432"}
	elsewhere := verifying(oldRoot, newRoot)
	elsewhere.Databases = []string{"127.9.9.9:5432"}
	old := report("10.0.0.1", "", verifying(oldRoot, newRoot))
	old.At = start().Add(-31 * 24 * time.Hour)
	later := report("10.0.0.1", "", verifying(oldRoot))
	later.At = start()
	for name, c := range map[string]struct {
		reports []evidence.Report
		want    clientconfig.Verdict
	}{
		"none":                             {nil, clientconfig.Unknown},
		"its host's":                       {[]evidence.Report{report("10.0.0.1", "", verifying(newRoot))}, clientconfig.Safe},
		"its own":                          {[]evidence.Report{report("10.0.0.1", "shop", verifying(newRoot))}, clientconfig.Safe},
		"another application's":            {[]evidence.Report{report("10.0.0.1", "cron", verifying(newRoot))}, clientconfig.Unknown},
		"another host's":                   {[]evidence.Report{report("10.0.0.2", "", verifying(newRoot))}, clientconfig.Unknown},
		"another user's":                   {[]evidence.Report{report("10.0.0.1", "", other)}, clientconfig.Unknown},
		"about it by another name":         {[]evidence.Report{report("10.0.0.1", "", byName)}, clientconfig.Safe},
		"about another database":           {[]evidence.Report{report("10.0.0.1", "", elsewhere)}, clientconfig.Unknown},
		"one too old":                      {[]evidence.Report{old}, clientconfig.Unknown},
		"another user's later, and better": {[]evidence.Report{report("10.0.0.1", "", verifying(oldRoot)), by("eve", report("10.0.0.1", "", verifying(newRoot)))}, clientconfig.Breaks},
		"the later of two":                 {[]evidence.Report{report("10.0.0.1", "", verifying(newRoot)), later}, clientconfig.Breaks},
		"its own and its whole host's":     {[]evidence.Report{report("10.0.0.1", "shop", verifying(newRoot)), later}, clientconfig.Safe},
		"two configurations: the worse":    {[]evidence.Report{report("10.0.0.1", "", verifying(newRoot), verifying(oldRoot))}, clientconfig.Breaks},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := input()
			in.Clients, in.Reports = []evidence.Client{client}, c.reports
			f := Make(in)
			n := slices.IndexFunc(f.Rows, func(r Row) bool { return r.Count > 0 })
			if n < 0 || f.Rows[n].Verdict != c.want {
				t.Errorf("%+v, want %s", f.Rows, c.want)
			}
		})
	}
}

func TestAClientThatNamesNoApplicationMayBeAnyOfItsHost(t *testing.T) {
	t.Parallel()
	in := input()
	in.Clients = []evidence.Client{seen("app", "10.0.0.1", "", evidence.Encrypted)}
	broken, fine := report("10.0.0.1", "cron", verifying(oldRoot)), report("10.0.0.1", "shop", verifying(newRoot))
	fine.At = start() // the later one
	in.Reports = []evidence.Report{broken, fine}
	if f := Make(in); len(f.Rows) != 1 || f.Rows[0].Verdict != clientconfig.Breaks || len(f.Rows[0].Evidence) != 3 {
		t.Errorf("%+v", f.Rows)
	}
	in.Reports[0].Application = "shop" // it was put right since
	if f := Make(in); f.Rows[0].Verdict != clientconfig.Safe {
		t.Errorf("%+v", f.Rows)
	}
}

func TestSilenceIsNotSafe(t *testing.T) {
	t.Parallel()
	in := input()
	if f := Make(in); f.Worst != clientconfig.Safe || f.Unseen != "" {
		t.Errorf("every login of 30 days was watched and there was none: %+v", f)
	}
	in.Spans = nil
	if f := Make(in); f.Worst != clientconfig.Unknown || f.Unseen == "" {
		t.Errorf("nobody watched: %+v", f)
	}
	in.Spans = []evidence.Span{{How: evidence.FromLog, From: start().Add(-40 * 24 * time.Hour), To: start().Add(-time.Hour), Ended: "the disk was full"}}
	if f := Make(in); f.Worst != clientconfig.Unknown || !strings.Contains(f.Unseen, "the disk was full") {
		t.Errorf("after a gap: %+v", f)
	}
	young := input()
	young.Created = start().Add(-3 * time.Hour)
	young.Spans = []evidence.Span{{How: evidence.FromLog, From: young.Created.Add(time.Minute), To: start()}}
	if f := Make(young); f.Worst != clientconfig.Safe || f.Unseen != "" {
		t.Errorf("watched since it was made: %+v", f)
	}
	young.Spans[0].From = young.Created.Add(10 * time.Minute)
	if f := Make(young); f.Worst != clientconfig.Unknown || f.Unseen == "" {
		t.Errorf("watched from ten minutes after it was made: %+v", f)
	}
	young.Spans, young.Now = nil, young.Created.Add(time.Second)
	if f := Make(young); f.Worst != clientconfig.Unknown {
		t.Errorf("not watched yet: %+v", f)
	}
	in.Spans = watched()
	in.Reports = []evidence.Report{report("10.0.0.1", "", verifying(oldRoot))}
	if f := Make(in); f.Worst != clientconfig.Breaks || len(f.Rows) != 1 || f.Rows[0].Count != 0 {
		t.Errorf("a configuration that nobody was seen to use: %+v", f)
	}
}

func TestWhoComesOverNoNetworkMeetsNoCertificate(t *testing.T) {
	t.Parallel()
	in := input()
	in.Clients = []evidence.Client{seen("batch", evidence.Local, "cron", evidence.Plain)}
	if f := Make(in); f.Worst != clientconfig.Safe || f.Rows[0].Verdict != clientconfig.Safe {
		t.Errorf("%+v", f)
	}
}

func TestDbtlsItselfAndRefusalsAreNoClients(t *testing.T) {
	t.Parallel()
	in := input()
	own, thread, refused, old := seen("a", "local", "", evidence.Plain), seen("b", "", "", evidence.Unknown), seen("c", "10.0.0.1", "", evidence.Unknown), seen("d", "10.0.0.1", "", evidence.Plain)
	own.Own, thread.Internal, refused.Kind, old.Last = true, true, evidence.HandshakeFailed, start().Add(-31*24*time.Hour)
	in.Clients = []evidence.Client{own, thread, refused, old}
	if f := Make(in); len(f.Rows) != 0 {
		t.Errorf("%+v", f.Rows)
	}
}
