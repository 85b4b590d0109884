package local_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/provider"
)

func TestAServerThatWritesNoLogYetIsBlind(t *testing.T) {
	t.Parallel()
	r := newLogRig(t)
	_, b := r.next(1)
	began := r.observe().StartedAt
	if time.Since(began) < 5*time.Second && (b.Blind != "" || b.Upto.After(began)) {
		t.Errorf("a server that has just been started: blind %q, up to %v, begun at %v", b.Blind, b.Upto, began)
	}
	r.ok(os.Truncate(r.path("log", "engine.log"), 600<<20)) // it prints every login
	until(t, "a log that is missed", func() bool {
		_, b := r.next(1)
		return strings.Contains(b.Blind, "next restart")
	})
	if st, err := os.Stat(r.path("log", "engine.log")); err != nil || st.Size() >= 600<<20 {
		t.Errorf("what it prints fills the disk: %v, %v", st.Size(), err)
	}
	r.write("1.log", "a\nb\n")
	r.want("a b", "", "") // there was none before: from the beginning
	r.ok(os.RemoveAll(r.path("log", "lines")))
	r.at = provider.LogPosition{}
	r.want("", "", "next restart")

	plain := newRig(t, &fakeEngine{}).running()
	if b, err := plain.Logins(plain.ctx(), plain.inst, provider.LogPosition{}, 10); err != nil || !strings.Contains(b.Blind, "does not prove") {
		t.Errorf("an engine without a log: %+v, %v", b, err)
	}
}

func TestALogIsReadFileAfterFile(t *testing.T) {
	t.Parallel()
	r := newLogRig(t)
	r.write("1.log", "old\n")
	r.write("2.log", "a\nb")
	before := time.Now()
	b := r.want("a", "", "") // the newest file, from where an entry begins
	if b.Upto.Before(before.Add(-2*time.Second)) || b.Upto.After(time.Now()) {
		t.Errorf("up to %v at %v", b.Upto, before)
	}
	r.write("2.log", "b\n")
	r.write("3.log", "c\n")
	r.write("3.txt", "no log\n")
	r.want("bb c", "", "")
	r.want("", "", "")
	r.Provider = r.provider() // another dbtls goes on
	r.write("3.log", "d\ne\nf\n")
	r.write("4.log", "g\n")
	from := r.at
	whole, _ := r.next(1 << 20)
	for _, most := range []int{1, 3, 5} {
		r.at = from
		if got, _ := r.next(most); got != whole || whole != "d e f g" {
			t.Errorf("%d bytes at a time %q, at once %q", most, got, whole)
		}
	}
	r.write("4.log", "half")
	r.want("", "", "")
	r.write("5.log", "h\nGAP in it\n")
	b = r.want("h", "half a line; GAP in it", "")
	if b.Next.File != "5.log" || b.Next.Inode == 0 {
		t.Errorf("position %+v", b.Next)
	}
}

func TestAPositionThatWasNotKeptIsReadAgain(t *testing.T) {
	t.Parallel()
	r := newLogRig(t)
	r.write("1.log", "")
	r.next(1)
	var want []string
	at := []provider.LogPosition{r.at}
	for n := range 30 {
		want = append(want, fmt.Sprint("u", n))
		r.write(fmt.Sprintf("%d.log", 1+n/10), want[n]+"\n")
	}
	for range 50 {
		b, err := r.Logins(r.ctx(), r.inst, at[len(at)-1], 3)
		r.ok(err)
		at = append(at, b.Next)
	}
	whole, _ := r.next(1 << 20)
	if whole != strings.Join(want, " ") {
		t.Fatalf("read %q", whole)
	}
	for _, from := range at { // a crash between any two steps
		r.at = from
		got, b := r.next(7)
		if !strings.HasSuffix(whole, got) || b.Gap != "" {
			t.Errorf("from %s %d: %q, gap %q", from.File, from.Offset, got, b.Gap)
		}
	}
}

func TestWhatOthersDoToALogIsAGap(t *testing.T) {
	t.Parallel()
	r := newLogRig(t)
	r.write("1.log", "a\nb\n")
	r.want("a b", "", "")

	r.ok(os.Truncate(r.file("1.log"), 0))
	r.write("1.log", "c\n")
	r.want("c", "cut short", "")

	r.ok(os.Remove(r.file("1.log")))
	r.want("", "", "removed or replaced") // the server goes on writing to what has no name any more
	r.write("2.log", "d\n")
	r.want("d", "before it was read to its end", "")

	r.ok(os.Rename(r.file("2.log"), r.path("log", "kept")))
	r.write("2.log", "e\n")
	r.want("", "", "removed or replaced")
	r.write("3.log", "f\n")
	r.want("f", "removed or replaced", "")

	r.at.State = []byte("{")
	r.write("3.log", "g\n")
	got, b := r.next(1 << 20)
	if !strings.Contains(got, "g") || !strings.Contains(b.Gap, "damaged") {
		t.Errorf("a damaged state: read %q, gap %q", got, b.Gap)
	}
}

