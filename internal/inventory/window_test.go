package inventory_test

import (
	"testing"
	"time"

	"github.com/dbtls/dbtls/internal/fault"
	"github.com/dbtls/dbtls/internal/inventory"
)

func TestParseWindow(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"mon:03:00-mon:04:00": "mon:03:00-mon:04:00",
		"Mon:03:00-MON:03:30": "mon:03:00-mon:03:30",
		"sat:23:45-sun:00:15": "sat:23:45-sun:00:15",
		"sat:12:00-sun:12:00": "sat:12:00-sun:12:00",
		"sun:00:00-mon:00:00": "sun:00:00-mon:00:00",
		"sat:23:00-sun:00:00": "sat:23:00-sun:00:00",

		"": "", "mon:03:00": "", "mon:03:00-": "", "mon:03:00-mon:03:29": "", "mon:03:00-mon:03:00": "",
		"mon:03:00-tue:03:01": "", "mon:04:00-mon:03:00": "", "mon:3:00-mon:04:00": "", "mon:24:00-tue:01:00": "",
		"mon:03:60-mon:04:30": "", "day:03:00-day:04:00": "", "mon:03:00:00-mon:04:00": "", "mon:+3:00-mon:04:00": "",
		" mon:03:00-mon:04:00": "", "mon:03:00-mon:04:00-": "", "03:00-04:00": "", "mon:-1:00-mon:04:00": "",
	} {
		w, err := inventory.ParseWindow(s)
		if want == "" {
			if fault.CodeOf(err) != fault.InvalidParameter {
				t.Errorf("%q: %v, %v", s, w, err)
			}
			continue
		}
		if err != nil || w.String() != want {
			t.Errorf("%q: %s, %v", s, w, err)
		}
	}
}

func FuzzParseWindow(f *testing.F) {
	for _, s := range []string{"mon:03:00-mon:04:00", "sat:23:45-sun:00:15", "sun:00:00-mon:00:00", "mon:03:00-mon:03:00", "::-::", "-"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		w, err := inventory.ParseWindow(s)
		if err != nil {
			return
		}
		if w.Length() < 30*time.Minute || w.Length() > 24*time.Hour {
			t.Fatalf("%q is %s long", s, w.Length())
		}
		again, err := inventory.ParseWindow(w.String())
		if err != nil || again.String() != w.String() || again.Length() != w.Length() {
			t.Fatalf("%q prints as %q, which reads as %v, %v", s, w, again, err)
		}
	})
}

// sunday is the first minute of a week.
var sunday = time.Date(2026, 6, 7, 0, 0, 0, 0, time.UTC)

func TestEveryWindowOfTheWeekOpensAndCloses(t *testing.T) {
	t.Parallel()
	for start := 0; start < 7*1440; start += 15 {
		for _, length := range []int{30, 60, 1440} {
			w := inventory.Window{Start: start, End: (start + length) % (7 * 1440)}
			opens := sunday.Add(time.Duration(start) * time.Minute)
			closes := opens.Add(time.Duration(length) * time.Minute)
			for at, open := range map[time.Time]bool{
				opens.Add(-1): false, opens: true, opens.Add(7 * time.Minute): true, closes.Add(-1): true, closes: false,
				opens.AddDate(0, 0, 70): true, closes.AddDate(0, 0, -70): false,
			} {
				if w.Open(at) != open {
					t.Fatalf("%s at %s: open %t", w, at.Format("Mon 15:04:05"), !open)
				}
				next := w.Next(at)
				if !w.Open(next) || next.Before(at) || next.Sub(at) >= 7*24*time.Hour || (open && !next.Equal(at)) || w.Open(next.Add(-1)) && !open {
					t.Fatalf("%s at %s: next is %s", w, at, next)
				}
			}
		}
	}
}

func TestAWindowIsInUTCWhateverTheTimesZone(t *testing.T) {
	t.Parallel()
	w, err := inventory.ParseWindow("sun:00:00-sun:01:00")
	if err != nil {
		t.Fatal(err)
	}
	east, west := time.FixedZone("east", 14*3600), time.FixedZone("west", -5*3600)
	if !w.Open(sunday.Add(time.Minute).In(west)) || !w.Open(sunday.Add(time.Minute).In(east)) || w.Open(time.Date(2026, 6, 7, 0, 30, 0, 0, east)) {
		t.Error("the window moved with the zone of the time asked about")
	}
}

func TestDefaultWindowsSpreadOverTheNightsOfTheWeek(t *testing.T) {
	t.Parallel()
	days, starts := map[time.Weekday]int{}, map[int]int{}
	for range 2000 {
		id := inventory.NewResourceID()
		w := inventory.DefaultWindow(id)
		if w != inventory.DefaultWindow(id) || w.Length() != 30*time.Minute {
			t.Fatalf("%s has %s", id, w)
		}
		again, err := inventory.ParseWindow(w.String())
		if err != nil || again != w {
			t.Fatalf("%s does not read back: %v, %v", w, again, err)
		}
		at := w.Next(sunday)
		if at.Hour() >= 8 {
			t.Fatalf("%s is not at night", w)
		}
		days[at.Weekday()]++
		starts[w.Start]++
	}
	if len(days) != 7 || len(starts) < 100 {
		t.Errorf("2000 windows lie on %d days at %d times", len(days), len(starts))
	}
	for day, n := range days {
		if n < 150 {
			t.Errorf("only %d of 2000 are on %s", n, day)
		}
	}
}