func TestAClockSetBackHidesNoFile(t *testing.T) {
	t.Parallel()
	r := newLogRig(t)
	r.write("20.log", "a\n")
	r.want("a", "", "")
	r.write("10.log", "b\n") // begun after 20, by a clock of before
	r.want("b", "", "")
	r.write("10.log", "c\n")
	r.want("c", "", "")
	r.write("11.log", "d\n")
	r.want("d", "", "")
	r.write("20.log", "e\n") // and time goes on
	r.write("11.log", "f\n")
	got, b := r.next(1 << 20)
	if len(strings.Fields(got)) != 2 || b.Gap != "" {
		t.Errorf("read %q, gap %q", got, b.Gap)
	}
}

func TestWhatTheEnginesUserPlantsIsNotRead(t *testing.T) {
	t.Parallel()
	r := newLogRig(t)
	r.write("1.log", "a\n")
	secret := filepath.Join(openDir(t), "secret")
	r.ok(os.WriteFile(secret, []byte("secret\n"), 0o600))
	r.ok(os.Symlink(secret, r.file("2.log")))
	r.ok(os.Symlink("1.log", r.file("3.log")))
	r.ok(syscall.Mkfifo(r.file("4.log"), 0o600))
	r.ok(os.Mkdir(r.file("5.log"), 0o700))
	if os.Geteuid() == 0 {
		r.ok(os.Link(secret, r.file("6.log"))) // of another user
	}
	r.want("a", "", "")
	r.ok(os.RemoveAll(r.path("log", "lines")))
	r.ok(os.Symlink(filepath.Dir(secret), r.path("log", "lines")))
	if b, err := r.Logins(r.ctx(), r.inst, provider.LogPosition{}, 10); err == nil {
		t.Errorf("a link for the directory: %+v", b)
	}
}

func TestOldFilesAreRemovedWhenTheyWereRead(t *testing.T) {
	t.Parallel()
	r := newLogRig(t)
	old := time.Now().Add(-8 * 24 * time.Hour)
	age := func(names ...string) {
		for _, name := range names {
			r.ok(os.Chtimes(r.file(name), old, old))
		}
	}
	left := func() string {
		list, err := filepath.Glob(r.file("*"))
		r.ok(err)
		for n := range list {
			list[n] = filepath.Base(list[n])
		}
		return strings.Join(list, " ")
	}
	r.write("1.log", "a\n")
	r.write("1.txt", "printed\n")
	r.want("a", "", "")
	r.write("2.log", "b\n")
	r.write("3.log", "c\n")
	age("1.log", "1.txt", "2.log")
	before := r.at
	r.want("b c", "", "")
	if got := left(); got != "1.log 2.log 3.log" {
		t.Errorf("read in a batch that is not kept yet, and gone: %s are left", got)
	}
	r.at = before // dbtls was killed before it kept that
	r.want("b c", "", "")
	r.want("", "", "")
	if got := left(); got != "3.log" {
		t.Errorf("left are %s", got)
	}
	age("3.log")
	r.next(1 << 20)
	if got := left(); got != "3.log" {
		t.Errorf("the file in use is gone: %s are left", got)
	}
}

func TestALogThatGrowsFasterThanItIsRead(t *testing.T) {
	t.Parallel()
	r := newLogRig(t)
	r.write("1.log", "a\n")
	r.want("a", "", "")
	for _, name := range []string{"2.log", "3.log", "4.log"} { // holes: no room is used
		r.write(name, "")
		r.ok(os.Truncate(r.file(name), 3<<30/2))
	}
	one := func() provider.LogBatch {
		b, err := r.Logins(r.ctx(), r.inst, r.at, 100)
		r.ok(err)
		r.at = b.Next
		return b
	}
	exists := func(name string) bool { _, err := os.Stat(r.file(name)); return err == nil }
	if b := one(); !strings.Contains(b.Gap, "faster") || exists("2.log") || !exists("3.log") || !exists("4.log") {
		t.Errorf("gap %q; 2, 3, 4 are there: %t, %t, %t", b.Gap, exists("2.log"), exists("3.log"), exists("4.log"))
	}
	if b := one(); b.Next.File != "3.log" {
		t.Errorf("goes on in %q", b.Next.File)
	}
}

func TestReadingALogEndsWithItsContext(t *testing.T) {
	t.Parallel()
	r := newLogRig(t)
	r.write("1.log", "a\n")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := r.Logins(ctx, r.inst, provider.LogPosition{}, 10); err == nil {
		t.Error("no error")
	}
}
